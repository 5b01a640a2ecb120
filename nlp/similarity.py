"""How like each other two messages are: whether two people may be telling of the same matter.

Three things speak for it: the words (pairs of characters, the rarer the more), the place, and the topic. Told in other
words at the same place, it is the place and the topic; told in the same words, it is the words, unless the two name
different places.

How far that goes: by the words alone, the development messages' groups of near-duplicates are found with a precision of
0.965 and a recall of 0.933 (five folds, each at the threshold of the other four: 0.946 and 0.936). With place and topic
285 of their 297 pairs are found, and 107 others, of which 33 of 40 that were read tell of one matter. Of the pairs
written by hand (tests/nlp/same_matter.tsv), 25 of 32 told in other words are found, and 1 of the 36 others with them.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlp.fingerprint import BUILDING, NAMED, PHASE, TOWN, Codes, Fingerprint, rarity

SAME: Final = 0.78
"""From here on two messages are offered as the same matter. Chosen on the development messages' groups of
near-duplicates, by which the words alone reach 0.95 of precision (tests/nlp/test_same_matter.py measures it)."""
_BY_TOPIC: Final = 0.45
"""At the same place, so much agreement of topics makes it the same matter …"""
_BY_WORDS: Final = 0.48
"""… or so much of words."""
_SOME_WORDS: Final = 0.12
"""Less than that two long texts that have nothing to do with each other share, too."""
_NUMBERED: Final = 0.3
"""Where only numbers of buildings, phases or towns agree, so much of words is needed: every estate has a 3栋."""


class Likeness(NamedTuple):
    """``total`` from 0 to 1; ``words`` and ``topics`` likewise. ``place`` as of :func:`compare_places`."""

    total: float
    words: float
    place: int
    topics: float

    @property
    def same(self) -> bool:
        """Whether the two may be told of as one matter."""
        return self.total >= SAME


def likeness(first: Fingerprint, second: Fingerprint) -> Likeness:
    """Compare two messages. Symmetric; 1.0 for a message and itself unless it is empty."""
    words = _cosine(first.pairs, second.pairs)
    place = compare_places(first.places, second.places)
    topics = _shared_topics(first.topics, second.topics)
    total = float(total_of(np.array([words]), np.array([place]), np.array([topics]))[0])
    return Likeness(total, words, place, topics)


def total_of(words: NDArray[Any], place: NDArray[Any], topics: NDArray[Any]) -> NDArray[np.float64]:
    """Put words, place and topics of many pairs together."""
    here = np.maximum(words + (SAME - _BY_WORDS), (SAME - _BY_TOPIC) + topics)
    here = np.where(words >= _SOME_WORDS, here, words)
    near = np.where((place == 1) & (words >= _NUMBERED), np.minimum(here, 1.0), words)
    total: NDArray[np.float64] = np.where(place < 0, 0.0, np.where(place == 2, np.minimum(here, 1.0), near))
    return total


def compare_places(first: Codes, second: Codes) -> int:
    """2: both name the same place; 1: only the same building's number, phase or town; -1: different; 0: unknown."""
    if not len(first) or not len(second):
        return 0
    shared = set(first.tolist()) & set(second.tolist())
    shared_kinds = {code & 3 for code in shared}
    kinds = {code & 3 for code in first.tolist()} & {code & 3 for code in second.tolist()}
    if any(kind in kinds and kind not in shared_kinds for kind in (BUILDING, PHASE, TOWN, NAMED)):
        return -1
    return 2 if NAMED in shared_kinds else 1 if shared_kinds else 0


def _cosine(first: Codes, second: Codes) -> float:
    if not len(first) or not len(second):
        return 0.0
    squares = rarity(first) ** 2
    shared = squares[np.isin(first, second, assume_unique=True)].sum()
    return float(min(1.0, shared / np.sqrt(squares.sum() * (rarity(second) ** 2).sum())))


def _shared_topics(first: tuple[tuple[str, float], ...], second: tuple[tuple[str, float], ...]) -> float:
    known = dict(second)
    return float(sum((chance * known.get(code, 0.0)) ** 0.5 for code, chance in first))
