"""What the harnesses of WeChat and of WeCom do alike: messages handed over again and again, as to a server that is
being started again, and calls that are no platform's."""

import asyncio
import io
from datetime import datetime
from typing import Any, Protocol

from tests.bot.channels.envelopes import Sealed, encrypt
from tests.bot.channels.harness import Receipt
from tests.fakes.cgi_server import CgiServer


class Handed(Protocol):
    @property
    def acknowledged(self) -> bool: ...


class Hands(Protocol):
    """A person at the platform."""

    async def deliver(self, xml: str) -> Handed: ...


class HandedReceipt(Receipt):
    def __init__(self, person: Hands, xml: str) -> None:
        self.xml = xml
        self.handed: list[Any] = []
        self._person = person
        self._task = asyncio.create_task(self._deliver())

    async def _deliver(self) -> None:
        while not self.acknowledged:
            self.handed.append(await self._person.deliver(self.xml))
            await asyncio.sleep(0.02)

    @property
    def acknowledged(self) -> bool:
        return any(handed.acknowledged for handed in self.handed)

    def give_up(self) -> None:
        self._task.cancel()


async def post(platform: CgiServer[Any], query: dict[str, str], body: bytes) -> int:
    """A call of the callback by anybody."""
    async with platform.session.post(platform.callback, params=query, data=io.BytesIO(body)) as response:
        content = await response.read()
        assert response.status == 200 or content == b""
        return response.status


async def post_hostile(platform: CgiServer[Any], account: Sealed, body: bytes, at: datetime) -> int:
    """As it is, which is never taken, and then as the message inside of an envelope."""
    query, sealed = account.call_with(encrypt(body, account.receiver, account.aes_key), at)
    assert 400 <= await post(platform, query, body) < 500
    return await post(platform, query, sealed)
