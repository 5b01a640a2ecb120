"""Numbers as people write them: ``15``, ``十五``, ``两百三``, ``半``."""

from typing import Final

_VALUE: Final = dict(zip("零〇一二三四五六七八九十两", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 2), strict=True))
_UNIT: Final = {"十": 10, "百": 100, "千": 1_000}

DIGITS: Final = "零〇一二两三四五六七八九十"
"""The characters of small numbers, for use inside the brackets of a pattern."""


def number_of(written: str) -> float | None:
    """Give the number that ``written`` says; None if it says none.

    Digits (``15``), Chinese numbers to 9,999 (``十五``, ``两百三十``, ``二零二六`` digit by digit) and ``半``.
    """
    if written.isdecimal() and written.isascii():
        return float(written)
    if written == "半":
        return 0.5
    if not written or any(c not in _VALUE and c not in _UNIT for c in written):
        return None
    if not any(c in _UNIT for c in written):
        return float("".join(str(_VALUE[c]) for c in written))
    total = last = 0
    for character in written:
        if character in _UNIT:
            total += (last or 1) * _UNIT[character]
            last = 0
        else:
            last = _VALUE[character]
    return float(total + last)
