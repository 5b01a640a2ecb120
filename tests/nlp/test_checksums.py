"""Check digits of bank cards and identity numbers. All numbers here are made up or the standards' own examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.checksums import CHECKS, identity_number, luhn


@pytest.mark.parametrize("number", ["79927398713", "4539578763621486", "6222021001123456789", "0"])
def test_luhn_holds(number: str) -> None:
    assert luhn(number)


@given(st.text("0123456789", min_size=1, max_size=18), st.integers(0, 9))
def test_one_last_digit_in_ten_passes(digits: str, last: int) -> None:
    passing = [check for check in "0123456789" if luhn(digits + check)]
    assert len(passing) == 1
    assert luhn(digits + str(last)) == (str(last) in passing)


@pytest.mark.parametrize(
    ("number", "personal"),
    [
        ("11010519491231002X", True),  # the example of GB 11643-1999
        ("11010519491231002x", True),
        ("110105194912310021", True),  # mistyped at the end: the birth date stands
        ("110105194913310022", False),  # no such month, and the check fails
        ("440524188001010014", True),
        ("110105491231002", True),  # as issued before 1999
        ("110105491331002", False),
        ("12345678901234567", False),
    ],
)
def test_identity_numbers(number: str, personal: bool) -> None:
    assert identity_number(number) is personal


def test_a_plate_has_digits() -> None:
    assert CHECKS["plate"]("A12345")
    assert not CHECKS["plate"]("iPhone1")
