"""A notice made ready to send: whom it goes to now, and what it says now, in their language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bot.cards import EXCERPT, case_view
from bot.message import Button, OutboundMessage, Picture
from bot.registry import Channels
from bot.wording import Wording
from routing.notice import Notice, NoticeState
from routing.people import Address
from routing.permissions import member_sees
from routing.ports import UnitOfWork
from routing.suggestion import Understanding


@dataclass(frozen=True, slots=True)
class Letter:
    """`verdict` is set, and the rest None, when there is nothing to send. `fields` are the notice's parameters in
    words, where its channel counts and may have to announce it by a template."""

    notice: Notice
    address: Address | None = None
    message: OutboundMessage | None = None
    verdict: NoticeState | None = None
    fields: Mapping[str, str] | None = None


class LetterWriter:
    """Words notices. What a card shows of a case is read now, and only if its recipient may still see it."""

    def __init__(self, channels: Channels, understanding: Understanding, wording: Wording) -> None:
        self._channels = channels
        self._understanding = understanding
        self._wording = wording

    def letter(self, uow: UnitOfWork, notice: Notice) -> Letter:
        address = self.address(uow, notice)
        if address is None:
            return Letter(notice, verdict=NoticeState.BLOCKED)
        params = dict(notice.params)
        sealed = "_sealed" in params
        if sealed:
            params = orjson.loads(uow.sealer.open(params["_sealed"]))
        files: Sequence[int] = params.pop("_files", ())
        if notice.kind.startswith("card.") and notice.case_id is not None:
            case = uow.cases.get(notice.case_id)
            member = uow.directory.members.get(notice.member_id or 0)
            if case is None or member is None or not member_sees(uow, member, case):
                return Letter(notice, verdict=NoticeState.OBSOLETE)
            if not case.sealed:
                view = case_view(uow, self._understanding, case, limit=EXCERPT)
                params, files = {**view.params, **params}, view.files
        contact = uow.contacts.get(notice.contact_id)
        language = contact.language if contact else "zh_CN"
        message = OutboundMessage(
            text=self._wording.render(notice.kind, language, params),
            buttons=tuple(Button(self._wording.label(label, language), token) for label, token in notice.buttons),
            pictures=pictures(uow, files),
            sealed=sealed,
            notice_id=notice.id,
            case_id=notice.case_id,
        )
        return Letter(notice, address, message, fields=self._fields(notice, address, params, language, sealed))

    def _fields(
        self, notice: Notice, address: Address, params: Mapping[str, Any], language: str, sealed: bool
    ) -> Mapping[str, str] | None:
        """What fills a template, which stands on the lock screen: nothing of what is sealed."""
        channel = self._channels.get(address.channel, address.account)
        if sealed or channel is None or channel.capabilities.windows is None:
            return None
        return self._wording.values(params, language)

    def address(self, uow: UnitOfWork, notice: Notice) -> Address | None:
        """The pinned address, else the one used last, else any other that is open and has a channel."""
        if notice.address_id is not None:
            pinned = uow.contacts.address_by_id(notice.address_id)
            candidates = [pinned] if pinned else []
        else:
            contact = uow.contacts.get(notice.contact_id)
            last = contact.address_id if contact else None
            candidates = sorted(uow.contacts.addresses_of(notice.contact_id), key=lambda a: a.id != last)
        for address in candidates:
            if address.state == "active" and self._channels.get(address.channel, address.account) is not None:
                return address
        return None


def pictures(uow: UnitOfWork, file_ids: Sequence[int]) -> tuple[Picture, ...]:
    """What can be shown of stored files; those still at the platform are left out."""
    found = [uow.files.get(file_id) for file_id in file_ids]
    return tuple(
        Picture(file.name, file.mime or "", file.kind.value)
        for file in found
        if file is not None and file.state == "stored" and file.name is not None
    )
