"""POSTs to one server over kept connections, for the call that is made for every reply.

aiohttp spends 80 µs of a core on such a call, this 15: no redirects, cookies, proxies, compression or streams. Where
any of these is needed, as for files, aiohttp's session in `bot/http.py` is.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast
from urllib.parse import SplitResult, quote, urlencode, urlsplit

import httptools

USER_AGENT = "mashang"
#: Seconds after which a connection that was not used is not trusted any more: the server may just be closing it.
KEPT_FOR = 15.0
_UNREACHED = "no connection was made"
NO_QUERY: Mapping[str, str] = MappingProxyType({})


class Unreadable(Exception):
    """The answer was not HTTP, or longer than it may be."""


def unreached(error: BaseException) -> bool:
    """Whether a call failed before there was a connection, so that the server can't have acted on it."""
    return _UNREACHED in getattr(error, "__notes__", ())


def address_of(base: str) -> SplitResult:
    """The parts of an API's http or https URL. Raises `ValueError` for what is none."""
    parts = urlsplit(base)
    possible = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and base.isascii()
    # Asking for a port that can't be one raises as well.
    if not possible or parts.port == 0:
        raise ValueError("the address of an API is http://host or https://host, with a port or path if need be")
    return parts


class Lines:
    """At most `most` connections to the server of `base`, an http or https URL; an answer has at most `limit` bytes."""

    def __init__(self, base: str, *, most: int = 100, limit: int) -> None:
        parts = address_of(base)
        self._prefix = quote(parts.path.rstrip("/"), safe="/%")
        self._host = str(parts.hostname)
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._head = f"Host: {parts.netloc}\r\nUser-Agent: {USER_AGENT}\r\nContent-Type: "
        self._limit = limit
        self._room = asyncio.Semaphore(most)
        self._free: list[_Line] = []

    async def post(
        self, path: str, content_type: str, body: bytes, *, seconds: float, query: Mapping[str, str] = NO_QUERY
    ) -> tuple[int, bytes]:
        """Status and body of the answer. `path` stands below that of `base`; `seconds` are for connecting, where
        that is needed, and again for the answer.

        Raises `TimeoutError`, `OSError` or `Unreadable`. Whether the server acted on it is not known then, unless
        `unreached` says so; nothing is sent twice from here.
        """
        target = quote(path, safe="/:") + ("?" + urlencode(query) if query else "")
        head = (
            f"POST {self._prefix}{target} HTTP/1.1\r\n{self._head}{content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        question = head.encode() + body
        async with self._room:
            line = self._kept() or await self._open(seconds)
            answer = await line.ask(question, seconds)
            if line.usable:
                line.free_since = time.monotonic()
                self._free.append(line)
        return answer

    def close(self) -> None:
        while self._free:
            self._free.pop().close()

    def _kept(self) -> "_Line | None":
        """The one used last, which is the least likely to be closed by now."""
        while self._free:
            line = self._free.pop()
            if line.usable and time.monotonic() - line.free_since < KEPT_FOR:
                return line
            line.close()
        return None

    async def _open(self, seconds: float) -> "_Line":
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                _, line = await loop.create_connection(
                    lambda: _Line(self._limit), self._host, self._port, ssl=self._tls
                )
        except OSError as error:
            error.add_note(_UNREACHED)
            raise
        return line


class _Line(asyncio.Protocol):
    """One connection, with one question on it at a time. The methods named `on_…` are called by the parser."""

    def __init__(self, limit: int) -> None:
        self.free_since = 0.0
        self._limit = limit
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, question: bytes, seconds: float) -> tuple[int, bytes]:
        assert self._transport is not None, "a line is opened before it is used"
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[int, bytes]] = loop.create_future()
        self._answer = answer
        timer = loop.call_later(seconds, self._fail, TimeoutError())
        self._transport.write(question)
        try:
            return await answer
        finally:
            timer.cancel()
            if answer.cancelled():
                # Given up: what still comes would be taken for the answer to the next question.
                self._transport.abort()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but the type.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError("closed before the answer was whole"))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(Unreadable(type(error).__name__))

    def on_message_begin(self) -> None:
        self._body.clear()
        if self._answer is None or self._answer.done():
            # An answer to nothing that was asked.
            self.close()

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > self._limit:
            self._fail(Unreadable("too long"))

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            return
        if not self._parser.should_keep_alive():
            self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((status, bytes(self._body)))
        # A line and its parser hold each other, so that it lives on for a while; what it has read needs not.
        self._body.clear()

    def _fail(self, error: Exception) -> None:
        self.close()
        self._body.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
