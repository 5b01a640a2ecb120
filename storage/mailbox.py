"""What web chats were shown."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from routing.inbox import MailboxMessage
from storage.schema import mailbox
from storage.work import Work

_OF_ADDRESS = select(mailbox).where(mailbox.c.address_id == bindparam("address")).order_by(mailbox.c.seq)
_AFTER = _OF_ADDRESS.where(mailbox.c.seq > bindparam("seq")).limit(bindparam("limit"))
_AT = _OF_ADDRESS.where(mailbox.c.seq == bindparam("seq"))
_OF_NOTICE = _OF_ADDRESS.where(mailbox.c.notice_id == bindparam("notice"))


class Mailbox:
    """`routing.repositories.MailboxRepository`."""

    def __init__(self, work: Work) -> None:
        self._messages = work.map(work.tables.mailbox)

    def add(self, message: MailboxMessage) -> None:
        self._messages.add(message)

    def after(self, address_id: int, seq: int, limit: int = 200) -> Sequence[MailboxMessage]:
        return self._messages.select(_AFTER, {"address": address_id, "seq": seq, "limit": limit})

    def of_notice(self, address_id: int, notice_id: int) -> MailboxMessage | None:
        found = self._messages.select(_OF_NOTICE, {"address": address_id, "notice": notice_id})
        return found[0] if found else None

    def get(self, address_id: int, seq: int) -> MailboxMessage | None:
        found = self._messages.select(_AT, {"address": address_id, "seq": seq})
        return found[0] if found else None
