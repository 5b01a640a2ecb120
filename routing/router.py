"""Rules and named places made ready to be asked about a text: one automaton over all their words.

A text is looked through once, whatever the number of rules: what is found says which rules to try. Immutable after
construction, so threads may share it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick

from routing.directory import Directory
from routing.rule import MIN_WORD, Place, PlaceKind, RoutingRule
from routing.rule_times import Moment, Window, local_moment
from routing.station import Department

Span = tuple[int, int]
_WORDS, _PLACES = 1, 2
#: Of a text that names places without end, so many hits are weighed.
_WEIGHED: Final = 256


class Setting(NamedTuple):
    """What a rule may ask for beside the words: where the case belongs, when it came in, the first suggested leaf."""

    station_id: int | None = None
    at: datetime | None = None
    category: str | None = None


class Route(NamedTuple):
    """Where a text goes before its categories are asked, and why: a rule or a named place.

    `department` is a code, or None for a project that goes to the lead of its category. `spans` are places in the
    matching form of the text that spoke for it.
    """

    department: str | None
    spans: tuple[Span, ...]
    rule: RoutingRule | None = None
    place: Place | None = None
    name: str = ""


def takes_cases(department: Department | None) -> bool:
    """Whether a department may be given cases at all."""
    return department is not None and department.active and not (department.restricted or department.refer_only)


class Router:
    """Finds the first rule that fits a text, else the longest place that it names."""

    def __init__(self, directory: Directory, form: Callable[[str], str], rules: Iterable[RoutingRule] | None = None):
        """Index the active rules and places of `directory` (or these `rules` instead of its own). `form` gives the
        matching form of a word. What names a department that takes no cases (any more) is left out."""
        departments = directory.departments
        chosen = directory.rules if rules is None else rules
        able = [r for r in chosen if r.active and not r.deleted and takes_cases(departments.get(r.department))]
        self._rules = sorted(able, key=lambda rule: (rule.position, rule.number))
        places = [place for place in directory.places if place.active]
        names = {place.id: _names(place, form) for place in places}
        owners: dict[str, list[tuple[int, int]]] = defaultdict(list)
        named: dict[str, list[Place]] = defaultdict(list)
        for place in places:
            for name in names[place.id]:
                named[name].append(place)
        for at, rule in enumerate(self._rules):
            for bit, words in ((_WORDS, rule.words), (_PLACES, rule.places)):
                for word in {known for each in words for known in _all_names(form(each), named, names)}:
                    owners[word].append((at, bit))
        self._needs = [(_WORDS if rule.words else 0) | (_PLACES if rule.places else 0) for rule in self._rules]
        self._windows = [Window(r.hours, r.days) if r.hours or r.days else None for r in self._rules]
        needles = sorted({word for word in (*owners, *named) if len(word) >= MIN_WORD})
        self._automaton = AhoCorasick(needles, store_patterns=False) if needles else None
        self._owners = [tuple(owners.get(needle, ())) for needle in needles]
        self._named = [tuple(named.get(needle, ())) for needle in needles]
        self._needles = needles
        self._mine: list[set[int]] = [set() for _ in self._rules]
        for number, owned in enumerate(self._owners):
            for at, _ in owned:
                self._mine[at].add(number)
        self._by_category: dict[str, list[int]] = defaultdict(list)
        self._always: list[int] = []
        for at, rule in enumerate(self._rules):
            if not self._needs[at]:
                for code in rule.categories:
                    self._by_category[code].append(at)
                if not rule.categories:
                    self._always.append(at)
        self._departments = departments
        self._above = {station: frozenset(directory.stations_above(station)) for station in directory.stations}

    def find(self, text: str, setting: Setting) -> Route | None:
        """Where `text` (in matching form) goes by a rule or a place; None leaves it to its categories."""
        found = self._automaton.find_matches_as_indexes(text, overlapping=True) if self._automaton else []
        return self._by_rule(found, setting) or (self._by_place(found, setting) if found else None)

    def _by_rule(self, found: Sequence[tuple[int, int, int]], setting: Setting) -> Route | None:
        met: dict[int, int] = {}
        for number in {hit[0] for hit in found}:
            for at, bit in self._owners[number]:
                met[at] = met.get(at, 0) | bit
        candidates = [at for at, bits in met.items() if bits == self._needs[at]]
        if setting.category is not None and self._by_category:
            for code in (setting.category, _group(setting.category)):
                candidates += self._by_category.get(code, ())
        candidates += self._always
        candidates.sort()
        now: Moment | None = None
        for at in candidates:
            rule, window = self._rules[at], self._windows[at]
            if not self._fits(rule, setting):
                continue
            if window is not None:
                if setting.at is None:
                    continue
                now = now or local_moment(setting.at)
                if not window.holds(now):
                    continue
            mine = self._mine[at]
            spans = tuple([(start, end) for number, start, end in found[:_WEIGHED] if number in mine])
            return Route(rule.department, spans, rule)
        return None

    def _fits(self, rule: RoutingRule, setting: Setting) -> bool:
        if rule.station_id is not None and rule.station_id not in self._above.get(setting.station_id or 0, ()):
            return False
        category = setting.category or ""
        return not rule.categories or category in rule.categories or _group(category) in rule.categories

    def _by_place(self, found: Sequence[tuple[int, int, int]], setting: Setting) -> Route | None:
        """The longest name of a place with somewhere to go. A name inside a longer one was not said: 幸福路 is no
        street in 幸福路小学. Several places of one name count where they agree about the department."""
        hits = sorted((start, -end, number) for number, start, end in found[:_WEIGHED] if self._named[number])
        said: list[tuple[int, int, int]] = []
        furthest = 0
        for start, minus_end, number in hits:
            if start >= furthest:
                said.append((-minus_end - start, start, number))
                furthest = -minus_end
        for length, start, number in sorted(said, key=lambda one: (-one[0], one[1])):
            places = [place for place in self._named[number] if self._leads_somewhere(place)]
            near = [place for place in places if self._near(place, setting)]
            places = near or places
            if places and len({(place.department, place.kind) for place in places}) == 1:
                name = places[0].name if len(places) == 1 else self._needles[number]
                return Route(places[0].department, ((start, start + length),), place=places[0], name=name)
        return None

    def _leads_somewhere(self, place: Place) -> bool:
        if place.department is not None:
            return takes_cases(self._departments.get(place.department))
        return place.kind is PlaceKind.PROJECT

    def _near(self, place: Place, setting: Setting) -> bool:
        here, there = setting.station_id or 0, place.station_id or 0
        return there in self._above.get(here, ()) or here in self._above.get(there, ())


def _group(category: str) -> str:
    """The group of a leaf: CG04 belongs to CG."""
    return category.rstrip("0123456789")


def _names(place: Place, form: Callable[[str], str]) -> list[str]:
    return [name for name in dict.fromkeys(map(form, (place.name, *place.aliases))) if len(name) >= MIN_WORD]


def _all_names(word: str, named: dict[str, list[Place]], names: dict[int, list[str]]) -> set[str]:
    """A word and, where it is the name of a place, that place's other names."""
    return {word, *(name for place in named.get(word, ()) for name in names[place.id])}
