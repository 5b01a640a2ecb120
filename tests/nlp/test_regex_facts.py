"""What is known of a pattern without running it."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.regex_facts import required_pieces, why_costly
from nlp.taxonomy import default_taxonomy


def pieces(pattern: str) -> list[set[str]]:
    return [set(clause) for clause in required_pieces(pattern)]


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("路灯", [{"路灯"}]),
        ("路灯坏了", [{"路灯坏了"}]),
        ("(?:物业|保安).{0,8}(?:不修|涨价)", [{"物业", "保安"}, {"不修", "涨价"}]),
        ("水.{0,5}[黄浑]", [{"水"}, {"黄", "浑"}]),
        ("电?线", [{"线"}]),
        ("(?:a|b?)", []),
        ("路(?!灯)", [{"路"}]),
        ("[0-9]{3}", [set("0123456789")]),
    ],
)
def test_pieces_a_text_must_have(pattern: str, needed: list[set[str]]) -> None:
    assert pieces(pattern) == needed


@given(st.data())
@settings(deadline=None)
def test_whatever_matches_has_the_pieces(data: st.DataObject) -> None:
    leaves = [leaf for leaf in default_taxonomy().leaves if leaf.patterns]
    pattern = data.draw(st.sampled_from([p for leaf in leaves for p in leaf.patterns]))
    text = data.draw(st.from_regex(re.compile(pattern.pattern), fullmatch=False))
    assert all(any(piece in text for piece in clause) for clause in required_pieces(pattern.pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b", "(?:a|aa)*b", ".*x.*y", "(?:.{0,9}a){0,9}b", ".{0,99}a.{0,99}b", r"(a)\1", "(?:a|ab|b){1,30}c",
        "(?:aa|aab|b){0,20}c", "(?:(?:ab|a)b?){1,20}c", "(?:(?:a{1,9}){1,9}){1,9}b", "a{1,99999999}b", "(?>a+)+b",
        "(?=(?:a+)+b)a", "(a)?(?(1)b|c)", "(?P<x>a)(?P=x)", "(?:.|ab){1,20}c", "a?" * 30 + "a" * 30,
    ],
)  # fmt: skip
def test_refuses_what_could_run_for_ever(pattern: str) -> None:
    assert why_costly(pattern)


@pytest.mark.parametrize(
    "pattern", ["a{0,8}b.{0,14}c", r"https?://\S+", "(?:ab){2}", "x?y?z?", "(?:ab|cd|e){1,9}f", "(?:a|ab)c"]
)
def test_allows_what_is_bounded(pattern: str) -> None:
    assert why_costly(pattern) is None


HOSTILE = ["a", "ab", "路", "路灯", "12", "不", "a" * 7 + "b", "。", "没人管"]


def test_every_packaged_pattern_takes_time_in_proportion() -> None:
    """Ten times a hostile text, at most some forty times the time (ten are expected)."""
    taxonomy = default_taxonomy()
    patterns = {p for leaf in taxonomy.leaves for p in leaf.patterns} | {
        p for r in taxonomy.out_of_scope for p in r.patterns
    }

    def seconds(text: str) -> float:
        begin = time.process_time()
        for pattern in patterns:
            pattern.search(text)
        return time.process_time() - begin

    for piece in HOSTILE:
        short = (piece * 500)[:500]
        assert seconds(short * 10) <= 40 * min(seconds(short) for _ in range(3)) + 0.05, piece
