"""One access token for all processes: kept sealed in the database, fetched by whoever holds the lease.

    token()  the one at hand; near its end one process fetches the next, the others go on with what there is
    use()    a call with it; refused, it is renewed once and called again; refused again, it is an alarm

A token server that fails is asked again after 2, 5, 15 … seconds, and the old token goes on while it lives. Without a
token the account is out of order, not the message: `RateLimited` lets everything wait and uses up nobody's tries.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import structlog

from bot.channel import DeliveryError, RateLimited
from routing.platform_token import PlatformToken
from routing.ports import Clock, UnitOfWork, Writer

log = structlog.get_logger(__name__)

T = TypeVar("T")
#: Returns a token and for how many seconds it is good. Raises `DeliveryError`.
Fetch = Callable[[], Awaitable[tuple[str, float]]]

#: Fetched anew so long before its end, so that one that was just handed out outlives the call.
RENEW_BEFORE: Final = timedelta(minutes=5)
#: How long one process may take to fetch.
LEASE: Final = timedelta(seconds=30)
#: Seconds until the next fetch after the first, second … failure; the last is repeated.
BACKOFF: Final = (2, 5, 15, 60, 300)
#: How long nothing is tried after the platform refused a token that it had just given.
REFUSED: Final = timedelta(minutes=5)
#: Seconds between two looks at what another process is fetching, and for how long it is looked: whoever waits for a
#: token has leased a notice.
LOOK_EVERY: Final = 0.2
LOOK_FOR: Final = 5.0


class TokenRefused(Exception):
    """The platform refused the token of a call: it ran out, or was made void."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the row said: the token while it lives and until when, before when nobody fetches, what is wrong; and
    whether it is for us to fetch now, or somebody else is at it."""

    token: str | None = None
    ends_at: datetime | None = None
    retry_at: datetime | None = None
    trouble: str | None = None
    ours: bool = False
    theirs: bool = False


class TokenHolder:
    """The token of one account. Every process has its own holder; the row of (channel, account) is what they share."""

    def __init__(self, fetch: Fetch, writer: Writer, channel: str, account: str, clock: Clock) -> None:
        self._fetch = fetch
        self._writer = writer
        self._channel = channel
        self._account = account
        self._clock = clock
        self._owner = secrets.token_hex(8)
        self._seen = _Seen()
        self._busy = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good now. Raises `RateLimited` where none is to be had, or `StorageUnavailable`."""
        now, seen = self._clock(), self._seen
        if seen.token is not None and seen.ends_at is not None and now < seen.ends_at:
            fresh = now < seen.ends_at - RENEW_BEFORE
            if fresh or _resting(seen.retry_at, now) or self._busy.locked():
                return seen.token
        async with self._busy:
            return (await self._obtain(None))[0]

    async def renew(self, stale: str) -> str:
        """A token after the platform refused `stale`: what another process has got since, or what the platform gives
        now. Raises as `token` does."""
        async with self._busy:
            return (await self._obtain(stale))[0]

    async def use(self, call: Callable[[str], Awaitable[T]]) -> T:
        """What `call` returns for a token. Where it raises `TokenRefused`, it is called again with what another process
        has got since, and at last with one that was fetched for it.

        Raises what `call` raises, and `RateLimited` where the platform refuses that one as well.
        """
        token, fetched = await self.token(), False
        while True:
            try:
                result = await call(token)
                break
            except TokenRefused:
                if fetched:
                    raise await self._alarm(token) from None
                async with self._busy:
                    token, fetched = await self._obtain(token)
        if self._seen.trouble == "refused":
            self._seen = await self._writer.run(self._accepted)
            log.info("platform_token.accepted", channel=self._channel, account=self._account)
        return result

    async def _alarm(self, token: str) -> RateLimited:
        """The platform refuses what it has just given: somebody must look into it."""
        self._seen = await self._writer.run(lambda uow: self._refused(uow, token))
        log.error("platform_token.refused_twice", channel=self._channel, account=self._account)
        return self._none(self._seen)

    async def _obtain(self, stale: str | None) -> tuple[str, bool]:
        """Take what another process has got, or fetch (then the second is True), or wait for whoever is fetching."""
        deadline = asyncio.get_running_loop().time() + LOOK_FOR
        while True:
            seen = self._seen = await self._writer.run(partial(self._look, stale=stale))
            if seen.ours:
                seen = self._seen = await self._fetched()
                if seen.token is not None and seen.retry_at is None:
                    # What the platform gives now counts, even if it is the one that it refused.
                    return seen.token, True
            if seen.token is not None and seen.token != stale:
                return seen.token, False
            if not seen.theirs or asyncio.get_running_loop().time() > deadline:
                raise self._none(seen)
            await asyncio.sleep(LOOK_EVERY)

    async def _fetched(self) -> _Seen:
        try:
            token, lifetime = await self._fetch()
        except DeliveryError as error:
            log.error("platform_token.not_fetched", channel=self._channel, account=self._account, error=str(error))
            return await self._writer.run(self._failed)
        return await self._writer.run(lambda uow: self._keep(uow, token, lifetime))

    def _look(self, uow: UnitOfWork, *, stale: str | None) -> _Seen:
        """Read the row, and take the lease if it is time to fetch and nobody else is at it."""
        row, now = self._row(uow), uow.now
        token = self._open(uow, row)
        wanted = token is None or token == stale or row.ends_at is None or now >= row.ends_at - RENEW_BEFORE
        leased = row.lease_until is not None and now < row.lease_until <= now + LEASE
        theirs = wanted and leased and row.lease_owner != self._owner
        ours = wanted and not theirs and not _resting(row.retry_at, now)
        if ours:
            row.lease_owner, row.lease_until = self._owner, now + LEASE
        return _Seen(token, row.ends_at, row.retry_at, row.trouble, ours, theirs)

    def _keep(self, uow: UnitOfWork, token: str, lifetime: float) -> _Seen:
        row = self._row(uow)
        row.sealed, row.ends_at = uow.sealer.seal(token), uow.now + timedelta(seconds=lifetime)
        row.lease_owner = row.lease_until = row.retry_at = None
        row.failures = 0
        if row.trouble == "fetch":
            row.trouble = row.trouble_since = None
        return _Seen(token, row.ends_at, trouble=row.trouble)

    def _failed(self, uow: UnitOfWork) -> _Seen:
        row = self._row(uow)
        row.lease_owner = row.lease_until = None
        row.retry_at = uow.now + timedelta(seconds=BACKOFF[min(row.failures, len(BACKOFF) - 1)])
        row.failures += 1
        if row.trouble is None:
            row.trouble, row.trouble_since = "fetch", uow.now
        return _Seen(self._open(uow, row), row.ends_at, row.retry_at, row.trouble)

    def _refused(self, uow: UnitOfWork, token: str) -> _Seen:
        row = self._row(uow)
        if self._open(uow, row) == token:
            row.sealed = row.ends_at = None
            row.retry_at = uow.now + REFUSED
        if row.trouble != "refused":
            row.trouble, row.trouble_since = "refused", uow.now
        return _Seen(self._open(uow, row), row.ends_at, row.retry_at, row.trouble)

    def _accepted(self, uow: UnitOfWork) -> _Seen:
        """A call went well, so the token is good, whatever was wrong before."""
        row = self._row(uow)
        if row.trouble == "refused":
            row.trouble = row.trouble_since = None
        return _Seen(self._open(uow, row), row.ends_at, row.retry_at, row.trouble)

    def _row(self, uow: UnitOfWork) -> PlatformToken:
        row = uow.tokens.get(self._channel, self._account)
        if row is None:
            row = PlatformToken(self._channel, self._account)
            uow.tokens.add(row)
        return row

    def _open(self, uow: UnitOfWork, row: PlatformToken) -> str | None:
        """The token while it lives. One that was sealed with a key that is lost is none."""
        if row.sealed is None or not row.lives(uow.now):
            return None
        try:
            return uow.sealer.open(row.sealed)
        except ValueError:
            return None

    def _none(self, seen: _Seen) -> RateLimited:
        wait = (seen.retry_at - self._clock()).total_seconds() if seen.retry_at else 0.0
        return RateLimited(max(1.0, wait), "no access token")


def _resting(retry_at: datetime | None, now: datetime) -> bool:
    """Whether nothing is to be fetched yet; a clock that was set back must not make it hours."""
    return retry_at is not None and now < retry_at <= now + REFUSED
