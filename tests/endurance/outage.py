"""The database goes away while people write on Telegram and in the web chat, and comes back.

Its far side is the fake Telegram, which posts each update again until it is acknowledged, and a page of the web chat.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from benchmarks.soak_program import Program
from tests.endurance import served
from tests.endurance.station import TOKEN, environment, prepare
from tests.fakes.telegram import FakeTelegram, Person
from tests.fakes.telegram_bot import FakeBot

#: Seconds before and after the outage; until all is settled.
BEFORE, AFTER, PATIENCE = 2.0, 2.0, 120.0
SENTENCE = "暂时"


@dataclass(frozen=True, slots=True)
class Plan:
    """`leave` and `come_back` make the database do so; it is away for `seconds`, under `rate` messages a second."""

    url: str
    folder: Path
    leave: Callable[[], None]
    come_back: Callable[[], None]
    seconds: float
    rate: float = 50.0

    @property
    def retry(self) -> float:
        """Seconds between two tries of an update: longer as it lasts longer, as Telegram's are."""
        return max(2.0, self.seconds / 6)


@dataclass(slots=True)
class Outcome:
    """Seconds all. `waits` are of Telegram's posts during the outage; `first` is from the return to the first
    message that was acknowledged, `settled` to the moment when nothing was left."""

    said: int = 0
    waits: list[float] = field(default_factory=list)
    statuses: Counter[int | None] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    sent_twice: list[str] = field(default_factory=list)
    unsent: dict[str, int] = field(default_factory=dict)
    page: list[tuple[int, float, str]] = field(default_factory=list)
    health: list[tuple[int, float]] = field(default_factory=list)
    first: float = 0.0
    settled: float = 0.0
    log: str = ""

    def percentile(self, share: float) -> float:
        ordered = sorted(self.waits)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    def table(self) -> str:
        answers = ", ".join(f"{status}: {count}" for status, count in self.statuses.most_common())
        page = max(seconds for _, seconds, _ in self.page)
        return (
            f"said {self.said}, lost {len(self.lost)}, doubled {len(self.doubled)}, notices sent twice "
            f"{len(self.sent_twice)}\nwhile it was away: {answers}; p50 {self.percentile(0.5) * 1000:.0f} ms, "
            f"p99 {self.percentile(0.99) * 1000:.0f} ms, longest {self.percentile(1) * 1000:.0f} ms; "
            f"the page waited {page:.1f} s at most\nback: first acknowledged after {self.first:.1f} s, "
            f"everything settled after {self.settled:.1f} s"
        )


async def outage(plan: Plan) -> Outcome:
    """Play it to the end. Raises `RuntimeError` when the server can't be started or nothing settles."""
    code = await asyncio.to_thread(prepare, plan.folder, plan.url)
    async with FakeTelegram(webhook_retry=plan.retry) as fake:
        bot = fake.bot(TOKEN)
        # As fast as it can: Telegram's pace would say how long 50 replies a second take it, not how we come back.
        settings = environment(fake.url, plan.folder, plan.url, lease=10)
        program = Program((sys.executable, str(served.__file__)), settings, plan.folder)
        try:
            program.start()
            await program.serving(seconds=180)
            outcome = await _play(plan, program, bot, code)
            outcome.log = program.log.read_text(errors="replace")
            return outcome
        finally:
            program.kill()


async def _play(plan: Plan, program: Program, bot: FakeBot, code: str) -> Outcome:
    outcome = Outcome()
    people = [Person(300_000 + n) for n in range(int(plan.rate * (BEFORE + plan.seconds + AFTER) / 6) + 1)]
    for person in people:
        bot.push(person.start(code))
    await _until(lambda: not bot.pending, "the scans are acknowledged")
    async with aiohttp.ClientSession(program.url, timeout=aiohttp.ClientTimeout(total=60)) as browser:
        page = _Page(browser, outcome)
        await page.open(code)
        async with asyncio.TaskGroup() as group:
            texts = group.create_task(_say(plan, bot, people))
            await asyncio.sleep(BEFORE)
            await asyncio.to_thread(plan.leave)
            left = time.time()
            writing = group.create_task(page.say_until_taken("网页上写的"))
            looking = group.create_task(_look_at_health(program, outcome))
            await asyncio.sleep(plan.seconds)
            during = len(bot.attempts)
            returning = time.time()
            await asyncio.to_thread(plan.come_back)
            back = time.time()
            await _until(lambda: any(status == 200 for _, status in bot.attempts[during:]), "one is acknowledged")
            outcome.first = time.time() - back
            looking.cancel()
            outcome.said = len(await texts)
            await writing
            await _until(lambda: not bot.pending, "all are acknowledged")
            await asyncio.to_thread(_wait_settled, plan.url)
            outcome.settled = time.time() - back
    away = [(status, at + seconds, seconds) for (_, status), (at, seconds) in zip(bot.attempts, bot.waits, strict=True)
            if left < at < returning]  # fmt: skip
    outcome.statuses = Counter(status for status, answered, _ in away if answered < returning)
    outcome.waits = [seconds for _, _, seconds in away]
    _compare(plan, outcome, texts.result(), bot)
    return outcome


async def _say(plan: Plan, bot: FakeBot, people: Sequence[Person]) -> list[str]:
    """Texts at an even rate, each person in turn. Returns all."""
    count = int(plan.rate * (BEFORE + plan.seconds + AFTER))
    began, said = time.monotonic(), []
    for number in range(count):
        text = f"路灯坏了〔{number}〕"
        bot.push(people[number % len(people)].text(text))
        said.append(text)
        await asyncio.sleep(max(0.0, began + (number + 1) / plan.rate - time.monotonic()))
    return said


class _Page:
    """What the web chat's page does with a message: the same id until it is taken, after as long as it was told."""

    def __init__(self, browser: aiohttp.ClientSession, outcome: Outcome) -> None:
        self._browser = browser
        self._outcome = outcome

    async def open(self, code: str) -> None:
        async with self._browser.post("/chat", json={"code": code}) as answer:
            assert answer.status == 200
            cookie = answer.cookies["mashang_chat"]
            self._browser.headers["Cookie"] = f"{cookie.key}={cookie.value}"

    async def say_until_taken(self, text: str) -> None:
        while True:
            asked = time.monotonic()
            async with self._browser.post("/chat/messages", json={"id": "one", "text": text}) as answer:
                content = await answer.json()
                self._outcome.page.append((answer.status, time.monotonic() - asked, content.get("error", "")))
                if answer.status == 200:
                    return
                await asyncio.sleep(min(float(answer.headers["Retry-After"]), 1.0))


async def _look_at_health(program: Program, outcome: Outcome) -> None:
    async with aiohttp.ClientSession(program.url, timeout=aiohttp.ClientTimeout(total=30)) as session:
        while True:
            asked = time.monotonic()
            async with session.get("/health") as answer:
                outcome.health.append((answer.status, time.monotonic() - asked))
            await asyncio.sleep(1)


async def _until(holds: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > give_up:
            raise RuntimeError(f"not within {PATIENCE:g} s: {what}")
        await asyncio.sleep(0.01)


def _wait_settled(url: str) -> None:
    give_up = time.monotonic() + PATIENCE
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("SELECT count(*) FROM notices WHERE state = 'pending'").fetchone() != (0,):
            if time.monotonic() > give_up:
                raise RuntimeError("the outbox does not empty")
            time.sleep(0.02)


def _compare(plan: Plan, outcome: Outcome, said: Sequence[str], bot: FakeBot) -> None:
    """What was said, held against what is kept; what is marked as sent, against what stands on screens."""
    with psycopg.connect(plan.url) as connection:
        kept = Counter(text for (text,) in connection.execute("SELECT text FROM submission_parts"))
        states: list[Any] = connection.execute(_STATES).fetchall()
        marked = {(user, external) for user, external in connection.execute(_SENT)}
    expected = [*said, "网页上写的"]
    outcome.lost = [text for text in expected if not kept[text]]
    outcome.doubled = [text for text, times in kept.items() if times > 1]
    outcome.unsent = dict(states)
    shown = {(str(sent.chat_id), str(sent.message_id)) for sent in bot.sent}
    outcome.sent_twice = [f"{chat}: {message}" for chat, message in shown - marked]
    outcome.lost += [f"{chat}: message {message} is on no screen" for chat, message in marked - shown]


_STATES = "SELECT state, count(*) FROM notices WHERE state != 'sent' GROUP BY state"
_SENT = (
    "SELECT a.user_id, n.external_id FROM notices n JOIN addresses a ON a.id = n.address_id"
    " WHERE n.state = 'sent' AND a.channel = 'telegram'"
)
