"""Fitting a text to a platform: measured as it measures, and cut where a reader would."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.message import Button
from bot.text import measure_for, number_choices, split

UNITS = ("characters", "utf16", "bytes")
#: What people send: Chinese, joined emoji, flags, accents that combine, links.
WORDS = st.sampled_from(
    [
        "路灯不亮。", "三天了，", "海珀路 8 号\n\n", "https://example.org/a?b=c#d",
        "👨‍👩‍👧‍👦", "👍🏽", "🇨🇳🇨🇳🇭🇰", "e\u0301\u0323", "1️⃣", "🏴\U000e0067\U000e0062\U000e007f",
        "क्षि", "\r\n", " ", "^", "a",
    ]
)  # fmt: skip
TEXTS = st.lists(WORDS | st.text(max_size=6), max_size=60).map("".join)


@pytest.mark.parametrize(
    ("text", "characters", "utf16", "bytes_"), [("路灯", 2, 2, 6), ("😀", 1, 2, 4), ("a", 1, 1, 1), ("\ud800", 1, 1, 3)]
)
def test_how_a_platform_counts(text: str, characters: int, utf16: int, bytes_: int) -> None:
    assert [measure_for(unit)(text) for unit in UNITS] == [characters, utf16, bytes_]


@pytest.mark.parametrize("unit", UNITS)
@given(text=TEXTS, limit=st.integers(8, 200))
def test_the_pieces_join_to_the_text_and_keep_the_limit(unit: str, text: str, limit: int) -> None:
    pieces = split(text, limit, unit)
    assert "".join(pieces) == text
    assert all(measure_for(unit)(piece) <= limit for piece in pieces)
    assert all(pieces) or pieces == [""]


@given(text=TEXTS, limit=st.integers(40, 200))
def test_no_link_is_cut(text: str, limit: int) -> None:
    links = [link for link in re.findall(r"https?://[^\s\u3000-\u303f\uff00-\uffef]+", text) if len(link) <= limit // 2]
    pieces = split(text, limit)
    for link in set(links):
        assert sum(piece.count(link) for piece in pieces) >= text.count(link)


WHOLE = ["👨‍👩‍👧‍👦", "👍🏽", "🇨🇳", "e\u0301\u0323", "1️⃣", "🏴\U000e0067\U000e0062\U000e007f", "\r\n", "कि"]


@pytest.mark.parametrize("whole", WHOLE)
@pytest.mark.parametrize("before", range(30, 41))
def test_no_character_is_cut(whole: str, before: int) -> None:
    text = "路" * before + whole * 3 + "灯" * 40
    at, cuts = 0, set()
    for piece in split(text, 40):
        at += len(piece)
        cuts.add(at)
    inside = {before + n * len(whole) + k for n in range(3) for k in range(1, len(whole))}
    assert not cuts & inside


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("一二三四五六。\n八九十", "一二三四五六。\n"),
        ("一二三四五六。八九十", "一二三四五六。"),
        ("一二三四五 七八九十一", "一二三四五 "),
        ("一。二三四五六七八九十一", "一。二三四五六七八"),  # not for the sake of a sentence that ends so early
        ("一二三四五六七八九十一二", "一二三四五六七八"),
    ],
)
def test_a_text_is_cut_where_a_reader_would(text: str, first: str) -> None:
    assert split(text, 8)[0][: len(first)] == first[:8]


def test_what_is_longer_than_the_limit_by_itself_is_cut_after_all() -> None:
    link = "https://example.org/" + "a" * 50
    pieces = split(f"看 {link}", 30)
    assert "".join(pieces) == f"看 {link}"
    assert all(len(piece) <= 30 for piece in pieces)
    assert pieces[0] == "看 ", "but not before it must be"


def test_a_text_within_the_limit_stays_whole() -> None:
    assert split("路灯不亮", 4) == ["路灯不亮"]
    assert split("", 4) == [""]


def test_choices_are_written_under_the_text() -> None:
    assert number_choices("满意吗？", (Button("满意", "a"), Button("不满意", "b"))) == "满意吗？\n1. 满意\n2. 不满意"
    assert number_choices("好的", ()) == "好的"
