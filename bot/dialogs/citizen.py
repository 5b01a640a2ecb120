"""What a citizen can say and what the desk answers.

Order of attention: danger first, then corruption, then numbers and commands, then whatever the chat was waiting for,
and everything else is gathered as what the citizen wants to tell. No opinion is lost for want of a button.
"""

from datetime import timedelta

from bot.dialogs import citizen_cases as cases
from bot.dialogs.greeting import greet, greet_unknown
from bot.dialogs.turn import Turn
from nlp.scripts import to_simplified
from routing import intake
from routing.buttons import press
from routing.case import Case, Submission
from routing.code import fold_code, looks_like_code
from routing.errors import Refused
from routing.notice import word
from routing.notices import tell_members
from routing.people import Role
from routing.workflow import Actor, remark

_COMMANDS = {
    "progress": ("进度", "查进度", "查询", "我的", "progress", "status"),
    "add": ("补充", "add"),
    "withdraw": ("撤回", "撤销", "取消", "withdraw", "cancel"),
    "person": ("人工", "转人工", "找人", "person", "human"),
    "help": ("帮助", "怎么用", "help", "?", "？"),
    "submit": ("提交", "说完了", "好了", "没了", "submit", "done", "send"),
    "privacy": ("隐私", "privacy"),
    "consent": ("同意转交", "agree"),
    "codes": ("站点", "换站", "stations"),
    "language": ("语言", "language"),
    "hello": ("你好", "您好", "在吗", "在么", "有人吗", "hello", "hi"),
}
_BY_WORD = {name: command for command, names in _COMMANDS.items() for name in names}
_EMERGENCY_GOES_ON = timedelta(hours=2)
_SEALED_GOES_ON = timedelta(minutes=30)
_RATINGS = {
    "满意": "satisfied", "satisfied": "satisfied",
    "基本满意": "mostly", "mostly satisfied": "mostly",
    "不满意": "dissatisfied", "not satisfied": "dissatisfied", "dissatisfied": "dissatisfied",
}  # fmt: skip


def respond(turn: Turn) -> None:
    """Answer one message of a citizen. What a rule refuses is said, never raised."""
    message = turn.message
    if message.kind == "blocked":
        turn.address.state = "blocked"
        return
    turn.address.state = "active"
    if not message.private:
        if message.kind == "start" or message.text.startswith("/"):
            turn.say("citizen.private_only")
        return
    try:
        _respond(turn)
    except Refused as refused:
        turn.say(refused.key, dict(refused.params))


def _respond(turn: Turn) -> None:
    message = turn.message
    if message.kind == "start":
        _start(turn, message.code or "")
        return
    if turn.contact.notice_at is None:
        # Somebody who writes before any greeting: the privacy notice comes first, and what they wrote is not lost.
        greet_unknown(turn)
    for refused in turn.refused:
        turn.say(refused.key, dict(refused.params))
    if message.kind == "button":
        _press(turn, message.button or "")
    elif message.kind == "unsupported":
        turn.say("citizen.unsupported")
    elif message.text:
        _text(turn)
    elif turn.files or message.location:
        _gather(turn)


def _start(turn: Turn, payload: str) -> None:
    if not payload:
        if turn.conversation.station_id is None:
            greet_unknown(turn)
        else:
            greet(turn)
        return
    try:
        intake.arrive(turn.uow, turn.contact, turn.conversation, payload, turn.message.channel)
    except Refused as refused:
        if turn.contact.notice_at is None:
            greet_unknown(turn)
        turn.say(refused.key, dict(refused.params))
        _stations(turn)
        return
    greet(turn)


def _text(turn: Turn) -> None:
    text = turn.text
    danger = turn.understanding.danger(text)
    if danger is not None and danger.level == "hard":
        _emergency(turn, danger.code)
        return
    integrity = turn.understanding.integrity(text)
    if integrity is not None and integrity.level == "sealed":
        _sealed(turn)
        return
    typed = text.strip()
    if typed.isascii() and typed.isdigit() and 1 <= int(typed[:3]) <= len(turn.conversation.offered) and len(typed) < 3:
        _press(turn, turn.conversation.offered[int(typed) - 1])
        return
    if len(typed) <= 40 and _command(turn, typed):
        return
    if _is_code(turn, typed):
        _start(turn, typed)
        return
    if turn.conversation.state in _WAITING:
        _WAITING[turn.conversation.state](turn)
        return
    _gather(turn)
    if danger is not None:
        turn.say("citizen.soft_danger", {}, [
            turn.button("button.urgent", "urgent"), turn.button("button.not_urgent", "not_urgent"),
        ])  # fmt: skip


def _is_code(turn: Turn, typed: str) -> bool:
    """A code that there is, or what looks like a mistyped one where nothing else is waited for: eight digits may as
    well be a telephone number that somebody was asked for."""
    code = fold_code(typed)
    if code is not None and turn.uow.codes.get(code) is not None:
        return True
    waiting = turn.conversation.state != "idle" or turn.conversation.data.get("asked")
    return looks_like_code(typed) and not waiting


def _command(turn: Turn, typed: str) -> bool:
    """Run a command word, with a case's number behind it or not. False if the text is none."""
    said = to_simplified(typed.lstrip("/")).lower()
    rating = _RATINGS.get(said)
    if rating is not None:
        return cases.rate_latest(turn, rating)
    command = _BY_WORD.get(said.partition(" ")[0].rstrip("！!。.~，,"))
    rest = typed.partition(" ")[2]
    if command is None:
        return False
    number = intake.case_number(rest)
    if rest and number is None and command != "add":
        return False  # a sentence that happens to begin with the word
    case = intake.own_case(turn.uow, turn.contact, number) if number else None
    if command == "submit":
        _submit(turn)
    elif command == "withdraw":
        draft = intake.draft_of(turn.uow, turn.conversation)
        if draft is not None and case is None:
            intake.discard(turn.uow, draft)
            turn.become("idle")
            turn.say("citizen.draft_discarded")
        else:
            cases.withdraw(turn, case)
    elif command == "person":
        _person(turn)
    elif command == "help":
        turn.say("citizen.help")
    elif command == "hello":
        if rest or intake.draft_of(turn.uow, turn.conversation) is not None:
            return False  # it begins or goes on with what they have to say
        turn.say("citizen.hello")
    elif command == "privacy":
        station = turn.uow.directory.stations.get(turn.conversation.station_id or 0)
        params = {"station": station.name if station else "", "phone": (station and station.phone) or "12345"}
        turn.say("privacy.full", params)
    elif command == "codes":
        _stations(turn)
    elif command == "language":
        order = ("zh_CN", "zh_TW", "en")
        turn.contact.language = order[(order.index(turn.contact.language) + 1) % 3]
        turn.say("citizen.language")
    elif command == "consent":
        return cases.consent_latest(turn)
    elif command == "progress":
        cases.progress(turn, case)
    elif command == "add":
        return cases.add(turn, case, "" if number else rest.strip())
    return True


def _gather(turn: Turn) -> None:
    """Take what was said into the draft, or into the case that was asked about."""
    conversation = turn.conversation
    asked = conversation.data.get("asked")
    case = turn.uow.cases.get(asked) if asked else None
    if case is not None and case.question is not None and intake.draft_of(turn.uow, conversation) is None:
        cases.supplement(turn, case)
        conversation.data = {k: v for k, v in conversation.data.items() if k != "asked"}
        return
    if conversation.state in _WAITING:
        _WAITING[conversation.state](turn)
        return
    draft = _take(turn)
    conversation.state = "collecting"
    buttons = _draft_buttons(turn)
    if draft.parts == 1:
        turn.say("collect.first", {}, buttons)
    else:
        turn.say("collect.more", {"count": draft.parts}, buttons)


def _take(turn: Turn) -> Submission:
    """Take what was said into the draft."""
    if intake.draft_of(turn.uow, turn.conversation) is None:
        _follow_script(turn)
    return intake.take(
        turn.uow, turn.conversation, turn.address, text=turn.text, location=turn.message.location, files=turn.files
    )


def _follow_script(turn: Turn) -> None:
    """Somebody whose first words are in Traditional script is answered in it. Later their own choice stands."""
    traditional = turn.contact.language == "zh_CN" and turn.understanding.language(turn.text) == "zh_TW"
    if traditional and not turn.uow.cases.of_reporter(turn.contact.id, 1):
        turn.contact.language = "zh_TW"


def _draft_buttons(turn: Turn) -> list[list[str]]:
    return [turn.button("button.submit", "submit"), turn.button("button.discard", "discard")]


def _submit(turn: Turn) -> None:
    draft = intake.draft_of(turn.uow, turn.conversation)
    if draft is None or draft.parts == 0:
        raise Refused("citizen.nothing_to_submit")
    said = intake.said(turn.uow, draft)
    if not said.strip() and not turn.conversation.data.get("wordless"):
        # A photo alone is taken, but a word about it helps; asked once, never insisted on.
        turn.conversation.data = {**turn.conversation.data, "wordless": True}
        turn.say("collect.say_a_word", {}, [turn.button("button.submit", "submit")])
        return
    suggestion = turn.understanding.suggest(said, turn.uow.directory)
    if suggestion.spam:
        intake.discard(turn.uow, draft)
        turn.become("idle")
        turn.say("citizen.spam")
        return
    case = intake.submit(turn.uow, turn.understanding, draft, turn.message.channel, suggestion=suggestion)
    turn.become("idle", case=case.id)
    if case.sealed:
        _say_sealed(turn, case)
    else:
        cases.receipt(turn, case)


def _emergency(turn: Turn, code: str) -> None:
    """Answer danger with what to do and a number, then make the case and ring the duty officer."""
    station = turn.uow.directory.stations.get(turn.conversation.station_id or 0)
    turn.say(f"safety.{code}", {
        "gas": (station and station.gas_phone) or word("safety.gas_unknown"),
        "lift": (station and station.lift_phone) or "96333",
        "duty": (station and (station.duty_phone or station.phone)) or "12345",
    })  # fmt: skip
    if turn.conversation.state == "emergency" and _emergency_under_way(turn) is not None:
        _in_emergency(turn)
        return
    draft = _take(turn)
    case = intake.submit(turn.uow, turn.understanding, draft, turn.message.channel)
    _say_emergency(turn, case)


def _say_emergency(turn: Turn, case: Case) -> None:
    if case.sealed:
        _say_sealed(turn, case)
        return
    turn.become("emergency", case=case.id)
    turn.say("receipt.emergency", {"number": case.number}, case=case)


def _sealed(turn: Turn) -> None:
    if turn.conversation.state == "sealed" and _sealed_under_way(turn) is not None:
        _after_sealed(turn)
        return
    draft = _take(turn)
    case = intake.submit(turn.uow, turn.understanding, draft, turn.message.channel)
    _say_sealed(turn, case)


def _say_sealed(turn: Turn, case: Case) -> None:
    turn.become("sealed", case=case.id)
    turn.say("receipt.sealed", {"number": case.number}, [turn.button("button.consent", "consent", case)], case=case)


def _sealed_under_way(turn: Turn) -> Case | None:
    case = turn.uow.cases.get(turn.conversation.data.get("case", 0))
    fresh = turn.uow.now - turn.conversation.updated_at <= _SEALED_GOES_ON
    return case if case is not None and case.sealed and fresh else None


def _after_sealed(turn: Turn) -> None:
    """What is said right after a report of corruption belongs to it: a name told now must not go the ordinary way."""
    case = _sealed_under_way(turn)
    if case is None:
        turn.become("idle")
        _gather(turn)
        return
    cases.supplement(turn, case)


def _adding(turn: Turn) -> None:
    case = turn.uow.cases.get(turn.conversation.data.get("case", 0))
    if case is None or not (case.open or case.sealed):
        turn.become("idle")
        _gather(turn)
        return
    cases.supplement(turn, case)


def _emergency_under_way(turn: Turn) -> Case | None:
    case = turn.uow.cases.get(turn.conversation.data.get("case", 0))
    return case if case is not None and case.open and turn.uow.now - case.created_at <= _EMERGENCY_GOES_ON else None


def _in_emergency(turn: Turn) -> None:
    """Everything said after an emergency goes to it, as long as it is open and the duty officer is at it."""
    case = _emergency_under_way(turn)
    if case is None:
        turn.become("idle")
        _gather(turn)
        return
    intake.supplement(turn.uow, turn.contact, case, text=turn.text, location=turn.message.location, files=turn.files)
    turn.say("emergency.more", {"number": case.number})


def _reason(turn: Turn) -> None:
    case = turn.uow.cases.get(turn.conversation.data.get("case", 0))
    if case is None or not case.open:
        turn.become("idle")
        _gather(turn)
    elif turn.text:
        turn.become("idle")
        cases.reason_in_words(turn, case)
    else:
        cases.supplement(turn, case)  # a photo; the reason may still follow


_WAITING = {"adding": _adding, "emergency": _in_emergency, "sealed": _after_sealed, "reason": _reason}


def _person(turn: Turn) -> None:
    """转人工: send in what was gathered, tell staff, and say how to reach them now."""
    draft = intake.draft_of(turn.uow, turn.conversation)
    if draft is not None and draft.parts:
        case: Case | None = intake.submit(turn.uow, turn.understanding, draft, turn.message.channel)
        turn.become("idle", case=case.id if case else None)
    else:
        case = cases.latest_open(turn)
    station = turn.uow.directory.stations.get(turn.conversation.station_id or 0)
    params = {"phone": (station and station.phone) or "12345", "reception": (station and station.reception) or ""}
    if case is not None and not case.sealed:
        turn.uow.cases.add_event(remark(case, "wants_person", Actor(Role.CITIZEN, turn.contact.id), turn.uow.now))
        staff = turn.uow.directory.staff_of(case.station_id)
        tell_members(turn.uow, staff, "line.wants_person", case)
        turn.say("citizen.person_called", {**params, "number": case.number})
    else:
        turn.say("citizen.person_phone", params)


def _stations(turn: Turn) -> None:
    stations = [s for s in turn.uow.directory.stations.values() if s.active][:8]
    buttons = [turn.button(f"={station.name}", "station", station=station.id) for station in stations]
    turn.say("citizen.stations", {}, buttons)


def _press(turn: Turn, token: str) -> None:
    grant = press(turn.uow, turn.contact.id, token)
    case = turn.uow.cases.get(grant.case_id) if grant.case_id else None
    if grant.action == "submit":
        _submit(turn)
    elif grant.action == "discard":
        draft = intake.draft_of(turn.uow, turn.conversation)
        if draft is None:
            raise Refused("error.button_state")
        intake.discard(turn.uow, draft)
        turn.become("idle")
        turn.say("citizen.draft_discarded")
    elif grant.action == "station":
        station = turn.uow.directory.stations[grant.args["station"]]
        turn.conversation.station_id, turn.conversation.deputy_id = station.id, None
        turn.conversation.code = None
        greet(turn)
    elif grant.action == "urgent":
        draft = intake.draft_of(turn.uow, turn.conversation)
        if draft is None:
            raise Refused("error.button_state")
        case = intake.submit(turn.uow, turn.understanding, draft, turn.message.channel, urgent=True)
        _say_emergency(turn, case)
    elif grant.action == "not_urgent":
        turn.say("collect.go_on", {}, _draft_buttons(turn))
    elif case is not None:
        cases.press(turn, grant, intake.own_case(turn.uow, turn.contact, case.id))
    else:
        raise Refused("error.button")
