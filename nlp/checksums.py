"""Numbers that prove or betray themselves: bank cards (Luhn), Chinese identity numbers, plates."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_LAST: Final = "10X98765432"
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

SPELLED: Final[Mapping[int, int]] = MappingProxyType(str.maketrans("零〇洞一幺二两三四五六七八九", "00011223456789"))
"""Digits in Chinese characters, as they are dictated, to ASCII; for ``str.translate``."""


def luhn(digits: str) -> bool:
    """Say whether the last of ``digits`` is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    numbers = [int(digit) for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[n] for n in numbers[1::2])) % 10 == 0


def identity_number(written: str) -> bool:
    """Say whether ``written`` may be an identity number: 18 characters, or 15 as issued before 1999.

    With 18, a birth date at its place is enough, or a right check character (GB 11643-1999): a number
    with one digit mistyped fails the check and still tells birth and district, so it is personal too.
    """
    if len(written) == 15:
        return _is_date("19" + written[6:12])
    if len(written) != 18:
        return False
    checked = _LAST[sum(w * int(d) for w, d in zip(_WEIGHTS, written[:17], strict=True)) % 11]
    return checked == written[17].upper() or _is_date(written[6:14])


def _is_date(digits: str) -> bool:
    try:
        return 1880 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2099
    except ValueError:
        return False


def _plate(written: str) -> bool:
    return sum(character.isdigit() for character in written) >= 2


CHECKS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {"luhn": luhn, "identity": identity_number, "plate": _plate}
)
"""What a privacy pattern's ``check`` may name. Each is given the letters and digits found, in ASCII."""
