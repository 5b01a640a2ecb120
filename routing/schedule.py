"""The ticks. APScheduler only ticks, without a job store; rows with a due time decide what is done.

So a restart, a long sleep or two processes lose and double nothing (docs/decisions/0003-no-job-store.md).
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from routing.due import handle
from routing.errors import StorageUnavailable
from routing.ports import UnitOfWork, Writer
from routing.suggestion import Understanding

log = structlog.get_logger(__name__)

BATCH = 50
#: A follow-up whose handling raises is tried again after this many seconds, so that it never blocks the others.
POSTPONE_SECONDS = 900


class Ticker:
    """Calls coroutines at intervals; a tick that is still running is not started again, a missed one runs once."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    def every(self, seconds: float, tick: Callable[[], Awaitable[object]], name: str) -> None:
        async def guarded() -> None:
            try:
                await tick()
            except StorageUnavailable:
                log.warning("tick_without_storage", tick=name)
            except Exception as error:
                log.error("tick_failed", tick=name, error=type(error).__name__)

        self._scheduler.add_job(
            guarded, "interval", seconds=seconds, id=name, max_instances=1, coalesce=True, misfire_grace_time=None
        )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


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
        if follow_up is not None and follow_up.state == "pending" and follow_up.due_at <= uow.now:
            handle(uow, self._understanding, follow_up)


def _postpone(uow: UnitOfWork, follow_up_id: int) -> None:
    follow_up = uow.follow_ups.get(follow_up_id)
    if follow_up is not None and follow_up.state == "pending":
        follow_up.due_at = uow.now + timedelta(seconds=POSTPONE_SECONDS)
