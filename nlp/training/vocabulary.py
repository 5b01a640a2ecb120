"""Which pieces a model knows, and what each counts before anything is learned of categories.

Nothing personal may be remembered. A piece that comes from lent messages or from a county's
cases must have been said in :data:`FEWEST_GROUPS` different matters (near-duplicates are one),
and no piece holds three digits in a row, a digit beside a letter, or a mark.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.dictionary import load_dictionary
from nlp.training.pieces import LONGEST, Keys, Pieces, count_groups, key_of, piece_of

FEWEST_GROUPS: Final = 5
COMMON_GROUPS: Final = 10
"""A piece that our own texts lack is taken if so many different messages have it."""
FEWEST_OWN: Final = 2

_IDF_POWER: Final = 0.7
"""Below 1: a piece that one text has is not worth twice a common word. Chosen on the measuring sets among .5, .7, 1."""
_WORD_BONUS: Final = 1.5

_USABLE: Final = re.compile(r"(?!.*[0-9]{3})(?!.*[0-9][a-z])(?!.*[a-z][0-9])[\u4e00-\u9fffa-z0-9]+")


class Vocabulary(NamedTuple):
    """The pieces' keys, ascending, and each one's worth (its idf, words half as much again)."""

    keys: Keys
    worths: npt.NDArray[np.float32]


def choose(own: Pieces, owned: int, lent: Pieces, groups: Sequence[int], words: Sequence[str]) -> Vocabulary:
    """Choose the pieces.

    ``own`` are those of our own ``owned`` texts, ``lent`` those of other people's, whose
    ``groups`` number the matters. ``words`` of the taxonomy are known whatever they count.
    """
    own_keys, own_counts = count_groups(own, range(owned))
    lent_keys, lent_counts = count_groups(lent, groups, FEWEST_GROUPS)
    beside = _look_up(own_keys, lent_keys, lent_counts)
    # Our own texts are nobody's: there a piece said once is kept where others say it too.
    kept = own_keys[(own_counts >= FEWEST_OWN) | (beside >= FEWEST_GROUPS)]
    keys = np.union1d(kept, lent_keys[lent_counts >= COMMON_GROUPS])
    keys = np.union1d(keys, own_keys[np.isin(own_keys, np.array(_keys_of(words), dtype=np.uint64))])
    keys = np.array([key for key in keys.tolist() if _USABLE.fullmatch(piece_of(key))], dtype=np.uint64)
    counts = _look_up(keys, own_keys, own_counts) + _look_up(keys, lent_keys, lent_counts)
    matters = owned + len(set(groups))
    idf = (np.log((1 + matters) / (1 + counts)) + 1) ** _IDF_POWER
    return Vocabulary(keys, (idf * np.where(_are_words(keys, words), _WORD_BONUS, 1)).astype(np.float32))


def _keys_of(words: Sequence[str]) -> list[int]:
    return [key_of(word) for word in words if 0 < len(word) <= LONGEST and max(word) <= "\uffff"]


def _are_words(keys: Keys, words: Sequence[str]) -> npt.NDArray[np.bool_]:
    ours, known = set(words), load_dictionary()
    pieces = map(piece_of, keys.tolist())
    return np.array([len(piece) > 1 and (piece in ours or piece in known) for piece in pieces], dtype=bool)


def _look_up(keys: Keys, known: Keys, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    if not len(known):
        return np.zeros(len(keys), dtype=np.int64)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[places] == keys, counts[places], 0)
