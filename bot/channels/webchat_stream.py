"""Live arrival: server-sent events that end where the next connection takes up again."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson

#: A connection is ended after this long; the browser connects again by itself with the last number it saw.
LONGEST_SECONDS = 15 * 60.0
PER_SESSION = 8

Fetch = Callable[[int], Awaitable[list[dict[str, Any]]]]


class Bells:
    """Wakes the streams of a session in this process."""

    def __init__(self) -> None:
        self._bells: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.closing = False

    def ring(self, user_id: str) -> None:
        for bell in self._bells.get(user_id, ()):
            bell.set()

    def count(self, user_id: str) -> int:
        return len(self._bells.get(user_id, ()))

    def close(self) -> None:
        """End every stream, now and from now on."""
        self.closing = True
        for bells in self._bells.values():
            for bell in bells:
                bell.set()

    def open(self) -> None:
        self.closing = False

    @contextmanager
    def hung(self, user_id: str) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        self._bells[user_id].add(bell)
        try:
            yield bell
        finally:
            self._bells[user_id].discard(bell)
            if not self._bells[user_id]:
                del self._bells[user_id]


async def events(
    bells: Bells, user_id: str, after: int, fetch: Fetch, *, poll_seconds: float, heartbeat_seconds: float
) -> AsyncIterator[bytes]:
    """The messages after number `after`, then each new one as it comes.

    `fetch(after)` gives the messages in order. It is asked again every `poll_seconds` too, because with several server
    processes a message may be put into the mailbox by another one. A failing store ends the stream: the browser
    connects again and is told then.
    """
    loop = asyncio.get_running_loop()
    with bells.hung(user_id) as bell:
        ends = loop.time() + LONGEST_SECONDS
        beat = loop.time() + heartbeat_seconds
        yield b"retry: 3000\n\n"
        while not bells.closing and loop.time() < ends:
            # Cleared before the mailbox is read: what comes during the reading rings again.
            bell.clear()
            messages = await fetch(after)
            for message in messages:
                after = message["seq"]
                yield b"id: %d\ndata: %s\n\n" % (after, orjson.dumps(message))
            if messages:
                continue
            if loop.time() >= beat:
                yield b": still here\n\n"
                beat = loop.time() + heartbeat_seconds
            try:
                async with asyncio.timeout(max(0.01, min(poll_seconds, beat - loop.time()))):
                    await bell.wait()
            except TimeoutError:
                pass
