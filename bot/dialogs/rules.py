"""规则: staff look at, try and change the routing rules.

    规则                                     the list
    规则 加 词 路灯 地 幸福路 交 城管           a new rule, tried at once and not in use yet
    规则 试 3 / 规则 试 词 … 交 … / 规则 试 一句话   the dry run of a rule, or what would be said of a text
    规则 启用 3 / 停用 3 / 移 3 1 / 删 3 / 记录

A rule is put into use only by a button under its dry run.
"""

from collections.abc import Callable
from typing import Any, Final

from bot.dialogs.commands import Call, Command, split_word
from bot.rule_words import STEP, routed_words, rule_line, trial_words
from nlp.scripts import to_simplified
from routing import rules
from routing.errors import Refused
from routing.notice import moment, word
from routing.permissions import Operation
from routing.rule import RoutingRule
from routing.rule_line import MAX_LINE, is_line, read_line
from routing.rule_trial import try_rule

#: Rules on one list; the rest are exported.
_PAGE: Final = 30
_LAST: Final = ("最后", "末尾", "last")


def rule_commands(call: Call) -> None:
    """The word behind 规则 says what is wanted; nothing behind it: the list."""
    verb, rest = split_word(call.rest)
    if not verb:
        _list(call)
        return
    wanted = _VERBS.get(to_simplified(verb[:12]).lower())
    if wanted is None:
        raise Refused(call.usage)
    wanted(call, rest)


def _list(call: Call) -> None:
    turn = call.turn
    shown = rules.shown(turn.uow, call.member)
    if not shown:
        turn.say("rules.none")
        return
    more = word("rules.more", count=len(shown) - _PAGE) if len(shown) > _PAGE else ""
    turn.say("rules.list", {"lines": [rule_line(turn.uow.directory, rule) for rule in shown[:_PAGE]], "more": more})


def _drafted(call: Call, rest: str) -> RoutingRule:
    return rules.draft(call.turn.uow, call.turn.understanding, call.member, read_line(rest))


def _add(call: Call, rest: str) -> None:
    rule = _drafted(call, rest)
    params = _tried(call, rule)
    rules.add(call.turn.uow, call.member, rule)
    call.turn.say("rules.added", {"number": rule.number, **params}, [_switch(call, rule)])


def _try(call: Call, rest: str) -> None:
    if not rest:
        raise Refused(call.usage)
    if rest.isascii() and rest.isdigit():
        call.turn.say("rules.tried", _tried(call, rules.find(call.turn.uow, call.member, rest)))
    elif is_line(rest):
        call.turn.say("rules.tried", _tried(call, _drafted(call, rest)))
    else:
        _would(call, rest)


def _tried(call: Call, rule: RoutingRule) -> dict[str, Any]:
    uow = call.turn.uow
    trial = try_rule(uow, call.turn.understanding, call.member, rule)
    return {"line": rule_line(uow.directory, rule), "trial": trial_words(uow.directory, trial)}


def _would(call: Call, text: str) -> None:
    """What would be suggested if somebody said this now: to the member's own station, or to one below it where a rule
    of that station says something."""
    uow = call.turn.uow
    if len(text) > MAX_LINE:
        raise Refused("rules.too_long", limit=MAX_LINE)
    below = {rule.station_id for rule in rules.shown(uow, call.member) if rule.active and rule.station_id is not None}
    for station_id in (call.member.station_id, *sorted(below)):
        found = call.turn.understanding.suggest(text, uow.directory, station_id=station_id, at=uow.now)
        if found.routed is not None and found.routed["by"] == "rule":
            break
    if not found.departments:
        call.turn.say("rules.would_nothing")
        return
    first = found.departments[0]
    if found.routed is None:
        call.turn.say("rules.would_category", {"department": first["name"], "words": first["words"]})
        return
    told = routed_words(found.routed, "rules.would_rule", "rules.would_place", first["name"])
    call.turn.say(told["key"], told["params"])


def _switch(call: Call, rule: RoutingRule) -> list[str]:
    return call.turn.button("rules.button_on", "rule_on", rule=rule.number, version=rule.version, member=call.member.id)


def _enable(call: Call, rest: str) -> None:
    rule = rules.find(call.turn.uow, call.member, rest)
    rules.check_mine(call.turn.uow.directory, call.member, rule)
    rules.check_usable(call.turn.uow.directory, rule)
    if rule.active:
        call.turn.say("rules.enabled", {"number": rule.number})
        return
    call.turn.say("rules.confirm", _tried(call, rule), [_switch(call, rule)])


def switch_on(call: Call, number: int, version: int) -> None:
    """The button under a dry run: put the rule into use, if it is still the one that was tried."""
    rule = rules.find(call.turn.uow, call.member, str(number))
    if rule.version != version and not rule.active:
        raise Refused("rules.changed", number=number)
    rules.enable(call.turn.uow, call.member, rule)
    call.turn.say("rules.enabled", {"number": number})


def _disable(call: Call, rest: str) -> None:
    rule = rules.find(call.turn.uow, call.member, rest)
    rules.disable(call.turn.uow, call.member, rule)
    call.turn.say("rules.disabled", {"number": rule.number})


def _delete(call: Call, rest: str) -> None:
    rule = rules.find(call.turn.uow, call.member, rest)
    rules.delete(call.turn.uow, call.member, rule)
    call.turn.say("rules.deleted", {"number": rule.number})


def _move(call: Call, rest: str) -> None:
    """移 3 1: rule 3 right before rule 1; 移 3 最后: to the end."""
    moved, target = split_word(rest)
    if not target:
        raise Refused(call.usage)
    rule = rules.find(call.turn.uow, call.member, moved)
    if to_simplified(target[:8]).lower() in _LAST:
        rules.move(call.turn.uow, call.member, rule, None)
        call.turn.say("rules.moved_last", {"number": rule.number})
        return
    before = rules.find(call.turn.uow, call.member, target)
    if before is not rule:
        rules.move(call.turn.uow, call.member, rule, before)
    call.turn.say("rules.moved", {"number": rule.number, "before": before.number})


def _log(call: Call, rest: str) -> None:
    uow = call.turn.uow
    members = uow.directory.members
    lines = [
        word(
            "rules.history_line",
            at=moment(event.at, short=True),
            name=members[event.member_id].name if event.member_id in members else word("rules.command_line"),
            step=word(STEP[event.step]),
            number=event.number,
        )
        for event in rules.history(uow, call.member)
    ]
    call.turn.say("rules.history" if lines else "rules.history_none", {"lines": lines})


_VERBS: dict[str, Callable[[Call, str], None]] = {
    "加": _add, "新增": _add, "add": _add,
    "试": _try, "试算": _try, "try": _try,
    "启用": _enable, "on": _enable,
    "停用": _disable, "off": _disable,
    "移": _move, "move": _move,
    "删": _delete, "删除": _delete, "delete": _delete,
    "记录": _log, "log": _log,
}  # fmt: skip

COMMANDS = (Command(("规则", "rules"), Operation.RULES, "usage.rules", rule_commands, needs_case=False),)
