"""What is due when."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select

from routing.follow_up import FollowUp, FollowUpKind
from storage.schema import follow_ups
from storage.work import Work

# SQLite, which has no row locks and one writer, compiles the lock to nothing.
_DUE = (
    select(follow_ups)
    .where(follow_ups.c.state == "pending", follow_ups.c.due_at <= bindparam("now"))
    .order_by(follow_ups.c.due_at, follow_ups.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)


class FollowUps:
    """`routing.repositories.FollowUpRepository`."""

    def __init__(self, work: Work) -> None:
        self._follow_ups = work.map(work.tables.follow_ups)

    def add(self, follow_up: FollowUp) -> None:
        self._follow_ups.add(follow_up)

    def get(self, follow_up_id: int) -> FollowUp | None:
        return self._follow_ups.get(follow_up_id)

    def pending_of_case(self, case_id: int, kinds: Sequence[FollowUpKind] | None = None) -> Sequence[FollowUp]:
        found = _pending(self._follow_ups.owned("case_id", case_id))
        return found if kinds is None else [follow_up for follow_up in found if follow_up.kind in kinds]

    def pending_of_submission(self, submission_id: int) -> Sequence[FollowUp]:
        return _pending(self._follow_ups.owned("submission_id", submission_id))

    def due(self, now: datetime, limit: int) -> Sequence[FollowUp]:
        return self._follow_ups.select(_DUE, {"now": now, "limit": limit})


def _pending(follow_ups: Iterable[FollowUp]) -> list[FollowUp]:
    """Those not ended since they were read, in the order in which they fall due."""
    pending = [follow_up for follow_up in follow_ups if follow_up.state == "pending"]
    return sorted(pending, key=lambda follow_up: (follow_up.due_at, follow_up.id))
