"""What is kept of a message to find others like it: numbers made of its characters, its places and its topics.

A fingerprint holds no words and nothing from which they could be read again.
"""

import functools
import hashlib
import itertools
import re
import zlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlp.normalise import Normalised, normalise
from nlp.numerals import DIGITS, number_of
from nlp.places import find_places_in

Codes = NDArray[np.uint32]

MOST_PAIRS: Final = 192
"""Pairs of characters kept of one message. Of a longer one those with the smallest hashes, which are the same ones
in every text that has them: 0.2 points of recall on the development messages' groups against keeping all."""
MOST_CHARACTERS: Final = 2_000
"""How much of a message is compared, in characters."""
MOST_PLACES: Final = 8
MOST_TOPICS: Final = 3

NAMED, BUILDING, PHASE, TOWN = range(4)
"""Kinds of places: what has a name of its own, a building's number, a building phase, a town or township."""

_NAME: Final = {"road": 3, "crossing": 3, "village": 3, "estate": 4}
"""By how many of its last characters a place is known: where a name begins is the less certain end of it."""

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_SALT: Final = np.uint64(0xD6E8FEB86659FD93)
_BRIDGE_OR_PHASE: Final = re.compile(rf"[\u4e00-\u9fff]{{2}}桥|(?:[0-9]{{1,2}}|[{DIGITS}]{{1,3}})期")
_GREETING: Final = re.compile(
    r"^\W*(?:(?:尊敬的|敬爱的)?\w{0,4}?(?:书记|市长|县长|区长|局长|厅长|主任|领导|代表|站长)(?:您好|你好|好)?|您好|你好)\W+"
)


class Fingerprint(NamedTuple):
    """One message.

    ``pairs`` are hashes of its pairs of characters, sorted; ``places`` codes of the places it names, sorted, whose last
    two bits say of what kind (``NAMED`` …); ``topics`` (code of a leaf category, its share), the best first.
    """

    pairs: Codes
    places: Codes
    topics: tuple[tuple[str, float], ...]

    @property
    def whole(self) -> bytes:
        """The same for messages that are the same but for the greeting, spaces and punctuation, and of one topic."""
        topics = [(code, round(share, 2)) for code, share in self.topics]
        content = b"|".join((self.pairs.tobytes(), self.places.tobytes(), repr(topics).encode()))
        return hashlib.blake2b(content, digest_size=16).digest()


def fingerprint(text: str, topics: Sequence[tuple[str, float]] = ()) -> Fingerprint:
    """Take the fingerprint of a message. Never raises; an empty text has an empty one.

    ``topics``: what the classifier made of it, (leaf code, probability from 0 to 1). Three are kept, as shares
    of their sum: two texts of which the classifier is not sure, and in the same way, are still of one topic.
    """
    form = normalise(text[: 2 * MOST_CHARACTERS])
    plain = _compared(form)
    places: dict[int, None] = {}
    for place in find_places_in(form):
        if place.kind == "building":
            places[_code(BUILDING, place.name.partition("栋")[0])] = None
        elif place.kind == "town":
            places[_code(TOWN, place.name[-3:])] = None
        else:
            places |= dict.fromkeys(_code(NAMED, name[-_NAME.get(place.kind, 5) :]) for name in place.name.split("×"))
    for match in _BRIDGE_OR_PHASE.finditer(plain):
        if match[0].endswith("期"):
            places[_code(PHASE, f"{number_of(match[0][:-1])}")] = None
        else:
            places[_code(NAMED, match[0])] = None
    codes = np.array(sorted(itertools.islice(places, MOST_PLACES)), np.uint32)
    total = sum(chance for _, chance in topics[:MOST_TOPICS]) or 1.0
    return Fingerprint(_pairs(plain), codes, tuple((code, chance / total) for code, chance in topics[:MOST_TOPICS]))


def pairs_of(text: str) -> Codes:
    """The pairs of characters of a message, as its fingerprint has them. Never raises."""
    return _pairs(_compared(normalise(text[: 2 * MOST_CHARACTERS])))


def rarity(pairs: Codes) -> NDArray[np.float32]:
    """How much each pair says, in nats: less, the more of the written examples have it."""
    known, weight, most = _rarities()
    if not len(known):
        return np.ones(len(pairs), np.float32)
    at = np.minimum(np.searchsorted(known, pairs), len(known) - 1)
    return np.where(known[at] == pairs, weight[at], most).astype(np.float32)


def _compared(form: Normalised) -> str:
    return _GREETING.sub("", form.text[:MOST_CHARACTERS], count=1)


def _code(kind: int, name: str) -> int:
    return zlib.crc32(name.encode()) & ~3 | kind


def _pairs(text: str) -> Codes:
    letters = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    letters = letters[_is_letter(letters)]
    if len(letters) < 2:
        return np.empty(0, np.uint32)
    mixed = (letters[:-1] * _SALT + letters[1:]) * _MIX
    found: Codes = np.unique((mixed >> np.uint64(32)).astype(np.uint32))
    return found[:MOST_PAIRS]


def _is_letter(letters: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Letters, digits and signs beyond ASCII that are not punctuation; an emoji is one."""
    ascii_letter = ((letters >= 48) & (letters <= 57)) | ((letters >= 97) & (letters <= 122))
    mark = ((letters >= 0x2000) & (letters <= 0x206F)) | ((letters >= 0x3000) & (letters <= 0x303F))
    result: NDArray[np.bool_] = ascii_letter | ((letters > 0xBF) & ~mark)
    return result


@functools.cache
def _rarities() -> tuple[Codes, NDArray[np.float32], Any]:
    """Pairs of characters of our own written examples with what they say, and what an unknown one says."""
    lines = (files("nlp") / "data" / "examples.tsv").read_text("utf-8").splitlines()[1:]
    texts = [line.partition("\t")[0] for line in lines if not line.startswith("#")]
    pairs, count = np.unique(np.concatenate([_pairs(text) for text in texts]), return_counts=True)
    return pairs, np.log((len(texts) + 1) / (count + 1)).astype(np.float32), np.float32(np.log((len(texts) + 1) / 2))
