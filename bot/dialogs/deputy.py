"""What a deputy can do: listen, add, follow, ask, propose. Never order or decide (Deputies Law 2025, Arts. 31, 59)."""

from bot.dialogs.commands import Call, Command, choose_department
from routing import casework
from routing.permissions import Operation


def hear(call: Call) -> None:
    if casework.hear(call.turn.uow, call.member, call.on):
        call.turn.say("deputy.heard", {"number": call.on.number}, case=call.on)
    else:
        call.turn.say("deputy.heard_before", {"number": call.on.number}, case=call.on)


def note(call: Call) -> None:
    casework.note(call.turn.uow, call.member, call.on, call.rest)
    call.turn.say("work.noted", {"number": call.on.number}, case=call.on)


def follow(call: Call) -> None:
    casework.follow(call.turn.uow, call.member, call.on)
    call.turn.say("deputy.following", {"number": call.on.number}, case=call.on)


def ask(call: Call) -> None:
    casework.ask(call.turn.uow, call.member, call.on, call.rest)
    call.turn.say("work.asked", {"number": call.on.number}, case=call.on)


def propose_department(call: Call) -> None:
    query, _, reason = call.rest.partition(" ")
    department = choose_department(call, query, "propose")
    if department is not None:
        casework.propose_department(call.turn.uow, call.member, call.on, department, reason)
        call.turn.say("deputy.proposed", {"number": call.on.number, "department": department.name}, case=call.on)


COMMANDS = (
    Command(("我来听", "听", "hear"), Operation.HEAR, "usage.hear", hear),
    Command(("补充", "note"), Operation.ADD_NOTE, "usage.note", note),
    Command(("跟进", "follow"), Operation.FOLLOW, "usage.follow", follow),
    Command(("提问", "问", "ask"), Operation.ASK, "usage.ask", ask),
    Command(("建议部门", "建议", "propose"), Operation.PROPOSE_DEPARTMENT, "usage.propose", propose_department),
)
