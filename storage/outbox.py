"""What somebody must be told, until they were."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, or_, select, update

from routing.notice import Notice, NoticeState, Priority
from storage.mapper import Row, Write
from storage.schema import notices
from storage.types import UtcTime
from storage.work import Work

_NOW = bindparam("now", type_=UtcTime)
_EARLIER = notices.alias("earlier")
# Ids rise with time, so the order of ids is the order in which a person is to be told.
_HELD_BACK = exists().where(
    _EARLIER.c.contact_id == notices.c.contact_id,
    _EARLIER.c.priority == notices.c.priority,
    _EARLIER.c.state == "pending",
    _EARLIER.c.id < notices.c.id,
    or_(_EARLIER.c.lease_until > _NOW, _EARLIER.c.due_at > _NOW),
)
_CLAIMABLE = and_(
    notices.c.state == "pending",
    notices.c.due_at <= _NOW,
    or_(notices.c.lease_until.is_(None), notices.c.lease_until <= _NOW),
    ~_HELD_BACK,
)
_NEXT = select(notices.c.id).where(_CLAIMABLE).order_by(notices.c.priority, notices.c.id).limit(bindparam("limit"))
_LEASE: Any = (
    update(notices)
    .values(
        lease_owner=bindparam("owner"), lease_until=bindparam("until", type_=UtcTime), version=notices.c.version + 1
    )
    .returning(*notices.c)
)
_CLAIM_ALONE = _LEASE.where(notices.c.id.in_(_NEXT))

# Where several processes claim, skipping locked rows alone would let one take a person's second notice while another
# is just taking the first. So a claim also takes an advisory lock on the person, skips those it doesn't get, and
# leases in a second statement, which sees what was committed before the lock was had.
_CANDIDATES = _NEXT.add_columns(notices.c.contact_id).with_for_update(skip_locked=True).subquery()
_LOCKED = select(_CANDIDATES.c.id, func.pg_try_advisory_xact_lock(_CANDIDATES.c.contact_id))
_CLAIM_LOCKED = _LEASE.where(notices.c.id.in_(bindparam("ids", expanding=True)), _CLAIMABLE)

_WAITING = "SELECT contact_id, id FROM notices WHERE state = 'pending' AND priority = {mark} AND contact_id "
_UNTIL_THEY_WRITE = (
    select(notices)
    .where(notices.c.contact_id == bindparam("contact"), notices.c.state == "waiting")
    .order_by(notices.c.id)
)
_UNFINISHED = (
    select(notices)
    .where(
        notices.c.contact_id == bindparam("contact"), or_(notices.c.state == "pending", notices.c.state == "waiting")
    )
    .order_by(notices.c.id)
)
_BY_EXTERNAL_ID = (
    select(notices)
    .where(notices.c.address_id == bindparam("address"), notices.c.external_id == bindparam("external"))
    .order_by(notices.c.id.desc())
    .limit(1)
)
_OF_CASE = (
    select(notices)
    .where(notices.c.case_id == bindparam("case"), notices.c.state.in_(bindparam("states", expanding=True)))
    .order_by(notices.c.id)
)
_RELEASE = (
    update(notices)
    .where(notices.c.state == "pending", notices.c.lease_owner.is_not(None))
    .values(lease_owner=None, lease_until=None, version=notices.c.version + 1)
)
#: Nearly every notice ends like this, so it is not read, changed and compared for it.
_MARK = (
    "UPDATE notices SET state = 'sent', sent_at = {mark}, external_id = {mark}, address_id = {mark}, error = NULL, "
    "attempts = attempts + 1, lease_owner = NULL, lease_until = NULL, version = version + 1 "
    "WHERE id = {mark} AND lease_owner = {mark} AND state = 'pending'"
)
_OLDEST = select(func.min(notices.c.due_at)).where(notices.c.state == "pending", notices.c.due_at <= _NOW)
_COUNTS = select(notices.c.state, func.count()).group_by(notices.c.state)


class Outbox:
    """`routing.repositories.NoticeRepository`."""

    def __init__(self, work: Work, now: datetime) -> None:
        self._now = now
        self._session = work.session
        self._notices = work.map(work.tables.notices)
        self._contacts = work.map(work.tables.contacts)
        self._unleased: list[Notice] = []
        self._waiting: dict[Priority, dict[int, list[int]]] = defaultdict(dict)
        self._marks: list[Row] = []
        work.before_flush.append(self._write_marks)

    def add(self, notice: Notice) -> None:
        self._notices.add(notice)
        if notice.lease_owner is None:
            self._unleased.append(notice)

    def get(self, notice_id: int) -> Notice | None:
        self._write_marks()
        return self._notices.get(notice_id)

    def claim(self, owner: str, now: datetime, lease_until: datetime, limit: int) -> Sequence[Notice]:
        self._flush()
        params: dict[str, Any] = {"now": now, "owner": owner, "until": lease_until}
        if self._session.postgresql:
            candidates = self._session.select(_LOCKED, {"now": now, "limit": limit})
            params["ids"] = [notice_id for notice_id, locked in candidates if locked]
            if not params["ids"]:
                return []
            rows = self._session.select(_CLAIM_LOCKED, params)
        else:
            rows = self._session.select(_CLAIM_ALONE, params | {"limit": limit})
        claimed = self._notices.load(rows, refresh=True)
        # Some are put off, or given back at once.
        self._notices.used.update((notice.id, notice) for notice in claimed)
        return sorted(claimed, key=lambda notice: (notice.priority, notice.id))

    def waiting(self, contact_id: int, priority: Priority) -> Sequence[int]:
        # What is new is not written for this: it is asked for every reply.
        waiting = self._waiting[priority]
        if contact_id not in waiting and not self._contacts.made(contact_id):
            self._fetch_waiting(priority, [contact_id, *self._contacts.stored_keys()])
        added = (n.id for n in self._unleased if n.contact_id == contact_id and n.priority is priority)
        return [*waiting.get(contact_id, ()), *added]

    def _fetch_waiting(self, priority: Priority, contact_ids: Iterable[int]) -> None:
        """Of all who are in this group: the others' replies come next."""
        waiting = self._waiting[priority]
        wanted = [contact_id for contact_id in dict.fromkeys(contact_ids) if contact_id not in waiting]
        waiting.update((contact_id, []) for contact_id in wanted)
        sql, params = self._session.any_of(wanted)
        mark = self._notices.mapper.mark
        for contact_id, notice_id in self._session.rows(_WAITING.format(mark=mark) + sql, [int(priority), *params]):
            waiting[contact_id].append(notice_id)

    def resume(self, contact_id: int) -> Sequence[Notice]:
        self._write_marks()
        waited = self._notices.select(_UNTIL_THEY_WRITE, {"contact": contact_id})
        for notice in waited:
            notice.state, notice.due_at = NoticeState.PENDING, self._now
        # Replies that are told from now on see them in front of them, and somebody is woken to send them.
        self._unleased += waited
        return waited

    def unfinished(self, contact_id: int) -> Sequence[Notice]:
        self._write_marks()
        return self._notices.select(_UNFINISHED, {"contact": contact_id})

    def release(self) -> None:
        self._write_marks()
        self._session.run(_RELEASE)

    def mark_sent(self, owner: str, sent: Sequence[tuple[int, int, str]]) -> None:
        encode = self._notices.mapper.encode
        at = encode("sent_at", self._now)
        for notice_id, address_id, external_id in sent:
            known = self._notices.known(notice_id)
            if known is None:
                self._marks.append((at, encode("external_id", external_id), address_id, notice_id, owner))
            elif known.lease_owner == owner and known.state is NoticeState.PENDING:
                known.state, known.sent_at, known.external_id = NoticeState.SENT, self._now, external_id
                known.lease_owner = known.lease_until = known.error = None
                known.address_id, known.attempts = address_id, known.attempts + 1

    def _write_marks(self) -> None:
        """Before anything else is asked of the table, and at the end."""
        if self._marks:
            marks, self._marks = self._marks, []
            self._session.write(Write(_MARK.format(mark=self._notices.mapper.mark)), marks)

    def _flush(self) -> None:
        self._write_marks()
        self._notices.flush()

    @property
    def to_claim(self) -> bool:
        return bool(self._unleased)

    def by_external_id(self, address_id: int, external_id: str) -> Notice | None:
        self._write_marks()
        found = self._notices.select(_BY_EXTERNAL_ID, {"address": address_id, "external": external_id})
        return found[0] if found else None

    def of_case(self, case_id: int, states: Sequence[str]) -> Sequence[Notice]:
        self._write_marks()
        return self._notices.select(_OF_CASE, {"case": case_id, "states": [NoticeState(state) for state in states]})

    def oldest_pending(self, now: datetime) -> datetime | None:
        self._flush()
        ((oldest,),) = self._session.select(_OLDEST, {"now": now})
        return None if oldest is None else self._notices.mapper.decode("due_at", oldest)

    def counts(self) -> dict[str, int]:
        self._flush()
        return dict(self._session.select(_COUNTS))
