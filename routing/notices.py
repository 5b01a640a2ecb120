"""Event → who is told what. Every push and every line to a citizen that is not a direct reply is made here."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from routing.buttons import literal, offer
from routing.case import Case, CaseState
from routing.notice import Notice, Priority, word
from routing.people import Member
from routing.ports import UnitOfWork

Params = dict[str, Any]


def tell(
    uow: UnitOfWork,
    contact_id: int,
    kind: str,
    params: Params | None = None,
    *,
    case: Case | None = None,
    member: Member | None = None,
    buttons: list[list[str]] | None = None,
    priority: Priority = Priority.PUSH,
    due_at: datetime | None = None,
    address_id: int | None = None,
) -> Notice:
    """Put one notice into the outbox; with `address_id` it goes to that chat and no other of the person's."""
    notice = Notice(
        kind=kind,
        contact_id=contact_id,
        created_at=uow.now,
        due_at=due_at or uow.now,
        params=params or {},
        buttons=buttons or [],
        address_id=address_id,
        case_id=case.id if case else None,
        member_id=member.id if member else None,
        priority=priority,
    )
    uow.notices.add(notice)
    return notice


def reporters(uow: UnitOfWork, case: Case) -> list[int]:
    """The contacts who told of a case and have not withdrawn, each once."""
    contacts = [s.contact_id for s in uow.submissions.of_case(case.id) if s.withdrawn_at is None]
    return list(dict.fromkeys(contacts))


def tell_reporters(uow: UnitOfWork, case: Case, kind: str, params: Params | None = None) -> None:
    """Tell everybody who told of a case, and note that they had news. Of a sealed one nothing is told but in the chat
    that told of it, whichever others they have."""
    told = {(s.contact_id, s.address_id) for s in uow.submissions.of_case(case.id) if s.withdrawn_at is None}
    where = sorted(told) if case.sealed else [(contact_id, None) for contact_id in reporters(uow, case)]
    for contact_id, address_id in where:
        tell(uow, contact_id, kind, {"number": case.number, **(params or {})}, case=case, address_id=address_id)
    case.news_at = uow.now


def tell_members(
    uow: UnitOfWork,
    members: Iterable[Member],
    kind: str,
    case: Case,
    params: Params | None = None,
    priority: Priority = Priority.PUSH,
) -> None:
    """Push a case's card or a line about it to members, each with the buttons of their role for where it stands."""
    for member in members:
        if member.contact_id is None:
            continue
        buttons = card_buttons(uow, member, kind, case)
        tell(uow, member.contact_id, kind, {"number": case.number, **(params or {})}, case=case, member=member,
             buttons=buttons, priority=priority)  # fmt: skip


def watchers(uow: UnitOfWork, case: Case) -> list[Member]:
    """The members who are at work on a case: its staff, its deputy, the officers of its departments.

    For a sealed case these are its integrity officers and nobody else.
    """
    if case.sealed:
        return uow.directory.integrity_officers()
    members = list(uow.directory.staff_of(case.station_id))
    deputy = uow.directory.deputy_member(case.deputy_id) if case.deputy_id else None
    if deputy is not None and not case.held_from_deputy:
        members.append(deputy)
    for assignment in uow.assignments.of_case(case.id):
        if assignment.state in ("proposed", "confirmed"):
            members.extend(uow.directory.officers_of(assignment.department))
    return list({member.id: member for member in members}.values())


def suggested_department(case: Case) -> tuple[str, str] | None:
    """(code, name) of the first suggested department, if one was sure enough to be offered."""
    ranked = case.suggestion.get("departments") or []
    return (ranked[0]["code"], ranked[0]["name"]) if ranked else None


def card_buttons(uow: UnitOfWork, member: Member, kind: str, case: Case) -> list[list[str]]:
    """The buttons under a card. Several people may hold one; the first press counts, the others are told."""
    contact_id = member.contact_id
    assert contact_id is not None

    def button(label: str, action: str, in_state: bool = True, **args: Any) -> list[str]:
        # A case that staff have not taken up may become accepted by the deputy's listening: their buttons still hold.
        also = (CaseState.ACCEPTED,) if action in ("assign", "assign_form") else ()
        return offer(
            uow, contact_id, label, action, case=case, in_state=in_state, also_in=also, member=member.id, **args
        )

    if kind in ("card.deputy", "card.deputy_substitute"):
        return [
            button("button.hear", "hear", in_state=False),
            button("button.ask", "ask_form", in_state=False),
            button("button.suggest_department", "propose_form", in_state=False),
            button("button.note", "note_form", in_state=False),
            button("button.follow", "follow", in_state=False),
        ]
    if kind in ("card.staff", "card.staff_held", "card.staff_silent", "card.returned", "card.deputy_proposed"):
        return _staff_buttons(uow, case, button)
    if kind == "card.duty":
        return [button("button.contacted", "contacted", in_state=False)]
    if kind in ("card.officer", "card.officer_final", "card.confirm_due"):
        buttons = [button("button.confirm", "confirm")]
        if kind != "card.officer_final":
            buttons.append(button("button.return", "return_form"))
        return buttons
    if kind in ("card.answer_due", "card.redo"):
        return [button("button.answer", "answer_form"), button("button.ask", "ask_form")]
    if kind == "card.review":
        return [button("button.redo", "redo_form"), button("button.uphold", "close_form")]
    if kind == "card.repeats":
        return [button("button.similar", "similar", in_state=False)]
    if kind == "card.integrity":
        return [button("button.open_sealed", "open_sealed", in_state=False)]
    return []


def _staff_buttons(uow: UnitOfWork, case: Case, button: Any) -> list[list[str]]:
    if case.state not in (CaseState.RECEIVED, CaseState.ACCEPTED):
        return []
    buttons = []
    suggested = suggested_department(case)
    if suggested is not None and suggested[0] in uow.directory.departments:
        buttons.append(button(literal(f"→ {suggested[1]}"), "assign", department=suggested[0]))
    buttons.append(button("button.assign_other", "assign_form"))
    if case.state is CaseState.RECEIVED:
        buttons.append(button("button.accept", "accept"))
        buttons.append(button("button.decline", "decline_form"))
        if case.suggestion.get("integrity_hint"):
            buttons.append(button("button.seal", "seal"))
    if case.held_from_deputy:
        buttons.append(button("button.release", "release", in_state=False))
    return buttons


def rating_buttons(uow: UnitOfWork, contact_id: int, case: Case) -> list[list[str]]:
    return [
        offer(uow, contact_id, f"button.rate_{rating}", "rate", case=case, in_state=True, rating=rating)
        for rating in ("satisfied", "mostly", "dissatisfied")
    ]


def tell_answer(uow: UnitOfWork, case: Case) -> None:
    """Bring the answer with the satisfaction question."""
    params: Params = {
        "number": case.number,
        "answer": case.answer,
        "class": word(f"answer_class.{case.answer_class}"),
        "department": _department_name(uow, case),
    }
    kind = "case.answered"
    if case.promised_on:
        kind, params["promised_on"] = "case.answered_planned", case.promised_on
    for contact_id in reporters(uow, case):
        tell(uow, contact_id, kind, params, case=case, buttons=rating_buttons(uow, contact_id, case))
    case.news_at = uow.now


def _department_name(uow: UnitOfWork, case: Case) -> Any:
    department = uow.directory.departments.get(case.department or "")
    return department.name if department else word("word.station")
