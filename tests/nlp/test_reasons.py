"""Why a category was suggested: words that a person can read, where they stand, and how much each counts."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.classify import Classifier

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


def test_a_rule_is_told_first_and_named_as_one(classifier: Classifier) -> None:
    first = classifier.explain("娃儿上不了幼儿园，户口不在这边").categories[0]
    assert (first.code, first.lead) == ("JY07", "edu")
    assert (first.reasons[0].word, first.reasons[0].rule) == ("幼儿园", True)
    assert [reason.rule for reason in first.reasons] == sorted((r.rule for r in first.reasons), reverse=True)


def test_without_a_rule_the_learned_words_are_told(classifier: Classifier) -> None:
    first = classifier.explain("村里的水有股怪味，喝了肚子疼").categories[0]
    assert first.code == "GY01"
    assert first.reasons
    assert not any(reason.rule for reason in first.reasons)
    words = classifier.classify("村里的水有股怪味，喝了肚子疼").categories[0].words
    assert words
    assert all(len(word) > 1 for word in words)


def test_places_are_those_of_the_original(classifier: Classifier) -> None:
    text = "弄堂裡 路燈(lù dēng)勿亮好幾日哉"
    reason = classifier.explain(text).categories[0].reasons[0]
    assert reason.word == "路燈(lù dēng)勿亮"
    assert text[reason.start : reason.end] == reason.word


def test_a_word_inside_another_is_told_with_it(classifier: Classifier) -> None:
    reasons = classifier.explain("路灯不亮").categories[0].reasons
    assert [reason.word for reason in reasons] == ["路灯不亮"]
    assert reasons[0].weight == pytest.approx(1)


def test_where_two_are_close_both_are_explained(classifier: Classifier) -> None:
    found = classifier.explain("路灯不亮，还有公积金提取不了")
    assert {category.code for category in found.categories[:2]} == {"CG04", "HS10"}
    assert all(category.reasons for category in found.categories[:2])
    assert not found.sure
    assert not classifier.explain("路灯不亮").close
    assert classifier.explain("路灯不亮").sure


def test_what_was_explained_is_what_was_suggested(classifier: Classifier) -> None:
    for text in ("楼道堵得进不去人", "楼上天天半夜打麻将吵得睡不着", "", "路灯不亮"):
        found, suggested = classifier.explain(text), classifier.classify(text)
        assert [(c.code, c.confidence) for c in found.categories] == [
            (c.code, c.confidence) for c in suggested.categories
        ]
        assert (found.sure, found.model) == (suggested.sure, classifier.model.id)


def test_a_push_shows_four_words_at_most(classifier: Classifier) -> None:
    text = "小区物业乱收费，电梯老坏，垃圾没人清理，楼道堆满杂物，保安不管事，路灯不亮，停车收费乱"
    result = classifier.classify(text)
    assert result.categories
    for ranked in (*result.categories, *result.departments):
        assert len(ranked.words) <= 4


@given(text=ANY_TEXT)
@settings(deadline=None)
def test_any_text_is_explained_soundly(classifier: Classifier, text: str) -> None:
    for category in classifier.explain(text).categories:
        assert sum(reason.weight for reason in category.reasons) <= 1 + 1e-6
        for reason in category.reasons:
            assert reason.weight >= 0
            assert 0 <= reason.start < reason.end <= len(text)
            assert text[reason.start : reason.end] == reason.word


def test_a_megabyte_is_explained_in_a_moment(classifier: Classifier) -> None:
    begin = time.process_time()
    classifier.explain("楼上漏水没人管" * 150_000)
    assert time.process_time() - begin < 1
