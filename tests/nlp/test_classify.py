"""A suggestion with its reasons, honest about how sure it is."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.classify import Classifier
from nlp.model import Model, no_model
from nlp.taxonomy import default_taxonomy
from tests.nlp.small_model import small_model

ROUNDING = 1e-5
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=80)


def test_a_street_lamp(classifier: Classifier) -> None:
    result = classifier.classify("路灯不亮")
    assert result.categories[0].code == "CG04"
    assert result.categories[0].words == ("路灯不亮",)
    assert result.categories[0].lead == "zhzf"
    assert result.categories[0].sla_workdays == 3
    assert result.departments[0].code == "zhzf"
    assert result.departments[0].words == ("路灯不亮",)
    assert result.sure
    assert result.safety is None
    assert result.integrity is None


def test_words_are_told_in_the_script_they_came_in(classifier: Classifier) -> None:
    result = classifier.classify("弄堂裡路燈(lù dēng)勿亮好幾日哉")
    assert result.categories[0].code == "CG04"
    assert result.categories[0].words == ("路燈(lù dēng)勿亮",)


@pytest.mark.parametrize("much", ["", "。路口的信号坏了，等了很久" * 20])
def test_dialect_is_understood_in_short_and_long_texts(classifier: Classifier, much: str) -> None:
    text = f"巷子里路灯勿亮，呒没人管{much}"
    form, hits, *_ = classifier.read(text)
    assert form == classifier.form(text)
    assert "路灯不亮" in [form.text[start:end] for _, start, end in hits["leaf"]["CG04"]]


def test_json_for_programs(classifier: Classifier) -> None:
    given = json.loads(json.dumps(classifier.classify("路灯不亮").to_json()))
    assert set(given["categories"][0]) == {"code", "name", "confidence", "words"}
    assert set(given["departments"][0]) == {"code", "name", "confidence", "words"}
    assert given["safety"] is None
    assert given["integrity"] is False
    assert given["sure"] is True
    danger = classifier.classify("家里有煤气味").to_json()
    assert danger["safety"]["code"] == "S_GAS"
    assert classifier.classify("这个医生收红包").to_json()["integrity"] is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "好",
        "灯",
        "a",
        "1",
        "😀😀",
        "😡🔥🙏🏻👨‍👩‍👧",
        "۞۞",
        "????",
        "\u202e\u200b",
        "<p></p>",
        "&nbsp;&lt;b&gt;",
        "\x00\x07",
        "\ud83d",
    ],
)
def test_nothing_to_go_by_is_not_sure(classifier: Classifier, text: str) -> None:
    result = classifier.classify(text)
    assert result.categories == ()
    assert result.departments == ()
    assert not result.sure


@pytest.mark.parametrize(
    "text",
    [
        "hello my street is dark",
        "вода не идет",
        "ياخشىمۇسىز",
        "يولدىكى چىراغ بۇزۇلۇپ قالدى، ياردەم قىلىڭلار",
        "བོད་ཡིག་",
        "ལམ་བཟང་པོ་མེད་པས་འགྲོ་དཀའ་བས་རོགས་གནང་།",
        "ᠭᠡᠷᠡᠯ ᠡᠪᠳᠡᠷᠡᠭᠰᠡᠨ",
        "ꆈꌠꁱꂷ ꊨꏦꏱꅉ",
        "Daengloh vaih lo, bouxlawz guenj",
        "가로등이 고장났어요",
        "qwerty 18888888888",
    ],
)
def test_a_language_that_was_never_learned_is_not_sure(classifier: Classifier, text: str) -> None:
    result = classifier.classify(text)
    assert not result.sure
    assert not result.spam
    assert result.safety is result.integrity is result.out_of_scope is None


@pytest.mark.parametrize(
    "text",
    [
        '<div onclick="alert(1)"><b>路灯</b>不亮</div><script>alert(1)</script>',
        "路灯broken了！！！ светофор тоже 가로등",
        "路灯不亮，ལམ་བཟང་པོ་མེད། يولدىكى چىراغ",
        "\x00\x01路灯\x07不亮\ud83d",
        "路\u200b灯\u200d不\ufeff亮",
        "😡😡路灯🔥不亮🙏🏻",
    ],
)
def test_what_is_told_among_other_things_is_understood(classifier: Classifier, text: str) -> None:
    """Markup, other scripts and what cannot be seen hide nothing, and say nothing of their own."""
    result = classifier.classify(text)
    assert result.categories[0].code == "CG04"
    assert not result.spam
    assert result.safety is result.integrity is result.out_of_scope is None


def test_own_words_are_understood_without_any_keyword(classifier: Classifier) -> None:
    text = "村里的水有股怪味，喝了肚子疼"
    assert Classifier(default_taxonomy(), model=no_model()).classify(text).categories == ()
    assert classifier.classify(text).categories[0].code == "GY01"


def test_without_a_model_the_rules_remain() -> None:
    rules = Classifier(default_taxonomy(), model=no_model())
    result = rules.classify("路灯不亮")
    assert (result.categories[0].code, result.sure) == ("CG04", True)
    assert len(result.categories) == 1


def test_a_leaf_that_the_model_never_learned_is_found_by_its_rules() -> None:
    learned = no_model().header | {"id": "one leaf"}
    arrays = small_model({"路灯": {"CG03": 5}}, header=learned)
    result = Classifier(default_taxonomy(), model=Model(arrays)).classify("公积金提取不了")
    assert result.categories[0].code == "HS10"


def test_how_sure_is_the_countys_setting(classifier: Classifier) -> None:
    text = "路灯不亮"
    chance = classifier.classify(text).departments[0].confidence
    for asked, sure in ((chance - 0.01, True), (1.0, False)):
        taxonomy = default_taxonomy()
        matching = replace(taxonomy.matching, min_confidence=asked, min_margin=0.0)
        assert Classifier(replace(taxonomy, matching=matching)).classify(text).sure is sure


def test_the_chances_of_all_leaves_add_up_to_one(classifier: Classifier) -> None:
    chances = classifier.chances("楼上天天半夜打麻将")
    assert len(chances) == len(classifier.taxonomy.leaves)
    assert sum(chances.values()) == pytest.approx(1)
    assert sum(classifier.chances("😀").values()) == 0


def test_two_matters_in_one_message_are_not_sure_but_both_offered(classifier: Classifier) -> None:
    result = classifier.classify("路灯不亮，还有公积金提取不了")
    assert {category.code for category in result.categories[:2]} == {"CG04", "HS10"}
    assert not result.sure


def test_two_leaves_of_one_department_leave_the_department_sure(classifier: Classifier) -> None:
    result = classifier.classify("路灯不亮，垃圾没人清理")
    assert {category.lead for category in result.categories[:2]} == {"zhzf"}
    assert result.sure


@pytest.mark.parametrize("text", ["这里部门踢皮球", "我要举报村主任收回扣修路"])
def test_what_a_person_must_look_at_first_is_never_sure(classifier: Classifier, text: str) -> None:
    assert not classifier.classify(text).sure


def test_a_word_made_of_pieces_of_two_others_does_not_count(classifier: Classifier) -> None:
    whole = classifier.classify("乘客用电").categories
    across = classifier.classify("调整容积率").categories
    assert ("GY02", ("用电",)) in [(category.code, category.words) for category in whole]
    assert across[0].code == "ZW07"
    assert all("整容" not in category.words for category in across)


def test_names_of_the_county_hide_the_words_across_them(classifier: Classifier) -> None:
    text = "光明路口"
    local = Classifier(default_taxonomy(), extra_words=["光明路"])
    assert ("路口",) in [category.words for category in classifier.classify(text).categories]
    assert all("路口" not in category.words for category in local.classify(text).categories)


@pytest.mark.parametrize(
    ("text", "spam"),
    [
        ("加微信xx1234567 贷款秒批", True),
        ("点击链接 https://example.com/x 领红包", True),
        ("到处贴着加微信办理证件的小广告，没人清理", False),
        ("请看新闻 https://example.com 我们的路灯也不亮", False),
        ("你们就是不作为的政府", False),
    ],
)
def test_spam_is_only_what_has_nothing_else_in_it(classifier: Classifier, text: str, spam: bool) -> None:
    assert classifier.classify(text).spam is spam


def test_the_request_in_abuse_is_still_found(classifier: Classifier) -> None:
    result = classifier.classify("你们都是废物！垃圾车三天没来了！")
    assert result.abusive
    assert result.categories[0].code == "CG03"
    assert not result.spam


@pytest.mark.parametrize("text", ["我妈的退休金没发", "他妈妈住院了", "危险废物乱堆"])
def test_what_only_looks_like_abuse(classifier: Classifier, text: str) -> None:
    assert not classifier.classify(text).abusive


@pytest.mark.parametrize(
    ("text", "code"),
    [("法院判了对方不执行", "O_COURT"), ("对仲裁裁决不服怎么办", "O_ARB")],
)
def test_what_the_law_sends_elsewhere(classifier: Classifier, text: str, code: str) -> None:
    hit = classifier.classify(text).out_of_scope
    assert hit is not None
    assert hit.code == code
    assert hit.refer


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("谢谢蒋代表，路灯亮了", "praise"),
        ("我上次那个办到哪一步了", "progress"),
        ("不用处理了，已经好了，撤回吧", "withdraw"),
        ("把我的电话删掉，不要公开", "privacy"),
        ("请问公积金怎么提取", "consult"),
        ("公交线路被取消了，请尽快处理，谢谢", None),
        ("路灯不亮", None),
    ],
)
def test_intent(classifier: Classifier, text: str, intent: str | None) -> None:
    assert classifier.classify(text).intent == intent


@given(text=ANY_TEXT)
@settings(deadline=None)
def test_any_text_gives_sound_figures(classifier: Classifier, text: str) -> None:
    result = classifier.classify(text)
    for ranked in (result.categories, result.departments):
        confidences = [item.confidence for item in ranked]
        assert confidences == sorted(confidences, reverse=True)
        assert all(0 < confidence <= 1 + ROUNDING for confidence in confidences)
        assert len(ranked) <= 3
    assert sum(category.confidence for category in result.categories) <= 1 + ROUNDING


@pytest.mark.parametrize("character", ["水", "滴", "娃", "a", "(", " ", "\u200b", "\ud800", "\ufdfa"])
def test_a_megabyte_is_no_burden(classifier: Classifier, character: str) -> None:
    text = character * 1_000_000
    begin = time.process_time()
    classifier.classify(text)
    assert time.process_time() - begin < 0.2


def test_the_same_message_gives_the_same_answer_in_every_process() -> None:
    code = (
        "import json; from nlp.classify import Classifier; from nlp.taxonomy import *;"
        "c = Classifier(default_taxonomy());"
        "print(json.dumps([c.classify(t).to_json() for t in ("
        "'小区门口老人孩子学校医院公交路灯停车', '村里工程款没给', '没人管')]))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
