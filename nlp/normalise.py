"""The form of a text that words are looked for in; the citizen's own text stays untouched.

Folding, in this order: bracketed pinyin removed (``路燈(lù dēng)``), NFKC and lower case for
each character, white space and invisible characters dropped (zero width, direction marks,
controls, lone surrogates), Traditional to Simplified (OpenCC ``t2s``), what is repeated for
emphasis (``！！！！`` to one, ``啊啊啊啊`` to two; letters and numbers stay), and the colloquial table of the
taxonomy. Every character of the result knows where it came from, so that a word found
here can be shown as it was written.
"""

import functools
import re
import threading
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from nlp.scripts import to_simplified, traditional_characters

MAX_CHARS: Final = 5_000
"""How much of a message is looked at, in characters: a page is 1,000. The rest is kept, unread."""

_MEMO_LIMIT: Final = 0x10000
_USUAL: Final = "0-9a-z,.!?:;、。“”"
_IDEOGRAPHS: Final = "".join(map(chr, range(0x4E00, 0xA000)))
"""CJK Unified Ideographs, of which Unicode promises that NFKC leaves them alone."""

_DROPPED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})
_VARIATION_SELECTORS: Final = frozenset(map(chr, range(0xFE00, 0xFE10)))

_BRACKETS: Final = frozenset("(（[【")
# Tone marks or tone digits make Latin letters in brackets pinyin; without them only a run of
# two or more syllables does, so that "(KTV)" and "(app)" stay.
_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ"
_SYLLABLE = r"(?:[zcs]h|[bpmfdtnlgkhjqxzcsryw])?[aeiouvü]{1,3}(?:ng|n|r)?"
_PINYIN: Final = re.compile(
    rf"[(（\[【]\s{{0,3}}(?:"
    rf"(?=[a-z\s']{{0,40}}[{_TONED}])[a-zü{_TONED}\s'’-]{{1,80}}"
    rf"|(?:[a-zü]{{1,6}}[1-5]\s?){{1,16}}"
    rf"|{_SYLLABLE}(?:[\s'’-]{_SYLLABLE}){{1,15}}"
    rf")\s{{0,3}}[)）\]】]",
    re.IGNORECASE,
)

# The first is nearly twice as fast as the second, and nearly always answers no.
_THREE_ALIKE: Final = re.compile(r"(.)\1\1")
_REPEATED: Final = re.compile(r"([^0-9a-z零〇一二三四五六七八九])\1\1+")


class Normalised(NamedTuple):
    """A text in matching form.

    ``offsets[i]`` is the index in ``original`` of the character that became ``text[i]``; the
    offsets never decrease.
    """

    text: str
    offsets: Sequence[int]
    original: str

    def source(self, start: int, end: int) -> str:
        """Give the piece of the original behind ``text[start:end]`` (``start < end``)."""
        return self.original[self.offsets[start] : self.offsets[end - 1] + 1]


class Colloquial:
    """A table of dialect forms and what they mean; see ``colloquial`` in the taxonomy file."""

    def __init__(self, forms: dict[str, str], kept: Sequence[str] = ()) -> None:
        """Prepare the table.

        ``forms`` maps a form to its meaning. ``kept`` are words that contain a form by chance
        (``阿拉伯`` contains ``阿拉``) and stay as they are.
        """
        self._meaning = {**forms, **{word: word for word in kept}}
        self._forms = list(self._meaning)
        self._finder = AhoCorasick(self._forms, MatchKind.LeftmostLongest, store_patterns=False)

    def apply(self, text: str, offsets: Sequence[int]) -> tuple[str, Sequence[int]]:
        """Replace the forms in ``text``; give the new text and its offsets."""
        parts: list[str] = []
        places: list[int] = []
        done = 0
        for number, start, end in self._finder.find_matches_as_indexes(text):
            meaning = self._meaning[self._forms[number]]
            parts += (text[done:start], meaning)
            places += offsets[done:start]
            # The last character of the meaning stands for the end of the form.
            places += (offsets[min(start + i, end - 1)] for i in range(len(meaning) - 1))
            places.append(offsets[end - 1])
            done = end
        if not parts:
            return text, offsets
        return "".join((*parts, text[done:])), (*places, *offsets[done:])


def normalise(text: str, colloquial: Colloquial | None = None, limit: int = MAX_CHARS) -> Normalised:
    """Give the matching form of the first ``limit`` characters of ``text``. Never raises."""
    folded: str = text[:limit]
    offsets: Sequence[int] = range(len(folded))
    unusual = set(_unusual().findall(folded))
    if unusual <= _memo.marks.keys():
        for mark in unusual:
            folded = folded.replace(mark, _memo.marks[mark])
    else:
        folds = {character: _memo.fold(character) for character in unusual}
        pinyin = [] if unusual.isdisjoint(_BRACKETS) else [found.span() for found in _PINYIN.finditer(folded)]
        folded, offsets = _fold(folded, folds, pinyin)
        if not traditional_characters().isdisjoint("".join(folds.values())):
            folded = to_simplified(folded)
        # A ligature may unfold to eighteen characters: the limit holds for the result too.
        folded, offsets = folded[:limit], offsets[:limit]
    if _THREE_ALIKE.search(folded) is not None:
        folded, offsets = _without_emphasis(folded, offsets)
    if colloquial is not None:
        folded, offsets = colloquial.apply(folded, offsets)
    return Normalised(folded, offsets, text)


def fold_word(word: str) -> str:
    """Give the matching form of a word of the taxonomy (no colloquial table)."""
    return normalise(word).text


@functools.cache
def _unusual() -> re.Pattern[str]:
    """Give what finds the characters that may have to change. A class is asked five times as fast as a set."""
    traditional = "".join(sorted(traditional_characters()))
    simplified = [run for run in re.split(f"[{traditional}]+", _IDEOGRAPHS) if run]
    return re.compile(f"[^{_USUAL}{''.join(f'{run[0]}-{run[-1]}' for run in simplified)}]")


def _fold(text: str, folds: dict[str, str], removed: list[tuple[int, int]]) -> tuple[str, Sequence[int]]:
    if removed or any(len(folded) > 1 for folded in folds.values()):
        return _fold_one_by_one(text, folds, removed)
    dropped = [character for character, folded in folds.items() if not folded]
    offsets = [index for index, c in enumerate(text) if c not in dropped] if dropped else range(len(text))
    for character, folded in folds.items():
        text = text.replace(character, folded)
    return text, offsets


def _fold_one_by_one(text: str, folds: dict[str, str], removed: list[tuple[int, int]]) -> tuple[str, Sequence[int]]:
    parts: list[str] = []
    offsets: list[int] = []
    for start, end in _kept_spans(removed, len(text)):
        for index in range(start, end):
            folded = folds.get(text[index], text[index])
            parts.append(folded)
            offsets += [index] * len(folded)
    return "".join(parts), offsets


def _without_emphasis(text: str, offsets: Sequence[int]) -> tuple[str, Sequence[int]]:
    """Shorten runs of three or more: marks to the first, characters to the first and the last, which span the run."""
    kept: list[int] = []
    done = 0
    for run in _REPEATED.finditer(text):
        kept += range(done, run.start() + 1)
        if run[1].isalpha():
            kept.append(run.end() - 1)
        done = run.end()
    if not done:
        return text, offsets
    kept += range(done, len(text))
    return "".join(map(text.__getitem__, kept)), [offsets[index] for index in kept]


def _kept_spans(removed: list[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    edges = [0, *(edge for span in removed for edge in span), length]
    return list(zip(edges[::2], edges[1::2], strict=True))


class _FoldMemo:
    """What single characters fold to, remembered for the basic plane only (so it is bounded)."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        self._rule = rule
        self._folds: dict[str, str] = {}
        self._lock = threading.Lock()
        self.marks: dict[str, str] = {}
        """Those that become one character wherever they stand: ``，`` and ``？`` in nearly every message."""

    def fold(self, character: str) -> str:
        known = self._folds.get(character)
        if known is not None:
            return known
        folded = self._rule(character)
        if ord(character) < _MEMO_LIMIT:
            with self._lock:
                self._folds[character] = folded
                if character in _BRACKETS or folded in _BRACKETS or folded in traditional_characters():
                    return folded
                if len(folded) == 1:
                    self.marks[character] = folded
        return folded


def _fold_character(character: str) -> str:
    if (
        character.isspace()
        or unicodedata.category(character) in _DROPPED_CATEGORIES
        or character in _VARIATION_SELECTORS
    ):
        return ""
    folded = unicodedata.normalize("NFKC", character).lower()
    # NFKC of some symbols brings a space with it ("´" becomes " ́").
    return "".join(folded.split())


_memo: Final = _FoldMemo(_fold_character)
