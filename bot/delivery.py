"""From the outbox to the channels: leases, rates, retries, order per person.

No transaction is open while a platform is called, and nobody waits for somebody else's slow platform. A process that
dies between sending and recording sends again when its lease has run out; nothing is lost, and a notice is doubled at
most once per death.
"""

import asyncio
import contextlib
import secrets
from collections import defaultdict
from collections.abc import AsyncGenerator, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import structlog

from bot.channel import (
    Channel,
    CountedChannel,
    DeliveryError,
    PermanentFailure,
    RateLimited,
    RecipientBlocked,
    RecipientMoved,
)
from bot.counted import CountedSending, NotNow
from bot.letters import Letter, LetterWriter
from bot.message import OutboundMessage
from bot.outcomes import Outcome, record
from bot.registry import Channels
from bot.wording import Wording
from routing.errors import RoutingError, StorageUnavailable
from routing.notice import Notice, NoticeState, Priority
from routing.ports import Clock, Names, UnitOfWork, Writer
from routing.quiet import held_until, hold
from routing.suggestion import Understanding

log = structlog.get_logger(__name__)

#: Notices claimed and not yet recorded, at most.
IN_FLIGHT = 100
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 12
#: Seconds within which a reply that was sent is recorded; most ride with the next message's commit.
RECORD_WITHIN = 0.05
#: Seconds until the next try after the first, second … failure; the last is repeated.
BACKOFF = (2, 5, 15, 60, 300, 900, 3600)
#: Behind one of these the person's later ones are not sent. One that waits until they write was put to wait already.
_UNFINISHED = (NoticeState.PENDING, NoticeState.WAITING)


class Delivery:
    """Sends what is due. `run` goes on until `stop`; `deliver_due` does one round and waits for it."""

    def __init__(
        self,
        writer: Writer,
        channels: Channels,
        understanding: Understanding,
        wording: Wording,
        clock: Clock,
        *,
        lease: timedelta = LEASE,
        poll_seconds: float = 1.0,
    ) -> None:
        self._writer = writer
        self._channels = channels
        self._letters = LetterWriter(channels, understanding, wording)
        self._clock = clock
        self._lease = lease
        #: What is not begun when only this much of its lease is left goes back: somebody else might soon send it too.
        self._spare = lease / 4
        self._poll_seconds = poll_seconds
        self._owner = secrets.token_hex(8)
        self._counted = CountedSending(writer, self._owner, lease, self._letters.is_open_elsewhere)
        self._awake = asyncio.Event()
        self._stopping = False
        self._under_way: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self._claimed: set[int] = set()
        #: Handed over and not yet recorded: the ids, and per person what is still to be sent.
        self._mine: set[int] = set()
        self._lines: dict[int, list[Letter]] = {}
        self._look_again = False
        #: Since when and until when an account takes nothing.
        self._closed: dict[tuple[str, str], tuple[datetime, datetime]] = {}
        self._next_slot: dict[tuple[str, str], float] = defaultdict(float)

    def wake(self) -> None:
        """Look at the outbox now: something was just put in."""
        # It may be held back by what is being sent to the same person.
        self._look_again = bool(self._mine)
        self._awake.set()

    async def run(self) -> None:
        """Deliver until `stop` is called, then finish what is under way."""
        while not self._stopping:
            self._awake.clear()
            claimed = 0
            try:
                claimed = await self._start_due()
            except StorageUnavailable:
                pass
            except Exception as error:
                # Whatever it is, the outbox is looked at again: nobody would notice that nothing goes out any more.
                log.error("outbox_not_claimed", error=type(error).__name__)
            if not claimed:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), self._poll_seconds)
        while self._under_way:
            await asyncio.wait(self._under_way)

    def stop(self) -> None:
        self._stopping = True
        self._awake.set()

    async def deliver_due(self) -> int:
        """Send what is due now and record it. Returns how many notices that were."""
        claimed = await self._start_due()
        while self._under_way:
            await asyncio.wait(self._under_way)
        return claimed

    def reserve(self, uow: UnitOfWork, notices: Sequence[Notice]) -> list[Letter]:
        """Lease new replies to one person, and word them, in the transaction that makes them: then no claim has to find
        them again. Without effect outside the transaction; `hand_over` what it returned once that is committed.

        Empty where they must wait for their turn in the outbox: too much is under way, or something is before them.
        """
        if not notices or self._stopping or self._in_flight + len(notices) > IN_FLIGHT:
            return []
        first = notices[0]
        if not self._mine.issuperset(uow.notices.waiting(first.contact_id, first.priority)):
            return []
        return [self.lease(uow, notice) for notice in notices]

    def lease(self, uow: UnitOfWork, notice: Notice) -> Letter:
        """Reserve one notice, whatever else is told to its person."""
        notice.lease_owner, notice.lease_until = self._owner, uow.now + self._lease
        return self._letter(uow, notice)

    def hand_over(self, letters: Sequence[Letter]) -> None:
        """Send what was reserved, after what this person is being sent already."""
        contact_id = letters[0].notice.contact_id
        self._in_flight += len(letters)
        self._mine.update(letter.notice.id for letter in letters)
        if contact_id in self._lines:
            self._lines[contact_id] += letters
            return
        self._lines[contact_id] = [*letters]
        self._begin(self._work_off(contact_id))

    def is_sending_to(self, contact_id: int) -> bool:
        """Whether something that was handed over for this person is not with them yet."""
        return contact_id in self._lines

    def answered(self, letters: Sequence[Letter]) -> None:
        """Record what was reserved as sent: it goes back in the answer to the message itself."""
        self._end(letters, NoticeState.SENT)

    def drop(self, letters: Sequence[Letter]) -> None:
        """Record what was reserved as obsolete: it need not be said any more."""
        self._end(letters, NoticeState.OBSOLETE)

    def _end(self, letters: Sequence[Letter], state: NoticeState) -> None:
        if not letters:
            return
        outcomes = [
            Outcome(
                letter.notice.id, state, address_id=letter.address.id if letter.address else None,
                attempted=state is NoticeState.SENT,
            )
            for letter in letters
        ]  # fmt: skip
        self._in_flight += len(letters)
        self._mine.update(letter.notice.id for letter in letters)
        self._begin(self._keep_mine(outcomes, wait=RECORD_WITHIN))

    def again(self, uow: UnitOfWork, notice_ids: Sequence[int]) -> list[OutboundMessage]:
        """The words of notices that a repeat of their message is to be answered with."""
        found = [notice for notice_id in notice_ids if (notice := uow.notices.get(notice_id)) is not None]
        return [message for notice in found if (message := self._letter(uow, notice).message) is not None]

    async def _work_off(self, contact_id: int) -> None:
        sent = await self._send_line(contact_id)
        if sent:
            await self._keep_mine(sent, wait=RECORD_WITHIN)

    async def _send_line(self, contact_id: int) -> list[Outcome]:
        """Send one person's replies as long as there are any. Returns what was sent last and is still to be recorded,
        which holds up nothing that comes for this person from now on."""
        waits_until: datetime | None = None
        sent: list[Outcome] = []
        try:
            while letters := self._lines[contact_id]:
                self._lines[contact_id] = []
                if sent:
                    self._begin(self._keep_mine(sent, wait=RECORD_WITHIN))
                    sent = []
                outcomes = [outcome async for outcome in self._send_in_order(letters, waits_until)]
                if all(outcome.state is NoticeState.SENT for outcome in outcomes):
                    sent = outcomes
                    continue
                waits_until = next((o.retry_at for o in outcomes if o.state in _UNFINISHED), waits_until)
                await self._keep_mine(outcomes)
        finally:
            del self._lines[contact_id]
        return sent

    async def _keep_mine(self, outcomes: list[Outcome], wait: float = 0.0) -> None:
        try:
            await self._keep(outcomes, wait)
        finally:
            self._in_flight -= len(outcomes)
            self._mine.difference_update(outcome.notice_id for outcome in outcomes)
            if self._look_again:
                self._look_again = False
                self._awake.set()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _start_due(self) -> int:
        """Claim what there is room for and begin to send it, one task a person. Returns how many were claimed."""
        room = IN_FLIGHT - self._in_flight
        if room <= 0:
            return 0
        letters = await self._writer.run(lambda uow: self._claim(uow, room))
        by_person: dict[int, list[Letter]] = defaultdict(list)
        for letter in letters:
            by_person[letter.notice.contact_id].append(letter)
        self._in_flight += len(letters)
        self._claimed.update(letter.notice.id for letter in letters)
        for mine in by_person.values():
            self._begin(self._deliver_to_one(mine))
        return len(letters)

    def _claim(self, uow: UnitOfWork, limit: int) -> list[Letter]:
        notices = uow.notices.claim(self._owner, uow.now, uow.now + self._lease, limit)
        # A clock that was set forward runs out the leases of what is just being sent. That keeps its new lease; what
        # else this person is to be told waits for it without one: the order is theirs.
        under_way = self._claimed | self._mine
        busy = {notice.contact_id for notice in notices if notice.id in under_way}
        for notice in notices:
            if notice.contact_id in busy and notice.id not in under_way:
                notice.lease_owner = notice.lease_until = None
        return [
            self._letter(uow, notice)
            for notice in notices
            if notice.contact_id not in busy and not self._hold_for_morning(uow, notice)
        ]

    def _hold_for_morning(self, uow: UnitOfWork, notice: Notice) -> bool:
        """Put off a push that falls into its member's quiet hours. Looked at when it is due, so that hours that were
        changed meanwhile count, and a try that failed in the evening is not made again at night."""
        contact = uow.contacts.get(notice.contact_id) if notice.member_id is not None else None
        until = held_until(contact, notice, uow.now) if contact is not None else None
        if until is None:
            return False
        hold(notice, until)
        return True

    def _letter(self, uow: UnitOfWork, notice: Notice) -> Letter:
        """One notice that can't be worded must not hold up all the others."""
        try:
            return self._letters.letter(uow, notice)
        except RoutingError:
            raise
        except Exception as error:
            log.error("notice_not_worded", kind=notice.kind, notice=notice.id, error=type(error).__name__)
            return Letter(notice, verdict=NoticeState.FAILED)

    async def _deliver_to_one(self, letters: list[Letter]) -> None:
        try:
            async for outcome in self._send_in_order(letters):
                # One by one: what was sent and not recorded comes twice when we die, and the next may wait long for
                # its turn. The commit is shared with whatever else is written just then.
                await self._keep([outcome])
        finally:
            self._in_flight -= len(letters)
            self._claimed.difference_update(letter.notice.id for letter in letters)
            self._awake.set()

    async def _keep(self, outcomes: list[Outcome], wait: float = 0.0) -> None:
        """Record what was sent. With the database away it is tried until it is back: recorded late is better than sent
        twice, and nobody else can claim it meanwhile."""
        names = Names(notice_ids=tuple(o.notice_id for o in outcomes if o.state is not NoticeState.SENT))
        while True:
            try:
                return await self._writer.run(
                    lambda uow: record(uow, self._owner, outcomes, self._letters), names, wait=wait
                )
            except StorageUnavailable:
                if self._stopping:
                    log.warning("outcomes_not_recorded", count=len(outcomes))
                    return None
                await asyncio.sleep(self._poll_seconds)

    async def _send_in_order(
        self, letters: list[Letter], waits_until: datetime | None = None
    ) -> AsyncGenerator[Outcome, None]:
        """Send one person's notices one after the other; after a failure the later ones wait with it, as all do when
        an earlier one `waits_until` then."""
        blocked: set[int] = set()
        for letter in letters:
            address_id = letter.address.id if letter.address else None
            if waits_until is not None:
                outcome = Outcome(letter.notice.id, NoticeState.PENDING, retry_at=waits_until, attempted=False)
            elif address_id in blocked:
                outcome = Outcome(letter.notice.id, NoticeState.BLOCKED, address_id=address_id, attempted=False)
            else:
                outcome = await self._send(letter)
                if outcome.state in _UNFINISHED:
                    waits_until = outcome.retry_at
                elif outcome.state is NoticeState.BLOCKED and address_id is not None:
                    blocked.add(address_id)
            yield outcome

    async def _send(self, letter: Letter) -> Outcome:
        notice, address, message = letter.notice, letter.address, letter.message
        if address is None or message is None:
            return Outcome(notice.id, letter.verdict or NoticeState.BLOCKED)
        key = (address.channel, address.account)
        channel = self._channels.get(*key)
        assert channel is not None, "a letter's address has a channel"
        await self._keep_pace(key, channel)
        now = self._clock()
        if notice.lease_until is not None and notice.lease_until - now < self._spare:
            return Outcome(notice.id, NoticeState.PENDING, retry_at=now, attempted=False)
        if (until := self._closed_until(key, now)) > now:
            return Outcome(notice.id, NoticeState.PENDING, retry_at=until, attempted=False)
        try:
            if channel.capabilities.windows is None:
                external_id = await channel.send(address.user_id, message)
            else:
                external_id = await self._counted.send(cast(CountedChannel, channel), letter)
        except NotNow as later:
            state = NoticeState.PENDING if later.again_at else NoticeState.WAITING
            return Outcome(notice.id, state, retry_at=later.again_at or now, attempted=False)
        except RecipientBlocked as error:
            return Outcome(notice.id, NoticeState.BLOCKED, error=str(error), address_id=address.id)
        except RecipientMoved as error:
            return Outcome(notice.id, NoticeState.PENDING, retry_at=now, moved_to=error.user_id, address_id=address.id)
        except RateLimited as error:
            until = max(now + timedelta(seconds=error.retry_after), self._closed_until(key, now))
            self._closed[key] = now, until
            return Outcome(notice.id, NoticeState.PENDING, error=str(error), retry_at=until, attempted=False)
        except PermanentFailure as error:
            return Outcome(notice.id, NoticeState.FAILED, error=str(error))
        except (DeliveryError, StorageUnavailable) as error:
            return self._later(notice, now, str(error))
        except Exception as error:
            log.error("delivery_raised", channel=address.channel, error=type(error).__name__)
            return self._later(notice, now, type(error).__name__)
        sent = Outcome(notice.id, NoticeState.SENT, external_id=external_id, address_id=address.id)
        if notice.priority is not Priority.REPLY and notice.member_id is None:
            sent.choices, sent.shown_at = tuple(token for _, token in notice.buttons), now
        return sent

    def _closed_until(self, key: tuple[str, str], now: datetime) -> datetime:
        """Until when an account takes nothing; `now` if it does, and if the clock was set back since."""
        since, until = self._closed.get(key, (now, now))
        return max(now, until) if since <= now else now

    def _later(self, notice: Notice, now: datetime, error: str) -> Outcome:
        if notice.attempts + 1 >= MAX_ATTEMPTS:
            return Outcome(notice.id, NoticeState.FAILED, error=error)
        wait = BACKOFF[min(notice.attempts, len(BACKOFF) - 1)]
        return Outcome(notice.id, NoticeState.PENDING, error=error, retry_at=now + timedelta(seconds=wait))

    async def _keep_pace(self, key: tuple[str, str], channel: Channel) -> None:
        """Space the sends of an account evenly below its rate."""
        if channel.capabilities.per_second <= 0:
            return
        now = asyncio.get_running_loop().time()
        slot = max(now, self._next_slot[key])
        self._next_slot[key] = slot + 1 / channel.capabilities.per_second
        if slot > now:
            await asyncio.sleep(slot - now)
