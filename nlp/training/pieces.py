"""Pieces of one to four characters, and the table of which text has which.

A piece is a run of characters of a text in matching form (:mod:`nlp.normalise`), wherever it
stands: nothing is segmented, so what is found does not hang on a dictionary and is found fast.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.piece_index import MOST_TIMES

LONGEST: Final = 4
"""Characters of the longest piece: four times 16 bits fill a key."""

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

_SURROGATES: Final = (0xD800, 0xDFFF)


class Pieces(NamedTuple):
    """Which text has which piece: ``rows[i]`` is the text, ``keys[i]`` the piece, ``times[i]`` how often it counts.

    No text has a piece twice; what stands in it more often than :data:`nlp.piece_index.MOST_TIMES` counts that often.
    """

    rows: Numbers
    keys: Keys
    times: Numbers


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
    """List the pieces of each text. The texts are in matching form."""
    joined = "\0".join(texts)
    codes = np.frombuffer(joined.encode("utf-16-le", "surrogatepass"), dtype="<u2").astype(np.uint64)
    rows = np.cumsum(codes == 0)
    usable = (codes != 0) & ~((codes >= _SURROGATES[0]) & (codes <= _SURROGATES[1]))
    found: list[Pieces] = []
    keys = np.zeros(len(codes), dtype=np.uint64)
    whole = np.ones(len(codes), dtype=bool)
    for length in range(1, LONGEST + 1):
        place = length - 1
        if len(codes) <= place:
            break
        keys = keys[: len(codes) - place] | codes[place:] << np.uint64(48 - 16 * place)
        whole = whole[: len(codes) - place] & usable[place:]
        found.append(_counted(rows[: len(keys)][whole], keys[whole]))
    if not found:
        return _counted(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64))
    return Pieces(*map(np.concatenate, zip(*found, strict=True)))


def matrix(pieces: Pieces, texts: int, vocabulary: Keys, values: npt.NDArray[np.float32]) -> Any:
    """Give the texts as a sparse matrix (scipy CSR, float32), a row each over ``vocabulary``.

    ``values`` is what each piece is worth. A row holds times * worth / sqrt(sum of times * worth²): of length 1 where
    nothing is said twice, a little more where something is. A text without a known piece has a row of zeros.
    """
    from scipy.sparse import csr_matrix

    places = np.searchsorted(vocabulary, pieces.keys)
    places[places == len(vocabulary)] = 0
    known = vocabulary[places] == pieces.keys
    rows, columns, times = pieces.rows[known], places[known], pieces.times[known]
    worths = values[columns]
    lengths = np.sqrt(np.bincount(rows, weights=times * worths.astype(np.float64) ** 2, minlength=texts))
    lengths[lengths == 0] = 1
    counts = times.astype(np.float32) * worths / lengths[rows].astype(np.float32)
    table = csr_matrix((counts, (rows, columns)), shape=(texts, len(vocabulary)), dtype=np.float32)
    table.sort_indices()
    return table


def known(rows: Any) -> Numbers:
    """Give how many known pieces each row has. A model counts one said three times as three: seldom another number."""
    counts: Numbers = np.diff(rows.indptr).astype(np.int64)
    return counts


def count_groups(pieces: Pieces, groups: Iterable[int], fewest: int = 1) -> tuple[Keys, Numbers]:
    """Give each piece that is found in ``fewest`` different groups of texts or more, and in how many.

    ``groups`` has the group's number of each text.
    """
    group_of = np.fromiter(groups, dtype=np.int64)
    rows, keys = pieces.rows, pieces.keys
    different, counts = np.unique(keys, return_counts=True)
    frequent = different[counts >= fewest]
    if len(frequent):
        # Most pieces are found once or twice: to drop them first makes the rest quick.
        places = np.minimum(np.searchsorted(frequent, keys), len(frequent) - 1)
        known = frequent[places] == keys
        rows, keys = rows[known], keys[known]
    keys = _counted(group_of[rows], keys).keys
    different, counts = np.unique(keys, return_counts=True)
    return different[counts >= fewest], counts[counts >= fewest]


def _counted(rows: Numbers, keys: Keys) -> Pieces:
    """Give each pair of a row and a key once, with how often it counts."""
    if not len(keys):
        return Pieces(rows.astype(np.int64), keys, np.zeros(0, dtype=np.int64))
    different, places = np.unique(keys, return_inverse=True)
    pairs, times = np.unique(rows.astype(np.int64) * len(different) + places, return_counts=True)
    return Pieces(pairs // len(different), different[pairs % len(different)], np.minimum(times, MOST_TIMES))
