"""A fake platform, or whatever else is served, beside a test that must not have a running loop: a command line has its
own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

T = TypeVar("T")


class Beside:
    """The loop of the other thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` returns, done over there."""

        async def done() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(timeout=30)


@contextmanager
def beside(make: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[tuple[T, Beside]]:
    """What the context manager of `make` gives, held open on a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    there = Beside(loop)
    manager: list[AbstractAsyncContextManager[T]] = []

    async def enter() -> T:
        manager.append(make())
        return await manager[0].__aenter__()

    try:
        yield there.run(enter), there
    finally:
        there.run(lambda: manager[0].__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()
