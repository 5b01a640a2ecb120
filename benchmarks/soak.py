"""Kill the server at random moments while citizens write to it, and see whether anything is lost or doubled.

    python -m benchmarks.soak --database sqlite --deliveries 10000 --kills 180 --clients 16 --seed 1

It starts `main.py serve` with the demo county, both Telegram bots by webhook against a fake platform, and the web chat;
delivers conversations, kills and restarts; lets the outbox drain; and holds the far side's ledger against the database.
Exits with 1 when something was lost, doubled or left undone.
"""

import argparse
import asyncio
import contextlib
import os
import random
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psycopg
from sqlalchemy import make_url

from benchmarks.soak_check import Findings, check, run_out_leases, unfinished
from benchmarks.soak_people import GaveUp, Ledger, Line, Telegram, tell_on_telegram, tell_on_web
from benchmarks.soak_program import SERVE, Program, free_port
from cli.demo_data import prepare_demo
from cli.settings import Settings
from cli.stage import find_code, make_secret
from cli.wiring import open_store
from routing.invitations import PREFIX
from storage.store import Store
from tests.fakes.telegram import FakeTelegram, Person
from tests.fakes.telegram_bot import Sent

POSTGRESQL = os.environ.get("MASHANG_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432/postgres")
CITIZEN_TOKEN, DESK_TOKEN = "1000001:AAE-soak-citizen-0123456", "1000002:AAE-soak-desk-0123456789"
SECRET = "soak-webhook-0123456789"
#: Who is invited to the work bot, and their chats there: the station's staff hear of every case.
STATION, DEPUTY = "HB", "086"
STAFF = {"陈静": 501, "王磊": 502}


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `web` is the part of the citizens who use the web chat. `hurry` runs the leases of a killed process out
    at once instead of waiting a minute for it. `command` starts the server."""

    url: str
    folder: Path
    deliveries: int = 10_000
    kills: int = 180
    clients: int = 16
    seed: int = 1
    web: float = 0.25
    desk: bool = True
    hurry: bool = False
    command: Sequence[str] = SERVE
    drain_seconds: float = 1800.0


@dataclass(slots=True)
class Outcome:
    """A finished run: what was found, and what it was judged by."""

    findings: Findings
    ledger: Ledger
    shown: dict[str, list[Sent]]
    members: list[int]
    kills: int
    seconds: float

    def table(self) -> str:
        """The figures for people; those that must be 0 come last."""
        ledger, figures = self.ledger, self.findings.figures
        lines: list[tuple[str, object]] = [
            ("conversations", len(ledger.conversations)),
            ("deliveries acknowledged", ledger.deliveries),
            ("  of them sent once more", ledger.repeats),
            ("answers", " ".join(f"{name} {count}" for name, count in ledger.answers.most_common())),
            ("kills", self.kills),
            *figures.items(),
            ("seconds", round(self.seconds)),
        ]
        wrong = self.findings.wrong()
        names = [name for name in Findings.__slots__ if name != "figures"]
        lines += [(name.replace("_", " "), len(wrong.get(name, ()))) for name in names]
        table = [f"{name:<28} {value}" for name, value in lines]
        return "\n".join([*table, *(f"{name}: {item}" for name, found in wrong.items() for item in found[:5])])


async def soak(plan: Plan) -> Outcome:
    """Play one run to its end. Raises `RuntimeError` when the server can't be started."""
    began = time.monotonic()
    settings = Settings(_env_file=None, data_dir=plan.folder, database_url=plan.url)  # type: ignore[call-arg]
    store = await asyncio.to_thread(open_store, settings)
    try:
        return await _run(plan, store, began)
    finally:
        store.close()


async def _run(plan: Plan, store: Store, began: float) -> Outcome:
    dice, ledger = random.Random(plan.seed), Ledger()
    codes, invitations = _prepare(store, plan)
    async with FakeTelegram() as fake:
        citizen, desk = fake.bot(CITIZEN_TOKEN), fake.bot(DESK_TOKEN)
        program = Program(plan.command, _environment(plan, fake.url), plan.folder)
        try:
            program.start()
            await program.serving()
            async with _session(program.url, plan.clients) as session:
                line = Line(session, ledger, dice)
                members = Telegram(desk, "desk", SECRET)
                for chat, secret in invitations.items():
                    await members.say(line, Person(chat).start(PREFIX + secret), [])
                telegram = Telegram(citizen, "citizen", SECRET)
                kills = await _tell_and_kill(plan, program, line, telegram, codes)
            await _drain(plan)
            code = await program.stop()
        finally:
            program.kill()
        shown = {"citizen": list(citizen.sent), "desk": list(desk.sent)}
    findings = check(store, plan.url, ledger, shown, list(invitations), kills)
    findings.server_troubles += _troubles(program)
    # uvicorn ends as the signal would have ended it, once everything is closed.
    if code not in (0, -signal.SIGTERM):
        findings.server_troubles.append(f"asked to end, the server gave exit code {code}")
    return Outcome(findings, ledger, shown, list(invitations), kills, time.monotonic() - began)


def _prepare(store: Store, plan: Plan) -> tuple[list[str], dict[int, str]]:
    """The demo county. Returns codes to scan, and an invitation for each member's chat."""
    prepare_demo(store)
    with store.transaction() as uow:
        codes = [find_code(uow, STATION, DEPUTY), find_code(uow, STATION, None)]
        names = STAFF if plan.desk else {}
        return codes, {chat: make_secret(uow, "staff", name) for name, chat in names.items()}


def _environment(plan: Plan, api: str) -> dict[str, str]:
    port = free_port()
    settings = {
        "DATA_DIR": str(plan.folder), "DATABASE_URL": plan.url, "HOST": "127.0.0.1", "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}", "TELEGRAM_CITIZEN_TOKEN": CITIZEN_TOKEN,
        "TELEGRAM_API_BASE": api, "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }  # fmt: skip
    if plan.desk:
        settings["TELEGRAM_DESK_TOKEN"] = DESK_TOKEN
    return {f"MASHANG_{name}": value for name, value in settings.items()}


@contextlib.asynccontextmanager
async def _session(base: str, clients: int) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=2 * clients)
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(base, connector=connector, timeout=timeout) as session:
        yield session


async def _tell_and_kill(plan: Plan, program: Program, line: Line, telegram: Telegram, codes: Sequence[str]) -> int:
    """Let the clients work through their conversations while the server is killed. Returns how often it was."""
    dice, ledger = line.dice, line.ledger
    numbers = iter(range(10**9))

    async def client() -> None:
        while ledger.deliveries < plan.deliveries:
            number, code = next(numbers), dice.choice(codes)
            try:
                if dice.random() < plan.web:
                    await tell_on_web(program.url, ledger, dice, number, code)
                else:
                    await tell_on_telegram(line, telegram, number, code)
            except GaveUp:
                return

    async with asyncio.TaskGroup() as group:
        clients = [group.create_task(client()) for _ in range(plan.clients)]
        told = asyncio.gather(*clients)
        # A sixth of the kills meets the outbox draining after the last message, an eighth a server that just starts.
        while_telling = plan.kills - (max(1, plan.kills // 6) if plan.kills > 1 else 0)
        starting = plan.kills // 8
        moments = sorted(dice.uniform(0.02, 0.95) * plan.deliveries for _ in range(while_telling - starting))
        twice = set(dice.sample(range(len(moments)), starting))
        for position, moment in enumerate(moments):
            while ledger.deliveries < moment and not told.done():  # noqa: ASYNC110 - it looks at a count, often
                await asyncio.sleep(0.002)
            await _kill(plan, program, dice, dice.uniform(0, 0.05), again=position in twice)
        await told
    for _ in range(plan.kills - while_telling):
        await _kill(plan, program, dice, dice.uniform(0.0, 1.5))
    return program.kills


async def _kill(plan: Plan, program: Program, dice: random.Random, after: float, *, again: bool = False) -> None:
    """Kill and restart after so many seconds; `again`: once more while it starts."""
    await asyncio.sleep(after)
    program.kill()
    if again:
        program.start()
        await asyncio.sleep(dice.uniform(0, 5))
        program.kill()
    if plan.hurry:
        await asyncio.to_thread(run_out_leases, plan.url)
    program.start()
    await program.serving()


async def _drain(plan: Plan) -> None:
    """Wait until every notice is finished, or for so long that something must be wrong: the check will say it."""
    give_up = time.monotonic() + plan.drain_seconds
    while await asyncio.to_thread(unfinished, plan.url) and time.monotonic() < give_up:  # noqa: ASYNC110
        await asyncio.sleep(0.2)


def _troubles(program: Program) -> list[str]:
    """What the server's log says of itself, whatever else went well."""
    alarms = ("Traceback", "message_failed", "delivery_raised", "request failed", "receive_failed", "tick_failed")
    lines = program.log.read_text(errors="replace").splitlines()
    return [line[:300] for line in lines if any(alarm in line for alarm in alarms)]


@contextlib.contextmanager
def temporary_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database of that kind, which is removed afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'mashang.db'}"
        return
    name = f"mashang_soak_{os.getpid()}_{secrets.token_hex(3)}"
    with psycopg.connect(POSTGRESQL, autocommit=True, connect_timeout=3) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'".encode())
    try:
        yield make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(POSTGRESQL, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=180)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hurry", action="store_true", help="run the leases of a killed process out at once")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="mashang-soak-") as name,
        temporary_database(asked.database, Path(name)) as url,
    ):
        plan = Plan(url, Path(name), asked.deliveries, asked.kills, asked.clients, asked.seed, hurry=asked.hurry)
        outcome = asyncio.run(soak(plan))
    print(f"soak on {asked.database}, seed {asked.seed}\n{outcome.table()}")
    sys.exit(bool(outcome.findings.wrong()))


if __name__ == "__main__":
    main()
