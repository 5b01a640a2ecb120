"""The real program while its clock is set and while it is down: what falls due is done once, what comes in is answered.

Its clock is the machine's and the seconds in a file (`served.py`); its ticks are its own.
"""

import asyncio
import contextlib
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from benchmarks.soak_program import Program
from tests.endurance import served
from tests.endurance.station import TOKEN, environment, prepare
from tests.fakes.telegram import FakeTelegram, Person
from tests.fakes.telegram_bot import FakeBot

HOUR, DAY = 3600, 86_400


class Desk:
    def __init__(self, folder: Path, program: Program, bot: FakeBot, code: str) -> None:
        self.program, self.bot, self.code = program, bot, code
        self._folder, self._clock = folder, folder / "clock"
        self._wrong = 0

    def set_clock(self, by: int) -> None:
        """By so many seconds."""
        self._wrong += by
        written = self._clock.with_suffix(".new")
        written.write_text(str(self._wrong))
        written.replace(self._clock)

    async def tells(self, person: Person, text: str) -> None:
        for update in (person.start(self.code), person.text(text)):
            await self.bot.wait_acknowledged(self.bot.push(update), 30)
        await self.until(lambda: any("记下了" in said for said in self.heard(person)))

    def heard(self, person: Person) -> list[str]:
        return [sent.text for sent in self.bot.sent_to(person.id)]

    def receipts(self, person: Person) -> int:
        return sum("编号" in text for text in self.heard(person))

    async def until(self, holds: Callable[[], bool], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110 - it is a test that waits
                await asyncio.sleep(0.05)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(self._folder / "mashang.db", timeout=10)) as database:
            return database.execute(statement).fetchall()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    code = prepare(tmp_path)
    async with FakeTelegram() as fake:
        bot = fake.bot(TOKEN)
        settings = environment(fake.url, tmp_path, clock=tmp_path / "clock")
        program = Program((sys.executable, str(served.__file__)), settings, tmp_path)
        opened = Desk(tmp_path, program, bot, code)
        opened.set_clock(0)
        program.start()
        try:
            await program.serving(seconds=180)
            yield opened
        finally:
            program.kill()


async def test_it_goes_on_while_its_clock_is_set_and_after_three_days_of_downtime(desk: Desk) -> None:
    first, second, third = Person(1), Person(2), Person(3)
    await desk.tells(first, "路灯坏了")
    desk.set_clock(HOUR)
    await desk.until(lambda: desk.receipts(first) == 1)

    desk.set_clock(-DAY)
    await desk.tells(second, "井盖松了")
    desk.set_clock(DAY)
    await desk.until(lambda: desk.receipts(second) == 1)

    await desk.tells(third, "公交车等不到")
    # What was sent and not recorded when it dies would rightly come twice.
    await desk.until(lambda: desk.rows("SELECT count(*) FROM notices WHERE state = 'pending'") == [(0,)])
    desk.program.kill()
    desk.set_clock(3 * DAY)
    desk.program.start()
    await desk.program.serving(seconds=180)
    await desk.until(lambda: desk.receipts(third) == 1)
    await desk.until(lambda: desk.rows("SELECT count(*) FROM notices WHERE state = 'pending'") == [(0,)])

    late = {str(kind) for (kind,) in desk.rows("SELECT DISTINCT kind FROM follow_ups WHERE state = 'done'")}
    assert late >= {"submit_draft", "deputy_silent", "staff_silent"}
    for person in (first, second, third):
        assert [text for text, times in Counter(desk.heard(person)).items() if times > 1] == []
    assert "tick_failed" not in desk.program.log.read_text()
