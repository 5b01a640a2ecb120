"""Where one word ends and the next begins: jieba, with the taxonomy's words added.

jieba's own loading takes half a second and some 70 MB; its tokenizer is given the compact
dictionary of :mod:`nlp.dictionary` instead, at the first need or by :meth:`Segmenter.warm`.
"""

import functools
import hashlib
import logging
import math
import sys
import threading
import warnings
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from nlp.dictionary import Dictionary, load_dictionary
from nlp.kept import kept

_COUNT: Final = "I"

_NAME_COUNT: Final = 2_000
"""How often a name is taken to occur, among the dictionary's 60 million words."""

_REACH: Final = 2
"""Characters looked at on each side of a doubtful word; with twice as many, 1 in 140 would come out otherwise."""


class Segmenter:
    """A jieba tokenizer of our own (the global ``jieba.dt`` stays as it is)."""

    def __init__(self, words: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        """Remember the user dictionary, in matching form; loads nothing yet.

        ``words`` are as common as their parts suggest. ``names`` (of streets, estates) are
        taken for more common than that, so that ``光明路/口`` is not read ``光明/路口``.
        """
        self._words = tuple(dict.fromkeys(words))
        self._names = tuple(dict.fromkeys(names))
        self._lock = threading.Lock()
        self._jieba: Any = None

    def warm(self) -> None:
        """Load the dictionary now. Later calls, from any thread, find it loaded."""
        self._tokenizer()

    def cut(self, text: str) -> list[str]:
        """Split ``text`` into words that together are ``text`` again."""
        return list(self._tokenizer().cut(text, HMM=False))

    def cut_for_search(self, text: str) -> list[str]:
        """Split ``text`` into words and the shorter words inside them."""
        return list(self._tokenizer().cut_for_search(text, HMM=False))

    def known(self, words: Iterable[str]) -> Iterator[bool]:
        """Say of each of ``words``, as it is asked for, whether it stands in the dictionary or is one of ours."""
        return map(self._tokenizer().FREQ.__contains__, words)

    def surroundings(self, text: str) -> "Surroundings":
        """Prepare to ask where words end in ``text``."""
        return Surroundings(self._tokenizer().FREQ, text)

    def _tokenizer(self) -> Any:
        if self._jieba is None:
            with self._lock:
                if self._jieba is None:
                    self._jieba = _load_tokenizer(self._words, self._names)
        return self._jieba


class Surroundings:
    """Where words end in one text, worked out only as far as it is asked for."""

    def __init__(self, known: Dictionary, text: str) -> None:
        """Work out nothing yet."""
        self._known = known
        self._text = text

    def cut_through(self, start: int, end: int) -> bool:
        """Say whether ``text[start:end]`` only looks like a word: it is pieces of its neighbours.

        ``上学`` in ``晚上学校`` is, for jieba reads ``晚上/学校``; ``公园`` in ``口袋公园`` is not,
        being inside one word. Where the dictionary has no more common word across either end
        the answer is no; only the rest is judged by the segmentation of the surroundings.
        """
        return self._known.has_rival(self._text, start, end) and self._is_split(start, end)

    def split(self, first: int, last: int) -> set[int]:
        """Give the places where jieba's most probable split of ``text[first:last]`` ends a word, and ``first``.

        This is ``Tokenizer.calc`` of jieba over the words that begin at each place.
        """
        text, words_at, log, log_total = self._text, self._known.words_at, math.log, math.log(self._known.total)
        best = {last: 0.0}
        ends: dict[int, int] = {}
        for start in range(last - 1, first - 1, -1):
            chance = -math.inf
            for end, count in words_at(text, start, last):
                other = log(count) - log_total + best[end]
                # Of words equally probable, jieba takes the longest.
                if other >= chance:
                    chance, ends[start] = other, end
            best[start] = chance
        found, place = {first}, first
        while place < last:
            place = ends[place]
            found.add(place)
        return found

    def _is_split(self, start: int, end: int) -> bool:
        ends = self.split(max(0, start - _REACH), min(len(self._text), end + _REACH))
        return not (start in ends and end in ends) and any(place in ends for place in range(start + 1, end))


def _load_tokenizer(words: Sequence[str], names: Iterable[str]) -> Any:
    known = load_dictionary()
    tokenizer = _tokenizer_class()(known)
    digest = hashlib.sha256("\n".join(words).encode("utf-8", "surrogatepass")).hexdigest()
    # jieba splits each word to find how common it would be, a tenth of a second for all: once is enough.
    counts = array(_COUNT, kept("jieba.words", f"1 {sys.byteorder} {known.total} {digest}", lambda: _counts(words)))
    for word, count in zip(words, counts, strict=True):
        tokenizer.add_word(word, count)
    for name in names:
        tokenizer.add_word(name, _NAME_COUNT)
    known.total = tokenizer.total
    return tokenizer


def _counts(words: Sequence[str]) -> bytes:
    """Give how common jieba takes each of ``words`` to be, the ones before it being known."""
    known = load_dictionary()
    tokenizer = _tokenizer_class()(known)
    for word in words:
        tokenizer.add_word(word)
    return array(_COUNT, map(known.get, words)).tobytes()


@functools.cache
def _tokenizer_class() -> Any:
    class Tokenizer(_import_jieba().Tokenizer):  # type: ignore[misc]  # jieba publishes no types
        """jieba's, but the words that begin at a place come from the trie in one question."""

        def __init__(self, known: Dictionary) -> None:
            super().__init__()
            self.FREQ, self.total, self.initialized = known, known.total, True

        def get_DAG(self, sentence: str) -> dict[int, list[int]]:
            return {
                at: [end - 1 for end, _ in self.FREQ.words_at(sentence, at, len(sentence))]
                for at in range(len(sentence))
            }

    return Tokenizer


def _import_jieba() -> Any:
    # jieba 0.42.1 (2020) asks pkg_resources where its files are: 10 MB, a tenth of a second and a
    # warning for nothing, since it does without where there is none. And it has string escapes
    # that newer compilers warn of.
    missing = sys.modules.get("pkg_resources")
    sys.modules["pkg_resources"] = None  # type: ignore[assignment]  # Python's way to say: not to be had
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", category=SyntaxWarning)
            import jieba
    finally:
        del sys.modules["pkg_resources"]
        if missing is not None:
            sys.modules["pkg_resources"] = missing
    jieba.setLogLevel(logging.WARNING)
    return jieba
