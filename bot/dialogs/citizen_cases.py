"""A citizen's own cases: receipt, progress, adding, withdrawing, rating."""

from bot.dialogs.turn import Turn
from bot.where_when import heard, heard_line
from routing import intake, satisfaction
from routing.case import Case, CaseState
from routing.casework import holder
from routing.errors import Refused
from routing.notice import moment, word
from routing.people import ButtonGrant, Role
from routing.sealed import consent_to_transfer
from routing.workflow import Action, Actor, allowed, remark


def station_name(turn: Turn) -> str:
    station = turn.uow.directory.stations.get(turn.conversation.station_id or 0)
    return station.name if station else ""


def receipt(turn: Turn, case: Case) -> None:
    """The number, what was understood, where it should go, and what happens next."""
    out_of_scope = case.suggestion.get("out_of_scope")
    params = {
        "number": case.number,
        "heard": heard_line(heard(turn.uow, turn.understanding, case)),
        "next": word("receipt.next"),
    }
    buttons = []
    if case.category is not None and case.suggestion.get("departments"):
        department = case.suggestion["departments"][0]
        params |= {
            "category": case.suggestion["categories"][0]["name"],
            "department": department["name"],
            "words": department["words"],
        }
        key = "receipt.sure"
        buttons = [
            turn.button("button.right", "right", case, in_state=True),
            turn.button("button.wrong", "wrong", case, in_state=True),
        ]
    else:
        key = "receipt.unsure"
    turn.say(key, params, buttons, case=case)
    if out_of_scope:
        turn.say("receipt.out_of_scope", {"matter": out_of_scope["name"], "refer": out_of_scope["refer"]})


def own_cases(turn: Turn) -> list[Case]:
    return [
        case
        for case in intake.cases_told(turn.uow, turn.address)
        if any(
            s.contact_id == turn.contact.id and s.withdrawn_at is None for s in turn.uow.submissions.of_case(case.id)
        )
    ]


def latest_open(turn: Turn) -> Case | None:
    return next((case for case in own_cases(turn) if case.open), None)


def progress(turn: Turn, case: Case | None) -> None:
    """Where one case stands, step by step; without a number, all of one's own."""
    if case is None:
        found = intake.cases_told(turn.uow, turn.address)
        if not found:
            turn.say("progress.none")
            return
        if len(found) > 1:
            lines = [word("progress.line", number=c.number, state=word(f"state.{c.state}")) for c in found[:10]]
            buttons = [turn.button(f"={c.number}", "progress", c) for c in found[:6]]
            turn.say("progress.list", {"lines": lines}, buttons)
            return
        case = found[0]
    if case.sealed:
        turn.say("progress.sealed", {"number": case.number}, case=case)
        return
    steps = [
        word("progress.step", at=moment(event.at, short=True), what=word(f"event.{event.kind}"))
        for event in turn.uow.cases.events(case.id)
        if event.kind in PUBLIC_EVENTS
    ]
    params = {
        "number": case.number,
        "state": word(f"state.{case.state}"),
        "holder": holder(turn.uow.directory, case),
        "steps": steps,
        "answer": word("progress.answer", answer=case.answer) if case.answer else "",
    }
    held = case.open and case.state is not CaseState.ANSWERED
    turn.say("progress.case" if held else "progress.over", params, case=case)


#: What of a case's history its reporter is shown.
PUBLIC_EVENTS = frozenset(
    {
        "received", "hear", "accept", "decline", "propose", "confirm", "ask", "inform", "supplemented", "answer",
        "rate", "object", "redo", "supervise", "uphold", "withdraw", "substitute", "rating_expired", "info_expired",
    }
)  # fmt: skip


def add(turn: Turn, case: Case | None, text: str) -> bool:
    """补充: choose the case to add to, or add at once when there is only one. False: it was no command."""
    candidates = [case] if case else [c for c in own_cases(turn) if c.open or c.sealed]
    if not candidates:
        if text:
            return False
        raise Refused("add.none")
    if len(candidates) > 1:
        if text:
            return False
        buttons = [turn.button(f"={c.number}", "add", c) for c in candidates[:6]]
        turn.say("add.which", {}, buttons)
        return True
    if text:
        intake.supplement(turn.uow, turn.contact, candidates[0], text=text)
        turn.say(_added(candidates[0]), {"number": candidates[0].number}, case=candidates[0])
    else:
        _begin_adding(turn, candidates[0])
    return True


def _begin_adding(turn: Turn, case: Case) -> None:
    if not case.open and not case.sealed:
        raise Refused("case.over", number=case.number)
    turn.become("adding", case=case.id)
    turn.say("add.begin", {"number": case.number}, [turn.button("button.done", "done", case)], case=case)


def supplement(turn: Turn, case: Case) -> None:
    """Take a message into an existing case."""
    answered = case.state is CaseState.NEEDS_INFO
    intake.supplement(turn.uow, turn.contact, case, text=turn.text, location=turn.message.location, files=turn.files)
    if answered:
        turn.become("idle")
        turn.say("add.answered", {"number": case.number}, [turn.button("button.add_more", "add", case)], case=case)
    else:
        turn.say(_added(case), {"number": case.number}, [turn.button("button.done", "done", case)], case=case)


def _added(case: Case) -> str:
    return "add.done_sealed" if case.sealed else "add.done"


def withdraw(turn: Turn, case: Case | None) -> None:
    """撤回: asks before it is done."""
    candidates = [case] if case else [c for c in own_cases(turn) if allowed(c, Action.WITHDRAW, Role.CITIZEN)]
    if not candidates:
        raise Refused("withdraw.none")
    if len(candidates) > 1:
        turn.say("withdraw.which", {}, [turn.button(f"={c.number}", "withdraw_ask", c) for c in candidates[:6]])
        return
    _ask_withdraw(turn, candidates[0])


def _ask_withdraw(turn: Turn, case: Case) -> None:
    if case.sealed:
        raise Refused("withdraw.sealed", number=case.number)
    if not allowed(case, Action.WITHDRAW, Role.CITIZEN):
        raise Refused("case.over", number=case.number)
    buttons = [turn.button("button.withdraw", "withdraw", case), turn.button("button.keep", "keep", case)]
    turn.say("withdraw.sure", {"number": case.number}, buttons, case=case)


def rate_latest(turn: Turn, rating: str) -> bool:
    """A typed rating for the one case that waits for it; "dissatisfied" also for one that is closed already. False
    when there is none: then it is something to tell."""
    waiting = [case for case in own_cases(turn) if case.state is CaseState.ANSWERED]
    if not waiting and rating == "dissatisfied":
        waiting = [case for case in own_cases(turn) if case.state is CaseState.CLOSED][:1]
    if len(waiting) != 1:
        return False
    _rate(turn, waiting[0], rating)
    return True


def consent_latest(turn: Turn) -> bool:
    sealed = next((case for case in own_cases(turn) if case.state is CaseState.SEALED), None)
    if sealed is None:
        return False
    consent_to_transfer(turn.uow, turn.contact.id, sealed)
    turn.say("receipt.consented", {"number": sealed.number})
    return True


def _rate(turn: Turn, case: Case, rating: str) -> None:
    satisfaction.rate(turn.uow, turn.contact, case, rating)
    if rating == "dissatisfied":
        turn.become("reason", case=case.id)
        buttons = [
            turn.button(f"rating_reason.{reason}", "reason", case, in_state=True, reason=reason)
            for reason in satisfaction.REASONS
        ]
        turn.say("rating.why", {"number": case.number}, buttons)
    else:
        turn.say("rating.thanks", {"number": case.number})


def reason_in_words(turn: Turn, case: Case) -> None:
    satisfaction.give_reason(turn.uow, turn.contact, case, "other")
    intake.supplement(turn.uow, turn.contact, case, text=turn.text, location=turn.message.location, files=turn.files)
    turn.say("rating.reason_noted", {"number": case.number})


def press(turn: Turn, grant: ButtonGrant, case: Case) -> None:
    """A pressed button that belongs to one of the citizen's own cases."""
    action, args = grant.action, grant.args
    citizen = Actor(Role.CITIZEN, turn.contact.id)
    if action == "right":
        turn.uow.cases.add_event(remark(case, "suggestion_right", citizen, turn.uow.now))
        turn.say("receipt.right", {"number": case.number})
    elif action == "wrong":
        turn.uow.cases.add_event(remark(case, "suggestion_wrong", citizen, turn.uow.now))
        turn.say("receipt.wrong", {"number": case.number}, [turn.button("button.add_more", "add", case)])
    elif action == "consent":
        consent_to_transfer(turn.uow, turn.contact.id, case)
        turn.say("receipt.consented", {"number": case.number})
    elif action == "progress":
        progress(turn, case)
    elif action == "add":
        _begin_adding(turn, case)
    elif action == "done":
        turn.become("idle", case=case.id)
        turn.say("add.finished", {"number": case.number})
    elif action == "withdraw_ask":
        _ask_withdraw(turn, case)
    elif action == "withdraw":
        intake.withdraw(turn.uow, turn.contact, case)
        turn.become("idle")
        turn.say("withdraw.done", {"number": case.number})
    elif action == "keep":
        turn.say("withdraw.kept", {"number": case.number})
    elif action == "rate":
        _rate(turn, case, args["rating"])
    elif action == "reason":
        satisfaction.give_reason(turn.uow, turn.contact, case, args["reason"])
        turn.become("idle")
        turn.say("rating.reason_noted", {"number": case.number})
    elif action == "look_back":
        satisfaction.look_back(turn.uow, turn.contact, case, bool(args["good"]))
        if args["good"]:
            turn.say("look_back.thanks", {"number": case.number})
        else:
            turn.become("reason", case=case.id)
            turn.say("look_back.sorry", {"number": case.number})
    else:
        raise Refused("error.button")
