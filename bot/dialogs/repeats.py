"""相似 and 热点: what several people tell of. Suggestions to staff; nothing is merged or decided by them."""

from typing import Any

from bot.dialogs.commands import Call, Command
from routing.buttons import literal
from routing.case import Case
from routing.casework import department_name
from routing.hot import HotBoard, HotTopic
from routing.notice import moment, word
from routing.permissions import Operation
from routing.repeats import RepeatIndex

SHOWN = 8
EXCERPT = 40


def similar(call: Call) -> None:
    """相似 NUMBER: the open cases that seem to tell of the same matter, and how many people that makes."""
    turn, case = call.turn, call.on
    found = (turn.repeats or RepeatIndex()).find(turn.uow, call.member, case)
    unfinished = "" if found.whole else word("similar.unfinished")
    if not found.cases:
        turn.say("similar.none", {"number": case.number, "unfinished": unfinished}, case=case)
        return
    shown = found.cases[:SHOWN]
    left = len(found.cases) - SHOWN
    more = word("similar.more", count=_at_least(left, found.more)) if left > 0 else ""
    buttons = [turn.button(literal(each.number), "open_case", each, member=call.member.id) for each in shown]
    turn.say("similar.found", {
        "number": case.number,
        "people": _at_least(found.people, found.more),
        "lines": [_line(call, each) for each in shown],
        "more": more,
        "unfinished": unfinished,
    }, buttons, case=case)  # fmt: skip


def _at_least(count: int, more: bool) -> Any:
    return word("similar.at_least", count=count) if more else count


def _line(call: Call, case: Case) -> dict[str, Any]:
    (told,) = call.turn.uow.told.of([case.id])
    text = call.turn.understanding.mask(" ".join(told.text.split()))
    return word(
        "similar.line",
        number=case.number,
        at=moment(case.created_at, short=True),
        state=word(f"state.{case.state}"),
        text=text if len(text) <= EXCERPT else text[:EXCERPT] + "…",
    )


def hot(call: Call) -> None:
    """热点: what many people told of in the last seven days, by its own words."""
    turn = call.turn
    topics = (turn.hot or HotBoard()).shown_to(turn.uow, turn.understanding, call.member)
    if topics is None:
        turn.say("hot.unfinished")
    elif not topics:
        turn.say("hot.none")
    else:
        first = [case for topic in topics if (case := turn.uow.cases.by_number(topic.numbers[0])) is not None]
        buttons = [turn.button(literal(case.number), "similar", case, member=call.member.id) for case in first]
        turn.say("hot.topics", {"lines": [_topic(call, topic) for topic in topics]}, buttons)


def _topic(call: Call, topic: HotTopic) -> dict[str, Any]:
    name = topic.name
    where = word("hot.unassigned")
    if topic.department is not None:
        where = word("hot.assigned", department=department_name(call.turn.uow.directory, topic.department))
    return word(
        "hot.topic",
        name=[name.place, *name.words] if name.place else list(name.words),
        people=name.people,
        where=where,
        numbers=topic.numbers,
    )


COMMANDS = (
    Command(("相似", "similar"), Operation.SIMILAR, "usage.similar", similar),
    Command(("热点", "hot"), Operation.HOT, "usage.hot", hot, needs_case=False),
)
