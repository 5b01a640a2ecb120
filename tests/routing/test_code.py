"""Codes on posters: made, typed, mistyped."""

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from routing.code import ALPHABET, LENGTH, Code, CodeKind, display_code, fold_code, looks_like_code, make_code
from tests.conftest import Clock

codes = st.builds(make_code)
places = st.integers(0, LENGTH - 1)


@given(codes)
def test_a_code_is_found_again_however_it_is_typed(code: str) -> None:
    assert fold_code(code) == code
    assert fold_code(display_code(code)) == code
    assert fold_code(f"  {code[:3].lower()}-{code[3:].lower()}\u3000") == code
    assert fold_code(code.replace("0", "o").replace("1", "l")) == code
    assert fold_code(code.replace("0", "O").replace("1", "I")) == code
    full_width = "".join(chr(ord(char) + 0xFEE0) for char in code)
    assert fold_code(full_width) == code, "as a Chinese keyboard may type it"


@given(codes, places, st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(code: str, at: int, wrong: str) -> None:
    """But for one pair: 0 and Z weigh the same."""
    assume(code[at] != wrong)
    mistyped = code[:at] + wrong + code[at + 1 :]
    if {code[at], wrong} == {"0", "Z"} and at < LENGTH - 1:
        assert fold_code(mistyped) == mistyped
    else:
        assert fold_code(mistyped) is None


@given(codes, st.integers(0, LENGTH - 2))
def test_swapped_neighbours_are_noticed(code: str, at: int) -> None:
    """But for a neighbouring 0 and Z."""
    assume(code[at] != code[at + 1] and {code[at], code[at + 1]} != {"0", "Z"})
    assert fold_code(code[:at] + code[at + 1] + code[at] + code[at + 2 :]) is None


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_code_or_none(typed: str) -> None:
    folded = fold_code(typed)
    assert folded is None or (len(folded) == LENGTH and set(folded) <= set(ALPHABET))
    if folded is not None:
        assert looks_like_code(typed) or not any(char.isdigit() for char in typed)


@pytest.mark.parametrize("typed", ["", "not a code", "7K3M9QX", "7K3M9QXAB", "路灯不亮了三天啦", "7" * 41, "UUUUUUUU"])
def test_what_is_no_code(typed: str) -> None:
    assert fold_code(typed) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("7K3M 9QXA", True), ("7k3m-9qxu", True), ("12345678", True), ("７Ｋ３Ｍ９ＱＸＡ", True),
        ("progress", False), ("路灯不亮了八个", False), ("7K3M9QX", False), ("1" * 50, False),
    ],
)  # fmt: skip
def test_whether_somebody_meant_a_code(typed: str, meant: bool) -> None:
    assert looks_like_code(typed) is meant


def test_codes_differ() -> None:
    assert len({make_code() for _ in range(1000)}) == 1000


def test_a_code_ends_when_it_is_revoked_or_runs_out(clock: Clock) -> None:
    code = Code(make_code(), CodeKind.STATION, 1, clock.now)
    assert code.valid_at(clock.now)
    code.expires_at = clock.now + timedelta(days=1)
    assert code.valid_at(clock.now)
    assert not code.valid_at(clock.now + timedelta(days=1))
    code.expires_at, code.revoked_at = None, clock.now
    assert not code.valid_at(clock.now)
