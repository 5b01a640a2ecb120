"""What members do with a case, one function each. Who may is checked by `routing.permissions` before."""

from collections.abc import Sequence
from typing import Any

from routing import deadlines
from routing.agenda import cancel, reckon, schedule
from routing.assignment import Assignment
from routing.case import Case, CaseState
from routing.directory import Directory
from routing.errors import Refused
from routing.follow_up import FollowUpKind
from routing.intake import expect_answer, stop_clock
from routing.notice import Priority, moment, word
from routing.notices import reporters, tell_answer, tell_members, tell_reporters, watchers
from routing.people import Member, Role
from routing.ports import UnitOfWork
from routing.station import Department
from routing.workflow import Action, Actor, allowed, perform, remark

#: Reply classes (上海 18, 重庆 22: solved; in a plan with a date; not now, with reasons; belongs elsewhere).
ANSWER_CLASSES = ("solved", "planned", "explained", "elsewhere")


def actor(member: Member) -> Actor:
    return Actor(member.role, member.id, member.name)


def _others(uow: UnitOfWork, case: Case, but: Member) -> list[Member]:
    return [member for member in watchers(uow, case) if member.contact_id != but.contact_id]


def _tell_deputy(uow: UnitOfWork, case: Case, kind: str, **params: Any) -> None:
    """The deputy of a case hears how it goes on."""
    deputy = uow.directory.deputy_member(case.deputy_id) if case.deputy_id and not case.held_from_deputy else None
    if deputy is not None:
        tell_members(uow, [deputy], kind, case, params)


def hear(uow: UnitOfWork, member: Member, case: Case) -> bool:
    """我来听: the deputy will listen. Accepts a received case, assigns nothing. False if they already did."""
    if case.heard_by == member.id:
        return False
    if allowed(case, Action.HEAR, member.role):
        event = perform(case, Action.HEAR, actor(member), uow.now)
    elif case.open:
        event = remark(case, "hear", actor(member), uow.now)
    else:
        raise Refused("case.over", number=case.number)
    uow.cases.add_event(event)
    case.heard_by, case.heard_at = member.id, uow.now
    cancel(uow, case, FollowUpKind.DEPUTY_SILENT)
    tell_reporters(uow, case, "case.heard", {"deputy": member.name})
    tell_members(uow, uow.directory.staff_of(case.station_id), "line.heard", case, {"name": member.name})
    return True


def accept(uow: UnitOfWork, member: Member, case: Case) -> None:
    """受理. It is assigned or answered the same day as well; until then staff are reminded."""
    uow.cases.add_event(perform(case, Action.ACCEPT, actor(member), uow.now))
    cancel(uow, case, FollowUpKind.STAFF_SILENT)
    schedule(uow, FollowUpKind.STAFF_SILENT, deadlines.STAFF_ACCEPT, case)
    tell_reporters(uow, case, "case.accepted")


def decline(uow: UnitOfWork, member: Member, case: Case, reason: str) -> None:
    """不受理: always with a reason and the proper way."""
    if not reason.strip():
        raise Refused("usage.decline", number=case.number)
    uow.cases.add_event(perform(case, Action.DECLINE, actor(member), uow.now, {"reason": reason}))
    case.closed_at, case.close_reason = uow.now, "declined"
    cancel(uow, case)
    tell_reporters(uow, case, "case.declined", {"reason": reason})
    _tell_deputy(uow, case, "line.declined", reason=reason)


def assign(
    uow: UnitOfWork, member: Member, case: Case, lead: Department, co: Sequence[Department] = (), reason: str = ""
) -> None:
    """改派: propose a lead and co-handling departments (预交办). A received case is accepted on the way.

    After the second return staff decide, and that round can't be returned (潍坊 22).
    """
    for department in (lead, *co):
        if department.restricted or department.refer_only or not department.active:
            raise Refused("assign.not_a_handler", department=department.name, hotline=department.hotline or "12345")
    if case.state is CaseState.RECEIVED:
        accept(uow, member, case)
    co = [department for department in co if department.code != lead.code]
    data = {"department": lead.code, "co": [d.code for d in co], "reason": reason, "from": case.department}
    uow.cases.add_event(perform(case, Action.PROPOSE, actor(member), uow.now, data))
    cancel(uow, case, FollowUpKind.STAFF_SILENT, FollowUpKind.CONFIRM_DUE, FollowUpKind.ANSWER_DUE)
    former = [a for a in uow.assignments.of_case(case.id) if a.state in ("proposed", "confirmed")]
    for assignment in former:
        assignment.state = "superseded"
    case.department, case.co_departments = lead.code, [d.code for d in co]
    final = case.returns >= 2
    confirm_by = schedule(uow, FollowUpKind.CONFIRM_DUE, deadlines.confirm_limit(case.urgency), case)
    for department in (lead, *co):
        uow.assignments.add(
            Assignment(
                case_id=case.id,
                department=department.code,
                part="lead" if department is lead else "co",
                round=case.returns + 1,
                proposed_at=uow.now,
                final=final,
                confirm_by=confirm_by.at,
                provisional=confirm_by.provisional,
                due_days=case.suggestion.get("sla_workdays", 5),
            )
        )
    until = moment(confirm_by.at, confirm_by.provisional)
    for department in (lead, *co):
        kind = "card.officer_final" if final else "card.officer"
        if department is not lead:
            kind = "card.officer_co"
        officers = uow.directory.officers_of(department.code)
        tell_members(uow, officers, kind, case, {"until": until, "part": word("word.lead")})
        if not officers:
            tell_members(uow, [member], "line.no_officer", case, {"department": department.name})
    tell_reporters(uow, case, "case.proposed", {"department": lead.name})
    _tell_deputy(uow, case, "line.assigned", department=lead.name)


def confirm(uow: UnitOfWork, member: Member, case: Case) -> None:
    """签收: the clock of handling starts. Only the lead department (or staff for it) takes a case on."""
    _lead_only(uow, member, case)
    uow.cases.add_event(perform(case, Action.CONFIRM, actor(member), uow.now, {"department": case.department}))
    cancel(uow, case, FollowUpKind.CONFIRM_DUE)
    due = None
    for assignment in uow.assignments.of_case(case.id):
        if assignment.state == "proposed":
            assignment.state, assignment.confirmed_at, assignment.confirmed_by = "confirmed", uow.now, member.id
            reckoned = reckon(uow, deadlines.answer_limit(case.urgency, assignment.due_days))
            assignment.due_at, assignment.provisional = reckoned.at, reckoned.provisional
            if assignment.part == "lead":
                due = reckoned
    assert due is not None, "a proposed case has a lead department"
    schedule(uow, FollowUpKind.ANSWER_DUE, due, case)
    until = moment(due.at, due.provisional)
    name = department_name(uow.directory, case.department)
    tell_reporters(uow, case, "case.assigned", {"department": name, "until": until})
    tell_members(uow, _others(uow, case, member), "line.confirmed", case, {"department": name, "until": until})


def _lead_only(uow: UnitOfWork, member: Member, case: Case) -> None:
    if member.role is Role.OFFICER and member.department != case.department:
        raise Refused("case.lead_only", number=case.number, lead=department_name(uow.directory, case.department))


def return_case(uow: UnitOfWork, member: Member, case: Case, reason: str, better: str | None = None) -> None:
    """退回: with a reason, and a better department if they know one. The second return is decided by staff."""
    if not reason.strip():
        raise Refused("usage.return", number=case.number)
    proposed = [a for a in uow.assignments.of_case(case.id) if a.state == "proposed"]
    mine = next((a for a in proposed if a.department == member.department), None)
    if mine is not None and mine.final:
        raise Refused("case.final", number=case.number)
    if mine is not None and mine.part == "co":
        raise Refused("case.co_return", number=case.number)
    _lead_only(uow, member, case)
    data = {"reason": reason, "better": better, "department": member.department}
    uow.cases.add_event(perform(case, Action.RETURN, actor(member), uow.now, data))
    for assignment in proposed:
        assignment.state, assignment.reason = "returned", reason
    case.returns += 1
    case.department, case.co_departments = None, []
    cancel(uow, case, FollowUpKind.CONFIRM_DUE)
    due = reckon(uow, deadlines.STAFF_ACCEPT)
    schedule(uow, FollowUpKind.STAFF_SILENT, due, case)
    params: dict[str, Any] = {
        "department": department_name(uow.directory, member.department),
        "reason": reason,
        "better": word("word.better", department=department_name(uow.directory, better)) if better else "",
        "times": case.returns,
    }
    tell_members(uow, uow.directory.staff_of(case.station_id), "card.returned", case, params)


def ask(uow: UnitOfWork, member: Member, case: Case, question: str) -> None:
    """提问: one question to the citizen, five days; the clock stands still."""
    if not question.strip():
        raise Refused("usage.ask", number=case.number)
    can_ask = case.state is CaseState.RECEIVED or allowed(case, Action.ASK, member.role)
    if member.role is Role.DEPUTY and case.heard_by is None and can_ask:
        hear(uow, member, case)
    uow.cases.add_event(perform(case, Action.ASK, actor(member), uow.now, {"question": question}))
    case.question = question
    due = reckon(uow, deadlines.INFO)
    schedule(uow, FollowUpKind.INFO_EXPIRES, due, case)
    stop_clock(uow, case, due.at)
    who: Any = department_name(uow.directory, member.department)
    if member.role is Role.DEPUTY:
        who = word("word.deputy", name=member.name)
    for contact_id in reporters(uow, case):
        expect_answer(uow, contact_id, case)
    tell_reporters(uow, case, "case.asked", {"who": who, "question": question, "until": moment(due.at)})


def answer(uow: UnitOfWork, member: Member, case: Case, answer_class: str, text: str, promised_on: str | None) -> None:
    """答复: what was done, in one of four classes. "planned" needs a date (promise ledger).

    Only the lead department answers; co-handlers tell the lead.
    """
    if not text.strip():
        raise Refused("usage.answer", number=case.number)
    if answer_class == "planned" and not promised_on:
        raise Refused("answer.needs_date", number=case.number)
    _lead_only(uow, member, case)
    data = {"class": answer_class, "text": text, "promised_on": promised_on}
    uow.cases.add_event(perform(case, Action.ANSWER, actor(member), uow.now, data))
    case.answer_class, case.answer, case.answered_at, case.promised_on = answer_class, text, uow.now, promised_on
    case.rating = case.rating_reason = None
    cancel(uow, case)
    for assignment in uow.assignments.of_case(case.id):
        if assignment.state == "confirmed":
            assignment.state = "done"
    reminder = reckon(uow, deadlines.RATING_REMINDER)
    schedule(uow, FollowUpKind.RATING_REMINDER, reminder, case)
    tell_answer(uow, case)
    tell_members(uow, _others(uow, case, member), "line.answered", case, {"answer": text})


def reclassify(uow: UnitOfWork, member: Member, case: Case, category: str) -> None:
    """改类: the right category; kept with who and when, to learn from."""
    uow.cases.add_event(
        remark(case, "reclassify", actor(member), uow.now, {"from": case.category, "category": category})
    )
    case.category = category


def give_deputy(uow: UnitOfWork, member: Member, case: Case, deputy_id: int) -> None:
    """指派代表: ask a deputy to listen; releases a text that was held back."""
    deputy = uow.directory.deputies[deputy_id]
    if not case.open:
        raise Refused("case.over", number=case.number)
    uow.cases.add_event(
        remark(case, "give_deputy", actor(member), uow.now, {"from": case.deputy_id, "deputy": deputy_id})
    )
    case.deputy_id, case.held_from_deputy = deputy_id, False
    case.heard_by = case.heard_at = None
    cancel(uow, case, FollowUpKind.DEPUTY_SILENT)
    bound = uow.directory.deputy_member(deputy_id)
    if bound is None:
        tell_members(uow, [member], "line.deputy_unbound", case, {"name": deputy.name})
        return
    schedule(uow, FollowUpKind.DEPUTY_SILENT, deadlines.DEPUTY_TO_SUBSTITUTE, case, step="substitute")
    tell_members(uow, [bound], "card.deputy", case)


def urge(uow: UnitOfWork, member: Member, case: Case) -> str | dict[str, Any]:
    """催办: remind whoever has the case now. Returns the name of who was reminded."""
    if case.state not in (CaseState.PROPOSED, CaseState.ASSIGNED) or not case.department:
        raise Refused("urge.nobody", number=case.number, state=word(f"state.{case.state}"))
    uow.cases.add_event(remark(case, "urge", actor(member), uow.now))
    kind = "card.confirm_due" if case.state is CaseState.PROPOSED else "card.answer_due"
    tell_members(uow, uow.directory.officers_of(case.department), kind, case, priority=Priority.URGENT)
    return department_name(uow.directory, case.department)


def close(uow: UnitOfWork, member: Member, case: Case, text: str) -> None:
    """办结: staff answer a case themselves, or uphold the answer of one under review, with an explanation."""
    if not text.strip():
        raise Refused("usage.close", number=case.number)
    if case.state is not CaseState.REVIEW:
        answer(uow, member, case, "solved", text, None)
        return
    uow.cases.add_event(perform(case, Action.UPHOLD, actor(member), uow.now, {"explanation": text}))
    case.closed_at, case.close_reason = uow.now, "upheld"
    cancel(uow, case)
    tell_reporters(uow, case, "case.upheld", {"explanation": text})
    _tell_deputy(uow, case, "line.upheld", explanation=text)


def redo(uow: UnitOfWork, member: Member, case: Case, instruction: str) -> None:
    """重办 after a dissatisfied rating; the second time it goes on under supervision (督办)."""
    again = any(event.kind in (Action.REDO, Action.SUPERVISE) for event in uow.cases.events(case.id))
    action = Action.SUPERVISE if again else Action.REDO
    if case.department is None and case.state is CaseState.REVIEW:
        raise Refused("redo.no_department", number=case.number)
    uow.cases.add_event(perform(case, action, actor(member), uow.now, {"instruction": instruction}))
    assert case.department is not None, "only a case under review is redone"
    case.closed_at = case.close_reason = None
    cancel(uow, case)
    due = reckon(uow, deadlines.REDO)
    uow.assignments.add(
        Assignment(case_id=case.id, department=case.department, part="lead", round=case.returns + 1,
                   proposed_at=uow.now, state="confirmed", confirmed_at=uow.now, due_at=due.at, due_days=3,
                   provisional=due.provisional)
    )  # fmt: skip
    schedule(uow, FollowUpKind.ANSWER_DUE, due, case)
    schedule(uow, FollowUpKind.NO_NEWS, deadlines.NO_NEWS, case)
    until = moment(due.at, due.provisional)
    officers = uow.directory.officers_of(case.department)
    tell_members(uow, officers, "card.redo", case, {"until": until, "instruction": instruction})
    tell_reporters(uow, case, "case.redo", {
        "department": department_name(uow.directory, case.department), "until": until,
    })  # fmt: skip
    _tell_deputy(uow, case, "line.redo", until=until)


def note(uow: UnitOfWork, member: Member, case: Case, text: str) -> None:
    """补充: a member adds what they know; the citizen's own words stay untouched."""
    if not text.strip():
        raise Refused("usage.note", number=case.number)
    uow.cases.add_event(remark(case, "note", actor(member), uow.now, {"text": text}))
    tell_members(uow, _others(uow, case, member), "line.note", case, {"name": member.name, "text": text})


def follow(uow: UnitOfWork, member: Member, case: Case) -> None:
    """跟进: the deputy wants to hear how it goes on."""
    uow.cases.add_event(remark(case, "follow", actor(member), uow.now))


def propose_department(uow: UnitOfWork, member: Member, case: Case, department: Department, reason: str = "") -> None:
    """建议部门: a deputy proposes; staff decide."""
    data = {"department": department.code, "reason": reason}
    uow.cases.add_event(remark(case, "propose_department", actor(member), uow.now, data))
    params = {"name": member.name, "department": department.name}
    tell_members(uow, uow.directory.staff_of(case.station_id), "card.deputy_proposed", case, params)


def message_citizen(uow: UnitOfWork, member: Member, case: Case, text: str) -> None:
    """发: a line from the station to those who told of the case."""
    if not text.strip():
        raise Refused("usage.message", number=case.number)
    if not reporters(uow, case):
        raise Refused("message.nobody", number=case.number)
    uow.cases.add_event(remark(case, "message", actor(member), uow.now, {"text": text}))
    tell_reporters(uow, case, "case.message", {"text": text})


def contacted(uow: UnitOfWork, member: Member, case: Case) -> None:
    """已联系: the duty officer reached the person in danger."""
    uow.cases.add_event(remark(case, "contacted", actor(member), uow.now))
    cancel(uow, case, FollowUpKind.DUTY_SILENT)
    if allowed(case, Action.ACCEPT, member.role):
        accept(uow, member, case)


def set_duty(uow: UnitOfWork, by: Member, duty: Member) -> None:
    """值班: one member of staff is on duty for their station; the others go off."""
    for other in uow.directory.members.values():
        if other.role is Role.STAFF and other.station_id == duty.station_id and other.on_duty:
            held = uow.members.get(other.id)
            if held is not None:
                held.on_duty = False
    on = uow.members.get(duty.id)
    assert on is not None, "the directory lists only stored members"
    on.on_duty = True


def holder(directory: Directory, case: Case) -> str | dict[str, Any]:
    """Who has an open case now, as a parameter: a department while it is with one, else the station."""
    with_department = case.state in (CaseState.PROPOSED, CaseState.ASSIGNED, CaseState.NEEDS_INFO)
    return department_name(directory, case.department if with_department else None)


def department_name(directory: Directory, code: str | None) -> str | dict[str, Any]:
    """A department's name as a parameter; the station itself where there is none."""
    department = directory.departments.get(code or "")
    return department.name if department else word("word.station")
