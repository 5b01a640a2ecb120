"""Notices to members in WeCom: more than it brings in a minute, and through a platform that fails in every way it
knows, by the dice. It drops without a word what is too much; none may be. `-s` prints what was met, and how they ended.
"""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.delivery import MAX_ATTEMPTS, Delivery
from bot.http import HttpClient
from bot.registry import Channels
from bot.wording import Wording
from routing.notice import Notice, NoticeState
from routing.people import Address, Contact
from storage.schema import notices
from storage.store import Store
from tests.bot.channels.wecom_harness import channel_of
from tests.conftest import Clock
from tests.fakes.wecom import SECRET, FakeWeCom, Fault
from tests.fakes.wecom_app import COUNTS
from tests.routing.county import County, understanding

PEOPLE, EACH = 40, 15
CANARY = "kanarie7c2a"
MARK = re.compile(r"P(\d+)-(\d+)")
#: What may meet one attempt, by weight; a code in digits is the platform's own word. "taken": it has the message, its
#: answer is lost.
DICE = {
    "none": 680, "html": 25, "bad_gateway": 40, "empty": 15, "malformed": 25, "malformed taken": 15, "wrong_type": 20,
    "reset": 40, "reset taken": 15, "cut_off": 20, "cut_off taken": 10, "-1": 30, "45033": 6, "45009": 2, "60020": 2,
    "40014": 8, "42001": 6,
}  # fmt: skip
#: Every so many-th person, from which of their notices on (or at which alone), and what meets every attempt at it.
GONE, REFUSED = {"81013": (10, 4), "60011": (15, 7)}, {"40058": (8, 3), "85002": (9, 2)}


def expected(person: int, number: int) -> tuple[str | None, NoticeState]:
    for code, (nth, at) in GONE.items():
        if person % nth == 0 and number >= at:
            return code, NoticeState.BLOCKED
    for code, (nth, at) in REFUSED.items():
        if person % nth == 0 and number == at:
            return code, NoticeState.FAILED
    return None, NoticeState.SENT


@dataclass
class Run:
    """What is looked at afterwards: `met` keeps the faults of each notice in order."""

    store: Store
    clock: Clock
    platform: FakeWeCom
    channels: Channels
    ids: dict[int, str] = field(default_factory=dict)
    met: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def process(self) -> Delivery:
        """The delivery of one more process."""
        return Delivery(
            self.store.writer, self.channels, understanding(), Wording(), self.clock, poll_seconds=0.01
        )  # fmt: skip

    def tell(self, people: int, each: int, text: str = "") -> None:
        with self.store.transaction() as uow:
            for person in range(1, people + 1):
                contact = Contact(uow.now)
                uow.contacts.add(contact)
                address = Address(contact.id, "wecom", "desk", f"member{person}", uow.now)
                uow.contacts.add_address(address)
                contact.address_id = address.id
                self.platform.member(f"member{person}")
                for number in range(1, each + 1):
                    params = {"number": "1", "text": f"P{person}-{number:02} {CANARY}{text}"}
                    notice = Notice("case.message", contact.id, uow.now, uow.now, params=params)
                    uow.notices.add(notice)
                    self.ids[notice.id] = f"P{person}-{number:02}"

    def throw(self, path: str, body: dict[str, Any]) -> Fault | None:
        """The same dice for the same notice and attempt, whatever order the sends come in."""
        found = MARK.search(str(body.get("text", ""))) if path == "message/send" else None
        if found is None:
            return None
        attempts = self.met[found[0]]
        code, _ = expected(int(found[1]), int(found[2]))
        dice = Random(f"13 {found[0]} {len(attempts)}")
        name = code or dice.choices(list(DICE), list(DICE.values()))[0]
        attempts.append(name)
        kind, _, taken = name.partition(" ")
        if kind == "none":
            return None
        if kind.lstrip("-").isdigit():
            return Fault("errcode", path, code=int(kind))
        return Fault(kind, path, taken=bool(taken))

    def due(self) -> list[datetime]:
        with self.store._reading.connect() as connection:
            return [*connection.execute(select(notices.c.due_at).where(notices.c.state == "pending")).scalars()]

    async def deliver_all(self, *processes: Delivery) -> None:
        """Go from one due time to the next until nothing is pending."""
        for _ in range(4000):
            if sum([await process.deliver_due() for process in processes]):
                continue
            if not (due := self.due()):
                return
            self.clock.now = min(at for at in due if at > self.clock.now)
        raise AssertionError("something is pending for ever")

    def rows(self) -> dict[str, Any]:
        with self.store._reading.connect() as connection:
            found = connection.execute(select(notices)).all()
        return {self.ids[row.id]: row for row in found}

    def arrivals(self, person: int) -> list[str]:
        """What somebody got, in order, repeats included."""
        screen = self.platform.member(f"member{person}").screen
        return [found[0] for seen in screen if (found := MARK.search(seen.text))]

    def nothing_was_dropped(self) -> None:
        app = self.platform.account
        assert app.dropped == []
        assert app.violations == []
        for user_id in app.members:
            for count, within in COUNTS:
                assert app.counts_of(user_id, within) <= count


@pytest.fixture
async def run(sqlite_store: Store, clock: Clock) -> AsyncIterator[Run]:
    County(sqlite_store, clock).found()
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(FakeWeCom(clock))
        http = HttpClient()
        stack.push_async_callback(http.close)
        channel = channel_of(platform, sqlite_store, http, clock, timeout=3.0)
        # The pace is kept by the event loop's time, which is not moved here.
        channel.capabilities = replace(channel.capabilities, per_second=0)
        yield Run(sqlite_store, clock, platform, Channels([channel]))


async def test_fifty_notices_in_a_minute_are_thirty_and_then_the_rest(run: Run) -> None:
    run.tell(1, 50)
    begin, process = run.clock.now, run.process()
    while await process.deliver_due():
        pass
    assert len(run.arrivals(1)) == 30
    again_at = set(run.due())
    assert len(again_at) == 1, "the rest waits for its turn, in order"
    assert timedelta(seconds=57) <= again_at.pop() - begin <= timedelta(seconds=63)
    await run.deliver_all(process)
    assert run.arrivals(1) == [f"P1-{number:02}" for number in range(1, 51)]
    assert {row.state for row in run.rows().values()} == {NoticeState.SENT}
    assert {row.attempts for row in run.rows().values()} == {1}, "waiting for one's turn is no failure"
    run.nothing_was_dropped()


async def test_two_processes_count_together_and_nobody_waits_for_anybody(run: Run) -> None:
    run.tell(3, 40)
    one, other = run.process(), run.process()
    while await one.deliver_due() + await other.deliver_due():
        pass
    assert [len(run.arrivals(person)) for person in (1, 2, 3)] == [30, 30, 30]
    await run.deliver_all(one, other)
    for person in (1, 2, 3):
        assert run.arrivals(person) == [f"P{person}-{number:02}" for number in range(1, 41)]
    run.nothing_was_dropped()


async def test_each_piece_of_a_long_notice_counts(run: Run) -> None:
    run.tell(1, 12, "路灯修好了，请您晚上再看一看。" * 140)
    await run.deliver_all(run.process())
    assert len(run.platform.member("member1").screen) == 12 * 4
    assert run.arrivals(1) == [f"P1-{number:02}" for number in range(1, 13)]
    run.nothing_was_dropped()


async def test_every_notice_through_a_faulty_platform_ends_as_it_should(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    run.platform.account.fault_for = run.throw
    run.tell(PEOPLE, EACH)
    with capture_logs() as logged:
        await run.deliver_all(run.process())
    rows = run.rows()
    met = Counter(name for names in run.met.values() for name in names)
    ends = Counter(row.state.value for row in rows.values())
    print(f"\n{met.total()} calls: {dict(met.most_common())}\n{dict(ends)}")
    assert len(rows) == PEOPLE * EACH
    for what, row in rows.items():
        person, number = (int(part) for part in MARK.fullmatch(what).groups())  # type: ignore[union-attr]
        assert row.state is expected(person, number)[1], (what, run.met.get(what))
        assert row.attempts <= MAX_ATTEMPTS
    for person in range(1, PEOPLE + 1):
        got = run.arrivals(person)
        assert list(dict.fromkeys(got)) == sorted(set(got))
        for number in range(1, EACH + 1):
            what = f"P{person}-{number:02}"
            lost = sum(name.endswith(" taken") for name in run.met.get(what, ()))
            assert got.count(what) == lost + (rows[what].state is NoticeState.SENT), (what, run.met[what])
    run.nothing_was_dropped()
    said = repr(logged) + caplog.text
    assert "60020" in said
    for secret in (CANARY, SECRET, "member1"):
        assert secret not in said
