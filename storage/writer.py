"""Group commit: whatever is queued becomes one transaction with one commit.

Where the writer owns the database (SQLite), a group's statements run on the event loop and only the commit in a
thread: handing the interpreter lock to and fro would cost more than the statements. Where others write too
(PostgreSQL), a lock may have to be waited for, so the whole group runs in the thread.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Engine

from routing.errors import Conflict, StorageUnavailable
from routing.ports import Names, UnitOfWork
from storage.engine import PATIENCE_SECONDS, SILENT
from storage.errors import FileBusy
from storage.transaction import GroupTransaction
from storage.unit_of_work import UnitsOfWork

T = TypeVar("T")

GROUP_SIZE = 128
#: Seconds that a group waits for a SQLite file that another process is writing to.
BUSY_SECONDS = 5.0
#: How often a piece of work that met a conflict runs again, alone.
CONFLICT_RETRIES = 5


@dataclass(slots=True)
class WriterCounters:
    """Since the start. `messages` counts pieces of work that were committed; `reruns` those run again alone,
    `unavailable` those refused because the database was away, for the reason `last_trouble`."""

    groups: int = 0
    messages: int = 0
    commits: int = 0
    reruns: int = 0
    conflicts: int = 0
    unavailable: int = 0
    last_trouble: str = ""


@dataclass(slots=True)
class _Task:
    fn: Callable[[UnitOfWork], Any]
    names: Names
    future: "asyncio.Future[Any]"


class GroupWriter:
    """`routing.ports.Writer`. Belongs to one event loop, the one that first calls `run`."""

    def __init__(self, engine: Engine, units: UnitsOfWork, *, group_size: int = GROUP_SIZE) -> None:
        self.counters = WriterCounters()
        self._transaction = GroupTransaction(engine, units)
        self._on_loop = engine.dialect.name == "sqlite"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="storage-writer")
        self._group_size = group_size
        self._queue: deque[_Task] = deque()
        #: Work that may wait for others to share a group with, until the timer runs out.
        self._patient: deque[_Task] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._server: asyncio.Task[None] | None = None
        self._silent = False
        self._closed = False

    async def run(
        self,
        fn: Callable[[UnitOfWork], T],
        names: Names = Names(),  # noqa: B008 - frozen
        *,
        wait: float = 0.0,
    ) -> T:
        if self._closed:
            raise StorageUnavailable("the store is closed")
        if self._silent:
            self.counters.unavailable += 1
            raise StorageUnavailable(SILENT)
        loop = asyncio.get_running_loop()
        task = _Task(fn, names, loop.create_future())
        if wait > 0:
            self._patient.append(task)
            if self._timer is None:
                self._timer = loop.call_later(wait, self._hurry)
        else:
            self._queue.append(task)
            self._wake()
        return await task.future  # type: ignore[no-any-return]

    def _wake(self) -> None:
        if self._server is None or self._server.done():
            self._server = asyncio.get_running_loop().create_task(self._serve(), name="storage-writer")

    def _hurry(self) -> None:
        """Nobody came to share a group with: what waited goes by itself."""
        self._timer = None
        if self._patient:
            self._queue.extend(self._patient)
            self._patient.clear()
            self._wake()

    async def close(self) -> None:
        """Finish what is queued, take nothing more, and close the connection."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._hurry()
        if self._server is not None:
            await asyncio.wait([self._server])
        self._thread.shutdown()
        self._transaction.drop()

    @property
    def waiting(self) -> int:
        """Pieces of work that no group has taken yet."""
        return len(self._queue) + len(self._patient)

    async def _serve(self) -> None:
        group: list[_Task] = []
        try:
            while self._queue:
                # Callers that the last commit woke get to queue their next message, and share a group.
                await asyncio.sleep(0)
                group = self._take()
                if group:
                    await self._run_group(group)
        except BaseException:
            # This task is cancelled, or a piece of work stopped the program.
            for task in (*group, *self._queue, *self._patient):
                if not task.future.done():
                    task.future.set_exception(StorageUnavailable("the writer was stopped"))
            self._queue.clear()
            self._patient.clear()
            raise

    def _take(self) -> list[_Task]:
        group: list[_Task] = []
        while (waiting := self._patient or self._queue) and len(group) < self._group_size:
            task = waiting.popleft()
            if not task.future.cancelled():
                group.append(task)
        return group

    async def _run_group(self, group: Sequence[_Task]) -> None:
        self.counters.groups += 1
        timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._give_up, group)
        try:
            await self._try_group(group)
        finally:
            timer.cancel()
            self._silent = False

    def _give_up(self, group: Sequence[_Task]) -> None:
        """Nobody waits any longer, nor begins to, until this group ends. It may still be committed: whoever sends its
        messages again finds them."""
        self._silent = True
        waiting = (*group, *self._queue, *self._patient)
        self._queue.clear()
        self._patient.clear()
        self._fail(waiting, StorageUnavailable(SILENT))

    async def _try_group(self, group: Sequence[_Task]) -> None:
        error = await self._attempt(group)
        if error is None:
            return
        self.counters.conflicts += isinstance(error, Conflict)
        if isinstance(error, StorageUnavailable) or (len(group) == 1 and not isinstance(error, Conflict)):
            self._fail(group, error)
        else:
            await self._run_alone(group)

    async def _run_alone(self, group: Sequence[_Task]) -> None:
        for position, task in enumerate(group):
            if task.future.done():
                continue
            error = None
            for retry in range(CONFLICT_RETRIES + 1):
                self.counters.reruns += 1
                error = await self._attempt([task])
                if not isinstance(error, Conflict):
                    break
                self.counters.conflicts += 1
                await asyncio.sleep(random.uniform(0, 0.01 * 2**retry))
            if isinstance(error, StorageUnavailable):
                self._fail(group[position:], error)
                return
            if error is not None:
                self._fail([task], error)

    def _fail(self, group: Sequence[_Task], error: Exception) -> None:
        if isinstance(error, StorageUnavailable):
            self.counters.unavailable += len(group)
            self.counters.last_trouble = str(error)
        for task in group:
            if not task.future.done():
                task.future.set_exception(error)

    async def _attempt(self, group: Sequence[_Task]) -> Exception | None:
        """Run and commit a group and resolve its futures; or roll it back and return what went wrong."""
        error = await self._transact(group)
        transaction = self._transaction
        if isinstance(error, StorageUnavailable) and transaction.on_old_connection and not transaction.commit_begun:
            # The server may just have been restarted since the last group: a new connection tells.
            error = await self._transact(group)
        return error

    async def _transact(self, group: Sequence[_Task]) -> Exception | None:
        loop = asyncio.get_running_loop()
        pieces = [(task.fn, task.names) for task in group]
        try:
            if self._on_loop:
                await self._begin_patiently()
                results = self._transaction.handle(pieces)
                await loop.run_in_executor(self._thread, self._transaction.commit)
            else:
                results = await loop.run_in_executor(self._thread, self._whole, pieces)
        except Exception as error:
            if self._on_loop:
                self._transaction.rollback(error)
            return error
        except BaseException as error:
            # Cancelled while the commit runs: let it end before the connection is touched.
            await asyncio.shield(loop.run_in_executor(self._thread, self._transaction.rollback, error))
            raise
        self.counters.commits += 1
        self.counters.messages += len(group)
        for task, result in zip(group, results, strict=True):
            if not task.future.done():
                task.future.set_result(result)
        return None

    def _whole(self, pieces: Sequence[tuple[Callable[[UnitOfWork], Any], Names]]) -> list[Any]:
        try:
            self._transaction.begin()
            results = self._transaction.handle(pieces)
            self._transaction.commit()
        except BaseException as error:
            self._transaction.rollback(error)
            raise
        return results

    async def _begin_patiently(self) -> None:
        give_up = time.monotonic() + BUSY_SECONDS
        pause = 0.001
        while True:
            try:
                self._transaction.begin()
            except FileBusy:
                if time.monotonic() >= give_up:
                    raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.05)
            else:
                return
