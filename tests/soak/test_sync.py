"""Nothing is acknowledged before it is on disk, as the kernel sees it: the real server under strace.

SQLite is in our process: between the arrival of a message and the first bytes of its `HTTP/1.1 200`, the message must
have been written to the write-ahead log, and an fdatasync or fsync of that file begun afterwards must have come back.

PostgreSQL syncs its log in a process of its own, which is not ours to trace. There the message must have been sent and
"COMMIT" come back before the 200, on a connection whose `synchronous_commit` is on: by PostgreSQL's promise, that is
after its sync.
"""

import asyncio
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import make_url

from benchmarks.soak_people import Ledger, Line, Telegram
from benchmarks.soak_program import SERVE, Program, free_port
from cli.demo_data import prepare_demo
from cli.stage import find_code
from storage.engine import writing_engine
from storage.sealer import AesSealer
from storage.store import Store
from tests.fakes.telegram import FakeTelegram, Person
from tests.soak.trace import Durable, answered_too_early, committed, on_disk, read_calls, traced

BROKEN = Path(__file__).parent / "broken_server.py"
TOKEN, SECRET, KEY = "1000001:AAE-sync-citizen-0123", "sync-webhook-0123456789", "sync-" * 10
#: Messages of each channel that are sent one after the other, and then all at once.
IN_TURN, AT_ONCE = 4, 16


def prepare(url: str, folder: Path) -> str:
    """The demo county; returns a code to scan."""
    store = Store(url, sealer=AesSealer(KEY), data_dir=folder)
    try:
        prepare_demo(store)
        with store.transaction() as uow:
            return find_code(uow, "HB", "086")
    finally:
        store.close()


async def tell(program: Program, telegram: Telegram, code: str) -> list[str]:
    """Citizens tell on Telegram and in the web chat; what they said is told apart by a word of each message."""
    words: list[str] = []

    def matter() -> str:
        words.append(f"lamp{len(words):04}x")
        return f"路灯不亮 {words[-1]}"

    async with aiohttp.ClientSession(program.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        line = Line(session, Ledger(), random.Random(1))
        await line.post("/chat", {"code": code}, {})
        # A server that acknowledges too early doesn't know the session yet.
        while (await session.get("/chat/messages?after=0")).status == 401:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.02)

        async def on_telegram() -> None:
            await telegram.say(line, Person(1000 + len(words)).text(matter()), [])

        async def on_web() -> None:
            said = matter()
            await line.post("/chat/messages", {"id": words[-1], "text": said}, {})

        for _ in range(IN_TURN):
            await on_telegram()
            await on_web()
        await asyncio.gather(*(way() for _ in range(AT_ONCE // 2) for way in (on_telegram, on_web)))
        assert not line.ledger.unexpected
    return words


async def early(url: str, folder: Path, durable: Durable, command: Sequence[str] = SERVE) -> list[str]:
    """What a server acknowledged before it was durable."""
    code = await asyncio.to_thread(prepare, url, folder)
    port = free_port()
    settings = {
        "DATA_DIR": str(folder), "DATABASE_URL": url, "PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": KEY, "TELEGRAM_CITIZEN_TOKEN": TOKEN, "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }  # fmt: skip
    async with FakeTelegram() as fake:
        telegram = Telegram(fake.bot(TOKEN), "citizen", SECRET)
        settings["TELEGRAM_API_BASE"] = fake.url
        program = Program(command, {f"MASHANG_{name}": value for name, value in settings.items()}, folder)
        program.start()
        try:
            await program.serving()
            async with traced(program.pid, folder / "trace"):
                said = await tell(program, telegram, code)
        finally:
            program.kill()
    with (folder / "trace").open(encoding="ascii") as lines:
        return answered_too_early(read_calls(lines), said, durable)


@pytest.fixture
def postgresql_in_the_clear(postgresql_url: str) -> str:
    """What is said to PostgreSQL must be readable on its way."""
    url = make_url(postgresql_url).update_query_dict({"sslmode": "disable", "gssencmode": "disable"})
    return url.render_as_string(hide_password=False)


async def test_every_200_follows_a_sync_of_what_it_acknowledges(sqlite_url: str, tmp_path: Path) -> None:
    assert await early(sqlite_url, tmp_path, on_disk) == []


@pytest.mark.postgresql
async def test_every_200_follows_postgresqls_commit(postgresql_in_the_clear: str, tmp_path: Path) -> None:
    engine = writing_engine(postgresql_in_the_clear)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    engine.dispose()
    assert await early(postgresql_in_the_clear, tmp_path, committed) == []


# ── the harness can go red ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("promise", ["unsynced", "early"])
async def test_a_server_that_does_not_wait_for_the_disk_is_caught(
    promise: str, sqlite_url: str, tmp_path: Path
) -> None:
    wrong = await early(sqlite_url, tmp_path, on_disk, (sys.executable, str(BROKEN), promise))
    assert len(wrong) == 2 * IN_TURN + AT_ONCE, wrong
    assert all(line.endswith("acknowledged before it was durable") for line in wrong)


@pytest.mark.postgresql
async def test_a_server_that_does_not_wait_for_postgresql_is_caught(
    postgresql_in_the_clear: str, tmp_path: Path
) -> None:
    wrong = await early(postgresql_in_the_clear, tmp_path, committed, (sys.executable, str(BROKEN), "early"))
    assert len(wrong) == 2 * IN_TURN + AT_ONCE, wrong
    assert all(line.endswith("acknowledged before it was durable") for line in wrong)
