"""The chat of members: invitations, buttons, commands, and the answers to what a button asked for.

A command runs only in a private chat, freshly typed: an edited or forwarded one is told that it does nothing.
"""

from collections.abc import Callable

from bot.dialogs import deputy, desk, linking, officer, pushes, repeats, rules, staff, why
from bot.dialogs.answering import answer_in_private, chosen_by_number
from bot.dialogs.commands import Call, Command, run, split_command
from bot.dialogs.turn import Turn
from routing import casework
from routing.buttons import press
from routing.case import Case
from routing.errors import Forbidden, Refused
from routing.guessing import count_wrong, may_guess
from routing.invitations import PREFIX, accept_invitation, fold_secret
from routing.linking import is_code
from routing.notice import word
from routing.people import Member
from routing.permissions import Operation, may, member_sees
from routing.worklist import catch_up

COMMANDS: tuple[Command, ...] = (
    *deputy.COMMANDS, *officer.COMMANDS, *staff.COMMANDS, *desk.COMMANDS, *rules.COMMANDS, *why.COMMANDS,
    *repeats.COMMANDS, *linking.COMMANDS, *pushes.COMMANDS,
)  # fmt: skip
_BY_NAME: dict[str, Command] = {name: command for command in COMMANDS for name in command.names}
_HELP = ("帮助", "幫助", "help", "start", "?", "？")


def respond(turn: Turn) -> None:
    """Answer one message of a member, or of somebody who wants to become one."""
    answer_in_private(turn, _respond, "work.private_only")


def _respond(turn: Turn) -> None:
    message = turn.message
    members = turn.uow.directory.members_of(turn.contact.id)
    secret = message.code if message.kind == "start" and message.code else message.text
    if not message.edited and not message.forwarded and _is_invitation(secret, bool(members)):
        _join(turn, secret)
        return
    if not members:
        code = linking.split_link(message.text) if message.kind == "text" and not message.edited else None
        if not code or message.forwarded:
            raise Refused("work.stranger")
        linking.link(turn, code)
        return
    if message.edited or message.forwarded:
        raise Refused("work.edited" if message.edited else "work.forwarded")
    if message.kind == "start":
        _help(turn, members)
    elif message.kind == "button":
        _press(turn, message.button or "")
    elif message.kind == "text":
        _text(turn, members)
    else:
        raise Refused("work.text_only")


def _is_invitation(typed: str, is_member: bool) -> bool:
    """A link's payload, or a bare secret. A member's text is taken for one only with its grouping hyphens."""
    if typed.lower().startswith(PREFIX):
        return True
    return fold_secret(typed) is not None and (not is_member or typed.count("-") == 2)


def _join(turn: Turn, secret: str) -> None:
    if is_code(turn.uow, secret):
        linking.link(turn, secret)
        return
    if not may_guess(turn.uow, turn.contact):
        raise Refused("link.limit")
    try:
        member = accept_invitation(turn.uow, turn.contact, secret)
    except Refused:
        count_wrong(turn.uow, turn.contact)
        raise
    directory = turn.uow.directory
    station = directory.stations.get(member.station_id or 0)
    department = directory.departments.get(member.department or "")
    where = department.name if department else (station.name if station else word("word.county"))
    turn.become("idle")
    turn.say("join.done", {"name": member.name, "role": word(f"role.{member.role}"), "where": where})
    turn.say(f"help.{member.role}")
    catch_up(turn.uow, member)


def _text(turn: Turn, members: list[Member]) -> None:
    chosen = chosen_by_number(turn)
    if chosen is not None:
        _press(turn, chosen)
        return
    head, rest = split_command(turn.text)
    command = _BY_NAME.get(head)
    if command is not None:
        turn.become("idle")
        run(turn, command, rest)
        return
    if head in _HELP:
        _help(turn, members)
        return
    waiting = _WAITING.get(turn.conversation.state)
    if waiting is not None:
        _continue(turn, waiting)
        return
    raise Refused("work.unknown", said=head[:12], commands=[word(f"help.commands_{m.role}") for m in members])


def _help(turn: Turn, members: list[Member]) -> None:
    for role in dict.fromkeys(member.role for member in members):
        turn.say(f"help.{role}")


def _continue(turn: Turn, handler: Callable[[Call], None]) -> None:
    """What a button asked for has been typed: do it, in the role and on the case that the button named."""
    data = turn.conversation.data
    case = turn.uow.cases.get(data.get("case", 0))
    member = _still(turn, data.get("member", 0), case)
    handler(Call(turn, member, case, turn.text.strip(), "work.unknown"))
    if turn.conversation.data is data:
        turn.become("idle")


def _still(turn: Turn, member_id: int, case: Case | None) -> Member:
    """The member, if they still hold the role and may still see the case."""
    held = turn.uow.directory.members_of(turn.contact.id)
    member = next((m for m in held if m.id == member_id), None)
    if member is None or (case is not None and not member_sees(turn.uow, member, case)):
        raise Forbidden(number=case.number if case and not case.sealed else "")
    return member


def _propose(call: Call) -> None:
    deputy.propose_department(call)


def _answer_class(call: Call) -> None:
    """The class was asked for and something was typed instead of a button: take a class name, or ask again."""
    text = call.turn.conversation.data.get("text", "")
    officer.answer(Call(call.turn, call.member, call.case, f"{call.rest} {text}", call.usage))


def _answer_date(call: Call) -> None:
    """A date was asked for. What holds none is not kept: the answer goes to the citizen as it stands."""
    text = call.turn.conversation.data.get("text", "")
    if officer.promised_date(call, call.rest) is None:
        raise Refused("officer.needs_date", number=call.on.number)
    officer.give_answer(call, "planned", f"{text}（{call.rest}）")


_WAITING: dict[str, Callable[[Call], None]] = {
    "note": deputy.note,
    "ask": deputy.ask,
    "propose": _propose,
    "return": officer.return_case,
    "answer": officer.answer,
    "answer_class": _answer_class,
    "answer_date": _answer_date,
    "decline": staff.decline,
    "assign": staff.assign,
    "redo": staff.redo,
    "close": staff.close,
}
_FORM_OPERATION = {
    "note": Operation.ADD_NOTE, "ask": Operation.ASK, "propose": Operation.PROPOSE_DEPARTMENT,
    "return": Operation.RETURN, "answer": Operation.ANSWER, "decline": Operation.DECLINE,
    "assign": Operation.ASSIGN, "redo": Operation.REDO, "close": Operation.CLOSE,
}  # fmt: skip
_AT_ONCE: dict[str, tuple[Operation, Callable[[Call], None]]] = {
    "hear": (Operation.HEAR, deputy.hear),
    "follow": (Operation.FOLLOW, deputy.follow),
    "confirm": (Operation.CONFIRM, officer.confirm),
    "accept": (Operation.ACCEPT, staff.accept),
    "seal": (Operation.SEAL, staff.seal),
    "release": (Operation.GIVE_DEPUTY, staff.release),
    "contacted": (Operation.ACCEPT, staff.contacted),
    "open_case": (Operation.LIST, desk.search),
    "open_sealed": (Operation.TRANSFER, desk.open_sealed),
    "similar": (Operation.SIMILAR, repeats.similar),
}


def _press(turn: Turn, token: str) -> None:
    grant = press(turn.uow, turn.contact.id, token)
    case = turn.uow.cases.get(grant.case_id) if grant.case_id else None
    member = _still(turn, grant.args.get("member", 0), case)
    call = Call(turn, member, case, "", "work.unknown")
    action = grant.action
    if action.endswith("_form") and action.removesuffix("_form") in _FORM_OPERATION:
        form = action.removesuffix("_form")
        _require(member, _FORM_OPERATION[form])
        turn.become(form, case=call.on.id, member=member.id)
        turn.say(f"form.{form}", {"number": call.on.number}, case=call.on)
    elif action in _AT_ONCE:
        operation, handler = _AT_ONCE[action]
        _require(member, operation)
        handler(call)
    elif action in ("assign", "propose"):
        departments = turn.uow.directory.departments
        department = departments[grant.args["department"]]
        if action == "assign":
            _require(member, Operation.ASSIGN)
            staff.assign_to(call, department, [departments[code] for code in grant.args.get("co", ())])
        else:
            _require(member, Operation.PROPOSE_DEPARTMENT)
            casework.propose_department(turn.uow, member, call.on, department)
            turn.say("deputy.proposed", {"number": call.on.number, "department": department.name}, case=call.on)
    elif action == "rule_on":
        _require(member, Operation.RULES)
        rules.switch_on(call, grant.args["rule"], grant.args["version"])
    elif action == "unlink":
        _require(member, Operation.LINK)
        linking.part(turn, grant.args["address"])
    elif action == "push_to":
        _require(member, Operation.PUSH)
        pushes.send_to(turn, grant.args["address"])
    elif action == "answer_as":
        _require(member, Operation.ANSWER)
        waiting = turn.conversation
        if waiting.state != "answer_class" or waiting.data.get("case") != grant.case_id:
            # Another answer was begun meanwhile: its words are not for this case.
            raise Refused("error.button_state")
        officer.give_answer(call, grant.args["answer_class"], waiting.data["text"])
    else:
        raise Refused("error.button")


def _require(member: Member, operation: Operation) -> None:
    if not may(member, operation):
        raise Forbidden("error.role", action=word(f"operation.{operation}"))
