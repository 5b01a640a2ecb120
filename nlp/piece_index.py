"""Which known pieces a text has: all of its runs of one to four characters looked up at once.

A run is one number, its characters' codes from the highest 16 bits down. The known ones lie in a
table, each at one of two places that its number gives (cuckoo hashing), so that a look-up is two
questions however many there are: 9 µs for a text of 100 characters, where a search by halves takes
23. Characters beyond the basic plane are in no piece.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

LONGEST: Final = 4
MOST_TIMES: Final = 3
"""A piece counts as often as it stands in a text, but not more often than this: who says a thing three times means it,
who says it thirty times does not mean it ten times as much."""

_Keys = npt.NDArray[np.uint64]
_Numbers = npt.NDArray[np.int32]
_Places = npt.NDArray[np.int64]

_MASKS: Final = np.array([[0xFFFF << 48], [0xFFFF_FFFF << 32], [0xFFFF_FFFF_FFFF << 16], [(1 << 64) - 1]], np.uint64)
"""What is left of four characters for a run of one, two, three and four."""

_LEAST_BITS: Final = 4
_TRIES: Final = 8
_MOVES: Final = 500

_STAND_IN: Final = "\uffff"
"""No character, so in no piece."""


class PieceIndex:
    """The numbers of pieces. Immutable after construction."""

    def __init__(self, pieces: _Keys) -> None:
        """File ``pieces``, rising and different; the number of one is its place. Raises ValueError for one twice."""
        if (pieces[1:] == pieces[:-1]).any():
            raise ValueError("the pieces are not different from each other")
        self._pieces = pieces
        bits = max(_LEAST_BITS, len(pieces).bit_length() + 1)
        random = np.random.default_rng(0)
        for _ in range(_TRIES):
            self._shift = np.uint64(64 - bits)
            # A product's highest bits depend on all of the number if the factor is odd.
            self._factors: _Keys = random.integers(0, 1 << 63, (2, 1), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
            first, second = self._places(pieces)
            table = _settle(first, second, 1 << bits)
            if table is not None:
                break
            bits += 1
        else:
            raise ValueError("the pieces find no places")
        # Who asks for an empty place is told of the first piece, which only asks for places of its own.
        self._numbers = table
        self._keys = pieces.take(self._numbers) if len(pieces) else pieces

    def find(self, text: str) -> _Numbers:
        """Give the numbers of the pieces that ``text`` has, rising, each as often as it counts."""
        if not len(self._pieces):
            return np.zeros(0, dtype=np.int32)
        runs = _runs(text).ravel()
        places = self._places(runs)
        found = self._keys.take(places) == runs
        # A piece whose two places are one, and the first at an empty place, is found at both.
        np.greater(found[1], found[0], out=found[1])
        numbers = self._numbers.take(places[found])
        numbers.sort()
        counts = np.ones(len(numbers), dtype=bool)
        np.not_equal(numbers[MOST_TIMES:], numbers[:-MOST_TIMES], out=counts[MOST_TIMES:])
        counted: _Numbers = numbers[counts]
        return counted

    def places(self, text: str) -> list[tuple[int, int, int]]:
        """Give number, start and end of each piece of ``text``, as often as it stands there. Shorter ones first."""
        if not len(self._pieces):
            return []
        # Characters beyond the basic plane are two units in UTF-16; the places are those of ``text``.
        runs = _runs("".join(c if ord(c) <= 0xFFFF else _STAND_IN for c in text))
        found: list[tuple[int, int, int]] = []
        for length, keys in enumerate(runs, start=1):
            whole = keys[: max(0, len(text) - length + 1)]
            numbers = np.minimum(self._pieces.searchsorted(whole), len(self._pieces) - 1)
            known = np.flatnonzero(self._pieces[numbers] == whole)
            found += [
                (number, at, at + length) for number, at in zip(numbers[known].tolist(), known.tolist(), strict=True)
            ]
        return found

    def _places(self, keys: _Keys) -> _Places:
        """Give the two places of each key, in two rows."""
        return ((keys * self._factors) >> self._shift).view(np.int64)

    def all_pieces(self) -> Iterator[str]:
        """Give the characters of all pieces, by number."""
        text = self._pieces.astype(">u8").tobytes().decode("utf-16-be", "surrogatepass")
        return (text[at : at + LONGEST].rstrip("\0") for at in range(0, len(text), LONGEST))


def _runs(text: str) -> _Keys:
    """Give a row for each length of a run, with the run that begins at each place; beyond the end is no character."""
    raw = text.encode("utf-16-be", "surrogatepass") + _STAND_IN.encode("utf-16-be") * (LONGEST - 1)
    # Four characters from each place on, read as one number: a window that moves by one.
    fours: npt.NDArray[Any] = np.ndarray((len(raw) // 2 - LONGEST + 1,), ">u8", raw, 0, (2,))
    return fours & _MASKS


def _settle(first: _Places, second: _Places, size: int) -> _Numbers | None:
    """Give a table with everybody at one of his two places, 0 where it is empty. None where they keep moving."""
    everybody = np.arange(len(first), dtype=np.int32)
    table = np.full(size, -1, dtype=np.int32)
    where, moving = first.copy(), everybody
    for _ in range(_MOVES):
        table[where[moving]] = moving
        # Of those who come to a place one stays; the others, and whoever was there, go to their other places.
        moving = everybody[table[where] != everybody]
        if not len(moving):
            return np.maximum(table, 0)
        where[moving] = first[moving] + second[moving] - where[moving]
    return None
