"""Handing messages on while a channel is started, and stopping once what is being handled is done."""

import asyncio
from collections.abc import Sequence

from bot.channel import Receive
from bot.message import InboundMessage, OutboundMessage
from routing.errors import StorageUnavailable


class Intake:
    """The part of a channel between its entrance and `receive`."""

    def __init__(self) -> None:
        self._receive: Receive | None = None
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, receive: Receive) -> None:
        self._receive = receive

    async def stop(self) -> None:
        self._receive = None
        await self._idle.wait()

    async def take(self, message: InboundMessage) -> Sequence[OutboundMessage]:
        """What `receive` returns. Raises `StorageUnavailable`, also while the channel is not started."""
        if self._receive is None:
            raise StorageUnavailable("the channel is starting or stopping")
        self._under_way += 1
        self._idle.clear()
        try:
            return await self._receive(message)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()
