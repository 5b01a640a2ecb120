"""The grammar of work commands: a word, a case, and the rest.

    受理 HP-261123-007
    改派 HP-261123-007 城管 会办 住建
    /return HP-261123-007 not ours, better: housing

The case is named by its number or by replying to its card. Adding a command is one row here and one function.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.dialogs.turn import Turn
from nlp.scripts import to_simplified
from routing.buttons import literal
from routing.case import Case
from routing.department import find_departments
from routing.errors import Forbidden, Refused
from routing.intake import case_number
from routing.people import Member
from routing.permissions import Operation, member_for
from routing.station import Department

Handler = Callable[["Call"], None]
_GLUED = re.compile(r"^([\u4e00-\u9fff]+)[:：]?(?=[A-Za-z]{1,6}-?\d{6})")


@dataclass(frozen=True, slots=True)
class Command:
    """`names` are Chinese first, then the `/english` one. `usage` is the wording key of one right example.

    `needs_case` False: the command stands alone, or reads its own argument.
    """

    names: tuple[str, ...]
    operation: Operation
    usage: str
    handler: Handler
    needs_case: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """A command as somebody gave it: on what case, in which role, with what behind it."""

    turn: Turn
    member: Member
    case: Case | None
    rest: str
    usage: str

    @property
    def on(self) -> Case:
        """The case. Raises `Refused` with the command's example when none was named."""
        if self.case is None:
            raise Refused(self.usage)
        return self.case


def split_command(text: str) -> tuple[str, str]:
    """The command word and what follows. `/return@bot …`, any blanks between, and a number that stands right behind
    the word (`受理HP-261123-007`) are understood."""
    head, rest = split_word(_GLUED.sub(r"\1 ", text.strip(), count=1))
    if head.startswith("/"):
        head = head[1:].partition("@")[0]
    return to_simplified(head).lower(), rest


def split_word(text: str) -> tuple[str, str]:
    """The first word and the rest; blanks of every kind part them."""
    head, *rest = text.split(maxsplit=1) or [""]
    return head, rest[0].strip() if rest else ""


def named_case(turn: Turn, rest: str) -> tuple[Case | None, str]:
    """The case that a command names, and the words after its number."""
    head, tail = split_word(rest)
    number = case_number(head)
    if number is not None:
        case = turn.uow.cases.by_number(number)
        if case is None:
            raise Forbidden(number=number)
        return case, tail
    if turn.message.reply_to:
        case_id = card_case(turn, turn.message.reply_to)
        if case_id is not None:
            return turn.uow.cases.get(case_id), rest
    return None, rest


def card_case(turn: Turn, external_id: str) -> int | None:
    """The case whose card a message was."""
    notice = turn.uow.notices.by_external_id(turn.address.id, external_id)
    if notice is not None:
        return notice.case_id
    if external_id.isascii() and external_id.isdigit() and len(external_id) < 10:
        message = turn.uow.mailbox.get(turn.address.id, int(external_id))
        if message is not None:
            return message.case_id
    return None


def run(turn: Turn, command: Command, rest: str) -> None:
    """Run one command for the person of this turn, in the role that allows it."""
    case = None
    if command.needs_case:
        case, rest = named_case(turn, rest)
        if case is None:
            # The role is checked first, so that a stranger to the command learns nothing of its form.
            member_for(turn.uow, turn.contact, command.operation)
            raise Refused(command.usage)
    member = member_for(turn.uow, turn.contact, command.operation, case)
    command.handler(Call(turn, member, case, rest, command.usage))


def choose_department(call: Call, query: str, action: str, **args: Any) -> Department | None:
    """The department that a person means; where it is not unique, they are given a list of buttons that do `action`
    (with `args`) on the case, and None is returned.

    Raises:
        Refused: `department.unknown` when nothing fits.
    """
    turn = call.turn
    match = find_departments(query, turn.uow.directory.departments.values())
    if match.exact is not None:
        return match.exact
    if not match.candidates:
        raise Refused("department.unknown", query=query[:20])
    buttons = [
        turn.button(literal(d.name), action, call.case, department=d.code, member=call.member.id, **args)
        for d in match.candidates
    ]
    turn.say("department.which", {"query": query[:20]}, buttons)
    return None
