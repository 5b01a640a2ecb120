"""The database goes away while citizens write on WeChat, and comes back.

Its far side is the fake WeChat, which waits five seconds for an answer, asks three times, and gives up for good.
"""

import asyncio
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from benchmarks.soak_program import Program
from bot.wording import Wording
from tests.endurance import served
from tests.endurance.station import environment, prepare
from tests.fakes.wechat import FakeWeChat
from tests.fakes.wechat_person import Citizen, Receipt

#: Seconds before and after the outage; until all is settled.
BEFORE, AFTER, PATIENCE = 2.0, 2.0, 120.0
#: A person writes again after so many seconds. Their own messages come in the order in which they wrote them.
PAUSE = 4
KEPT = Wording().render("citizen.kept")


@dataclass(frozen=True, slots=True)
class Plan:
    """`leave` and `come_back` make the database do so; it is away for `seconds`, under `rate` messages a second."""

    url: str
    folder: Path
    leave: Callable[[], None]
    come_back: Callable[[], None]
    seconds: float
    rate: float = 50.0


@dataclass(slots=True)
class Outcome:
    """Seconds all; `waits` are of WeChat's calls from the outage's begin until all was drained, `drained` from the
    return of the database until nothing was on disk."""

    said: int = 0
    waits: list[float] = field(default_factory=list)
    calls: Counter[int | None] = field(default_factory=Counter)
    kept: int = 0
    broken: int = 0
    repeated: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    drained: float = 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.waits)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    def table(self) -> str:
        return (
            f"said {self.said}, kept on disk {self.kept}, lost {len(self.lost)}, doubled {len(self.doubled)}, out of "
            f"order {len(self.disordered)}, calls {dict(self.calls)}\nwhile it was away: p50 "
            f"{self.percentile(0.5) * 1000:.0f} ms, p99 {self.percentile(0.99) * 1000:.0f} ms, longest "
            f"{self.percentile(1) * 1000:.0f} ms\nback: drained after {self.drained:.1f} s; notices {self.states}"
        )


async def outage(plan: Plan) -> Outcome:
    """Play it to the end. Raises `RuntimeError` when the server can't be started or nothing settles."""
    code = await asyncio.to_thread(prepare, plan.folder, plan.url)
    async with FakeWeChat() as fake:
        settings = environment("http://127.0.0.1:9", plan.folder, plan.url, lease=10)
        settings = {name: value for name, value in settings.items() if "TELEGRAM" not in name}
        settings |= {f"MASHANG_{name.upper()}": value for name, value in fake.settings.items()}
        program = Program((sys.executable, str(served.__file__)), settings, plan.folder)
        fake.callback = f"{settings['MASHANG_PUBLIC_URL']}/wechat"
        try:
            program.start()
            await program.serving(seconds=180)
            return await _play(plan, fake, code)
        finally:
            program.kill()


async def _play(plan: Plan, fake: FakeWeChat, code: str) -> Outcome:
    outcome = Outcome()
    people = [fake.citizen(f"o-outage-{number}") for number in range(int(plan.rate * PAUSE))]
    for some in range(0, len(people), 25):
        await asyncio.gather(*(person.subscribe(code) for person in people[some : some + 25]))
    async with asyncio.TaskGroup() as group:
        saying = group.create_task(_say(plan, people))
        await asyncio.sleep(BEFORE)
        left = time.monotonic()
        await asyncio.to_thread(plan.leave)
        await asyncio.sleep(plan.seconds)
        await asyncio.to_thread(plan.come_back)
        back = time.monotonic()
        said = await saying
        folder = plan.folder / "spool"
        await _until(lambda: not any(folder.glob("*.msg")), "nothing is on disk")
        outcome.drained = time.monotonic() - back
        await asyncio.to_thread(_wait_sent, plan.url)
    outcome.said = len(said)
    outcome.violations = fake.account.violations
    for began, _, receipt in said:
        outcome.calls.update(attempt.status for attempt in receipt.tries)
        outcome.kept += receipt.passive == KEPT
        outcome.broken += not receipt.acknowledged
        outcome.repeated += len(receipt.tries) > 1
        if left <= began <= back + outcome.drained:
            outcome.waits += [attempt.seconds for attempt in receipt.tries]
    _compare(plan, outcome, [text for _, text, _ in said])
    return outcome


async def _say(plan: Plan, people: list[Citizen]) -> list[tuple[float, str, Receipt]]:
    """Texts at an even rate, each person in turn and one after the other, as their phone does."""
    count = int(plan.rate * (BEFORE + plan.seconds + AFTER))
    began = time.monotonic()
    turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def say(number: int) -> tuple[float, str, Receipt]:
        person = people[number % len(people)]
        text = f"路灯坏了〔{number}〕"
        async with turns[person.openid]:
            at = time.monotonic()
            return at, text, await person.text(text)

    tasks = []
    for number in range(count):
        tasks.append(asyncio.create_task(say(number)))
        await asyncio.sleep(max(0.0, began + (number + 1) / plan.rate - time.monotonic()))
    return await asyncio.gather(*tasks)


async def _until(holds: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > give_up:
            raise RuntimeError(f"not within {PATIENCE:g} s: {what}")
        await asyncio.sleep(0.05)


def _wait_sent(url: str) -> None:
    give_up = time.monotonic() + PATIENCE
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("SELECT count(*) FROM notices WHERE state = 'pending'").fetchone() != (0,):
            if time.monotonic() > give_up:
                raise RuntimeError("the outbox does not empty")
            time.sleep(0.05)


def _compare(plan: Plan, outcome: Outcome, said: list[str]) -> None:
    """What was said, held against what is kept and in which order."""
    with psycopg.connect(plan.url) as connection:
        rows = connection.execute(_PARTS).fetchall()
        outcome.states = dict(connection.execute("SELECT state, count(*) FROM notices GROUP BY state").fetchall())
    kept = Counter(text for _, text in rows)
    outcome.lost = [text for text in said if not kept[text]]
    outcome.doubled = [text for text, times in kept.items() if times > 1]
    number_of = {text: number for number, text in enumerate(said)}
    by_person: dict[str, list[int]] = defaultdict(list)
    for person, text in rows:
        by_person[person].append(number_of[text])
    outcome.disordered = [person for person, numbers in by_person.items() if numbers != sorted(numbers)]


_PARTS = (
    "SELECT a.user_id, p.text FROM submission_parts p JOIN submissions s ON s.id = p.submission_id"
    " JOIN addresses a ON a.contact_id = s.contact_id WHERE p.text IS NOT NULL ORDER BY s.id, p.seq"
)
