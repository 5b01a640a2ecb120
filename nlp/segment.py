"""Where one word ends and the next begins: jieba, with the taxonomy's words added.

jieba's dictionary takes half a second and some 60 MB, so it is read at the first need or by
:meth:`Segmenter.warm`. Its cache is unmarshalled without any check when it is read back, which
is why it is never left in the shared temporary folder where others could plant one.
"""

import functools
import logging
import math
import os
import stat
import tempfile
import threading
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

_NAME_COUNT: Final = 2_000
"""How often a name is taken to occur, among the dictionary's 60 million words."""

_REACH: Final = 4
"""Characters looked at on each side of a doubtful word; Chinese words seldom have more."""


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
        self._known: Mapping[str, int] = {}
        self._log_total = 0.0

    def warm(self) -> None:
        """Load the dictionary now. Later calls, from any thread, find it loaded."""
        if not self._known:
            self._load()

    def cut(self, text: str) -> list[str]:
        """Split ``text`` into words that together are ``text`` again."""
        return list(self._tokenizer().cut(text, HMM=False))

    def cut_for_search(self, text: str) -> list[str]:
        """Split ``text`` into words and the shorter words inside them."""
        return list(self._tokenizer().cut_for_search(text, HMM=False))

    def cuts_through(self, text: str, start: int, end: int) -> bool:
        """Say whether ``text[start:end]`` only looks like a word: it is pieces of its neighbours.

        ``上学`` in ``晚上学校`` is, for jieba reads ``晚上/学校``; ``公园`` in ``口袋公园`` is not,
        being inside one word. Where the dictionary has no more common word across either end
        the answer is no; only the rest is judged by the segmentation of the surroundings.
        """
        known = self._known or self._load()
        count = known.get(text[start:end], 0)
        if not (_has_rival(known, text, start, count) or _has_rival(known, text, end, count)):
            return False
        first = max(0, start - _REACH)
        ends = word_ends(text[first : end + _REACH], known, self._log_total)
        start, end = start - first, end - first
        return not (start in ends and end in ends) and any(start < edge < end for edge in ends)

    def _load(self) -> Mapping[str, int]:
        with self._lock:
            if not self._known:
                tokenizer = _load_tokenizer(self._words, self._names)
                self._jieba = tokenizer
                self._log_total = math.log(tokenizer.total)
                self._known = tokenizer.FREQ
        return self._known

    def _tokenizer(self) -> Any:
        self.warm()
        return self._jieba


def word_ends(text: str, known: Mapping[str, int], log_total: float) -> set[int]:
    """Give the places where jieba's most probable split of ``text`` ends a word, and 0.

    This is ``Tokenizer.get_DAG`` and ``calc`` of jieba in one loop, without the lists between,
    at a third of the time; ``known`` has counts of words, 0 for beginnings of words.
    """
    length = len(text)
    best = [0.0] * (length + 1)
    ends = [0] * length
    get, log = known.get, math.log
    for start in range(length - 1, -1, -1):
        end = start + 1
        count = get(text[start:end])
        chance, chosen = log(count or 1) - log_total + best[end], end
        while count is not None and end < length:
            end += 1
            count = get(text[start:end])
            if count:
                other = log(count) - log_total + best[end]
                if other >= chance:
                    chance, chosen = other, end
        best[start], ends[start] = chance, chosen
    found, place = {0}, 0
    while place < length:
        place = ends[place]
        found.add(place)
    return found


def _has_rival(known: Mapping[str, int], text: str, edge: int, count: int) -> bool:
    """Say whether a word across ``edge`` is more common than ``count``."""
    if not 0 < edge < len(text):
        return False
    get, before, after = known.get, edge - 1, edge + 1
    return (
        get(text[before:after], 0) > count
        or get(text[before : after + 1], 0) > count
        or (before > 0 and get(text[before - 1 : after], 0) > count)
    )


def _load_tokenizer(words: Iterable[str], names: Iterable[str]) -> Any:
    tokenizer = _import_jieba().Tokenizer()
    tokenizer.tmp_dir = str(_cache_folder())
    tokenizer.initialize()
    for word in words:
        tokenizer.add_word(word)
    for name in names:
        tokenizer.add_word(name, _NAME_COUNT)
    return tokenizer


@functools.cache
def _import_jieba() -> Any:
    # jieba 0.42.1 (2020) imports pkg_resources, which announces its own end, and has string
    # escapes that newer compilers warn of. Both belong to jieba, not to its users.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=SyntaxWarning)
        warnings.filterwarnings("ignore", category=UserWarning, message="pkg_resources")
        import jieba
    jieba.setLogLevel(logging.WARNING)
    return jieba


def _cache_folder() -> Path:
    """Give a folder that only this user can write to; a fresh temporary one if need be."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(base, "mashang", "jieba")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.lstat()
        if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid():
            folder.chmod(0o700)
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="mashang-jieba-"))
