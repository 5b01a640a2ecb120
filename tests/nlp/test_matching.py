"""Words and patterns in one pass."""

import re

from hypothesis import given
from hypothesis import strategies as st

from nlp.matching import NOT, Hit, Matcher, Rule, source_words
from nlp.normalise import normalise


def test_finds_each_place_of_each_word_for_each_owner() -> None:
    matcher = Matcher([Rule("leaf", "A", ("路灯",)), Rule("leaf", "B", ("路灯", "灯坏"))])
    assert matcher.scan("路灯坏，路灯") == {
        "leaf": {
            "A": [Hit(0, 2, "路灯"), Hit(4, 6, "路灯")],
            "B": unordered(Hit(0, 2, "路灯"), Hit(4, 6, "路灯"), Hit(1, 3, "灯坏")),
        }
    }


def test_finds_a_pattern_once() -> None:
    matcher = Matcher([Rule("leaf", "A", patterns=(re.compile("灯.{0,3}坏"),))])
    assert matcher.scan("灯又坏，灯坏") == {"leaf": {"A": [Hit(0, 3, None)]}}
    assert matcher.scan("坏灯") == {}


def test_an_excluded_phrase_takes_away_only_what_it_overlaps() -> None:
    matcher = Matcher([Rule("s", "A", ("跳楼", "不想活"), exclude=("跳楼机",))])
    assert matcher.scan("坐跳楼机")["s"] == {}
    hits = matcher.scan("坐跳楼机，不想活")
    assert hits["s"] == {"A": [Hit(5, 8, "不想活")]}
    assert hits[NOT + "s"] == {"A": [Hit(1, 4, "跳楼机")]}


def test_words_are_told_as_written_in_order_once_and_without_their_parts() -> None:
    form = normalise("路 燈壞，路灯")
    hits = [Hit(4, 6, "路灯"), Hit(0, 3, None), Hit(0, 2, "路灯")]
    assert source_words(hits, form) == ("路 燈壞", "路灯")


@given(st.text("路灯坏不亮", max_size=20), st.sets(st.text("路灯坏不亮", min_size=2, max_size=3)))
def test_finds_what_a_plain_search_finds(text: str, words: set[str]) -> None:
    found = Matcher([Rule("k", word, (word,)) for word in words]).scan(text).get("k", {})
    assert set(found) == {word for word in words if word in text}


class unordered:
    """Equal to a list with the same members."""

    def __init__(self, *members: Hit) -> None:
        self.members = sorted(members)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and sorted(other) == self.members

    __hash__ = None  # type: ignore[assignment]
