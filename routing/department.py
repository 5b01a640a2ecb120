"""Which department somebody means: by code, name, alias, pinyin, or a part that only one of them has.

Rules, first match wins; a rule that fits several departments gives a list to choose from:
code → name → alias → pinyin (whole or initials) → part of a name or alias → the same without a leading place name.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from nlp.normalise import fold_word
from routing.station import Department

MAX_QUERY: Final = 40
MAX_CANDIDATES: Final = 8

# "海平县城管局", "东湖市住建局": the place is said, the department is meant.
_PLACE = re.compile(r"^\w{1,6}?[省市县区旗](?=\w{2})")


@dataclass(frozen=True, slots=True)
class Match:
    """`exact` when one department is meant; else `candidates`, best first, at most eight, to be chosen from."""

    exact: Department | None = None
    candidates: list[Department] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Forms:
    """A name or alias as it is compared: folded, and its pinyin whole and as initials ("" for Latin names)."""

    folded: str
    pinyin: str
    initials: str


def find_departments(query: str, departments: Iterable[Department], limit: int = MAX_CANDIDATES) -> Match:
    """Find what `query` (as typed; Traditional and full-width are folded) names among the active `departments`.

    Never raises; nothing typed, or more than a name could be, matches nothing. Pass only departments that may be
    chosen: restricted ones are not left out here.
    """
    asked = _fold(query[: MAX_QUERY * 4])
    if not asked or len(asked) > MAX_QUERY:
        return Match()
    active = [department for department in departments if department.active]
    found = _by_rules(asked, active)
    if not found and (place := _PLACE.match(asked)):
        found = _by_rules(asked[place.end() :], active)
    if len(found) == 1:
        return Match(found[0], list(found))
    return Match(None, found[:limit])


def _by_rules(asked: str, departments: list[Department]) -> list[Department]:
    latin = _plain_latin(asked)
    rules: list[Callable[[Department], bool]] = [
        lambda d: _fold(d.code) == asked,
        lambda d: _forms(d.name).folded == asked,
        lambda d: any(_forms(alias).folded == asked for alias in d.aliases),
    ]
    if latin:
        rules += [
            lambda d: any(latin in (f.pinyin, f.initials) for f in _all_forms(d)),
            lambda d: len(latin) >= 2 and any(f.pinyin.startswith(latin) for f in _all_forms(d)),
            lambda d: len(latin) >= 2 and any(f.initials.startswith(latin) for f in _all_forms(d)),
        ]
    for rule in rules:
        if found := [department for department in departments if rule(department)]:
            return found
    # A hotline (12345) is an alias as a whole; a piece of a number or a letter says nothing.
    if asked.isascii() and (len(asked) < 3 or asked.isdigit()):
        return []
    parts = [department for department in departments if any(asked in f.folded for f in _all_forms(department))]
    # What begins with the words comes before what merely holds them, the name before an alias.
    return sorted(parts, key=lambda d: _closeness(asked, d))


def _closeness(asked: str, department: Department) -> tuple[int, int]:
    name = _forms(department.name).folded
    at = name.find(asked)
    if at < 0:
        return (2, len(name))
    return (0 if at == 0 else 1, len(name))


def _all_forms(department: Department) -> list[_Forms]:
    return [_forms(department.name), *(_forms(alias) for alias in department.aliases)]


@functools.lru_cache(maxsize=4096)
def _forms(name: str) -> _Forms:
    folded = _fold(name)
    if folded.isascii():
        return _Forms(folded, "", "")
    # Loading its dictionaries takes a third of a second, which a start without any command needn't pay.
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin(folded, v_to_u=False)
    return _Forms(folded, "".join(syllables), "".join(syllable[0] for syllable in syllables))


def _fold(text: str) -> str:
    return "".join(char for char in fold_word(text) if char.isalnum() or unicodedata.combining(char))


def _plain_latin(folded: str) -> str:
    """Pinyin without tone marks, `ü` as `v`; "" when it isn't Latin letters."""
    spread = unicodedata.normalize("NFD", folded).replace("u\u0308", "v")
    letters = "".join(char for char in spread if not unicodedata.combining(char))
    return letters if letters.isascii() and letters.isalpha() else ""
