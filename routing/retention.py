"""Keeping the promise of the privacy notice: what tells who somebody is goes 180 days after their last case closed.

Source: personal information protection law Art. 19 and 47 (delete when the purpose is over). What is left of a case is
its matter, for statistics and the archive.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from routing.case import PartKind
from routing.erasure import erase_part
from routing.notice import NoticeState
from routing.ports import FileStore, UnitOfWork, Writer
from routing.suggestion import Understanding

IDENTITY: Final = timedelta(days=180)
ORPHAN: Final = timedelta(days=1)
BATCH: Final = 50


def erase_identities(uow: UnitOfWork, understanding: Understanding) -> None:
    """Erase who wrote, of people whose cases have all been over for 180 days.

    Their addresses can't be reached any more, what their web chat showed is emptied, phone and identity numbers in
    their words are hidden for good, and their voice is deleted. Members keep theirs: they are at work.
    """
    for contact_id in uow.housekeeping.forgettable(uow.now - IDENTITY, BATCH):
        _stop_waiting(uow, contact_id)
        for address in uow.contacts.addresses_of(contact_id):
            uow.housekeeping.empty_mailbox(address.id)
            address.user_id, address.state, address.allowance = f"erased-{address.id}", "erased", None
        for submission in uow.submissions.of_contact(contact_id):
            for part in uow.submissions.parts(submission.id):
                if part.text is not None:
                    part.text = understanding.mask(part.text)
                if part.kind is PartKind.VOICE:
                    erase_part(uow, part)


def _stop_waiting(uow: UnitOfWork, contact_id: int) -> None:
    """What waited for them to write has nobody to go to any more."""
    contact = uow.contacts.get(contact_id)
    if contact is not None and contact.waiting:
        contact.waiting = 0
        for notice in uow.notices.resume(contact_id):
            notice.state = NoticeState.OBSOLETE


class Housekeeper:
    """The daily round: rows first, then the files that they no longer name."""

    def __init__(self, writer: Writer, files: FileStore, understanding: Understanding) -> None:
        self._writer = writer
        self._files = files
        self._understanding = understanding

    async def tidy(self) -> None:
        def rows(uow: UnitOfWork) -> tuple[set[str], datetime]:
            uow.housekeeping.purge(uow.now)
            erase_identities(uow, self._understanding)
            return uow.files.names(), uow.now

        names, now = await self._writer.run(rows)
        # A file is written before its row is committed: only what is a day old is an orphan.
        await asyncio.to_thread(self._files.sweep, names, now - ORPHAN)
