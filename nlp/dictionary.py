"""jieba's dictionary, small: 350,000 words with their counts in 5 MB, ready in milliseconds.

jieba itself keeps every word, and every beginning of a word, as a key of one dict: 70 MB, and most
of a second to load. Here they lie in a trie (MARISA) that is built once from the ``dict.txt`` of
the installed jieba and kept for later starts. Words of the taxonomy and the county come on top.
"""

import hashlib
import importlib.util
import struct
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import marisa_trie

from nlp.kept import kept

_COUNT: Final = "I"
_HEADER: Final = struct.Struct("=QI")
"""All counts added up, and the bytes of the trie; then follow the parts that :func:`_build` names."""
_LAYOUT: Final = f"1 {sys.byteorder} {array(_COUNT).itemsize}"

_BASIC: Final = 0x10000
"""Characters below this one are counted in a table, words of one character above it like longer words."""

_SLOTS: Final = 1 << 20
_MASK: Final = _SLOTS - 1
_SPREAD: Final = 40503

_MANY: Final = 7
_LONGEST: Final = 32
"""Longer words are not looked for; jieba's longest has 16 characters."""
_LENGTHS: Final = tuple(
    tuple(length for length in range(2, _LONGEST + 1) if bits & 1 << min(length - 2, _MANY)) for bits in range(256)
)
"""The lengths that a byte of the table means: bit 0 is two characters … bit 6 eight, bit 7 all above."""


class Dictionary:
    """How often each word occurs, among ``total`` words. Threads may share it once all words are added.

    It stands in for ``FREQ`` of jieba's tokenizer, a dict, as far as that tokenizer asks it. Two tables
    of a byte for every two neighbours (:func:`_slot`) spare most questions: ``bonds`` says how common
    words of two or three characters can be at most in which the two stand together (the bits of the
    count), ``lengths`` which lengths words may have that begin with the two (:data:`_LENGTHS`). Pairs may
    share a slot, so a table may promise more than there is, never less.
    """

    def __init__(self, stored: bytes) -> None:
        """Take what :func:`_build` made."""
        self.total, size = _HEADER.unpack_from(stored)
        rest = memoryview(stored)[_HEADER.size :]
        self._words = marisa_trie.Trie().frombytes(bytes(rest[:size]))
        self._bonds, self._lengths = bytearray(rest[size:][:_SLOTS]), bytearray(rest[size + _SLOTS :][:_SLOTS])
        counts = array(_COUNT, bytes(rest[size + 2 * _SLOTS :]))
        self._singles, self._counts = counts[:_BASIC], counts[_BASIC:]
        self._own: dict[str, int] = {}
        self._bits = _Bits(self)

    def get(self, word: str, default: int = 0) -> int:
        """Give how often ``word`` occurs; ``default`` for what is no word."""
        if word in self._own:
            return self._own[word]
        if len(word) == 1 and ord(word) < _BASIC:
            return self._singles[ord(word)] or default
        number = self._words.get(word)
        return default if number is None else self._counts[number]

    def __getitem__(self, word: str) -> int:
        return self.get(word)

    def __contains__(self, word: str) -> bool:
        return self.get(word) > 0

    def __setitem__(self, word: str, count: int) -> None:
        """Add a word of our own, of two characters or more, or set its count."""
        # jieba sets the beginnings of a word to 0 for its own search, which is not used here.
        if count:
            self._own[word] = count
            self._bits.pop(word, None)
            _note(self._bonds, self._lengths, word, count)

    def has_rival(self, text: str, start: int, end: int) -> bool:
        """Say whether a word of two or three characters across either end is more common than ``text[start:end]``.

        Two looks into a table are enough for nearly every word: a rival's count has as many bits or more.
        """
        bits, bonds = self._bits[text[start:end]], self._bonds
        return (
            start > 0
            and bonds[(ord(text[start - 1]) * _SPREAD + ord(text[start])) & _MASK] >= bits
            and self._most_across(text, start) > self.get(text[start:end])
        ) or (
            end < len(text)
            and bonds[(ord(text[end - 1]) * _SPREAD + ord(text[end])) & _MASK] >= bits
            and self._most_across(text, end) > self.get(text[start:end])
        )

    def _most_across(self, text: str, edge: int) -> int:
        get = self.get
        return max(
            get(text[edge - 1 : edge + 1]),
            get(text[edge - 1 : edge + 2]),
            get(text[edge - 2 : edge + 1]) if edge > 1 else 0,
        )

    def words_at(self, text: str, start: int, last: int) -> list[tuple[int, int]]:
        """Give where the words that begin at ``start`` end, ``last`` at most, in order, each with its count.

        The first is the single character, with the count 1 if it is no word.
        """
        code, end = ord(text[start]), start + 1
        found = [(end, (self._singles[code] if code < _BASIC else self.get(text[start])) or 1)]
        if end < last:
            own, counts, number_of = self._own, self._counts, self._words.get
            for length in _LENGTHS[self._lengths[(code * _SPREAD + ord(text[end])) & _MASK]]:
                end = start + length
                if end > last:
                    break
                word = text[start:end]
                if word in own:
                    found.append((end, own[word]))
                else:
                    number = number_of(word)
                    if number is not None:
                        found.append((end, counts[number]))
        return found


class _Bits(dict[str, int]):
    """How many bits the count of a word has, at least one. Grows with what is asked: the taxonomy's words."""

    def __init__(self, known: Dictionary) -> None:
        self._known = known

    def __missing__(self, word: str) -> int:
        self[word] = bits = self._known.get(word).bit_length() or 1
        return bits


def _slot(one: str, other: str) -> int:
    """Give the place in the tables of the pair that the two characters are."""
    return (ord(one) * _SPREAD + ord(other)) & _MASK


def load_dictionary() -> Dictionary:
    """Load jieba's dictionary: some 20 ms, and a second or two where it is not kept yet."""
    path = _dictionary_path()
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return Dictionary(kept("jieba.dictionary", f"{_LAYOUT} {content}", lambda: _build(path)))


def _dictionary_path() -> Path:
    """Find ``dict.txt`` without importing jieba."""
    spec = importlib.util.find_spec("jieba")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("jieba is not installed", name="jieba")
    return Path(spec.origin).with_name("dict.txt")


def _build(path: Path) -> bytes:
    """Give header, trie, bonds, lengths, counts of single characters, counts by the trie's numbers."""
    # The file is read twice, so that its words never stand in memory all at once.
    words = marisa_trie.Trie(word for word, _ in _entries(path) if not _is_single(word))
    counts = array(_COUNT, bytes((_BASIC + len(words)) * array(_COUNT).itemsize))
    bonds, lengths = bytearray(_SLOTS), bytearray(_SLOTS)
    total = 0
    for word, count in _entries(path):
        total += count
        counts[ord(word) if _is_single(word) else _BASIC + words[word]] = count
        _note(bonds, lengths, word, count)
    trie: bytes = words.tobytes()
    return b"".join((_HEADER.pack(total, len(trie)), trie, bonds, lengths, counts.tobytes()))


def _entries(path: Path) -> Iterator[tuple[str, int]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            word, count, _ = line.split(" ")
            yield word, int(count)


def _is_single(word: str) -> bool:
    return len(word) == 1 and ord(word) < _BASIC


def _note(bonds: bytearray, lengths: bytearray, word: str, count: int) -> None:
    """Enter a word into the two tables."""
    length = len(word)
    if length == 1:
        return
    slot = _slot(word[0], word[1])
    lengths[slot] |= 1 << min(length - 2, _MANY)
    if length < 4:
        bits = count.bit_length()
        for place in (slot,) if length == 2 else (slot, _slot(word[1], word[2])):
            if bonds[place] < bits:
                bonds[place] = bits
