"""What may go after a time: other people's traces in the tables that only carry messages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Delete, and_, bindparam, delete, exists, or_, select

from storage.schema import (
    access_attempts,
    addresses,
    buttons,
    cases,
    contacts,
    conversations,
    inbox,
    link_codes,
    mailbox,
    members,
    notices,
    submissions,
)
from storage.types import UtcTime
from storage.work import Work

_BEFORE = bindparam("before", type_=UtcTime)
_FORGETTABLE = (
    select(contacts.c.id)
    .where(
        exists().where(addresses.c.contact_id == contacts.c.id, addresses.c.state != "erased"),
        ~exists().where(conversations.c.contact_id == contacts.c.id, conversations.c.updated_at >= _BEFORE),
        ~exists().where(members.c.contact_id == contacts.c.id),
        ~exists().where(
            submissions.c.contact_id == contacts.c.id,
            submissions.c.case_id == cases.c.id,
            or_(cases.c.closed_at.is_(None), cases.c.closed_at >= _BEFORE),
        ),
    )
    .order_by(contacts.c.id)
    .limit(bindparam("limit"))
)
_OF_ADDRESS = delete(mailbox).where(mailbox.c.address_id == bindparam("address"))

#: Table → how old, and what is old. Repeats of a platform come within days; buttons and cards live for a month.
_OLD: dict[str, tuple[timedelta, Delete]] = {
    "buttons": (timedelta(days=1), delete(buttons).where(buttons.c.expires_at < _BEFORE)),
    "access_attempts": (timedelta(days=1), delete(access_attempts).where(access_attempts.c.since < _BEFORE)),
    "link_codes": (timedelta(days=1), delete(link_codes).where(link_codes.c.expires_at < _BEFORE)),
    "inbox": (
        timedelta(days=30),
        delete(inbox).where(inbox.c.received_at < _BEFORE, inbox.c.state == "handled"),
    ),
    "mailbox": (timedelta(days=365), delete(mailbox).where(mailbox.c.created_at < _BEFORE)),
    "notices": (
        timedelta(days=365),
        delete(notices).where(
            and_(notices.c.created_at < _BEFORE, notices.c.state.not_in(["pending", "waiting"])),
            ~exists().where(mailbox.c.notice_id == notices.c.id),
        ),
    ),
}


class Housekeeping:
    """`routing.repositories.HousekeepingRepository`."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def forgettable(self, before: datetime, limit: int) -> Sequence[int]:
        self._work.flush()
        rows: list[Any] = self._work.session.select(_FORGETTABLE, {"before": before, "limit": limit})
        return [row[0] for row in rows]

    def empty_mailbox(self, address_id: int) -> None:
        self._work.flush()
        self._work.session.run(_OF_ADDRESS, {"address": address_id})

    def purge(self, now: datetime) -> None:
        self._work.flush()
        for age, statement in _OLD.values():
            self._work.session.run(statement, {"before": now - age})
