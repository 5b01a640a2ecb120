"""What a department's officer can do: confirm, return with a reason, answer."""

import re
from datetime import date

from bot.dialogs.commands import Call, Command, split_word
from nlp.scripts import to_simplified
from routing import casework
from routing.department import find_departments
from routing.errors import Refused
from routing.intake import LOCAL
from routing.permissions import Operation

_CLASSES = {
    "已解决": "solved", "解决": "solved", "solved": "solved",
    "列入计划": "planned", "计划": "planned", "planned": "planned",
    "解释说明": "explained", "解释": "explained", "留作参考": "explained", "explained": "explained",
    "上级解决": "elsewhere", "转上级": "elsewhere", "elsewhere": "elsewhere",
}  # fmt: skip
_DATE = re.compile(r"(?:(\d{4})[-年/.])?(\d{1,2})[-月/.](\d{1,2})日?")
_BETTER = re.compile(r"[，,；;。\s]*(?:建议(?:转交|转|交|由)?|better:?)[：:\s]*(\S{1,20})\s*$", re.IGNORECASE)


def confirm(call: Call) -> None:
    casework.confirm(call.turn.uow, call.member, call.on)
    case = call.on
    answer = call.turn.button("button.answer", "answer_form", case, in_state=True, member=call.member.id)
    ask = call.turn.button("button.ask", "ask_form", case, in_state=True, member=call.member.id)
    call.turn.say("officer.confirmed", {"number": case.number}, [answer, ask], case=case)


def return_case(call: Call) -> None:
    """退回 NUMBER reason，建议 department."""
    reason, better = call.rest, None
    match = _BETTER.search(reason)
    if match:
        found = find_departments(match[1], call.turn.uow.directory.departments.values())
        if found.exact is not None:
            reason, better = reason[: match.start()], found.exact.code
    casework.return_case(call.turn.uow, call.member, call.on, reason.strip(), better)
    call.turn.say("officer.returned", {"number": call.on.number}, case=call.on)


def answer(call: Call) -> None:
    """答复 NUMBER [class] [date] text. Without a class the four are offered."""
    head, tail = split_word(call.rest)
    answer_class = _CLASSES.get(to_simplified(head).lower())
    text = tail if answer_class else call.rest
    if not text.strip():
        raise Refused(call.usage)
    if answer_class is None:
        offer_classes(call, text)
        return
    give_answer(call, answer_class, text)


def offer_classes(call: Call, text: str) -> None:
    turn, case = call.turn, call.on
    turn.become("answer_class", case=case.id, member=call.member.id, text=text)
    buttons = [
        turn.button(f"answer_class.{name}", "answer_as", case, in_state=True, member=call.member.id, answer_class=name)
        for name in casework.ANSWER_CLASSES
    ]
    turn.say("officer.which_class", {"number": case.number}, buttons, case=case)


def give_answer(call: Call, answer_class: str, text: str) -> None:
    promised = None
    if answer_class == "planned":
        promised = promised_date(call, text)
        if promised is None:
            call.turn.become("answer_date", case=call.on.id, member=call.member.id, text=text)
            call.turn.say("officer.needs_date", {"number": call.on.number}, case=call.on)
            return
    casework.answer(call.turn.uow, call.member, call.on, answer_class, text, promised)
    call.turn.become("idle")
    call.turn.say("officer.answered", {"number": call.on.number}, case=call.on)


def promised_date(call: Call, text: str) -> str | None:
    """A date in the text, today or later, as YYYY-MM-DD; a month already past means next year."""
    today = call.turn.uow.now.astimezone(LOCAL).date()
    for year, month, day in _DATE.findall(text):
        try:
            found = date(int(year) if year else today.year, int(month), int(day))
            if found < today and not year:
                found = found.replace(year=today.year + 1)
        except ValueError:
            continue
        if found >= today:
            return found.isoformat()
    return None


COMMANDS = (
    Command(("签收", "confirm"), Operation.CONFIRM, "usage.confirm", confirm),
    Command(("退回", "return"), Operation.RETURN, "usage.return", return_case),
    Command(("答复", "answer"), Operation.ANSWER, "usage.answer", answer),
)
