"""A ClamAV daemon at the wire: PING and INSTREAM over TCP or a Unix socket, EICAR found, and the ways it fails."""

import socketserver
import struct
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class FakeClamd:
    """`mode`: "well", "error", "nonsense", "silent" (hangs up) or "busy" (never answers). `limit`: bytes of a stream,
    above which it says so and hangs up. `scanned` keeps what came."""

    def __init__(self, path: Path | None = None, *, limit: int = 25 * 1024 * 1024) -> None:
        self.mode = "well"
        self.limit = limit
        self.scanned: list[bytes] = []
        self.released = threading.Event()
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                fake.serve(self.rfile, self.wfile)

        kind: Any = socketserver.ThreadingUnixStreamServer if path else socketserver.ThreadingTCPServer
        self._server: socketserver.BaseServer = kind(str(path) if path else ("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self.address = str(path) if path else f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def serve(self, question: Any, answer: Any) -> None:
        command = b""
        while not command.endswith(b"\0"):
            byte = question.read(1)
            if not byte:
                return
            command += byte
        verdict = b"PONG"
        if command == b"zINSTREAM\0":
            verdict = self._scan(question)
        elif command != b"zPING\0":
            verdict = b"UNKNOWN COMMAND"
        match self.mode:
            case "busy":
                self.released.wait(30)
            case "silent":
                return
            case "nonsense":
                answer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n\0")
            case "error":
                answer.write(b"lstat() failed. ERROR\0")
            case _:
                answer.write(verdict + b"\0")

    def _scan(self, question: Any) -> bytes:
        content = b""
        while True:
            (length,) = struct.unpack(">I", question.read(4))
            if not length:
                break
            content += question.read(length)
            if len(content) > self.limit:
                return b"INSTREAM size limit exceeded. ERROR"
        self.scanned.append(content)
        return b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK"

    def __enter__(self) -> "FakeClamd":
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
