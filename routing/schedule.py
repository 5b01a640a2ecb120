"""The ticks. APScheduler only ticks, without a job store; rows with a due time decide what is done.

So a restart, a long sleep, a clock that was set or two processes lose and double nothing (docs/decisions/0003 and
0011).
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from routing.due import handle
from routing.errors import StorageUnavailable
from routing.ports import UnitOfWork, Writer
from routing.suggestion import Understanding

log = structlog.get_logger(__name__)

Tick = Callable[[], Awaitable[object]]

BATCH = 50
#: A follow-up whose handling raises is tried again after this many seconds, so that it never blocks the others.
POSTPONE_SECONDS = 900
#: Seconds by which the wall clock and the loop's may drift apart between two looks before it counts as set.
_SET = 0.5


class Ticker:
    """Calls coroutines at intervals; a tick that is still running is not started again, a missed one runs once.

    `look_seconds`: how often it is looked whether somebody set the clock.
    """

    def __init__(self, *, look_seconds: float = 1.0) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._look_seconds = look_seconds
        self._watch: asyncio.TimerHandle | None = None

    def every(self, seconds: float, tick: Tick, name: str) -> None:
        """What `tick` raises is logged under `name`, and it is called again."""

        async def guarded() -> None:
            try:
                await tick()
            except StorageUnavailable:
                log.warning("tick_without_storage", tick=name)
            except Exception as error:
                log.error("tick_failed", tick=name, error=type(error).__name__)

        self._scheduler.add_job(
            guarded, _FromNow(seconds), id=name, max_instances=1, coalesce=True, misfire_grace_time=None
        )

    def start(self) -> None:
        self._scheduler.start()
        self._look(_offset())

    def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _look(self, offset: float) -> None:
        """APScheduler keeps a job's next time by the wall clock: set back by a day, it would be still for a day."""
        now = _offset()
        if abs(now - offset) > _SET:
            log.warning("clock_was_set", seconds=round(now - offset))
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))
        self._watch = asyncio.get_running_loop().call_later(self._look_seconds, self._look, now)


class _FromNow(BaseTrigger):  # type: ignore[misc]  # it publishes no types
    """So many seconds from when it is asked: what was slept through is one tick, not a list of them."""

    def __init__(self, seconds: float) -> None:
        self._interval = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        return now + self._interval


def _offset() -> float:
    """How far the wall clock is ahead of the loop's, which goes on evenly, in seconds."""
    return datetime.now(UTC).timestamp() - asyncio.get_running_loop().time()


class FollowUps:
    """Does what is due, each row once: it is handled and marked in one transaction."""

    def __init__(self, writer: Writer, understanding: Understanding, wake_delivery: Callable[[], None]) -> None:
        self._writer = writer
        self._understanding = understanding
        self._wake = wake_delivery

    async def run_due(self) -> int:
        """Handle everything that is due now; returns how many follow-ups that were."""
        total = 0
        while count := await self._batch():
            total += count
        if total:
            self._wake()
        return total

    async def _batch(self) -> int:
        def work(uow: UnitOfWork) -> int:
            due = uow.follow_ups.due(uow.now, BATCH)
            for follow_up in due:
                handle(uow, self._understanding, follow_up)
            return len(due)

        try:
            return await self._writer.run(work)
        except StorageUnavailable:
            raise
        except Exception:
            return await self._one_by_one()

    async def _one_by_one(self) -> int:
        """One of a batch raised: handle each alone, and put off the one that can't be handled."""
        ids = await self._writer.run(lambda uow: [f.id for f in uow.follow_ups.due(uow.now, BATCH)])
        for follow_up_id in ids:
            try:
                await self._writer.run(lambda uow, which=follow_up_id: self._handle_one(uow, which))  # type: ignore[misc]
            except StorageUnavailable:
                raise
            except Exception as error:
                log.error("follow_up_failed", follow_up=follow_up_id, error=type(error).__name__)
                await self._writer.run(lambda uow, which=follow_up_id: _postpone(uow, which))  # type: ignore[misc]
        return len(ids)

    def _handle_one(self, uow: UnitOfWork, follow_up_id: int) -> None:
        follow_up = uow.follow_ups.get(follow_up_id)
        if follow_up is not None:
            handle(uow, self._understanding, follow_up)


def _postpone(uow: UnitOfWork, follow_up_id: int) -> None:
    follow_up = uow.follow_ups.get(follow_up_id)
    if follow_up is not None and follow_up.state == "pending":
        follow_up.due_at = uow.now + timedelta(seconds=POSTPONE_SECONDS)
