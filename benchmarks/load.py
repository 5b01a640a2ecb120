"""Citizens who chat: each waits for the acknowledgement and for every reply before the next message."""

import asyncio
import os
import re
import resource
import time
from dataclasses import dataclass, field
from typing import cast

from benchmarks.conversation import REPLIES, SECRET, new_citizen, updates
from benchmarks.fake_api import FakeApi

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
#: A reply that takes longer than this many seconds is none.
PATIENCE = 60.0


class Broken(Exception):
    """A contestant did not do the work; the text says which part."""


@dataclass(slots=True)
class Result:
    """What a run showed. `busy` is the share of a core that the measuring itself took, `server` the contestant's."""

    connections: int
    messages: int
    seconds: float
    latencies: list[float] = field(repr=False)
    busy: float = 0.0
    server: float = 0.0

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def core(self) -> float:
        """Microseconds of the contestant's core that a message took."""
        return 1e6 * self.server / self.rate

    def percentile(self, share: float) -> float:
        """Milliseconds from the webhook to the last reply that `share` of the messages stayed below."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


class Crowd:
    """The citizens, and the Bot API where replies reach them."""

    def __init__(self) -> None:
        self.api = FakeApi(self._arrived)
        self._awaited: dict[int, tuple[int, asyncio.Future[float]]] = {}

    def _arrived(self, chat_id: int) -> None:
        waiting = self._awaited.get(chat_id)
        if waiting is None:
            return
        count, future = waiting
        if count > 1:
            self._awaited[chat_id] = count - 1, future
            return
        del self._awaited[chat_id]
        if not future.done():
            future.set_result(time.perf_counter())

    async def chat(self, url: str, code: str, connections: int, seconds: float, pid: int = 0) -> Result:
        """Conversations over `connections` for so many seconds; those under way at the end are finished, not counted.

        Raises `Broken` when a message is not acknowledged with 200 or a reply does not come.
        """
        host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
        path = "/" + url.removeprefix("http://").partition("/")[2]
        lines = [await _open(host, int(port), path) for _ in range(connections)]
        latencies: list[float] = []
        cpu, server = _cpu(), _cpu_of(pid)
        began = time.perf_counter()
        until = began + seconds

        async def citizen(line: "_Line") -> None:
            while time.perf_counter() < until:
                chat_id = new_citizen()
                for body, replies in zip(updates(chat_id, code), REPLIES, strict=True):
                    reply: asyncio.Future[float] = asyncio.get_running_loop().create_future()
                    self._awaited[chat_id] = replies, reply
                    sent = time.perf_counter()
                    status = await line.post(body)
                    if status != 200:
                        raise Broken(f"the webhook answered {status}")
                    # A future of its own and no `wait_for`: a timer for each message would be measured too.
                    came = await reply
                    if came <= until:
                        latencies.append(came - sent)

        try:
            async with asyncio.timeout(seconds + PATIENCE):
                await asyncio.gather(*map(citizen, lines))
        except TimeoutError:
            raise Broken(f"{len(self._awaited)} replies did not come within {PATIENCE:g} s") from None
        finally:
            for line in lines:
                line.close()
        ended = time.perf_counter() - began
        if not latencies:
            raise Broken(f"not one reply came within {seconds:g} s")
        return Result(
            connections, len(latencies), seconds, latencies,
            busy=(_cpu() - cpu) / ended, server=(_cpu_of(pid) - server) / ended,
        )  # fmt: skip


async def _open(host: str, port: int, path: str) -> "_Line":
    _, line = await asyncio.get_running_loop().create_connection(lambda: _Line(host, path), host, port)
    return line


class _Line(asyncio.Protocol):
    """One kept connection of Telegram's to a webhook."""

    def __init__(self, host: str, path: str) -> None:
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\nContent-Length: "
        ).encode()
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but the type.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Broken("the connection was closed"))

    async def post(self, body: bytes) -> int:
        """The status that `body` was answered with."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._answer is None:
            return
        head, body = self._buffer[:end], self._buffer[end + 4 :]
        length = _LENGTH.search(head)
        whole = len(body) >= int(length[1]) if length else b"chunked" not in head or body.endswith(b"0\r\n\r\n")
        if whole and not self._answer.done():
            self._buffer = b""
            self._answer.set_result(int(head[9:12]))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _cpu_of(pid: int) -> float:
    """Seconds of processor time that a process took so far."""
    if not pid:
        return 0.0
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
