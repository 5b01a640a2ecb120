"""Places named in a message: streets, crossings, estates, villages, buildings, institutions, metro exits.

A name is known by its last word (``路``, ``小区``, ``医院``); where it begins, by what cannot stand in
a name: punctuation, a name before it, and the words of ``STOP`` (``住在``, ``附近``, ``我们``), unless
they are part of a word that names like (``和平``, ``建设``). No list of the county's places is needed,
and a name without such a last word (``润和紫郡``) is not found. A room's number is personal data and
never part of what is given.
"""

import re
from typing import Final, Literal, NamedTuple

from nlp.normalise import Normalised, normalise
from nlp.numerals import DIGITS, number_of
from nlp.place_words import GENERIC, NAMING, STOP, SUFFIXES

PlaceKind = Literal["town", "village", "road", "crossing", "estate", "building", "institution", "transit"]
"""``transit``: a metro line, a station's exit, a bus line."""

_REACH: Final = 10
"""Characters that a name may have before its last word."""


class Place(NamedTuple):
    """A place where ``text[start:end]`` of the citizen's own text names it.

    ``name`` is its normalised form, by which the same place told by two people can be found:
    Simplified, a crossing's roads in one order (``人民路×中山路``), buildings in digits (``3栋2单元``).
    """

    kind: PlaceKind
    name: str
    start: int
    end: int


_SUFFIX: Final = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in SUFFIXES))

# "A3区", "岳麓区", "开发区" end before a name; the 区 of "小区" and "社区" does not.
_LIMIT: Final = re.compile(rf"(?:{NAMING})|((?:{STOP})|(?<![小社园校景厂片街])区|[^\w·]|_)")

_GENERIC: Final = re.compile(GENERIC)
_CROSSING: Final = re.compile(
    "的?(?:(?:交叉|交汇|交界|相交)(?:路?口|处|的?地方)?|(?:十字|丁字|三叉|三岔)路?口|路口|口(?![碑岸味径罩水感头号子]))"
)
_BETWEEN: Final = re.compile("[与和跟同及、—–/~-]?")
_N: Final = rf"(?:[0-9]{{1,3}}|[{DIGITS}]{{1,3}})"
_BUILDING: Final = re.compile(
    rf"(?P<block>[a-z]?{_N}|[a-z])(?:栋|幢|号楼|座(?![位谈]))(?:第?(?P<unit>{_N})单元)?"
    rf"|(?:地铁|轨道交通|轻轨)?(?P<line>{_N})号线(?![路])"
    rf"|(?:地铁)?站(?P<exit>[a-z][0-9]?|{_N})号?(?:出入口|出口|进站口|口(?![碑岸味径罩水感头人]))"
)


def find_places(text: str) -> tuple[Place, ...]:
    """Give the places that the first 5,000 characters of ``text`` name, in their order. Never raises."""
    return find_places_in(normalise(text))


def find_places_in(form: Normalised) -> tuple[Place, ...]:
    """Give the places of a text whose matching form (without dialect) is at hand."""
    return tuple(
        Place(kind, name, form.offsets[start], form.offsets[end - 1] + 1)
        for kind, name, start, end in _with_crossings(form.text, _named(form.text))
    )


_Found = tuple[PlaceKind, str, int, int]


def _named(text: str) -> list[_Found]:
    found: list[_Found] = []
    done = 0
    for suffix in _SUFFIX.finditer(text):
        if suffix.start() < done:
            continue
        kind: PlaceKind = suffix.lastgroup  # type: ignore[assignment]  # the groups are named after the kinds
        end = suffix.end()
        begin = _beginning(text, max(done, suffix.start() - _REACH), suffix.start())
        name = text[begin:end]
        core = text[begin : suffix.start()]
        if kind == "road" and core.isdecimal() and suffix[0] == "路":
            kind = "transit"  # 216路 is a bus
        if not core and found and found[-1][3] == begin and suffix[0] in ("小区", "社区"):
            # "阳光花园小区" is one place.
            found[-1] = (*found[-1][:3], end)
        elif len(core) >= 2 and not _GENERIC.fullmatch(core):
            found.append((kind, name.removesuffix("小区") if len(core) > 2 else name, begin, end))
        done = end
    found += _numbered(text, found)
    return sorted(found, key=lambda place: place[2])


def _beginning(text: str, first: int, last: int) -> int:
    begin = first
    for limit in _LIMIT.finditer(text, first, last):
        if limit[1]:
            begin = limit.end()
    return begin


def _numbered(text: str, named: list[_Found]) -> list[_Found]:
    """Buildings, metro lines, and exits of a station named just before."""
    found: list[_Found] = []
    for match in _BUILDING.finditer(text):
        start, end = match.span()
        if match["line"]:
            found.append(("transit", f"{_digits(match['line'])}号线", start, end))
        elif match["exit"]:
            begin = _beginning(text, max(0, start - _REACH), start)
            if begin < start:
                found.append(("transit", f"{text[begin:start]}站{_digits(match['exit'])}口", begin, end))
        else:
            unit = f"{_digits(match['unit'])}单元" if match["unit"] else ""
            found.append(("building", f"{_digits(match['block'])}栋{unit}", start, end))
    return found


def _digits(written: str) -> str:
    value = number_of(written)
    return written if value is None else f"{value:g}"


def _with_crossings(text: str, found: list[_Found]) -> list[_Found]:
    """Join two roads, or a road, with the crossing named behind them."""
    roads = [place for place in found if place[0] == "road"]
    joined: list[_Found] = []
    for road in roads:
        crossing = _CROSSING.match(text, road[3])
        if crossing is None:
            continue
        names = {road[1]}
        start = road[2]
        before = next((r for r in roads if r[3] <= start and _BETWEEN.fullmatch(text, r[3], start)), None)
        if before is not None:
            names.add(before[1])
            start = before[2]
        joined.append(("crossing", "×".join(sorted(names)), start, crossing.end()))
    return sorted((*found, *joined), key=lambda place: (place[2], -place[3]))
