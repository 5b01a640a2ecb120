"""Gathering what a citizen wants to tell, over several messages, until it is sent in; and what interrupts that: danger,
and reports of corruption.

`WAITING` says, by the state of a chat, who takes what is said next when it is nothing else.
"""

from datetime import timedelta
from typing import Any

from bot.dialogs import citizen_cases as cases
from bot.dialogs.turn import Turn
from routing import intake
from routing.case import Case, CaseState, Submission
from routing.errors import Refused
from routing.notice import word
from routing.station import Station

_EMERGENCY_GOES_ON = timedelta(hours=2)
_SEALED_GOES_ON = timedelta(minutes=30)
#: Replies that say no more than the next of them does.
OVERTAKEN = frozenset({"collect.first", "collect.more"})


def begin(turn: Turn) -> None:
    """Somebody wants to tell something, and hasn't said what yet."""
    if intake.draft_of(turn.uow, turn.conversation) is None:
        turn.say("citizen.hello")
    else:
        turn.say("collect.go_on", {}, draft_buttons(turn))


def gather(turn: Turn) -> None:
    """Take what was said into the draft, or into the case that was asked about."""
    conversation = turn.conversation
    asked = conversation.data.get("asked")
    case = turn.uow.cases.get(asked) if asked else None
    waits = case is not None and case.state is CaseState.NEEDS_INFO and intake.draft_of(turn.uow, conversation) is None
    if case is not None and waits and not _unseen(turn, case):
        cases.supplement(turn, case)
        return
    if conversation.state in WAITING:
        WAITING[conversation.state](turn)
        return
    draft = _take(turn)
    conversation.state = "collecting"
    buttons = draft_buttons(turn)
    if draft.parts == 1:
        turn.say("collect.first", {}, buttons)
    else:
        turn.say("collect.more", {"count": draft.parts}, buttons)


def _unseen(turn: Turn, case: Case) -> bool:
    """Whether the question about a case comes only now: it waited until they wrote, so these words do not answer it."""
    return any(notice.kind == "case.asked" and notice.case_id == case.id for notice in turn.waited)


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


def draft_buttons(turn: Turn) -> list[list[str]]:
    return [turn.button("button.submit", "submit"), turn.button("button.discard", "discard")]


def submit(turn: Turn) -> None:
    draft = intake.draft_of(turn.uow, turn.conversation)
    if draft is None or draft.parts == 0:
        raise Refused("citizen.nothing_to_submit")
    said = intake.said(turn.uow, draft)
    if not said.strip() and not turn.conversation.data.get("wordless"):
        # A photo alone is taken, but a word about it helps; asked once, never insisted on.
        turn.conversation.data = {**turn.conversation.data, "wordless": True}
        turn.say("collect.say_a_word", {}, [turn.button("button.submit", "submit")])
        return
    suggestion = turn.understanding.suggest(said, turn.uow.directory, station_id=draft.station_id, at=turn.uow.now)
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


def emergency(turn: Turn, code: str) -> None:
    """Answer danger with what to do and a number, then make the case and ring the duty officer."""
    turn.say(f"safety.{code}", safety_params(turn.uow.directory.stations.get(turn.conversation.station_id or 0)))
    if turn.conversation.state == "emergency" and _emergency_under_way(turn) is not None:
        _in_emergency(turn)
        return
    draft = _take(turn)
    case = intake.submit(turn.uow, turn.understanding, draft, turn.message.channel)
    say_emergency(turn, case)


def safety_params(station: Station | None) -> dict[str, Any]:
    """The numbers to ring in danger: the station's, and the county's where it has none."""
    return {
        "gas": (station and station.gas_phone) or word("safety.gas_unknown"),
        "lift": (station and station.lift_phone) or "96333",
        "duty": (station and (station.duty_phone or station.phone)) or "12345",
    }


def say_emergency(turn: Turn, case: Case) -> None:
    if case.sealed:
        _say_sealed(turn, case)
        return
    turn.become("emergency", case=case.id)
    turn.say("receipt.emergency", {"number": case.number}, case=case)


def sealed(turn: Turn) -> None:
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
        gather(turn)
        return
    cases.supplement(turn, case)


def _adding(turn: Turn) -> None:
    case = turn.uow.cases.get(turn.conversation.data.get("case", 0))
    if case is None or not (case.open or case.sealed):
        turn.become("idle")
        gather(turn)
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
        gather(turn)
        return
    intake.supplement(turn.uow, turn.contact, case, text=turn.text, location=turn.message.location, files=turn.files)
    turn.say("emergency.more", {"number": case.number})


def _reason(turn: Turn) -> None:
    case = turn.uow.cases.get(turn.conversation.data.get("case", 0))
    if case is None or not case.open:
        turn.become("idle")
        gather(turn)
    elif turn.text:
        turn.become("idle")
        cases.reason_in_words(turn, case)
    else:
        cases.supplement(turn, case)  # a photo; the reason may still follow


WAITING = {"adding": _adding, "emergency": _in_emergency, "sealed": _after_sealed, "reason": _reason}
