"""What happens when a follow-up is due: one function a kind. Each leaves the case with its next follow-up or none."""

from collections.abc import Callable

from routing import deadlines
from routing.agenda import reckon, schedule
from routing.buttons import offer
from routing.case import OPEN_STATES, Case, CaseState
from routing.casework import department_name, holder
from routing.deadlines import Limit
from routing.follow_up import FollowUp, FollowUpKind
from routing.intake import restart_clock, submit
from routing.notice import Priority, moment, word
from routing.notices import rating_buttons, reporters, tell, tell_members, tell_reporters, watchers
from routing.ports import UnitOfWork
from routing.satisfaction import close_unrated
from routing.suggestion import Understanding
from routing.workflow import SYSTEM, Action, perform, remark

Handler = Callable[[UnitOfWork, FollowUp, Case], None]


def handle(uow: UnitOfWork, understanding: Understanding, follow_up: FollowUp) -> None:
    """Do what is due and mark it done. What is no longer true (a case that moved on) is only marked done.

    After a long sleep several of a case are due at once, and one of them may cancel or put off another.
    """
    if follow_up.state != "pending" or follow_up.due_at > uow.now:
        return
    follow_up.state = "done"
    if follow_up.kind is FollowUpKind.SUBMIT_DRAFT:
        _submit_draft(uow, understanding, follow_up)
        return
    case = uow.cases.get(follow_up.case_id) if follow_up.case_id is not None else None
    if case is not None:
        _HANDLERS[follow_up.kind](uow, follow_up, case)


def _again(
    uow: UnitOfWork, follow_up: FollowUp, case: Case, limit: Limit = deadlines.REMIND_AGAIN, **params: object
) -> None:
    schedule(uow, follow_up.kind, limit, case, **{**follow_up.params, **params})


def _submit_draft(uow: UnitOfWork, understanding: Understanding, follow_up: FollowUp) -> None:
    draft = uow.submissions.get(follow_up.submission_id or 0)
    if draft is None or draft.case_id is not None or draft.withdrawn_at is not None or draft.parts == 0:
        return
    address = uow.contacts.address_by_id(draft.address_id)
    conversation = uow.conversations.of_address(draft.address_id)
    case = submit(uow, understanding, draft, address.channel if address else "")
    if conversation is not None and conversation.data.get("draft") == draft.id:
        # What they were asked, or are just adding to another matter, goes on.
        if conversation.state == "collecting":
            conversation.state = "idle"
        kept = {name: value for name, value in conversation.data.items() if name not in ("draft", "submit_at")}
        conversation.data = {"case": case.id, **kept}
    kind = "receipt.sealed" if case.sealed else "receipt.quiet"
    buttons = []
    if case.sealed:
        buttons = [offer(uow, draft.contact_id, "button.consent", "consent", case=case)]
    params = {"number": case.number, "next": word("receipt.next")}
    tell(uow, draft.contact_id, kind, params, case=case, buttons=buttons, priority=Priority.REPLY,
         address_id=draft.address_id if case.sealed else None)  # fmt: skip


def _deputy_silent(uow: UnitOfWork, follow_up: FollowUp, case: Case) -> None:
    """24 h: the substitute hears instead; 48 h: the station's staff (scenario 14)."""
    if case.heard_by is not None or not case.open or case.held_from_deputy or case.deputy_id is None:
        return
    deputy = uow.directory.deputies.get(case.deputy_id)
    substitute = uow.directory.deputies.get(deputy.substitute_id) if deputy and deputy.substitute_id else None
    if substitute is not None and substitute.status != "active":
        substitute = None
    bound = uow.directory.deputy_member(substitute.id) if substitute else None
    if follow_up.params.get("step") == "substitute" and substitute is not None and bound is not None:
        uow.cases.add_event(
            remark(case, "substitute", SYSTEM, uow.now, {"from": case.deputy_id, "deputy": substitute.id})
        )
        assert deputy is not None
        case.deputy_id = substitute.id
        tell_members(uow, [bound], "card.deputy_substitute", case, {"deputy": deputy.name})
        tell_reporters(uow, case, "case.substitute", {"deputy": deputy.name, "substitute": substitute.name})
        schedule(uow, FollowUpKind.DEPUTY_SILENT, deadlines.DEPUTY_TO_SUBSTITUTE, case, step="staff")
        return
    uow.cases.add_event(remark(case, "deputy_silent", SYSTEM, uow.now, {"deputy": case.deputy_id}))
    staff = uow.directory.staff_of(case.station_id)
    name = deputy.name if deputy else word("word.none")
    tell_members(uow, staff, "line.deputy_silent", case, {"name": name}, priority=Priority.REMINDER)


def _staff_silent(uow: UnitOfWork, follow_up: FollowUp, case: Case) -> None:
    """Remind the station's staff, the next time those of the station above as well."""
    if case.state not in (CaseState.RECEIVED, CaseState.ACCEPTED, CaseState.REVIEW):
        if case.state is CaseState.NEEDS_INFO:
            _again(uow, follow_up, case)
        return
    times = int(follow_up.params.get("times", 0)) + 1
    members = uow.directory.staff_of(case.station_id)
    if times > 1:
        known = {member.id for member in members}
        members = [*members, *(m for m in uow.directory.chiefs_above(case.station_id) if m.id not in known)]
    kind = "card.review" if case.state is CaseState.REVIEW else "card.staff_silent"
    tell_members(uow, members, kind, case, priority=Priority.REMINDER)
    _again(uow, follow_up, case, times=times)


def _duty_silent(uow: UnitOfWork, follow_up: FollowUp, case: Case) -> None:
    """Nobody reached the person in danger within a quarter of an hour: ring everybody of the station and above."""
    if case.state is not CaseState.RECEIVED:
        return  # somebody took it up
    members = [*uow.directory.staff_of(case.station_id), *uow.directory.chiefs_above(case.station_id)]
    unique = list({member.id: member for member in members}.values())
    tell_members(uow, unique, "card.duty", case, priority=Priority.URGENT)
    _again(uow, follow_up, case, deadlines.DUTY_CALL)


def _confirm_due(uow: UnitOfWork, follow_up: FollowUp, case: Case) -> None:
    """Remind the department once; after that tell staff, who may confirm in its place or assign anew."""
    if case.state is not CaseState.PROPOSED or case.department is None:
        return
    times = int(follow_up.params.get("times", 0)) + 1
    name = department_name(uow.directory, case.department)
    officers = uow.directory.officers_of(case.department)
    tell_members(uow, officers, "card.confirm_due", case, priority=Priority.REMINDER)
    if times > 1 or not officers:
        staff = uow.directory.staff_of(case.station_id)
        tell_members(uow, staff, "line.confirm_late", case, {"department": name}, priority=Priority.REMINDER)
    _again(uow, follow_up, case, times=times)


def _answer_due(uow: UnitOfWork, follow_up: FollowUp, case: Case) -> None:
    """The answer is late: remind the department, tell staff, and tell the citizen that it takes longer."""
    if case.state is not CaseState.ASSIGNED or case.department is None:
        if case.state is CaseState.NEEDS_INFO:
            _again(uow, follow_up, case)
        return
    name = department_name(uow.directory, case.department)
    officers = uow.directory.officers_of(case.department)
    tell_members(uow, officers, "card.answer_due", case, priority=Priority.REMINDER)
    staff = uow.directory.staff_of(case.station_id)
    tell_members(uow, staff, "line.answer_late", case, {"department": name}, priority=Priority.REMINDER)
    if not follow_up.params.get("times"):
        tell_reporters(uow, case, "case.late", {"department": name})
    _again(uow, follow_up, case, times=int(follow_up.params.get("times", 0)) + 1)


def _no_news(uow: UnitOfWork, follow_up: FollowUp, case: Case) -> None:
    """A case without news says so after three working days; whatever was told meanwhile starts the count anew."""
    if case.state not in OPEN_STATES or case.state is CaseState.ANSWERED:
        return
    due = reckon(uow, deadlines.NO_NEWS, case.news_at)
    if due.at > uow.now:
        schedule(uow, FollowUpKind.NO_NEWS, due, case)
        return
    tell_reporters(uow, case, "case.no_news", {
        "state": word(f"state.{case.state}"), "holder": holder(uow.directory, case),
    })  # fmt: skip
    _again(uow, follow_up, case, deadlines.NO_NEWS)


def _info_expires(uow: UnitOfWork, follow_up: FollowUp, case: Case) -> None:
    """The question went unanswered: the case goes on where it came from."""
    if case.state is not CaseState.NEEDS_INFO:
        return
    uow.cases.add_event(perform(case, Action.INFO_EXPIRED, SYSTEM, uow.now))
    restart_clock(uow, case, follow_up)
    case.question = None
    tell_reporters(uow, case, "case.info_expired")
    tell_members(uow, watchers(uow, case), "line.info_expired", case)


def _rating_reminder(uow: UnitOfWork, follow_up: FollowUp, case: Case) -> None:
    if case.state is not CaseState.ANSWERED:
        return
    due = reckon(uow, deadlines.RATING_CLOSES)
    params = {"number": case.number, "until": moment(due.at, due.provisional)}
    for contact_id in reporters(uow, case):
        tell(uow, contact_id, "case.rating_reminder", params, case=case,
             buttons=rating_buttons(uow, contact_id, case), priority=Priority.REMINDER)  # fmt: skip
    schedule(uow, FollowUpKind.RATING_EXPIRES, due, case)


def _rating_expires(uow: UnitOfWork, follow_up: FollowUp, case: Case) -> None:
    if case.state is not CaseState.ANSWERED:
        return
    close_unrated(uow, case)
    tell_reporters(uow, case, "case.closed_unanswered")


def _look_back(uow: UnitOfWork, follow_up: FollowUp, case: Case) -> None:
    """Has it stayed solved? 30 days after closing, and 90 for promises."""
    if case.state is not CaseState.CLOSED:
        return
    for contact_id in reporters(uow, case):
        buttons = [
            offer(uow, contact_id, "button.still_good", "look_back", case=case, in_state=True, good=True),
            offer(uow, contact_id, "button.not_good", "look_back", case=case, in_state=True, good=False),
        ]
        params = {"number": case.number, "days": follow_up.params.get("days", 30)}
        tell(uow, contact_id, "case.look_back", params, case=case, buttons=buttons, priority=Priority.REMINDER)


def _integrity_due(uow: UnitOfWork, follow_up: FollowUp, case: Case) -> None:
    if case.state is not CaseState.SEALED:
        return
    officers = uow.directory.integrity_officers()
    tell_members(uow, officers, "card.integrity", case, priority=Priority.REMINDER)
    _again(uow, follow_up, case)


_HANDLERS: dict[FollowUpKind, Handler] = {
    FollowUpKind.DEPUTY_SILENT: _deputy_silent,
    FollowUpKind.STAFF_SILENT: _staff_silent,
    FollowUpKind.DUTY_SILENT: _duty_silent,
    FollowUpKind.CONFIRM_DUE: _confirm_due,
    FollowUpKind.ANSWER_DUE: _answer_due,
    FollowUpKind.NO_NEWS: _no_news,
    FollowUpKind.INFO_EXPIRES: _info_expires,
    FollowUpKind.RATING_REMINDER: _rating_reminder,
    FollowUpKind.RATING_EXPIRES: _rating_expires,
    FollowUpKind.LOOK_BACK: _look_back,
    FollowUpKind.INTEGRITY_DUE: _integrity_due,
}
