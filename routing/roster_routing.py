"""The two sheets of a roster that say where matters go: named places, and routing rules.

A file brings rules in switched off, and a rule that it changes is switched off: staff look at its dry run first.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from nlp.normalise import fold_word
from nlp.taxonomy import default_taxonomy
from routing.directory import Directory
from routing.ports import UnitOfWork
from routing.roster_read import Entry, Roster
from routing.roster_sheets import Problem
from routing.rule import MAX_CO, MAX_RULES, MAX_WORDS, MIN_WORD, Place, PlaceKind, RoutingRule, RuleEvent, RuleStep
from routing.rule_times import read_days, read_hours
from routing.rules import conditions

#: Places of a county, in and out of use.
MAX_PLACES: Final = 5_000


def check_routing(roster: Roster, directory: Directory) -> Iterator[Problem]:
    """Everything in the two sheets that leads nowhere or can't be used."""
    open_, closed = _departments(roster, directory)
    stations = {s.prefix for s in directory.stations.values()} | {e.text("prefix") for e in roster["stations"]}
    for sheet, most, known in (
        ("places", MAX_PLACES, {place.name for place in directory.places}),
        ("rules", MAX_RULES, {str(rule.number) for rule in directory.rules if not rule.deleted}),
    ):
        entries = roster[sheet]
        if len(known | {entry.text("name") or entry.text("number") for entry in entries}) > most:
            yield Problem("roster.too_many_rows", sheet, entries[-1].row, params={"most": most})
        for entry in entries:
            for column in ("department", "co"):
                for code in _listed(entry, column):
                    if code not in open_:
                        key = "roster.not_a_handler" if code in closed else "roster.no_department"
                        yield Problem(key, sheet, entry.row, column, {"value": code})
            if (station := entry.text("station")) and station not in stations:
                yield Problem("roster.no_station", sheet, entry.row, "station", {"value": station})
            for column in ("name", "aliases", "words", "places"):
                for word in _listed(entry, column):
                    if len(fold_word(word)) < MIN_WORD:
                        yield Problem("roster.word", sheet, entry.row, column, {"value": word, "least": MIN_WORD})
    words = frozenset(default_taxonomy().words() if roster["places"] else ())
    for entry in roster["places"]:
        for column in ("name", "aliases"):
            for word in _listed(entry, column):
                # 公园 is every park: whoever speaks of one would speak of this place.
                if len(fold_word(word)) == MIN_WORD and fold_word(word) in words:
                    yield Problem("roster.common_word", "places", entry.row, column, {"value": word})
    deleted = {str(rule.number) for rule in directory.rules if rule.deleted}
    for entry in roster["rules"]:
        yield from _check_rule(entry, deleted)


def _check_rule(entry: Entry, deleted: set[str]) -> Iterator[Problem]:
    if entry.text("number") in deleted:
        yield Problem("roster.rule_deleted", "rules", entry.row, "number", {"value": entry.text("number")})
    for column, read, key in (("hours", read_hours, "roster.hours"), ("days", read_days, "roster.days")):
        if entry.text(column) and read(entry.text(column)) is None:
            yield Problem(key, "rules", entry.row, column, {"value": entry.text(column)})
    for column, most in (("words", MAX_WORDS), ("places", MAX_WORDS), ("categories", MAX_WORDS), ("co", MAX_CO)):
        if len(_listed(entry, column)) > most:
            yield Problem("roster.too_many", "rules", entry.row, column, {"most": most})
    known = default_taxonomy().categories
    for code in _listed(entry, "categories"):
        if code.upper() not in known:
            yield Problem("roster.no_category", "rules", entry.row, "categories", {"value": code})
    if not any(entry.values.get(column) for column in ("words", "places", "categories", "hours", "days")):
        yield Problem("roster.no_condition", "rules", entry.row)


def _departments(roster: Roster, directory: Directory) -> tuple[set[str], set[str]]:
    """The codes of departments that take cases, and of those that don't, once this file is in."""
    open_: set[str] = set()
    closed: set[str] = set()
    entries = {entry.text("code"): entry.values for entry in roster["departments"]}
    for code in {*directory.departments, *entries}:
        stored, written = directory.departments.get(code), entries.get(code, {})
        flags = [written.get(flag, getattr(stored, flag, False)) for flag in ("restricted", "refer_only")]
        shut = any(flags) or written.get("kind") == "judicial" or (stored is not None and not stored.active)
        (closed if shut else open_).add(code)
    return open_, closed


def _listed(entry: Entry, column: str) -> list[str]:
    value = entry.values.get(column)
    return value if isinstance(value, list) else [value] if isinstance(value, str) and value else []


def place_of(
    uow: UnitOfWork, entry: Entry, stations: Mapping[str, int], known: Mapping[str, int]
) -> tuple[Place, bool, dict[str, Any]]:
    """The place that a row means (`known` gives ids by name), whether it is new, and what the row says of it."""
    name = entry.text("name")
    place = uow.rules.place(known[name]) if name in known else None
    added = place is None
    if place is None:
        place = Place(name)
        uow.rules.add_place(place)
    wanted: dict[str, Any] = dict(entry.values)
    if "kind" in wanted:
        wanted["kind"] = PlaceKind(wanted["kind"])
    if "station" in wanted:
        wanted["station_id"] = stations.get(wanted.pop("station"))
    return place, added, wanted


def rule_of(
    uow: UnitOfWork, entry: Entry, stations: Mapping[str, int], now: datetime
) -> tuple[RoutingRule, bool, dict[str, Any]]:
    """The rule that a row means, whether it is new (it is then the last in the order), and what the row says of it."""
    number = int(entry.text("number"))
    rules = list(uow.rules.all())
    rule = next((rule for rule in rules if rule.number == number), None)
    added = rule is None
    if rule is None:
        position = max((other.position for other in rules), default=0) + 1
        rule = RoutingRule(number, position, entry.text("department"), now)
        uow.rules.add(rule)
    wanted: dict[str, Any] = {name: value for name, value in entry.values.items() if name != "number"}
    if "station" in wanted:
        wanted["station_id"] = stations.get(wanted.pop("station"))
    if "co" in wanted:
        wanted["co_departments"] = wanted.pop("co")
    if "categories" in wanted:
        wanted["categories"] = [code.upper() for code in wanted["categories"]]
    for column, read in (("hours", read_hours), ("days", read_days)):
        if column in wanted:
            wanted[column] = read(wanted[column]) if wanted[column] else None
    return rule, added, wanted


def note_rule(uow: UnitOfWork, rule: RoutingRule, *, added: bool) -> None:
    """A file brought a rule in, or changed it: it is off, and its history says what it says now."""
    rule.active = False
    step = RuleStep.ADDED if added else RuleStep.CHANGED
    uow.rules.add_event(RuleEvent(rule.number, uow.now, step, None, conditions(rule)))
