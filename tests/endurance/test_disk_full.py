"""The disk is full under a serving desk: it refuses kindly, raises an alarm, and goes on by itself with room again.

A real disk of 96 MB, with the database and the photos on it. (For PostgreSQL it is the server's disk that
matters; its refusals are in tests/storage/test_engine.py.)
"""

import asyncio
import contextlib
import io
import json
import random
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

from benchmarks.soak_program import Program
from routing.errors import StorageUnavailable
from storage.spool import Spool
from tests.endurance import served
from tests.endurance.outage import SENTENCE
from tests.endurance.small_disk import CannotMount, SmallDisk, small_disk
from tests.endurance.station import KEY, TOKEN, environment, prepare
from tests.fakes.telegram import FakeTelegram, Person
from tests.fakes.telegram_bot import FakeBot

MEGABYTES = 96
PEOPLE = [Person(400_000 + number) for number in range(20)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    mount_point = tmp_path / "disk"
    mount_point.mkdir()
    try:
        with small_disk(mount_point, MEGABYTES) as mounted:
            yield mounted
    except CannotMount as why:
        pytest.skip(str(why))


class Desk:
    """The served program on the small disk, a citizen's browser, and the fake Telegram's bot."""

    def __init__(self, disk: SmallDisk, program: Program, bot: FakeBot, browser: aiohttp.ClientSession) -> None:
        self.disk, self.program, self.bot, self.browser = disk, program, bot, browser
        self.said = 0

    def say(self, times: int) -> None:
        """So many texts on Telegram, each person in turn."""
        for _ in range(times):
            self.bot.push(PEOPLE[self.said % len(PEOPLE)].text(f"路灯坏了〔{self.said}〕"))
            self.said += 1

    async def write(self, client_id: str, content: bytes | None = None) -> tuple[int, str]:
        """A message of the web chat, or a photo. Returns status and sentence."""
        said: dict[str, Any] = {"json": {"id": client_id, "text": f"网页〔{client_id}〕"}}
        if content is not None:
            form = aiohttp.FormData({"id": client_id})
            form.add_field("file", content, filename="a.png", content_type="image/png")
            said = {"data": form}
        async with self.browser.post("/chat/messages", **said) as answer:
            return answer.status, (await answer.json()).get("error", "")

    async def health(self) -> tuple[int, dict[str, Any]]:
        async with self.browser.get("/health") as answer:
            return answer.status, await answer.json()

    async def metrics(self) -> str:
        async with self.browser.get("/metrics") as answer:
            return await answer.text()

    async def until(self, holds: Any, seconds: float = 30.0) -> float:
        """Wait until it holds; returns how many seconds that took."""
        began = time.monotonic()
        while not (await holds() if asyncio.iscoroutinefunction(holds) else holds()):
            assert time.monotonic() - began < seconds, holds
            await asyncio.sleep(0.02)
        return time.monotonic() - began

    async def well(self) -> bool:
        return (await self.health())[0] == 200

    async def alarmed(self) -> bool:
        status, parts = await self.health()
        return status == 503 and parts["disk"] == {"error": "StorageUnavailable"}

    def refused(self) -> bool:
        return any(status == 503 for _, status in self.bot.attempts)


@pytest.fixture
async def desk(disk: SmallDisk, tmp_path: Path) -> AsyncIterator[Desk]:
    # Prepared elsewhere: SQLite would follow the path from outside to another folder.
    code = prepare(tmp_path / "prepared")
    copy_database(tmp_path / "prepared", disk.outside)
    async with FakeTelegram(webhook_retry=0.5) as fake:
        bot = fake.bot(TOKEN)
        settings = environment(fake.url, disk.inside)
        command = disk.command(sys.executable, str(served.__file__))
        program = Program(command, settings, tmp_path)
        try:
            program.start()
            await program.serving(seconds=180)
            async with aiohttp.ClientSession(program.url) as browser:
                async with browser.post("/chat", json={"code": code}) as answer:
                    cookie = answer.cookies["mashang_chat"]
                browser.headers["Cookie"] = f"{cookie.key}={cookie.value}"
                opened = Desk(disk, program, bot, browser)
                for person in PEOPLE:
                    bot.push(person.start(code))
                await opened.until(lambda: not bot.pending)
                yield opened
        finally:
            program.kill()


def copy_database(source: Path, target: Path) -> None:
    """The file and the log beside it, which nobody has open."""
    for path in source.glob("mashang.db*"):
        shutil.copy(path, target)


def photo() -> bytes:
    """Nothing that compresses: some 700 kB."""
    content = io.BytesIO()
    Image.frombytes("RGB", (500, 500), random.Random(1).randbytes(500 * 500 * 3)).save(content, "PNG")
    return content.getvalue()


async def test_it_refuses_says_so_and_goes_on_with_room_again(desk: Desk, tmp_path: Path) -> None:
    desk.say(40)
    assert await desk.write("before") == (200, "")
    await desk.until(lambda: not desk.bot.pending)

    desk.disk.fill()
    # What is in the log beside the database is written over for a while, so it may take some until none fits.
    while not desk.refused():
        desk.say(20)
        await asyncio.sleep(0.2)
    status, sentence = await desk.write("photo", photo())
    assert (status, SENTENCE in sentence) == (503, True)
    assert (await desk.write("full"))[0] in (200, 503)
    await desk.until(desk.alarmed)
    assert 'mashang_trouble{part="disk"} 1.0' in await desk.metrics()
    with pytest.raises(StorageUnavailable):
        Spool(desk.disk.outside / "spool", KEY).append(b"x" * 10_000)
    assert {status for _, status in desk.bot.attempts} == {200, 503}, "refused, and nothing else"

    desk.disk.free()
    took = await desk.until(lambda: not desk.bot.pending)
    well = await desk.until(desk.well)
    print(f"all was taken {took:.1f} s after there was room, {well:.1f} s later the alarm was over")
    assert await desk.write("photo", photo()) == (200, "")
    assert await desk.write("full") == (200, "")
    Spool(desk.disk.outside / "spool", KEY).append(b"x" * 10_000)
    assert 'mashang_trouble{part="disk"} 0.0' in await desk.metrics()
    await _all_is_kept(desk, tmp_path)
    told = _log(desk)
    assert ("error", "cannot_be_kept", "disk") in told
    assert ("info", "can_be_kept_again", "disk") in told


async def test_killed_on_a_full_disk_it_loses_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.say(40)
    await desk.until(lambda: not desk.bot.pending)
    desk.disk.fill()
    while not desk.refused():
        desk.say(20)
        await asyncio.sleep(0.2)
    desk.program.kill()
    desk.program.start()
    await asyncio.sleep(1)
    desk.disk.free()
    try:
        await desk.program.serving(seconds=180)
    except RuntimeError:
        # It had begun while there was no room, and ended: whoever watches over it starts it again.
        desk.program.start()
        await desk.program.serving(seconds=180)
    await desk.until(lambda: not desk.bot.pending)
    await _all_is_kept(desk, tmp_path)
    assert "Traceback" not in desk.program.log.read_text(errors="replace")


async def _all_is_kept(desk: Desk, folder: Path) -> None:
    """Everything was acknowledged by now; each text stands there once, and the file is whole."""
    await desk.program.stop()
    copy_database(desk.disk.outside, folder)
    with contextlib.closing(sqlite3.connect(folder / "mashang.db")) as database:
        kept = Counter(text for (text,) in database.execute("SELECT text FROM submission_parts WHERE kind = 'text'"))
        [(whole,)] = database.execute("PRAGMA integrity_check")
    expected = {f"路灯坏了〔{number}〕" for number in range(desk.said)}
    assert expected - kept.keys() == set(), "lost"
    assert [text for text, times in kept.items() if times > 1] == [], "doubled"
    assert whole == "ok"


def _log(desk: Desk) -> set[tuple[str, str, str]]:
    told = set()
    for line in desk.program.log.read_text(errors="replace").splitlines():
        # A process that was killed may have left half a line.
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            told.add((entry.get("level", ""), entry["event"], entry.get("part", "")))
    return told
