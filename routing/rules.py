"""What staff do with routing rules: add, switch on and off, move, delete. Each step is kept with who and when.

A rule is the matter of its station: staff change rules of their own station and of those below it, and a rule for the
whole county only where they see the whole county. A new rule is off until somebody who saw its dry run switches it on.
"""

from collections.abc import Callable, Sequence
from typing import Any

from routing.department import find_departments
from routing.directory import Directory
from routing.errors import Forbidden, Refused
from routing.people import Member
from routing.ports import UnitOfWork
from routing.router import takes_cases
from routing.rule import (
    MAX_CO,
    MAX_RULES,
    MAX_WORD,
    MAX_WORDLESS,
    MAX_WORDS,
    MIN_WORD,
    RoutingRule,
    RuleEvent,
    RuleStep,
)
from routing.rule_line import RuleLine
from routing.rule_times import read_days, read_hours
from routing.station import Department
from routing.suggestion import Understanding


def draft(uow: UnitOfWork, understanding: Understanding, member: Member, line: RuleLine) -> RoutingRule:
    """A rule from what somebody typed, as the last in the order, switched off and not yet kept.

    Raises:
        Refused: with what is wrong in it: an unknown or unfit department, a word that is too short or too long, an
            unknown category or station, a time that is none, or no condition at all.
    """
    lead = _department(line.department[0], uow.directory)
    co = [_department(query, uow.directory).code for query in line.co]
    if len(co) > MAX_CO:
        raise Refused("rules.too_many", limit=MAX_CO)
    if len(line.categories) > MAX_WORDS:
        raise Refused("rules.too_many", limit=MAX_WORDS)
    rules = list(uow.rules.all())
    rule = RoutingRule(
        number=max((rule.number for rule in rules), default=0) + 1,
        position=max((rule.position for rule in rules), default=0) + 1,
        department=lead.code,
        created_at=uow.now,
        co_departments=[code for code in dict.fromkeys(co) if code != lead.code],
        words=_words(understanding, line.words),
        places=_words(understanding, line.places),
        categories=[_category(understanding, query) for query in line.categories],
        station_id=_station(uow.directory, member, line.station),
        hours=_time(line.hours, read_hours, "rules.hours_wrong"),
        days=_time(line.days, read_days, "rules.days_wrong"),
    )
    if rule.wordless and rule.hours is None and rule.days is None:
        raise Refused("rules.no_condition")
    return rule


def add(uow: UnitOfWork, member: Member, rule: RoutingRule) -> None:
    """Keep a drafted rule, switched off. Raises `Refused` where there are as many as there may be."""
    if len(standing(uow)) >= MAX_RULES:
        raise Refused("rules.full", limit=MAX_RULES)
    uow.rules.add(rule)
    _note(uow, rule, RuleStep.ADDED, member, conditions(rule))


def standing(uow: UnitOfWork) -> list[RoutingRule]:
    """The rules that are not deleted, in the order in which they are tried."""
    return [rule for rule in uow.rules.all() if not rule.deleted]


def shown(uow: UnitOfWork, member: Member) -> list[RoutingRule]:
    """Those that may decide about a case that the member can see."""
    return [rule for rule in standing(uow) if _concerns(uow.directory, member, rule)]


def find(uow: UnitOfWork, member: Member, typed: str) -> RoutingRule:
    """The rule that somebody names by its number. Raises `Refused` when they know of none such."""
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 0
    rule = next((rule for rule in shown(uow, member) if rule.number == number), None)
    if rule is None:
        raise Refused("rules.unknown", number=typed[:12])
    return rule


def enable(uow: UnitOfWork, member: Member, rule: RoutingRule) -> None:
    """Let a rule decide from now on. Its department may have changed since it was written."""
    check_mine(uow.directory, member, rule)
    check_usable(uow.directory, rule)
    if rule.active:
        return
    if rule.wordless and sum(1 for other in standing(uow) if other.active and other.wordless) >= MAX_WORDLESS:
        raise Refused("rules.wordless_full", limit=MAX_WORDLESS)
    rule.active = True
    _note(uow, rule, RuleStep.ENABLED, member)


def disable(uow: UnitOfWork, member: Member, rule: RoutingRule) -> None:
    """Let a rule rest; it stays in its place."""
    check_mine(uow.directory, member, rule)
    if rule.active:
        rule.active = False
        _note(uow, rule, RuleStep.DISABLED, member)


def delete(uow: UnitOfWork, member: Member, rule: RoutingRule) -> None:
    """Take a rule out of the list. Its number and its history stay."""
    check_mine(uow.directory, member, rule)
    rule.active, rule.deleted = False, True
    _note(uow, rule, RuleStep.DELETED, member)


def move(uow: UnitOfWork, member: Member, rule: RoutingRule, before: RoutingRule | None) -> None:
    """Put a rule right before another; before None: to the end."""
    check_mine(uow.directory, member, rule)
    others = [other for other in standing(uow) if other is not rule]
    at = others.index(before) if before in others else len(others)
    others.insert(at, rule)
    for position, each in enumerate(others, start=1):
        if each.position != position:
            each.position = position
    _note(uow, rule, RuleStep.MOVED, member, {"before": before.number if before else None})


def history(uow: UnitOfWork, member: Member, limit: int = 10) -> list[RuleEvent]:
    """What was done to the rules that concern a member, newest first."""
    known = {rule.number for rule in uow.rules.all() if _concerns(uow.directory, member, rule)}
    return [event for event in uow.rules.events(limit * 5) if event.number in known][:limit]


def conditions(rule: RoutingRule) -> dict[str, Any]:
    """What a rule says, as plain JSON, for its history."""
    return {
        "words": rule.words, "places": rule.places, "categories": rule.categories, "station": rule.station_id,
        "hours": rule.hours, "days": rule.days, "department": rule.department, "co": rule.co_departments,
    }  # fmt: skip


def check_mine(directory: Directory, member: Member, rule: RoutingRule) -> None:
    """Raises `Forbidden` where a rule also decides for stations that are not the member's."""
    if not _may_for(directory, member, rule.station_id):
        raise Forbidden("rules.not_yours", number=rule.number)


def check_usable(directory: Directory, rule: RoutingRule) -> None:
    """Raises `Refused` where a rule names a department that takes no cases."""
    for code in (rule.department, *rule.co_departments):
        department = directory.departments.get(code)
        if not takes_cases(department):
            raise Refused("rules.not_a_handler", department=department.name if department else code)


def _may_for(directory: Directory, member: Member, station_id: int | None) -> bool:
    if station_id is not None:
        return directory.sees_station(member, station_id)
    return all(directory.sees_station(member, station) for station in directory.stations)


def _concerns(directory: Directory, member: Member, rule: RoutingRule) -> bool:
    if rule.station_id is None or directory.sees_station(member, rule.station_id):
        return True
    return rule.station_id in directory.stations_above(member.station_id or 0)


def _note(
    uow: UnitOfWork, rule: RoutingRule, step: RuleStep, member: Member, data: dict[str, Any] | None = None
) -> None:
    uow.rules.add_event(RuleEvent(rule.number, uow.now, step, member.id, data or {}))


def _department(query: str, directory: Directory) -> Department:
    """The department that is meant, if it takes cases. A code that is known and closed is told as such."""
    match = find_departments(query, directory.departments.values())
    found = match.exact or directory.departments.get(query.lower())
    if found is None and match.candidates:
        raise Refused("rules.which_department", query=query[:20], names=[d.name for d in match.candidates])
    if found is None:
        raise Refused("department.unknown", query=query[:20])
    if not takes_cases(found):
        raise Refused("rules.not_a_handler", department=found.name)
    return found


def _words(understanding: Understanding, typed: Sequence[str]) -> list[str]:
    words = list(dict.fromkeys(typed))
    if len(words) > MAX_WORDS:
        raise Refused("rules.too_many", limit=MAX_WORDS)
    for word in words:
        if not fits(understanding, word):
            raise Refused("rules.word", word=word[:12], least=MIN_WORD, most=MAX_WORD)
    return words


def fits(understanding: Understanding, word: str) -> bool:
    """Whether a word can be looked for: neither so short that it is everywhere, nor a sentence."""
    return len(word) <= 2 * MAX_WORD and MIN_WORD <= len(understanding.form(word)) <= MAX_WORD


def _category(understanding: Understanding, query: str) -> str:
    known = understanding.categories()
    if query.upper() in known:
        return query.upper()
    leaf = understanding.find_category(query)
    if leaf is None:
        raise Refused("category.unknown", query=query[:20], names=understanding.similar(query[:20]))
    return leaf.code


def _station(directory: Directory, member: Member, typed: list[str]) -> int | None:
    if not typed:
        return None if _may_for(directory, member, None) else member.station_id
    query = typed[0].upper()
    station = next((s for s in directory.stations.values() if query in (s.prefix, s.name.upper())), None)
    if station is None or not directory.sees_station(member, station.id):
        raise Refused("rules.station_unknown", query=typed[0][:20])
    return station.id


def _time(typed: list[str], read: Callable[[str], str | None], key: str) -> str | None:
    if not typed:
        return None
    found = read("".join(typed))
    if found is None:
        raise Refused(key, said="".join(typed)[:20])
    return found
