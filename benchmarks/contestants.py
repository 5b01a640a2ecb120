"""Starting and stopping what is measured: each in a process of its own, on one core."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psycopg
from sqlalchemy import make_url

from benchmarks.conversation import DESK_TOKEN, SECRET, TOKEN

ROOT = Path(__file__).parent.parent
POSTGRESQL = os.environ.get("MASHANG_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432/postgres")
#: What the peers need beyond our own packages; `make bench` installs it here.
EXTRA_PACKAGES = ROOT / "build" / "bench"
#: Seconds that a contestant may take to answer for the first time.
START = 60.0


class Missing(Exception):
    """Something that a measurement needs is not on this machine; the text says what."""


@dataclass(slots=True)
class Running:
    """A started contestant: seconds from its start to its first answer (`answers`) and until its bots take messages in
    (`ready`), `memory` its MB then."""

    process: subprocess.Popen[bytes]
    webhook: str
    code: str
    answers: float = 0.0
    ready: float = 0.0
    memory: float = 0.0
    database: str = ""
    log: Path = field(default_factory=Path)

    @property
    def pid(self) -> int:
        return self.process.pid


def server_core() -> list[str]:
    """The words before a command that keep it on one core, away from the measuring; nothing with a single core."""
    cores = sorted(os.sched_getaffinity(0) | _all_cores())
    return ["taskset", "-c", str(cores[0])] if len(cores) > 1 and _has("taskset") else []


def keep_off_server_core() -> None:
    """Measure on the other cores, and before whatever else runs there: a reply that lies unread while another program
    has its turn would count against the one who sent it."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    cores = _all_cores()
    if len(cores) > 1 and _has("taskset"):
        os.sched_setaffinity(0, cores - {min(cores)})


def _alike() -> list[str]:
    """The same priority for every contestant, above what else runs here, where that is allowed."""
    return ["nice", "-n", "10"] if _has("nice") and os.getpriority(os.PRIO_PROCESS, 0) < -10 else []


def _all_cores() -> set[int]:
    return set(range(os.cpu_count() or 1))


def _has(command: str) -> bool:
    return any(os.access(Path(folder, command), os.X_OK) for folder in os.get_exec_path())


@contextlib.asynccontextmanager
async def ours(
    folder: Path, api_url: str, *, database: str = "", options: Sequence[str] = (), bots: int = 1
) -> AsyncIterator[Running]:
    """Our build with the fictional county, on SQLite in `folder` unless `database` names another.

    `bots` is how many Telegram bots take webhooks: none, the citizens', or both.
    """
    port = _free_port()
    environment = {
        "MASHANG_DATA_DIR": str(folder),
        "MASHANG_DATABASE_URL": database or f"sqlite:///{folder / 'mashang.db'}",
        "MASHANG_PORT": str(port),
        "MASHANG_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "MASHANG_SECRET_KEY": secrets.token_urlsafe(48),
        "MASHANG_TELEGRAM_API_BASE": api_url,
    }
    if bots:
        environment |= {"MASHANG_TELEGRAM_CITIZEN_TOKEN": TOKEN, "MASHANG_TELEGRAM_WEBHOOK_SECRET": SECRET}
    if bots > 1:
        environment |= {"MASHANG_TELEGRAM_DESK_TOKEN": DESK_TOKEN}
    command = [sys.executable, "-m", "benchmarks.serve", *options]
    async with _started(command, environment, port, "/telegram/citizen", "/health", folder) as running:
        running.database = environment["MASHANG_DATABASE_URL"]
        running.code = _deputy_code(running.database)
        yield running


@contextlib.asynccontextmanager
async def peer(module: str, folder: Path, api_url: str) -> AsyncIterator[Running]:
    """One of `benchmarks/peers` or the floor. Raises `Missing` when its packages are not installed."""
    port = _free_port()
    command = [sys.executable, "-m", module, "--port", str(port), "--api", api_url, "--folder", str(folder)]
    environment = {"PYTHONPATH": str(EXTRA_PACKAGES)}
    if module.endswith("aiogram_orm"):
        _need(environment, "aiosqlite", "greenlet")
    async with _started(command, environment, port, "/webhook", "/health", folder) as running:
        running.code = "BENCHMARK1"
        yield running


@contextlib.asynccontextmanager
async def _started(
    command: list[str], environment: dict[str, str], port: int, webhook: str, health: str, folder: Path
) -> AsyncIterator[Running]:
    log = folder / "log.txt"
    began = time.perf_counter()
    process = _spawn(command, environment, log)
    base = f"http://127.0.0.1:{port}"
    running = Running(process, base + webhook, "", log=log)
    try:
        await _answering(process, base + health, log)
        running.answers = time.perf_counter() - began
        await _answering(process, base + health, log, unless=b'"starting"')
        running.ready = time.perf_counter() - began
        running.memory = _memory(process.pid)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, 30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _answering(process: subprocess.Popen[bytes], url: str, log: Path, unless: bytes | None = None) -> None:
    """Wait for a 200 that doesn't hold `unless`."""
    until = time.monotonic() + START
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < until:
            if process.poll() is not None:
                raise RuntimeError(f"ended with {process.returncode}:\n{_last_words(log)}")
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as response:
                    said = await response.read()
                    if response.status == 200 and (unless is None or unless not in said):
                        return
            await asyncio.sleep(0.01)
    raise RuntimeError(f"no answer within {START:g} s:\n{_last_words(log)}")


def _spawn(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [*server_core(), *_alike(), *command],
            cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=output,
        )  # fmt: skip


def _need(environment: dict[str, str], *modules: str) -> None:
    command = [sys.executable, "-c", f"import {', '.join(modules)}"]
    if subprocess.run(command, env=os.environ | environment, capture_output=True, check=False).returncode:
        names = " and ".join(modules)
        raise Missing(f"{names} are not in {EXTRA_PACKAGES}; `make bench` installs them")


def _last_words(log: Path) -> str:
    return log.read_text()[-2000:]


def _memory(pid: int) -> float:
    """MB that a process holds in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _deputy_code(database: str) -> str:
    sql = "SELECT code FROM codes WHERE deputy_id IS NOT NULL ORDER BY created_at, code LIMIT 1"
    if database.startswith("sqlite"):
        connection = sqlite3.connect(database.removeprefix("sqlite:///"))
        (code,) = connection.execute(sql).fetchone()
        connection.close()
    else:
        with psycopg.connect(database) as server:
            (code,) = server.execute(sql).fetchone() or ("",)
    return str(code)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database that is dropped afterwards. Raises `Missing` where no server answers."""
    try:
        server = psycopg.connect(POSTGRESQL, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        raise Missing(f"no PostgreSQL at {make_url(POSTGRESQL).host}; MASHANG_TEST_POSTGRESQL names one") from None
    name = f"mashang_bench_{os.getpid()}_{secrets.token_hex(3)}"
    with server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(POSTGRESQL, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
