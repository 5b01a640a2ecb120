"""From the outbox to the channels: leases, rates, retries, order per person. A notice is worded when it is sent.

No transaction is open while a platform is called. A process that dies between sending and recording sends again when
its lease has run out; nothing is lost, and a notice is doubled at most once per death.
"""

import asyncio
import contextlib
import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import structlog

from bot.cards import EXCERPT, case_view
from bot.channel import (
    Channel,
    DeliveryError,
    PermanentFailure,
    RateLimited,
    RecipientBlocked,
    RecipientMoved,
)
from bot.message import Button, OutboundMessage
from bot.reception import pictures
from bot.registry import Channels
from bot.wording import Wording
from routing.errors import StorageUnavailable
from routing.notice import Notice, NoticeState
from routing.people import Address
from routing.permissions import member_sees
from routing.ports import Clock, UnitOfWork, Writer
from routing.suggestion import Understanding

log = structlog.get_logger(__name__)

BATCH = 50
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 12
#: Seconds until the next try after the first, second … failure; the last is repeated.
BACKOFF = (2, 5, 15, 60, 300, 900, 3600)


@dataclass(slots=True)
class _Letter:
    """A claimed notice, worded and addressed; `verdict` is set when there is nothing to send."""

    notice: Notice
    address: Address | None = None
    message: OutboundMessage | None = None
    verdict: NoticeState | None = None


@dataclass(slots=True)
class _Outcome:
    notice_id: int
    state: NoticeState
    error: str | None = None
    external_id: str | None = None
    retry_at: datetime | None = None
    moved_to: str | None = None
    address_id: int | None = None
    attempted: bool = True


class Delivery:
    """Sends what is due. `run` goes on until `stop`; `deliver_due` does one round (tests and the terminal demo)."""

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
        self._understanding = understanding
        self._wording = wording
        self._clock = clock
        self._lease = lease
        self._poll_seconds = poll_seconds
        self._owner = secrets.token_hex(8)
        self._awake = asyncio.Event()
        self._stopping = False
        self._not_before: dict[tuple[str, str], datetime] = {}
        self._pace: dict[tuple[str, str], float] = defaultdict(float)

    def wake(self) -> None:
        """Look at the outbox now: something was just put in."""
        self._awake.set()

    async def run(self) -> None:
        """Deliver until `stop` is called."""
        while not self._stopping:
            self._awake.clear()
            try:
                busy = await self.deliver_due()
            except StorageUnavailable:
                busy = 0
            if not busy:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), self._poll_seconds)

    def stop(self) -> None:
        self._stopping = True
        self._awake.set()

    async def deliver_due(self) -> int:
        """Claim one batch, send it, record it. Returns how many notices were claimed."""
        letters = await self._writer.run(self._claim)
        if not letters:
            return 0
        by_person: dict[int, list[_Letter]] = defaultdict(list)
        for letter in letters:
            by_person[letter.notice.contact_id].append(letter)
        rounds = await asyncio.gather(*(self._send_in_order(mine) for mine in by_person.values()))
        outcomes = [outcome for mine in rounds for outcome in mine]
        await self._writer.run(lambda uow: self._record(uow, outcomes))
        return len(letters)

    def _claim(self, uow: UnitOfWork) -> list[_Letter]:
        notices = uow.notices.claim(self._owner, uow.now, uow.now + self._lease, BATCH)
        return [self._letter(uow, notice) for notice in notices]

    def _letter(self, uow: UnitOfWork, notice: Notice) -> _Letter:
        address = self._address(uow, notice)
        if address is None:
            return _Letter(notice, verdict=NoticeState.BLOCKED)
        contact = uow.contacts.get(notice.contact_id)
        language = contact.language if contact else "zh_CN"
        params = dict(notice.params)
        sealed = "_sealed" in params
        if sealed:
            params = orjson.loads(uow.sealer.open(params["_sealed"]))
        files: Sequence[int] = params.pop("_files", ())
        if notice.kind.startswith("card.") and notice.case_id is not None:
            case = uow.cases.get(notice.case_id)
            member = uow.directory.members.get(notice.member_id or 0)
            if case is None or member is None or not member_sees(uow, member, case):
                return _Letter(notice, verdict=NoticeState.OBSOLETE)
            if notice.kind != "card.integrity":
                view = case_view(uow, self._understanding, case, limit=EXCERPT)
                params, files = {**view.params, **params}, view.files
        message = OutboundMessage(
            text=self._wording.render(notice.kind, language, params),
            buttons=tuple(Button(self._wording.label(label, language), token) for label, token in notice.buttons),
            pictures=pictures(uow, files),
            sealed=sealed,
            notice_id=notice.id,
            case_id=notice.case_id,
        )
        return _Letter(notice, address, message)

    def _address(self, uow: UnitOfWork, notice: Notice) -> Address | None:
        """The pinned address, else the one used last, else any other that is open and has a channel."""
        candidates: list[Address] = []
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

    async def _send_in_order(self, letters: list[_Letter]) -> list[_Outcome]:
        """Send one person's notices one after the other; after a failure the later ones wait with it."""
        outcomes: list[_Outcome] = []
        stopped: datetime | None = None
        for letter in letters:
            if stopped is not None:
                outcomes.append(_Outcome(letter.notice.id, NoticeState.PENDING, retry_at=stopped, attempted=False))
                continue
            outcome = await self._send(letter)
            outcomes.append(outcome)
            if outcome.state is NoticeState.PENDING:
                stopped = outcome.retry_at
        return outcomes

    async def _send(self, letter: _Letter) -> _Outcome:
        notice = letter.notice
        if letter.verdict is not None or letter.address is None or letter.message is None:
            return _Outcome(notice.id, letter.verdict or NoticeState.BLOCKED)
        address = letter.address
        key = (address.channel, address.account)
        channel = self._channels.get(*key)
        assert channel is not None, "_address chose one with a channel"
        now = self._clock()
        closed_until = self._not_before.get(key)
        if closed_until is not None and now < closed_until:
            return _Outcome(notice.id, NoticeState.PENDING, retry_at=closed_until, attempted=False)
        await self._keep_pace(key, channel)
        try:
            external_id = await channel.send(address.user_id, letter.message)
        except RecipientBlocked as error:
            return _Outcome(notice.id, NoticeState.BLOCKED, error=str(error), address_id=address.id)
        except RecipientMoved as error:
            return _Outcome(notice.id, NoticeState.PENDING, retry_at=now, moved_to=error.user_id, address_id=address.id)
        except RateLimited as error:
            until = now + timedelta(seconds=error.retry_after)
            self._not_before[key] = max(until, self._not_before.get(key, until))
            return _Outcome(notice.id, NoticeState.PENDING, error="rate limited", retry_at=until, attempted=False)
        except PermanentFailure as error:
            return _Outcome(notice.id, NoticeState.FAILED, error=str(error))
        except DeliveryError as error:
            return self._later(notice, now, str(error))
        except StorageUnavailable:
            return self._later(notice, now, "storage")
        except Exception as error:
            log.error("delivery_raised", channel=address.channel, error=type(error).__name__)
            return self._later(notice, now, type(error).__name__)
        return _Outcome(notice.id, NoticeState.SENT, external_id=external_id, address_id=address.id)

    def _later(self, notice: Notice, now: datetime, error: str) -> _Outcome:
        if notice.attempts + 1 >= MAX_ATTEMPTS:
            return _Outcome(notice.id, NoticeState.FAILED, error=error)
        wait = BACKOFF[min(notice.attempts, len(BACKOFF) - 1)]
        return _Outcome(notice.id, NoticeState.PENDING, error=error, retry_at=now + timedelta(seconds=wait))

    async def _keep_pace(self, key: tuple[str, str], channel: Channel) -> None:
        """Space the sends of an account evenly below its rate."""
        if channel.capabilities.per_second <= 0:
            return
        loop = asyncio.get_running_loop()
        at = max(loop.time(), self._pace[key])
        self._pace[key] = at + 1 / channel.capabilities.per_second
        if at > loop.time():
            await asyncio.sleep(at - loop.time())

    def _record(self, uow: UnitOfWork, outcomes: list[_Outcome]) -> None:
        for outcome in outcomes:
            notice = uow.notices.get(outcome.notice_id)
            if notice is None or notice.lease_owner != self._owner or notice.state is not NoticeState.PENDING:
                continue
            notice.lease_owner = notice.lease_until = None
            notice.state, notice.error = outcome.state, outcome.error
            notice.attempts += outcome.attempted
            if outcome.external_id is not None:
                notice.sent_at, notice.external_id = uow.now, outcome.external_id
                notice.address_id = outcome.address_id
            if outcome.retry_at is not None:
                notice.due_at = max(outcome.retry_at, notice.due_at)
            self._mark_address(uow, notice, outcome)

    def _mark_address(self, uow: UnitOfWork, notice: Notice, outcome: _Outcome) -> None:
        address = uow.contacts.address_by_id(outcome.address_id) if outcome.address_id else None
        if address is None:
            return
        if outcome.moved_to is not None:
            address.user_id = outcome.moved_to
        elif outcome.state is NoticeState.BLOCKED:
            address.state = "blocked"
            if notice.address_id is None and self._address(uow, notice) is not None:
                # Another way to this person is open: try that one.
                notice.state = NoticeState.PENDING
