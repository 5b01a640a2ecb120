"""Which rows have which feature: sorted arrays that are never changed, only merged into larger ones."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.uint32]
Rows = NDArray[np.int32]

FAN: Final = 8
"""So many of one size are merged into one of the next."""
LARGEST: Final = 32_768
"""Rows from which a block is merged no further: a merge takes a third of a second and 40 MB then, in the background."""


class Block(NamedTuple):
    """``rows[starts[i]:starts[i + 1]]`` are those with ``features[i]``, ascending. ``size``: how many rows it is of."""

    features: Features
    starts: NDArray[np.int32]
    rows: Rows
    size: int

    @property
    def nbytes(self) -> int:
        return self.features.nbytes + self.starts.nbytes + self.rows.nbytes

    def slices(self, wanted: Features) -> tuple[NDArray[Any], NDArray[Any]]:
        """Where the rows of each of `wanted` begin and end; both alike where there are none."""
        if not len(self.features):
            nothing = np.zeros(len(wanted), np.int32)
            return nothing, nothing
        at = np.minimum(np.searchsorted(self.features, wanted), len(self.features) - 1)
        begin = self.starts[at]
        return begin, np.where(self.features[at] == wanted, self.starts[at + 1], begin)


def block_of(features: Sequence[Features], first_row: int) -> Block:
    """Make a block of consecutive rows, each with its features."""
    lengths = [len(each) for each in features]
    rows = np.repeat(np.arange(first_row, first_row + len(features), dtype=np.int32), lengths)
    joined = np.concatenate([*features, np.empty(0, np.uint32)]).astype(np.uint32, copy=False)
    return _sorted(joined, rows, len(features))


def merged(blocks: Sequence[Block], new_row: NDArray[np.int32]) -> Block:
    """Make one of several. ``new_row`` gives each row's number from now on, in the same order; -1 leaves it out."""
    features = np.concatenate([np.repeat(block.features, np.diff(block.starts)) for block in blocks])
    rows = new_row[np.concatenate([block.rows for block in blocks])]
    kept = rows >= 0
    return _sorted(features[kept], rows[kept], sum(block.size for block in blocks))


def _sorted(features: Features, rows: Rows, size: int) -> Block:
    order = np.argsort(features, kind="stable")
    features, rows = features[order], rows[order]
    first = np.flatnonzero(np.diff(features, prepend=~features[:1]))
    starts = np.append(first, len(features)).astype(np.int32)
    return Block(features[first], starts, rows, size)


def mergeable(blocks: Sequence[Block]) -> int | None:
    """Where the blocks begin that should be merged with all after them; None while they are few enough."""
    begin = len(blocks)
    for size_class in range(_size_class(LARGEST)):
        while begin and _size_class(blocks[begin - 1].size) <= size_class:
            begin -= 1
        if len(blocks) - begin >= FAN:
            return begin
    return None


def _size_class(size: int) -> int:
    return (max(size, 1).bit_length() - 1) // (FAN.bit_length() - 1)
