"""What was taken in."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from routing.inbox import InboxRecord
from storage.schema import inbox
from storage.tables import INBOX_KEY
from storage.work import Work

_FAILED = select(inbox).where(inbox.c.state == "failed").order_by(inbox.c.id).limit(bindparam("limit"))


class Inbox:
    """`routing.repositories.InboxRepository`."""

    def __init__(self, work: Work) -> None:
        self._records = work.map(work.tables.inbox)

    def get(self, channel: str, account: str, external_id: str) -> InboxRecord | None:
        return self._records.find(INBOX_KEY, channel, account, external_id)

    def add(self, record: InboxRecord) -> None:
        self._records.add(record)

    def failed(self, limit: int = 100) -> Sequence[InboxRecord]:
        return self._records.select(_FAILED, {"limit": limit})
