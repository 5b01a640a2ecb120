"""Sending where a platform counts what goes to one person (`routing.windows`).

A permit is taken in a transaction of its own before each send, so that a process that dies in between wastes one and
never sends one too many. Where there is none until the person writes, the notice is put to wait in that same
transaction; what the person writes makes it due again. Both lock the contact, so none of it is missed between them.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.channel import (
    CountedChannel,
    DeliveryError,
    NotReached,
    PermanentFailure,
    RateLimited,
    RecipientBlocked,
    WindowClosed,
)
from bot.letters import Letter
from bot.message import InboundMessage
from routing.errors import StorageUnavailable
from routing.notice import Notice, NoticeState
from routing.people import Address, Contact
from routing.ports import Names, UnitOfWork, Writer
from routing.windows import Permit, Windows, give_back, is_open, open_window, shut, take


class NotNow(Exception):
    """Nothing was sent. `again_at`: when to try again; None where the notice now waits until the person writes."""

    def __init__(self, again_at: datetime | None) -> None:
        super().__init__("no permit")
        self.again_at = again_at


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a transaction said: send, or announce, or neither."""

    permit: Permit
    announce: bool = False


class CountedSending:
    """Sends the letters that `owner` has leased, each for `lease`; a long one renews it with each piece, and stays with
    the address that has its first. `is_open_elsewhere` says that another address of the person takes it now: then it
    does not wait."""

    def __init__(
        self,
        writer: Writer,
        owner: str,
        lease: timedelta,
        is_open_elsewhere: Callable[[UnitOfWork, Notice, Address], bool],
    ) -> None:
        self._writer = writer
        self._owner = owner
        self._lease = lease
        self._is_open_elsewhere = is_open_elsewhere

    async def send(self, channel: CountedChannel, letter: Letter) -> str:
        """Send what of a letter was not sent yet; returns the platform's id of the last piece.

        Raises `NotNow`, `DeliveryError` or `StorageUnavailable`.
        """
        notice, address, message = letter.notice, letter.address, letter.message
        assert address is not None, "a letter without an address is not sent"
        assert message is not None, "a letter without words is not sent"
        parts = channel.parts(message)
        external_id = ""
        # Worded anew, a card may have fewer pieces than were sent; its last one tells how things stand.
        for at in range(min(notice.parts_sent, len(parts) - 1), len(parts)):
            answer = await self._ask(channel, letter, at)
            if answer.announce:
                raise NotNow(await self._announce(channel, letter, address))
            if not answer.permit.granted:
                raise NotNow(answer.permit.again_at)
            try:
                external_id = await channel.send(address.user_id, parts[at])
            except WindowClosed:
                # The platform counts otherwise than we did: it is right.
                raise NotNow(await self._wait(channel, letter, answer.permit)) from None
            except (RateLimited, RecipientBlocked, PermanentFailure, NotReached):
                # It did not take this one. After a time-out nobody knows, and the permit stays used.
                with contextlib.suppress(NotNow, StorageUnavailable):
                    back = partial(self._give_back, letter=letter, permit=answer.permit)
                    await self._writer.run(back, _names(letter))
                raise
        return external_id

    async def _ask(self, channel: CountedChannel, letter: Letter, sent: int) -> _Answer:
        windows = _windows(channel)

        def ask(uow: UnitOfWork) -> _Answer:
            notice, address = self._mine(uow, letter)
            if sent != notice.parts_sent:
                notice.parts_sent, notice.lease_until = sent, uow.now + self._lease
                notice.address_id = address.id
            permit, address.allowance = take(address.allowance, windows, uow.now)
            if permit.granted or permit.again_at is not None:
                return _Answer(permit)
            if self._is_open_elsewhere(uow, notice, address):
                return _Answer(Permit(False, again_at=uow.now))
            if notice.announced_at is None and letter.fields is not None and channel.announces(notice.kind):
                # Noted before: a process that dies while it announces must not do it twice.
                notice.announced_at = uow.now
                return _Answer(permit, announce=True)
            _put_to_wait(uow, notice)
            return _Answer(permit)

        return await self._writer.run(ask, _names(letter))

    async def _announce(self, channel: CountedChannel, letter: Letter, address: Address) -> datetime | None:
        """Tell the person that something waits for them, then let it wait. Returns what `_wait` does."""
        try:
            await channel.announce(address.user_id, letter.notice.kind, letter.fields or {})
        except (WindowClosed, PermanentFailure):
            # They did not subscribe, or the template is not as we think: it waits without their knowing.
            pass
        except DeliveryError:
            await self._writer.run(lambda uow: self._not_announced(uow, letter), _names(letter))
            raise
        return await self._wait(channel, letter)

    def _give_back(self, uow: UnitOfWork, *, letter: Letter, permit: Permit) -> None:
        _, address = self._mine(uow, letter)
        address.allowance = give_back(address.allowance, permit)

    def _not_announced(self, uow: UnitOfWork, letter: Letter) -> None:
        notice, _ = self._mine(uow, letter)
        notice.announced_at = None

    async def _wait(self, channel: CountedChannel, letter: Letter, permit: Permit | None = None) -> datetime | None:
        """Let a notice wait until the person writes, and forget the window of `permit`. Returns now, and the notice
        goes on, if they wrote just then."""
        windows = _windows(channel)

        def wait(uow: UnitOfWork) -> datetime | None:
            notice, address = self._mine(uow, letter)
            if permit is not None:
                address.allowance = shut(address.allowance, permit)
            if is_open(address.allowance, windows, uow.now) or self._is_open_elsewhere(uow, notice, address):
                return uow.now
            _put_to_wait(uow, notice)
            return None

        return await self._writer.run(wait, _names(letter))

    def _mine(self, uow: UnitOfWork, letter: Letter) -> tuple[Notice, Address]:
        """The rows as they are now. Raises `NotNow` when the lease ran out and somebody else has the notice."""
        assert letter.address is not None, "a letter without an address is not sent"
        notice = uow.notices.get(letter.notice.id)
        address = uow.contacts.address_by_id(letter.address.id)
        if notice is None or address is None or notice.lease_owner != self._owner:
            raise NotNow(uow.now)
        return notice, address


def heard_from(
    uow: UnitOfWork, contact: Contact, address: Address, message: InboundMessage, windows: Windows | None
) -> Sequence[Notice]:
    """Note in the transaction of an inbound message what may be sent to its sender from now on, and make due what
    waited for it, which is returned. Costs nothing where no platform counts."""
    if message.kind == "blocked":
        address.allowance = None
        others = uow.contacts.addresses_of(contact.id) if contact.waiting else ()
        if any(other.id != address.id and other.state == "active" for other in others):
            contact.waiting = 0
            uow.notices.resume(contact.id)
        return ()
    if windows is not None:
        if message.opens is None:
            return ()
        at = min(message.received_at, uow.now)
        address.allowance = open_window(address.allowance, windows, message.opens, at)
    if not contact.waiting:
        return ()
    contact.waiting = 0
    return uow.notices.resume(contact.id)


def _put_to_wait(uow: UnitOfWork, notice: Notice) -> None:
    contact = uow.contacts.get(notice.contact_id)
    assert contact is not None, "a notice always has its contact"
    notice.state = NoticeState.WAITING
    notice.lease_owner = notice.lease_until = None
    contact.waiting += 1


def _windows(channel: CountedChannel) -> Windows:
    windows = channel.capabilities.windows
    assert windows is not None, "a channel that does not count sends without permits"
    return windows


def _names(letter: Letter) -> Names:
    """The address, so that its contact is locked where several processes write."""
    assert letter.address is not None, "a letter without an address is not sent"
    address = letter.address
    return Names(address_key=(address.channel, address.account, address.user_id), notice_ids=(letter.notice.id,))
