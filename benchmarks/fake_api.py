"""A Bot API that answers every call with success, as cheaply as Python can: the measuring must not be measured.

For faults, limits and what a person sees, tests have another one (`tests/fakes/telegram.py`).
"""

import asyncio
import re
from collections.abc import Callable
from typing import cast

import orjson

_CHAT = re.compile(rb'chat_id"?[=:]\s*"?(-?\d+)')
#: In a form of several parts the value stands two lines below the name.
_CHAT_IN_PARTS = re.compile(rb'name="?chat_id"?\r\n(?:[^\r\n]+\r\n)*\r\n(-?\d+)')
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ME = {"id": 1000001, "is_bot": True, "first_name": "码上", "username": "mashang_bot"}


class FakeApi:
    """Listens on a free port of this machine. `arrived(chat_id)` is called for every message that was sent."""

    def __init__(self, arrived: Callable[[int], None]) -> None:
        self.arrived = arrived
        self.sent = 0
        self.unknown: set[str] = set()
        self.url = ""
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    def answer(self, method: str, body: bytes) -> bytes:
        """The JSON that a call is answered with."""
        name = method.lower()
        if name.startswith("send"):
            found = _CHAT.search(body) or _CHAT_IN_PARTS.search(body)
            if found is None:
                self.unknown.add(f"{method} without a chat_id")
                return b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'
            self.sent += 1
            chat_id = int(found[1])
            self.arrived(chat_id)
            return (
                b'{"ok":true,"result":{"message_id":%d,"date":1795000000,'
                b'"chat":{"id":%d,"type":"private","first_name":"\xe7\x8e\x8b"},"text":"."}}' % (self.sent, chat_id)
            )
        if name == "getme":
            return orjson.dumps({"ok": True, "result": _ME})
        if name in ("setwebhook", "deletewebhook", "answercallbackquery", "setmycommands"):
            return b'{"ok":true,"result":true}'
        self.unknown.add(method)
        return b'{"ok":false,"error_code":404,"description":"Not Found: method not found"}'


class _Connection(asyncio.Protocol):
    def __init__(self, api: FakeApi) -> None:
        self._api = api
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but the type.
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            method = head.partition(b"\r\n")[0].split(b" ")[1].rpartition(b"/")[2].partition(b"?")[0].decode()
            answer = self._api.answer(method, body)
            if self._transport is not None and not self._transport.is_closing():
                self._transport.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                    % (len(answer), answer)
                )
