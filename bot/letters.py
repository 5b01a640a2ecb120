"""A notice made ready to send: whom it goes to now, and what it says now, in their language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bot.cards import EXCERPT, case_view
from bot.message import Button, OutboundMessage, Picture
from bot.registry import Channels
from bot.where_when import heard, heard_line
from bot.wording import Wording
from routing.linking import by_use, living
from routing.notice import Notice, NoticeState
from routing.people import Address
from routing.permissions import member_sees
from routing.ports import UnitOfWork
from routing.suggestion import Understanding
from routing.windows import is_open


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
    """Words notices. What a card or receipt shows of a case is read now, and only if its recipient may still see it."""

    def __init__(self, channels: Channels, understanding: Understanding, wording: Wording) -> None:
        self._channels = channels
        self._understanding = understanding
        self._wording = wording

    def letter(self, uow: UnitOfWork, notice: Notice) -> Letter:
        contact = living(uow, notice.contact_id)
        if contact is not None and contact.id != notice.contact_id:
            # It was told just when they were joined to another of their chats.
            notice.contact_id = contact.id
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
        elif notice.kind == "receipt.quiet" and notice.case_id is not None:
            case = uow.cases.get(notice.case_id)
            params["heard"] = heard_line(heard(uow, self._understanding, case)) if case is not None else ""
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
        """The pinned address, else the first that takes something now of those that are open and have a channel: where
        a member wants their pushes, then the one used last, then the others, the latest first. Where none takes
        anything before the person writes, the first of them."""
        if notice.address_id is not None:
            pinned = uow.contacts.address_by_id(notice.address_id)
            candidates = [pinned] if pinned else []
        else:
            candidates = self._by_preference(uow, notice)
        usable = [a for a in candidates if a.state == "active" and self._channels.get(a.channel, a.account) is not None]
        return next((a for a in usable if self._takes(a, uow)), usable[0] if usable else None)

    def is_open_elsewhere(self, uow: UnitOfWork, notice: Notice, address: Address) -> bool:
        """Whether a notice that must wait at one address of its person can go out by another one."""
        other = self.address(uow, notice)
        return other is not None and other.id != address.id and self._takes(other, uow)

    def _by_preference(self, uow: UnitOfWork, notice: Notice) -> list[Address]:
        contact = uow.contacts.get(notice.contact_id)
        candidates = list(uow.contacts.addresses_of(notice.contact_id))
        if contact is None or len(candidates) < 2:
            return candidates
        chosen = contact.push_address_id if notice.member_id is not None else None
        return sorted(by_use(uow, candidates), key=lambda a: (a.id != chosen, a.id != contact.address_id))

    def _takes(self, address: Address, uow: UnitOfWork) -> bool:
        channel = self._channels.get(address.channel, address.account)
        windows = channel.capabilities.windows if channel is not None else None
        return windows is None or is_open(address.allowance, windows, uow.now)


def pictures(uow: UnitOfWork, file_ids: Sequence[int]) -> tuple[Picture, ...]:
    """What can be shown of stored files; those still at the platform are left out."""
    found = [uow.files.get(file_id) for file_id in file_ids]
    return tuple(
        Picture(file.name, file.mime or "", file.kind.value)
        for file in found
        if file is not None and file.state == "stored" and file.name is not None
    )
