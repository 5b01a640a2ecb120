"""What a citizen can say and what the desk answers.

Order of attention: danger first, then corruption, then numbers and commands, then whatever the chat was waiting for,
and everything else is gathered as what the citizen wants to tell. No opinion is lost for want of a button.
"""

from bot.dialogs import citizen_cases as cases
from bot.dialogs import drafts, linking
from bot.dialogs.answering import answer_in_private, chosen_by_number
from bot.dialogs.greeting import greet, greet_unknown, say_on_duty
from bot.dialogs.turn import Turn
from nlp.scripts import to_simplified
from routing import intake
from routing.buttons import press
from routing.case import Case
from routing.code import fold_code, looks_like_code
from routing.errors import Refused
from routing.notices import tell_members
from routing.people import Role
from routing.workflow import Actor, remark

_COMMANDS = {
    "say": ("说事", "我要说事", "我要反映", "report"),
    "on_duty": ("谁在站", "今天谁在站", "接待时间", "reception"),
    "sos": ("🆘", "sos", "紧急", "求助"),
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
    "link": ("关联", "绑定", "link"),
    "unlink": ("解除关联", "取消关联", "unlink"),
    "hello": ("你好", "您好", "在吗", "在么", "有人吗", "hello", "hi"),
}
_BY_WORD = {name: command for command, names in _COMMANDS.items() for name in names}
_RATINGS = {
    "满意": "satisfied", "satisfied": "satisfied",
    "基本满意": "mostly", "mostly satisfied": "mostly",
    "不满意": "dissatisfied", "not satisfied": "dissatisfied", "dissatisfied": "dissatisfied",
}  # fmt: skip


def respond(turn: Turn) -> None:
    """Answer one message of a citizen. What a rule refuses is said, never raised."""
    answer_in_private(turn, _respond, "citizen.private_only")


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
        drafts.gather(turn)


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
        drafts.emergency(turn, danger.code)
        return
    integrity = turn.understanding.integrity(text)
    if integrity is not None and integrity.level == "sealed":
        drafts.sealed(turn)
        return
    chosen = chosen_by_number(turn)
    if chosen is not None:
        _press(turn, chosen)
        return
    typed = text.strip()
    if len(typed) <= 40 and _command(turn, typed):
        return
    code = _link_code(turn, typed)
    if code is not None:
        linking.link(turn, code)
        return
    if _is_code(turn, typed):
        _start(turn, typed)
        return
    if turn.conversation.state in drafts.WAITING:
        drafts.WAITING[turn.conversation.state](turn)
        return
    drafts.gather(turn)
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


def _link_code(turn: Turn, typed: str) -> str | None:
    """What 关联 is to be done with, or the code that stands alone where nothing else is waited for."""
    found = linking.split_link(typed)
    waiting = turn.conversation.state != "idle" or turn.conversation.data.get("asked")
    return typed if found is None and not waiting and linking.looks_like_code(typed) else found


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
    case = intake.own_case(turn.uow, turn.address, number) if number else None
    if command == "submit":
        drafts.submit(turn)
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
    elif command == "say":
        drafts.begin(turn)
    elif command == "on_duty":
        say_on_duty(turn)
    elif command == "sos":
        turn.say(
            "citizen.sos", drafts.safety_params(turn.uow.directory.stations.get(turn.conversation.station_id or 0))
        )
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
    elif command == "link":
        linking.link(turn, "")
    elif command == "unlink":
        linking.unlink(turn)
    elif command == "consent":
        return cases.consent_latest(turn)
    elif command == "progress":
        cases.progress(turn, case)
    elif command == "add":
        return cases.add(turn, case, "" if number else rest.strip())
    return True


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
        drafts.submit(turn)
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
        drafts.say_emergency(turn, case)
    elif grant.action == "not_urgent":
        turn.say("collect.go_on", {}, drafts.draft_buttons(turn))
    elif grant.action in ("link", "not_linked"):
        linking.answer(turn, grant.args["code"], grant.action == "link")
    elif grant.action == "unlink":
        linking.part(turn, grant.args["address"])
    elif case is not None:
        cases.press(turn, grant, intake.own_case(turn.uow, turn.address, case.id))
    else:
        raise Refused("error.button")
