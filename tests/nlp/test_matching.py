"""Words and patterns in one pass."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.matching import NOT, PATTERN, Hit, Matcher, Rule, source_words
from nlp.normalise import normalise


def test_finds_each_place_of_each_word_for_each_owner() -> None:
    matcher = Matcher([Rule("leaf", "A", ("路灯",)), Rule("leaf", "B", ("路灯", "灯坏"))])
    hits = matcher.scan("路灯坏，路灯")
    assert list(hits) == ["leaf"]
    assert spans(hits["leaf"]["A"]) == [(0, 2), (4, 6)]
    assert spans(hits["leaf"]["B"]) == [(0, 2), (1, 3), (4, 6)]


def test_finds_a_pattern_once() -> None:
    matcher = Matcher([Rule("leaf", "A", patterns=(re.compile("灯.{0,3}坏"),))])
    assert matcher.scan("灯又坏，灯坏") == {"leaf": {"A": [(PATTERN, 0, 3)]}}
    assert matcher.scan("坏灯") == {}


def test_a_pattern_without_any_piece_is_always_tried() -> None:
    matcher = Matcher([Rule("leaf", "A", patterns=(re.compile("[0-9]{2,3}"),))])
    assert matcher.scan("灯坏了12天") == {"leaf": {"A": [(PATTERN, 3, 5)]}}


def test_patterns_are_told_in_the_order_of_their_rules() -> None:
    patterns = tuple(map(re.compile, ("坏.{0,2}灯", "灯.?坏", "坏了", "[灯路].坏")))
    found = Matcher([Rule("leaf", "A", patterns=patterns)]).scan("灯又坏了，坏路灯")["leaf"]["A"]
    assert [start for _, start, _ in found] == [5, 0, 2, 0]


def test_an_excluded_phrase_takes_away_only_what_it_overlaps() -> None:
    matcher = Matcher([Rule("s", "A", ("跳楼", "不想活"), exclude=("跳楼机",))])
    assert matcher.scan("坐跳楼机")["s"] == {}
    hits = matcher.scan("坐跳楼机，不想活")
    assert spans(hits["s"]["A"]) == [(5, 8)]
    assert spans(hits[NOT + "s"]["A"]) == [(1, 4)]


def test_words_are_told_as_written_in_order_once_and_without_their_parts() -> None:
    form = normalise("路 燈壞，路灯")
    hits = [(7, 4, 6), (PATTERN, 0, 3), (7, 0, 2)]
    assert source_words(hits, form) == ("路 燈壞", "路灯")


@given(st.text("路灯坏不亮", max_size=20), st.sets(st.text("路灯坏不亮", min_size=2, max_size=3)))
def test_finds_what_a_plain_search_finds(text: str, words: set[str]) -> None:
    found = Matcher([Rule("k", word, (word,)) for word in words]).scan(text).get("k", {})
    assert set(found) == {word for word in words if word in text}


@given(st.text("路灯坏不]^-亮", max_size=20))
@pytest.mark.parametrize("written", ["(?:路灯|灯).{0,3}(?:不亮|坏)", "[]^].{0,2}-", "灯|[坏-]亮", "路.?灯?"])
def test_a_pattern_is_tried_wherever_it_can_match(written: str, text: str) -> None:
    pattern = re.compile(written)
    found = pattern.search(text)
    expected = {"leaf": {"A": [(PATTERN, *found.span())]}} if found else {}
    assert Matcher([Rule("leaf", "A", patterns=(pattern,))]).scan(text) == expected


def spans(hits: list[Hit]) -> list[tuple[int, int]]:
    return sorted((start, end) for _, start, end in hits)
