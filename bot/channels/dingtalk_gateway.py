"""The way to DingTalk's gateway: endpoint and one-time ticket of each connection, with waits between the tries."""

import asyncio
import logging
import random
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.channel import DeliveryError
from bot.channels.dingtalk_api import DingTalkApi
from bot.channels.dingtalk_errors import ApiRefusal

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Seconds after which a connection counts as a good one: to lose it is no reason to wait.
STEADY = 30.0


class Gateway:
    """`backoff` is the first and longest wait in seconds. `tried` is set after the first try since `open`."""

    def __init__(self, api: DingTalkApi, backoff: tuple[float, float]) -> None:
        self._api = api
        self._first, self._longest = backoff
        self.tried = asyncio.Event()
        self._closed = asyncio.Event()
        self._tries = 0
        self._opened_at: float | None = None
        self._trouble = ""

    @property
    def state(self) -> str:
        """For `/health`: "ok", or "not connected" while the gateway gives no connection."""
        return "not connected" if self._trouble else "ok"

    def open(self) -> None:
        self.tried, self._closed = asyncio.Event(), asyncio.Event()
        self._tries, self._opened_at = 0, None

    def close(self) -> None:
        """Give no more connections; whoever waits for one gets None."""
        self._closed.set()

    async def connect(self, subscriptions: list[dict[str, str]], agent: str) -> tuple[str, str] | None:
        """The next connection's endpoint and ticket, as soon as there is one; None once it is closed."""
        now = asyncio.get_running_loop().time
        if self._opened_at is not None and now() - self._opened_at > STEADY:
            self._tries = 0
        while not self._closed.is_set():
            if self._tries:
                # Doubling, with jitter so that several processes don't come back at once.
                longest = min(self._longest, self._first * 2 ** min(self._tries - 1, 16))
                await self._unless_closed(asyncio.sleep(longest * random.uniform(0.5, 1.0)))
            self._tries += 1
            connection = await self._unless_closed(self._try(subscriptions, agent))
            self.tried.set()
            if connection is not None:
                self._opened_at = now()
                return connection
        return None

    async def _try(self, subscriptions: list[dict[str, str]], agent: str) -> tuple[str, str] | None:
        """What goes wrong is told once, and not again with every try."""
        try:
            connection = await self._api.open_connection(subscriptions, agent)
        except Exception as error:
            # Whatever it is, it is tried again: a stream that ended for good would be noticed by nobody.
            trouble = str(error) if isinstance(error, ApiRefusal | DeliveryError) else type(error).__name__
            if trouble != self._trouble:
                secret = isinstance(error, ApiRefusal) and error.policy == "secret"
                advice = "MASHANG_DINGTALK_CLIENT_ID or _CLIENT_SECRET is not the app's" if secret else "tried again"
                log.error("dingtalk.not_connected reason=%s: %s", trouble, advice)
            self._trouble = trouble
            return None
        if self._trouble:
            log.warning("dingtalk.connected_again")
        self._trouble = ""
        return connection

    async def _unless_closed(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What `work` returns; None where the gateway is closed first."""
        working, closing = asyncio.ensure_future(work), asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait((working, closing), return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            working.cancel()
            closing.cancel()
            await asyncio.gather(working, closing, return_exceptions=True)
