"""The server as a program of its own, which can be killed and started again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

ROOT = Path(__file__).parent.parent
SERVE = (sys.executable, str(ROOT / "main.py"), "serve")


def free_port() -> int:
    """A port that was free a moment ago, and stays the server's over its restarts."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Program:
    """One server process at a time. Its standard error goes to `log`; no MASHANG_… of ours reaches it."""

    def __init__(self, command: Sequence[str], settings: Mapping[str, str], folder: Path) -> None:
        self.url = settings["MASHANG_PUBLIC_URL"]
        self.log = folder / "server.log"
        self.kills = 0
        self._command = command
        # The folder has no `.env`, and the command's own folder is where Python finds the packages.
        self._folder = folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MASHANG_")}
        self._environment = {**inherited, "PYTHONPATH": str(ROOT), **settings}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    async def serving(self, seconds: float = 300.0) -> None:
        """Wait until it answers, and its bots take messages in. Raises `RuntimeError` with the end of its log when it
        ends instead, or never does."""
        give_up = time.monotonic() + seconds
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            while time.monotonic() < give_up and self.running:
                try:
                    async with session.get(f"{self.url}/health") as answer:
                        if answer.status == 200 and b'"starting"' not in await answer.read():
                            return
                except (aiohttp.ClientError, TimeoutError):
                    pass
                await asyncio.sleep(0.1)
        raise RuntimeError(f"the server does not serve:\n{self.log.read_text()[-3000:]}")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        assert self._process is not None, "it was started"
        return self._process.pid

    def kill(self) -> None:
        """`kill -9`, and wait until it is gone. Fine if it was not running."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self.kills += 1
        if self._process is not None:
            self._process.wait()

    async def stop(self, seconds: float = 20.0) -> int | None:
        """Ask it to end. The exit code, or None when it had to be killed."""
        if self._process is None:
            return None
        self._process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.to_thread(self._process.wait, seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
