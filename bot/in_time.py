"""Taking messages in for a platform that waits for seconds and then gives up for good.

WeChat asks three times, five seconds each, and then tells the citizen that the account is out of order: a message that
we could not store is gone. So each is handled in time, or kept on disk (`storage/spool.py`) and acknowledged all the
same; it is handled when the database is back. What a message that came late has to say goes out through the outbox.

One person's messages are taken in one after the other, and behind what is still on disk of theirs: their order is kept
whatever happens in between.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

from bot.message import InboundMessage, OutboundMessage
from bot.message_body import body_of, message_from_body
from routing.errors import StorageUnavailable
from routing.ports import Spool

log = structlog.get_logger(__name__)

T = TypeVar("T")


class InTime(Generic[T]):
    """`handle` takes one message in and raises `StorageUnavailable` when nothing was kept. `settle` is told what came
    of it, whether its sender's platform still waits for the answer, which it returns, and whether the next message of
    its sender is about to be handled. `receipt` is the answer for a message that was kept on disk."""

    def __init__(
        self,
        spool: Spool,
        handle: Callable[[InboundMessage], Awaitable[T]],
        settle: Callable[[T, bool, bool], Sequence[OutboundMessage]],
        receipt: Callable[[InboundMessage], Sequence[OutboundMessage]],
    ) -> None:
        self._spool = spool
        self._handle = handle
        self._settle = settle
        self._receipt = receipt
        # Threads of its own: all others may just be waiting for a database that does not answer.
        self._disk = ThreadPoolExecutor(4, thread_name_prefix="spool")
        self._turns: dict[str, _Turn] = {}
        self._under_way: set[asyncio.Task[T]] = set()

    async def receive(self, message: InboundMessage, seconds: float | None) -> Sequence[OutboundMessage]:
        """The answer, `seconds` after the call at the latest and the time that the disk takes; None waits for it.

        Raises:
            StorageUnavailable: neither the database nor the disk took it.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        line = f"{message.channel} {message.account} {message.user_id}"
        async with self._turn_of(line):
            if not self._spool.holds(line):
                handling = self._begin(message)
                left = None if seconds is None else max(0.0, began + seconds - clock())
                await asyncio.wait({handling}, timeout=left)
                if not handling.done():
                    handling.add_done_callback(self._came_late)
                elif not isinstance(handling.exception(), StorageUnavailable):
                    return self._settle(handling.result(), True, False)
            body = body_of(message).encode()
            await asyncio.get_running_loop().run_in_executor(self._disk, self._spool.append, body, line)
        return self._receipt(message)

    async def drain(self) -> int:
        """Handle what was kept while the database was away; returns how many."""
        if not self._spool.waiting():
            return 0

        async def take(blob: bytes, more: bool) -> None:
            message, _ = message_from_body(blob.decode())
            self._settle(await self._handle(message), False, more)

        return await self._spool.drain(take)

    def _begin(self, message: InboundMessage) -> asyncio.Task[T]:
        """A task of its own: it is not given up because its platform doesn't wait."""

        async def handle() -> T:
            return await self._handle(message)

        task = asyncio.create_task(handle())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    def _came_late(self, handling: asyncio.Task[T]) -> None:
        if handling.cancelled():
            return
        error = handling.exception()
        if error is None:
            self._settle(handling.result(), False, False)
        elif not isinstance(error, StorageUnavailable):
            # It is on disk as well, and will be tried again.
            log.error("late_message_failed", error=type(error).__name__)

    @asynccontextmanager
    async def _turn_of(self, line: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(line, _Turn())
        turn.wanted += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.wanted -= 1
            if not turn.wanted:
                del self._turns[line]


@dataclass(slots=True)
class _Turn:
    """Whose turn it is among the messages of one person; `wanted` counts those that have it or wait for it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0
