"""Putting follow-ups on the agenda of a case and taking them off."""

from datetime import datetime
from typing import Any

from routing import deadlines
from routing.case import Case
from routing.deadlines import Due, Limit
from routing.follow_up import FollowUp, FollowUpKind
from routing.ports import UnitOfWork


def reckon(uow: UnitOfWork, limit: Limit, start: datetime | None = None) -> Due:
    """When `limit` runs out from `start` (now), with the days that staff declared."""
    return deadlines.due(limit, start or uow.now, uow.calendar.working())


def schedule(uow: UnitOfWork, kind: FollowUpKind, due: Limit | Due, case: Case, **params: Any) -> Due:
    """Put one follow-up of a case on the agenda; returns when it is due."""
    at = reckon(uow, due) if isinstance(due, Limit) else due
    uow.follow_ups.add(
        FollowUp(
            kind=kind, due_at=at.at, created_at=uow.now, case_id=case.id, provisional=at.provisional, params=params
        )
    )
    return at


def cancel(uow: UnitOfWork, case: Case, *kinds: FollowUpKind) -> None:
    """Drop what was still to be followed up; without kinds, everything."""
    for follow_up in uow.follow_ups.pending_of_case(case.id, list(kinds) or None):
        follow_up.state = "cancelled"
