"""Two thousand notices through both Telegram bots to a platform that fails in every way it knows, by the dice.

`-s` prints the table: what was met, and in which state the notices that met it ended.
"""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.channel import RateLimited, TemporaryFailure
from bot.channels.telegram_channel import TelegramChannel
from bot.channels.telegram_citizen import TelegramCitizen
from bot.channels.telegram_desk import TelegramDesk
from bot.delivery import MAX_ATTEMPTS, Delivery
from bot.http import HttpClient
from bot.message import InboundMessage, OutboundMessage
from bot.reception import Reception
from bot.registry import Channels
from bot.wording import Wording
from routing.notice import Notice, NoticeState
from routing.people import Address, Contact
from storage.schema import notices
from storage.store import Store
from tests.conftest import Clock
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_faults import MOVED, Dice
from tests.routing.county import County, understanding

PEOPLE, EACH = 200, 10
SECRET = "kanarie5b1f"
TOKENS = {"citizen": f"1000001:AAE-{SECRET}-a", "desk": f"1000002:AAE-{SECRET}-b"}
MARK = re.compile(r"P(\d+)-(\d+)")
#: What befalls some people: every how many-th person, at which of their notices, and what every attempt at it meets.
FATES: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "blocked": (10, 3, ("reset", "blocked")),
    "chat_not_found": (20, 4, ("chat_not_found",)),
    "refused": (15, 5, ("refused",)),
    "migrate": (12, 2, ("migrate", "none")),
    "always 502": (25, 6, ("server_error",)),
    "always without a code": (40, 1, ("no_code",)),
    "hang": (18, 1, ("hang", "hang taken", "none")),
}
OUT_OF_REACH = ("blocked", "chat_not_found")


def fate_of(person: int) -> str | None:
    return next((name for at, (name, (nth, _, _)) in enumerate(FATES.items()) if person % nth == at), None)


def mark(person: int, number: int) -> str:
    return f"P{person}-{number:02}"


@dataclass
class Run:
    """What is looked at afterwards. `early`: sends begun although the platform had asked that bot to wait."""

    store: Store
    clock: Clock
    platform: FakeTelegram
    channels: list[TelegramChannel]
    delivery: Delivery
    dice: dict[str, Dice]
    ids: dict[int, str] = field(default_factory=dict)
    early: list[str] = field(default_factory=list)

    def account(self, person: int) -> str:
        return "desk" if person % 4 == 0 else "citizen"

    def of(self, person: int) -> Dice:
        return self.dice[self.account(person)]

    def tell_everybody(self) -> None:
        with self.store.transaction() as uow:
            contacts = {}
            for person in range(1, PEOPLE + 1):
                contact = Contact(uow.now)
                uow.contacts.add(contact)
                address = Address(contact.id, "telegram", self.account(person), str(person), uow.now)
                uow.contacts.add_address(address)
                contact.address_id = address.id
                contacts[person] = contact.id
            for number in range(1, EACH + 1):
                for person, contact_id in contacts.items():
                    self.tell(uow, contact_id, mark(person, number))

    def tell(self, uow: Any, contact_id: int, what: str) -> None:
        notice = Notice(
            "case.message", contact_id, uow.now, uow.now, params={"number": "1", "text": f"{what} {SECRET}"}
        )
        uow.notices.add(notice)
        self.ids[notice.id] = what

    def rows(self) -> dict[str, Any]:
        """The notices that this test told, by their marks."""
        with self.store._reading.connect() as connection:
            found = connection.execute(select(notices).order_by(notices.c.id)).all()
        return {self.ids[row.id]: row for row in found if row.id in self.ids}

    async def deliver_all(self) -> int:
        """Go from one due time to the next until nothing is pending; returns how many times that were."""
        times = 0
        for _ in range(2000):
            if await self.delivery.deliver_due():
                continue
            with self.store._reading.connect() as connection:
                due = connection.execute(select(notices.c.due_at).where(notices.c.state == "pending")).scalars().all()
            if not due:
                return times
            # Those that wait behind another one's next try are due already.
            self.clock.now = min(at for at in due if at > self.clock.now)
            times += 1
        raise AssertionError("something is pending for ever")

    def arrivals(self) -> dict[int, list[str]]:
        """What each person got, in order, repeats included; where they moved to counts as theirs."""
        got: dict[int, list[str]] = defaultdict(list)
        for token in TOKENS.values():
            for sent in self.platform.bot(token).sent:
                if found := MARK.search(sent.text):
                    got[sent.chat_id % MOVED].append(found[0])
        return got

    def watch(self, channel: TelegramChannel) -> None:
        """Note what is sent through a channel before a wait that it was asked for is over."""
        send, open_again = channel.send, datetime.min.replace(tzinfo=self.clock.now.tzinfo)

        async def watched(user_id: str, message: OutboundMessage) -> str:
            nonlocal open_again
            if self.clock.now < open_again:
                self.early.append(user_id)
            try:
                return await send(user_id, message)
            except RateLimited as limited:
                open_again = max(open_again, self.clock.now + timedelta(seconds=limited.retry_after))
                raise
            except TemporaryFailure as failure:
                if "Timeout" in str(failure) and (found := MARK.search(message.text)):
                    self.dice[channel.account].given_up(found[0])
                raise

        channel.send = watched  # type: ignore[method-assign]

    def table(self) -> str:
        """What was met, how often, and how the notices ended that met it."""
        rows, lines = self.rows(), []
        ends: dict[str, Counter[str]] = defaultdict(Counter)
        calls: Counter[str] = Counter()
        for dice in self.dice.values():
            for notice, names in dice.met.items():
                calls.update(names)
                for name in set(names):
                    ends[name][rows[notice].state.value] += 1
        states = [state.value for state in NoticeState if state is not NoticeState.PENDING]
        lines.append(f"{'met':22}{'calls':>7}" + "".join(f"{state:>10}" for state in states))
        for name, count in calls.most_common():
            lines.append(f"{name:22}{count:7}" + "".join(f"{ends[name][state]:10}" for state in states))
        total = Counter(row.state.value for row in rows.values())
        lines.append(f"{'all notices':22}{calls.total():7}" + "".join(f"{total[state]:10}" for state in states))
        return "\n".join(lines)


@pytest.fixture
async def run(store: Store, clock: Clock) -> AsyncIterator[Run]:
    County(store, clock).found()
    http = HttpClient()
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(FakeTelegram())
        stack.push_async_callback(http.close)

        async def load(name: str) -> bytes:
            raise FileNotFoundError(name)

        channels: list[TelegramChannel] = [
            kind(http=http, token=TOKENS[kind.account], api_base=platform.url, clock=clock, load=load, timeout=3.0)
            for kind in (TelegramCitizen, TelegramDesk)
        ]
        dice = {account: Dice(7, MARK) for account in TOKENS}
        for channel in channels:
            # The pace is kept by the event loop's time, which is not moved here.
            channel.capabilities = replace(channel.capabilities, per_second=0)
            dice[channel.account].sit_at(platform.bot(TOKENS[channel.account]))
        delivery = Delivery(store.writer, Channels(channels), understanding(), Wording(), clock, poll_seconds=0.01)
        run = Run(store, clock, platform, channels, delivery, dice)
        for channel in channels:
            run.watch(channel)
        for person in range(1, PEOPLE + 1):
            if fate := fate_of(person):
                _, number, attempts = FATES[fate]
                run.of(person).fates[mark(person, number)] = attempts
        yield run


async def test_every_notice_through_a_faulty_platform_ends_as_it_should(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    run.tell_everybody()
    with capture_logs() as logged:
        rounds = await run.deliver_all()
    print(f"\n{run.table()}\n{rounds} due times, {len(run.early)} sends before a wait was over")
    rows = run.rows()
    assert len(rows) == PEOPLE * EACH
    _ends_in_a_named_state(run, rows)
    _blocked_are_left_alone(run)
    _order_is_kept(run)
    _doubled_only_where_the_answer_was_lost(run, rows)
    assert sum(dice.counts()["rate_limit"] for dice in run.dice.values()) >= 5
    assert run.early == []
    said = repr(logged) + caplog.text
    assert said
    assert SECRET not in said
    await _who_writes_again_is_told_again(run)


def _expected(person: int, number: int) -> str:
    fate = fate_of(person)
    if fate in (None, "migrate", "hang"):
        return "sent"
    at = FATES[fate][1]
    if fate in OUT_OF_REACH:
        return "sent" if number < at else "blocked"
    return "failed" if number == at else "sent"


def _ends_in_a_named_state(run: Run, rows: dict[str, Any]) -> None:
    """And after a bounded number of tries; a flood answer counts as none."""
    for what, row in rows.items():
        person, number = (int(part) for part in MARK.fullmatch(what).groups())  # type: ignore[union-attr]
        assert row.state.value == _expected(person, number), (what, run.of(person).met.get(what))
        met = run.of(person).met.get(what, [])
        assert len(met) - met.count("rate_limit") <= MAX_ATTEMPTS
        assert row.attempts <= MAX_ATTEMPTS
        assert row.lease_owner is None


def _blocked_are_left_alone(run: Run) -> None:
    """No request for somebody after the one that was refused."""
    for person in range(1, PEOPLE + 1):
        fate = fate_of(person)
        if fate in OUT_OF_REACH:
            at = FATES[fate][1]
            assert run.of(person).met[mark(person, at)] == list(FATES[fate][2])
            assert not [
                what for number in range(at + 1, EACH + 1) if (what := mark(person, number)) in run.of(person).met
            ]


def _order_is_kept(run: Run) -> None:
    for person, got in run.arrivals().items():
        first = list(dict.fromkeys(got))
        assert first == sorted(first), f"{person} got {got}"


def _doubled_only_where_the_answer_was_lost(run: Run, rows: dict[str, Any]) -> None:
    doubled = 0
    for person, got in run.arrivals().items():
        for what, times in Counter(got).items():
            assert times <= 1 + run.of(person).taken(what), what
            doubled += times - 1
    taken = sum(dice.taken(what) for dice in run.dice.values() for what in dice.met)
    assert 0 < doubled <= taken
    missing = {what for what, row in rows.items() if row.state is NoticeState.SENT} - {
        what for got in run.arrivals().values() for what in got
    }
    assert not missing, "it counts as sent and never came"
    print(f"{taken} answers lost after the platform had taken the message, {doubled} messages came again")


async def _who_writes_again_is_told_again(run: Run) -> None:
    """Somebody who had blocked writes: from then on they are told again, and nothing of what was missed."""
    person = next(p for p in range(1, PEOPLE + 1) if fate_of(p) == "blocked" and run.account(p) == "citizen")
    for dice in run.dice.values():
        dice.fates = {mark(person, 99): ("none",)}
    before = len(run.arrivals()[person])
    channels = Channels(run.channels)
    reception = Reception(
        run.store.writer, run.store.files, channels, understanding(), Wording(), delivery=run.delivery
    )
    await reception.receive(
        InboundMessage("telegram", "citizen", "citizen", "again", str(person), run.clock.now, "text", "你好")
    )
    with run.store.transaction() as uow:
        address = uow.contacts.address("telegram", "citizen", str(person))
        assert address is not None
        run.tell(uow, address.contact_id, mark(person, 99))
    await run.deliver_all()
    assert run.arrivals()[person][before:] == [mark(person, 99)]
