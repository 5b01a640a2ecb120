"""Masking of personal data in what people other than the handling officer get to see.

Found by look, and by a check digit where there is one: telephone numbers (also ``一三八…``), identity
and bank cards, plates, rooms, e-mail, WeChat and QQ, names after words like ``我叫``. The patterns are
``privacy_patterns`` of the taxonomy. The original is never changed; masking is for pushes, exports
and public pages (PIPL art. 6, 25, 51).
"""

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from nlp.checksums import CHECKS, SPELLED
from nlp.regex_facts import required_pieces
from nlp.taxonomy import PrivacyPattern, default_taxonomy

MASK: Final = "*"

_DIGIT: Final = f"[0-9{''.join(map(chr, SPELLED))}]"
_BETWEEN: Final = "[ .·_/()）—–-]{0,2}"
_RUN: Final = re.compile(rf"{_DIGIT}(?:{_BETWEEN}{_DIGIT}){{2,}}")
# What is folded to ASCII or dropped, widely taken: foreign, wide, circled and raised digits and letters, what is
# invisible. A text with nothing of it is as it looks.
_UNUSUAL: Final = re.compile(
    r"[\u00a0\u00aa-\u00b6\u00b8-\u00ba\u017f\u02b0-\u02e4\u0600-\u1dbf\u2000-\u2010\u2012\u2024\u2027-\u2044"
    r"\u2047-\u218b\u2460-\u24ff\u2c7c\u2c7d\u3000\u3251-\u33ff\ua620-\uabff\ufe10-\ufe6b\ufeff\ufb29\uff0b"
    r"\uff0d-\uff19\uff20-\uff3a\uff3f\uff41-\uff5a\ufff9-\ufffb"
    r"\U00010000-\U0001f1ff\U0001fbf0-\U0001fbff\U000e0000-\U0010ffff]"
)
_FOLDED_MARKS: Final = frozenset("@._+- /")
_SEPARATORS: Final = re.compile(r"[^0-9A-Za-z]")


def mask(text: str, patterns: Sequence[PrivacyPattern] | None = None) -> str:
    """Give ``text`` with personal data masked, character for character (the length stays).

    ``patterns`` are the packaged ones if None; the first to match a place wins. The same text
    always gives the same result. Never raises.
    """
    masker = _default_masker() if patterns is None else _Masker(patterns)
    plain, offsets = _plain(text)
    if masker.clean(plain):
        return text
    hidden = [offsets[index] for rule, start, end in masker.find(plain) for index in _hidden(plain, rule, start, end)]
    if not hidden:
        return text
    masked = list(text)
    for index in hidden:
        masked[index] = MASK
    return "".join(masked)


class _Masker:
    """Patterns, with what a text must have for any of them to be tried."""

    def __init__(self, patterns: Sequence[PrivacyPattern]) -> None:
        self._rules = [(rule, _needs(rule.pattern.pattern)) for rule in patterns]
        cues = {cue for rule in patterns if not rule.digits for cue in _cues(rule.pattern.pattern)}
        words = sorted(cue for cue in cues if "[" not in cue)
        fewest = min((rule.digits for rule in patterns if rule.digits), default=1) - 1
        # One search for all of them would take four times as long: "re" is fast where it looks for one kind of thing.
        self._telling = [
            re.compile(pattern).search
            for pattern in (rf"{_DIGIT}(?:{_BETWEEN}{_DIGIT}){{{fewest}}}", "|".join(words), *sorted(cues - set(words)))
            if pattern
        ]

    def clean(self, text: str) -> bool:
        """Say at one glance that nothing can be found in ``text`` (in plain form): true of nearly every message."""
        return not any(search(text) for search in self._telling)

    def find(self, plain: str) -> Iterator[tuple[PrivacyPattern, int, int]]:
        characters = set(plain)
        longest = max((len(_SEPARATORS.sub("", run[0].translate(SPELLED))) for run in _RUN.finditer(plain)), default=0)
        taken: set[int] = set()
        for rule, needs in self._rules:
            if rule.digits > longest or any(map(characters.isdisjoint, needs)):
                continue
            for match in rule.pattern.finditer(plain):
                start, end = match.span(rule.group)
                if taken.isdisjoint(range(start, end)) and _passes(match[rule.group], rule):
                    taken.update(range(start, end))
                    yield rule, start, end


def _passes(found: str, rule: PrivacyPattern) -> bool:
    if not rule.check:
        return True
    return CHECKS[rule.check](_SEPARATORS.sub("", found.translate(SPELLED)))


@functools.cache
def _default_masker() -> _Masker:
    return _Masker(default_taxonomy().privacy)


def _needs(pattern: str) -> tuple[frozenset[str], ...]:
    """Give sets of characters, of each of which a matching text has one."""
    return tuple(frozenset(piece[0] for piece in clause) for clause in required_pieces(pattern))


def _cues(pattern: str) -> frozenset[str]:
    """Give patterns of which a text that ``pattern`` matches has one: words if it has any, else ``pattern``."""
    clauses = required_pieces(pattern)
    if not clauses:
        return frozenset({pattern.replace("(?P<hide>", "(?:")})
    telling = max(clauses, key=lambda clause: (min(map(len, clause)), -len(clause)))
    return frozenset(map(re.escape, telling))


def _hidden(plain: str, rule: PrivacyPattern, start: int, end: int) -> list[int]:
    """Give the places that are hidden of what stands from ``start`` to ``end``: separators stay, and don't count."""
    telling = [index for index in range(start, end) if _tells(plain[index], rule)]
    return telling[rule.keep[0] : len(telling) - rule.keep[1]]


def _tells(character: str, rule: PrivacyPattern) -> bool:
    if rule.digits_only:
        return character.isdigit() or ord(character) in SPELLED
    return character.isalnum() or (character in "@._" and not rule.digits)


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """Fold wide letters and foreign digits, drop invisible characters; keep the places."""
    if _UNUSUAL.search(text) is None:
        return text, range(len(text))
    folds = {character: folded for character in set(text) if (folded := _fold(character)) != character}
    invisible = [character for character, folded in folds.items() if not folded]
    for character, folded in folds.items():
        if folded:
            text = text.replace(character, folded)
    if not invisible:
        return text, range(len(text))
    offsets = [index for index, character in enumerate(text) if character not in invisible]
    return "".join(text[index] for index in offsets), offsets


@functools.lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if unicodedata.category(character) == "Cf":
        return ""
    folded = unicodedata.normalize("NFKC", character)
    # Wide punctuation stays: patterns name it where it matters, and nearly every text has some.
    return (
        folded if len(folded) == 1 and folded.isascii() and (folded.isalnum() or folded in _FOLDED_MARKS) else character
    )
