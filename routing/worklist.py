"""What lies before a member, by their role: for 列表, and for somebody who has just joined."""

from collections.abc import Sequence

from routing.case import OPEN_STATES, Case, CaseState, Urgency
from routing.notices import tell_members
from routing.people import Member, Role
from routing.ports import UnitOfWork

#: In these a department has something to do.
WORKING = (CaseState.PROPOSED, CaseState.ASSIGNED, CaseState.NEEDS_INFO, CaseState.REVIEW)
#: So many cards wait for somebody who joins; the rest they find with 列表.
CARDS = 5


def stations_of(uow: UnitOfWork, member: Member) -> list[int] | None:
    """The stations whose cases a member may see; None for all."""
    if member.station_id is None:
        return None
    return [station for station in uow.directory.stations if uow.directory.sees_station(member, station)]


def worklist(uow: UnitOfWork, member: Member, states: Sequence[CaseState] | None = None, limit: int = 10) -> list[Case]:
    """The cases of a member in `states`, newest first. By default: a deputy's own, whatever became of them; what a
    department has to work on; what is open at a station. Sealed ones only for integrity officers, who get no other."""
    cases = uow.cases
    if member.role is Role.INTEGRITY:
        return [case for case in cases.sealed(limit) if case.state is CaseState.SEALED]
    if member.role is Role.DEPUTY:
        return [c for c in cases.of_deputy(member.deputy_id or 0, limit) if states is None or c.state in states]
    if member.role is Role.OFFICER:
        return list(cases.of_department(member.department or "", states or WORKING, limit))
    if member.role is Role.STAFF:
        return list(cases.list(station_ids=stations_of(uow, member), states=states or tuple(OPEN_STATES), limit=limit))
    return []


def card_kind(member: Member, case: Case) -> str | None:
    """The card by which a member can act on a case where it stands; None when nothing waits for them."""
    if member.role is Role.INTEGRITY:
        return "card.integrity" if case.state is CaseState.SEALED else None
    if member.role is Role.DEPUTY:
        return "card.deputy" if case.open and case.heard_by != member.id else None
    if member.role is Role.OFFICER:
        return {CaseState.PROPOSED: "card.confirm_due", CaseState.ASSIGNED: "card.answer_due"}.get(case.state)
    if case.state is CaseState.REVIEW:
        return "card.review"
    if case.state is CaseState.RECEIVED and case.urgency is Urgency.EMERGENCY:
        return "card.duty"
    if case.state in (CaseState.RECEIVED, CaseState.ACCEPTED):
        return "card.staff_held" if case.held_from_deputy and case.deputy_id else "card.staff"
    return None


def catch_up(uow: UnitOfWork, member: Member) -> None:
    """Push the cards that were waiting for a member before they joined, oldest first: a push goes to nobody as long as
    the role is nobody's, and a matter told must not lie there unseen."""
    waiting = [(case, kind) for case in worklist(uow, member, limit=50) if (kind := card_kind(member, case))]
    for case, kind in reversed(waiting[:CARDS]):
        tell_members(uow, [member], kind, case)
