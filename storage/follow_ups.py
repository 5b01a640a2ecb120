"""What is due when."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select

from routing.follow_up import FollowUp, FollowUpKind
from storage.schema import follow_ups
from storage.work import Work

_PENDING = select(follow_ups).where(follow_ups.c.state == "pending").order_by(follow_ups.c.due_at, follow_ups.c.id)
_OF_CASE = _PENDING.where(follow_ups.c.case_id == bindparam("case"))
_OF_CASE_BY_KIND = _OF_CASE.where(follow_ups.c.kind.in_(bindparam("kinds", expanding=True)))
_OF_SUBMISSION = _PENDING.where(follow_ups.c.submission_id == bindparam("submission"))
# SQLite, which has no row locks and one writer, compiles the lock to nothing.
_DUE = (
    _PENDING.where(follow_ups.c.due_at <= bindparam("now")).limit(bindparam("limit")).with_for_update(skip_locked=True)
)


class FollowUps:
    """`routing.ports.FollowUpRepository`."""

    def __init__(self, work: Work) -> None:
        self._follow_ups = work.map(work.tables.follow_ups)

    def add(self, follow_up: FollowUp) -> None:
        self._follow_ups.add(follow_up)

    def get(self, follow_up_id: int) -> FollowUp | None:
        return self._follow_ups.get(follow_up_id)

    def pending_of_case(self, case_id: int, kinds: Sequence[FollowUpKind] | None = None) -> Sequence[FollowUp]:
        if kinds is None:
            return self._follow_ups.select(_OF_CASE, {"case": case_id}, ("case_id", case_id))
        return self._follow_ups.select(_OF_CASE_BY_KIND, {"case": case_id, "kinds": list(kinds)})

    def pending_of_submission(self, submission_id: int) -> Sequence[FollowUp]:
        return self._follow_ups.select(_OF_SUBMISSION, {"submission": submission_id}, ("submission_id", submission_id))

    def due(self, now: datetime, limit: int) -> Sequence[FollowUp]:
        return self._follow_ups.select(_DUE, {"now": now, "limit": limit})
