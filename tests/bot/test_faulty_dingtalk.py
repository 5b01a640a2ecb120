"""Six hundred notices through DingTalk's robot to a platform that fails in every way it knows, by the dice.

`-s` prints what was met, and how the notices ended.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from bot.channels.dingtalk import DingTalk
from bot.channels.dingtalk_api import DingTalkApi
from bot.channels.tokens import TokenHolder
from bot.delivery import MAX_ATTEMPTS, Delivery
from bot.http import HttpClient
from bot.registry import Channels
from bot.wording import Wording
from routing.notice import Notice, NoticeState
from routing.people import Address, Contact
from storage.schema import notices
from storage.store import Store
from tests.bot.channels.dingtalk_harness import CLIENT_ID, SECRET, load
from tests.conftest import Clock
from tests.fakes.dingtalk import FakeApp, FakeDingTalk, Fault
from tests.fakes.dingtalk_messages import Json
from tests.routing.county import County, understanding

PEOPLE, EACH = 60, 10
MARK = re.compile(r"P(\d+)-(\d+)")
#: What may meet one attempt, by weight. "taken": the platform has the message, its answer is lost.
DICE: dict[str, int] = {
    "none": 640, "qps": 15, "rate_limit": 5, "flow": 30, "busy": 40, "server_error": 40, "server_error taken": 20,
    "reset": 50, "reset taken": 25, "malformed": 40, "malformed taken": 20, "other_shape": 30, "proxy_refusal": 20,
    "punished": 10, "permission": 10, "robot": 5, "unauthorized": 30,
}  # fmt: skip
#: Every so many-th person, from which of their notices on, and what meets every attempt at it.
FATES: dict[str, tuple[int, int]] = {"gone": (10, 3), "not_existed": (20, 4), "filtered": (25, 2), "refused": (15, 5)}
OUT_OF_REACH = ("gone", "not_existed", "filtered")


def fate_of(person: int) -> str | None:
    return next((name for at, (name, (nth, _)) in enumerate(FATES.items()) if person % nth == at), None)


def expected(person: int, number: int) -> NoticeState:
    fate = fate_of(person)
    if fate in OUT_OF_REACH and number >= FATES[fate][1]:
        return NoticeState.BLOCKED
    return NoticeState.FAILED if fate == "refused" and number == FATES[fate][1] else NoticeState.SENT


@dataclass
class Run:
    """What is looked at afterwards: `met` keeps the faults of each notice in order."""

    store: Store
    clock: Clock
    app: FakeApp
    delivery: Delivery
    ids: dict[int, str] = field(default_factory=dict)
    met: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def throw(self, body: Json) -> Fault | None:
        found = MARK.search(json.loads(body["msgParam"])["content"])
        assert found is not None
        person, number, attempts = int(found[1]), int(found[2]), self.met[found[0]]
        fate = fate_of(person)
        if fate is not None and expected(person, number) is not NoticeState.SENT:
            name = fate
        else:
            name = Random(f"7 {found[0]} {len(attempts)}").choices(list(DICE), list(DICE.values()))[0]
        attempts.append(name)
        kind, _, taken = name.partition(" ")
        return None if kind == "none" else Fault(kind, retry_after=7, taken=bool(taken))

    def tell_everybody(self) -> None:
        with self.store.transaction() as uow:
            for person in range(1, PEOPLE + 1):
                contact = Contact(uow.now)
                uow.contacts.add(contact)
                address = Address(contact.id, "dingtalk", "desk", f"staff{person}", uow.now)
                uow.contacts.add_address(address)
                contact.address_id = address.id
                self.app.staff.add(f"staff{person}")
                for number in range(1, EACH + 1):
                    params = {"number": "1", "text": f"P{person}-{number:02}"}
                    notice = Notice("case.message", contact.id, uow.now, uow.now, params=params)
                    uow.notices.add(notice)
                    self.ids[notice.id] = params["text"]

    async def deliver_all(self) -> None:
        """Go from one due time to the next until nothing is pending."""
        for _ in range(3000):
            if await self.delivery.deliver_due():
                continue
            with self.store._reading.connect() as connection:
                due = connection.execute(select(notices.c.due_at).where(notices.c.state == "pending")).scalars().all()
            if not due:
                return
            self.clock.now = min(at for at in due if at > self.clock.now)
        raise AssertionError("something is pending for ever")

    def rows(self) -> dict[str, Any]:
        with self.store._reading.connect() as connection:
            found = connection.execute(select(notices)).all()
        return {self.ids[row.id]: row for row in found if row.id in self.ids}

    def arrivals(self) -> dict[str, list[str]]:
        """What each person got, in order, repeats included."""
        got: dict[str, list[str]] = defaultdict(list)
        for sent in self.app.sent:
            found = MARK.search(sent.shown.text)
            assert found is not None
            got[sent.user_id].append(found[0])
        return got


@pytest.fixture
async def run(sqlite_store: Store, clock: Clock) -> AsyncIterator[Run]:
    County(sqlite_store, clock).found()
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(FakeDingTalk())
        app = fake.app(CLIENT_ID, SECRET, now=clock, per_second=0)
        http = HttpClient()
        stack.push_async_callback(http.close)
        api = DingTalkApi(http, CLIENT_ID, SECRET, fake.url, timeout=3.0)
        api.tokens = TokenHolder(api.fetch_token, sqlite_store.writer, "dingtalk", CLIENT_ID, clock)
        channel = DingTalk(api=api, clock=clock, load=load)
        # The pace is kept by the event loop's time, which is not moved here.
        channel.capabilities = replace(channel.capabilities, per_second=0)
        words = Wording()
        delivery = Delivery(sqlite_store.writer, Channels([channel]), understanding(), words, clock, poll_seconds=0.01)
        run = Run(sqlite_store, clock, app, delivery)
        app.fault_for = run.throw
        yield run


async def test_every_notice_through_a_faulty_platform_ends_as_it_should(run: Run) -> None:
    run.tell_everybody()
    await run.deliver_all()
    rows = run.rows()
    ends = Counter(row.state for row in rows.values())
    met = Counter(name for names in run.met.values() for name in names)
    print(f"\n{sum(met.values())} calls: {dict(met.most_common())}\n{ {s.value: n for s, n in ends.items()} }")
    assert len(rows) == PEOPLE * EACH
    for what, row in rows.items():
        person, number = (int(part) for part in MARK.fullmatch(what).groups())  # type: ignore[union-attr]
        assert row.state is expected(person, number), (what, run.met.get(what))
        assert row.attempts <= MAX_ATTEMPTS
    for got in run.arrivals().values():
        first = list(dict.fromkeys(got))
        assert first == sorted(first), got
        for what, times in Counter(got).items():
            lost = sum(name.endswith(" taken") for name in run.met[what])
            assert times <= 1 + lost, (what, run.met[what])
    arrived = {what for got in run.arrivals().values() for what in got}
    assert {what for what, row in rows.items() if row.state is NoticeState.SENT} <= arrived
    assert len(run.app.tokens) > 1, "the token ran out, or was refused, on the way"
