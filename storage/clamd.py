"""The virus scanner ClamAV, where a station runs one: its daemon's own protocol, no library.

    zPING\0                                                    → PONG
    zINSTREAM\0, then length (4 bytes, big-endian) and bytes   → stream: OK
    …, a length of 0 at the end                                → stream: NAME FOUND, or … ERROR

(https://docs.clamav.net/manual/Usage/Scanning.html#clamd). What can't be scanned is not kept: `Unchecked`.
"""

import contextlib
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Final

import structlog

from routing.errors import Refused, Unchecked

log = structlog.get_logger(__name__)

CHUNK: Final = 64 * 1024
#: Seconds for connecting, for each piece that is sent, and for the answer.
CONNECT_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 20.0
_ANSWER_BYTES: Final = 4096


class Clamd:
    """The daemon at `address`: `host:port`, or the path of its Unix socket. Safe to use from several threads.

    Raises `ValueError` for an address that is neither.
    """

    def __init__(self, address: str) -> None:
        self._where: str | tuple[str, int]
        if address.startswith("/"):
            self._where = address
            return
        host, _, port = address.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError("the address of clamd is host:port, or the path of its socket, which begins with /")
        self._where = host.strip("[]"), int(port)

    def check(self, content: bytes) -> None:
        """Raises `Refused("file.infected")`, or `Unchecked` when the scanner gave no verdict."""
        answer = self._ask(_stream(content))
        if answer.endswith(b" FOUND"):
            # The signature's name is ClamAV's and tells nothing of the file's sender.
            log.warning("file_infected", signature=answer.removeprefix(b"stream: ").decode("ascii", "replace")[:100])
            raise Refused("file.infected")
        if answer != b"stream: OK":
            log.error("file_not_scanned", answer=answer.decode("ascii", "replace")[:100])
            raise Unchecked("clamd gave no verdict")

    def ping(self) -> None:
        """Raises `Unchecked` when the scanner does not answer."""
        if self._ask([b"zPING\0"]) != b"PONG":
            raise Unchecked("clamd does not answer as it should")

    def _ask(self, question: Iterable[bytes]) -> bytes:
        try:
            with self._connect() as connection:
                connection.settimeout(ANSWER_SECONDS)
                # It says why and hangs up before it has read everything, when the stream is too long for it.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    for piece in question:
                        connection.sendall(piece)
                answer = b""
                while not answer.endswith(b"\0") and len(answer) < _ANSWER_BYTES:
                    more = connection.recv(_ANSWER_BYTES)
                    if not more:
                        break
                    answer += more
        except OSError as error:
            raise Unchecked(f"clamd: {type(error).__name__}") from None
        return answer.rstrip(b"\0")

    def _connect(self) -> socket.socket:
        if isinstance(self._where, tuple):
            return socket.create_connection(self._where, timeout=CONNECT_SECONDS)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(self._where)
        except OSError:
            connection.close()
            raise
        return connection


def _stream(content: bytes) -> Iterator[bytes]:
    yield b"zINSTREAM\0"
    for at in range(0, len(content), CHUNK):
        piece = content[at : at + CHUNK]
        yield struct.pack(">I", len(piece)) + piece
    yield struct.pack(">I", 0)
