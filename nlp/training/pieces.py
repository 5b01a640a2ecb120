"""Pieces of one to four characters, and the table of which text has which.

A piece is a run of characters of a text in matching form (:mod:`nlp.normalise`), wherever it
stands: nothing is segmented, so what is found does not hang on a dictionary and is found fast.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

LONGEST: Final = 4
"""Characters of the longest piece: four times 16 bits fill a key."""

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

_SURROGATES: Final = (0xD800, 0xDFFF)


class Pieces(NamedTuple):
    """Which text has which piece, each once: ``rows[i]`` is the text, ``keys[i]`` the piece."""

    rows: Numbers
    keys: Keys


def key_of(piece: str) -> int:
    """Give the key of a piece of 1 to 4 characters of the basic plane.

    Raises ValueError for another length or another plane.
    """
    if not 0 < len(piece) <= LONGEST or any(ord(c) > 0xFFFF for c in piece):
        raise ValueError(f"a piece has 1 to {LONGEST} characters of the basic plane: {piece!r}")
    return sum(ord(c) << (48 - 16 * place) for place, c in enumerate(piece))


def piece_of(key: int) -> str:
    """Give the piece of a key."""
    codes = (key >> shift & 0xFFFF for shift in (48, 32, 16, 0))
    return "".join(chr(code) for code in codes if code)


def find_pieces(texts: Sequence[str]) -> Pieces:
    """List the pieces of each text, each once a text. The texts are in matching form."""
    joined = "\0".join(texts)
    codes = np.frombuffer(joined.encode("utf-16-le", "surrogatepass"), dtype="<u2").astype(np.uint64)
    rows = np.cumsum(codes == 0)
    usable = (codes != 0) & ~((codes >= _SURROGATES[0]) & (codes <= _SURROGATES[1]))
    found_rows: list[Numbers] = []
    found_keys: list[Keys] = []
    keys = np.zeros(len(codes), dtype=np.uint64)
    whole = np.ones(len(codes), dtype=bool)
    for length in range(1, LONGEST + 1):
        place = length - 1
        if len(codes) <= place:
            break
        keys = keys[: len(codes) - place] | codes[place:] << np.uint64(48 - 16 * place)
        whole = whole[: len(codes) - place] & usable[place:]
        row, key = _once(rows[: len(keys)][whole], keys[whole])
        found_rows.append(row)
        found_keys.append(key)
    if not found_rows:
        return Pieces(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64))
    return Pieces(np.concatenate(found_rows), np.concatenate(found_keys))


def matrix(pieces: Pieces, texts: int, vocabulary: Keys, values: npt.NDArray[np.float32]) -> Any:
    """Give the texts as a sparse matrix (scipy CSR, float32) of unit rows over ``vocabulary``.

    ``values`` is what each piece counts. A text without a known piece has a row of zeros.
    """
    from scipy.sparse import csr_matrix

    places = np.searchsorted(vocabulary, pieces.keys)
    places[places == len(vocabulary)] = 0
    known = vocabulary[places] == pieces.keys
    rows, columns = pieces.rows[known], places[known]
    counts = values[columns]
    lengths = np.sqrt(np.bincount(rows, weights=counts.astype(np.float64) ** 2, minlength=texts))
    lengths[lengths == 0] = 1
    table = csr_matrix(
        (counts / lengths[rows].astype(np.float32), (rows, columns)),
        shape=(texts, len(vocabulary)),
        dtype=np.float32,
    )
    table.sort_indices()
    return table


def count_groups(pieces: Pieces, groups: Iterable[int], fewest: int = 1) -> tuple[Keys, Numbers]:
    """Give each piece that is found in ``fewest`` different groups of texts or more, and in how many.

    ``groups`` has the group's number of each text.
    """
    group_of = np.fromiter(groups, dtype=np.int64)
    rows, keys = pieces
    different, counts = np.unique(keys, return_counts=True)
    frequent = different[counts >= fewest]
    if len(frequent):
        # Most pieces are found once or twice: to drop them first makes the rest quick.
        places = np.minimum(np.searchsorted(frequent, keys), len(frequent) - 1)
        known = frequent[places] == keys
        rows, keys = rows[known], keys[known]
    _, keys = _once(group_of[rows], keys)
    different, counts = np.unique(keys, return_counts=True)
    return different[counts >= fewest], counts[counts >= fewest]


def _once(rows: Numbers, keys: Keys) -> tuple[Numbers, Keys]:
    if not len(keys):
        return rows.astype(np.int64), keys
    different, places = np.unique(keys, return_inverse=True)
    pairs = np.unique(rows.astype(np.int64) * len(different) + places)
    return pairs // len(different), different[pairs % len(different)]
