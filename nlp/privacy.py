"""Masking of personal data in what people other than the handling officer get to see.

Found by look alone: telephone numbers, identity and bank cards, plates, rooms, e-mail
addresses. Names and numbers written in Chinese characters are not found. The original is never
changed; masking is for pushes, exports and public pages (PIPL art. 6, 25, 51).
"""

import functools
import unicodedata
from collections.abc import Sequence
from typing import Final

from nlp.regex_facts import required_pieces
from nlp.taxonomy import PrivacyPattern, default_taxonomy

MASK: Final = "*"


def mask(text: str, patterns: Sequence[PrivacyPattern] | None = None) -> str:
    """Give ``text`` with personal data masked, character for character (the length stays).

    ``patterns`` are the packaged ones if None; the first to match a place wins. The same text
    always gives the same result. Never raises.
    """
    if patterns is None:
        patterns = default_taxonomy().privacy
    plain, offsets = _plain(text)
    characters = set(plain)
    hidden: list[int] = []
    taken: set[int] = set()
    for rule in patterns:
        if any(map(characters.isdisjoint, _needs(rule.pattern.pattern))):
            continue
        for found in rule.pattern.finditer(plain):
            span = range(*found.span())
            if not taken.isdisjoint(span):
                continue
            taken.update(span)
            inner = span[rule.keep[0] : len(span) - rule.keep[1]]
            hidden += (offsets[index] for index in inner if _hides(plain[index], rule))
    if not hidden:
        return text
    masked = list(text)
    for index in hidden:
        masked[index] = MASK
    return "".join(masked)


@functools.cache
def _needs(pattern: str) -> tuple[frozenset[str], ...]:
    """Give sets of characters, of each of which a matching text has one."""
    return tuple(frozenset(piece[0] for piece in clause) for clause in required_pieces(pattern))


def _hides(character: str, rule: PrivacyPattern) -> bool:
    return character.isdigit() if rule.digits_only else character.isalnum() or character in "@."


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """Fold wide letters and foreign digits, drop invisible characters; keep the places."""
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
    return folded if len(folded) == 1 and folded.isascii() else character
