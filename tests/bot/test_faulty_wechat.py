"""Two thousand notices to citizens on a WeChat that fails in every way it knows, by the dice, while they write, tap,
leave and come back, or keep silent.

Every notice ends in a named state, none is tried outside of a window or above a count, and what arrives twice is only
what the platform took without our hearing of it. `-s` prints the table.
"""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.channel import Capabilities, Channel
from bot.channels.wechat_api import WeChatApi
from bot.channels.wechat_sending import TEXT_LIMIT, WINDOWS, WeChatSending
from bot.delivery import MAX_ATTEMPTS, Delivery
from bot.dialogs import citizen
from bot.dialogs.turn import Turn
from bot.http import HttpClient
from bot.message import Attachment, InboundMessage
from bot.reception import Reception
from bot.registry import Channels
from bot.wording import Wording
from routing.notice import Notice
from routing.people import Address, Contact
from storage.schema import notices
from storage.store import Store
from tests.conftest import Clock
from tests.fakes.wechat import APP_ID, SECRET, FakeWeChat, Fault
from tests.routing.county import County, understanding

PEOPLE, EACH = 200, 10
CANARY = "kanarie5b1f"
MARK = re.compile(r"P(\d+)-(\d+)")
#: What may meet one attempt, by weight; a code in digits is the platform's own word.
PASSING = {
    "none": 700, "html": 30, "bad_gateway": 40, "empty": 15, "malformed": 25, "malformed taken": 15, "wrong_type": 20,
    "reset": 40, "reset taken": 15, "cut_off": 20, "cut_off taken": 10, "-1": 30, "45011": 4, "40001": 6, "42001": 6,
}  # fmt: skip
#: What a notice meets at each attempt, for some people: every how many-th, at which of their notices.
FATES = {"47001": (15, 5), "48002": (21, 4)}


class OutgoingWeChat(WeChatSending):
    """The sending half as a channel of its own."""

    name, account, audience = "wechat", "citizen", "citizen"
    capabilities = Capabilities(
        text_limit=TEXT_LIMIT, text_unit="bytes", buttons=False, redelivers=False, per_second=0, windows=WINDOWS
    )

    def routes(self) -> tuple[()]:
        return ()

    async def start(self, receive: Any) -> None: ...

    async def stop(self) -> None: ...

    async def fetch(self, attachment: Attachment) -> bytes:
        raise NotImplementedError

    def link(self, payload: str) -> None:
        return None


def openid(person: int) -> str:
    return f"o6_bmjrPTlm6_2sgVt7hMZO{person:05}"


def habit_of(person: int) -> str:
    """How somebody behaves: writes, only taps, keeps silent from the start, or leaves and comes back."""
    return {3: "silent", 4: "taps", 7: "leaves"}.get(person % 10, "writes")


@dataclass
class Run:
    store: Store
    clock: Clock
    platform: FakeWeChat
    delivery: Delivery
    reception: Reception
    ids: dict[int, str] = field(default_factory=dict)
    met: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    messages: int = 0

    def tell_everybody(self) -> None:
        with self.store.transaction() as uow:
            for person in range(1, PEOPLE + 1):
                self.platform.citizen(openid(person)).follower.following = True
                contact = Contact(uow.now)
                uow.contacts.add(contact)
                address = Address(contact.id, "wechat", "citizen", openid(person), uow.now)
                uow.contacts.add_address(address)
                contact.address_id = address.id
                for number in range(1, EACH + 1):
                    params = {"number": "1", "text": f"P{person}-{number:02} {CANARY}"}
                    notice = Notice("case.message", contact.id, uow.now, uow.now, params=params)
                    uow.notices.add(notice)
                    self.ids[notice.id] = f"P{person}-{number:02}"

    def throw(self, path: str, body: dict[str, Any]) -> Fault | None:
        """The same dice for the same notice and attempt, whatever order the sends come in."""
        found = MARK.search(str(body.get("text", ""))) if path.endswith("custom/send") else None
        if found is None:
            return None
        person, number = int(found[1]), int(found[2])
        attempts = self.met[found[0]]
        fate = next((code for code, (nth, at) in FATES.items() if person % nth == 0 and number == at), None)
        dice = Random(f"11 {found[0]} {len(attempts)}")
        name = fate or dice.choices(list(PASSING), list(PASSING.values()))[0]
        attempts.append(name)
        kind, _, taken = name.partition(" ")
        if kind == "none":
            return None
        if kind.lstrip("-").isdigit():
            return Fault("errcode", code=int(kind))
        return Fault(kind, taken=bool(taken))

    async def hears(self, person: int, opens: str | None, kind: Any = "text") -> None:
        """Somebody does something, and both sides know."""
        self.messages += 1
        follower = self.platform.citizen(openid(person)).follower
        follower.following = kind != "blocked"
        if opens is None:
            follower.opened.clear()
        else:
            self.platform.account.opens(openid(person), opens)
        await self.reception.receive(
            InboundMessage(
                "wechat", "citizen", "citizen", f"m{self.messages}", openid(person), self.clock.now, kind, opens=opens
            )
        )

    async def everybody_acts(self, day: int) -> None:
        for person in range(1, PEOPLE + 1):
            match habit_of(person):
                case "writes" if (person + day) % 2:
                    await self.hears(person, "message")
                case "taps":
                    await self.hears(person, "tap", "start")
                case "leaves" if day == 1:
                    await self.hears(person, None, "blocked")
                case "leaves" if day != 2:
                    await self.hears(person, "message")

    async def deliver_until(self, until: datetime) -> None:
        """Go from one due time to the next."""
        for _ in range(4000):
            if await self.delivery.deliver_due():
                continue
            with self.store._reading.connect() as connection:
                due = connection.execute(select(notices.c.due_at).where(notices.c.state == "pending")).scalars().all()
            ahead = [at for at in due if self.clock.now < at <= until]
            if not ahead:
                self.clock.now = until
                return
            self.clock.now = min(ahead)
        raise AssertionError("something is due for ever")

    def rows(self) -> dict[str, Any]:
        with self.store._reading.connect() as connection:
            found = connection.execute(select(notices).order_by(notices.c.id)).all()
        return {self.ids[row.id]: row for row in found}

    def table(self) -> str:
        rows, calls = self.rows(), Counter(name for names in self.met.values() for name in names)
        ends: dict[str, Counter[str]] = defaultdict(Counter)
        for what, names in self.met.items():
            for name in set(names):
                ends[name][rows[what].state.value] += 1
        states = ["sent", "waiting", "blocked", "failed", "pending"]
        lines = [f"{'met':20}{'calls':>7}" + "".join(f"{state:>10}" for state in states)]
        for name, count in calls.most_common():
            lines.append(f"{name:20}{count:7}" + "".join(f"{ends[name][state]:10}" for state in states))
        total = Counter(row.state.value for row in rows.values())
        lines.append(f"{'all notices':20}{calls.total():7}" + "".join(f"{total[state]:10}" for state in states))
        return "\n".join(lines)


@pytest.fixture
async def run(sqlite_store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Run]:
    def silent(turn: Turn) -> None:
        """What is said in the dialog counts as well; here the notices alone do."""
        turn.address.state = "blocked" if turn.message.kind == "blocked" else "active"

    monkeypatch.setattr(citizen, "respond", silent)
    store = sqlite_store  # on both, `test_counted` lets processes meet
    County(store, clock).found()
    http = HttpClient()
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(FakeWeChat(clock))
        stack.push_async_callback(http.close)
        api = WeChatApi(http, APP_ID, SECRET, platform.url, writer=store.writer, clock=clock, timeout=3.0)

        async def load(name: str) -> bytes:
            raise FileNotFoundError(name)

        channel: Channel = OutgoingWeChat(api, clock, load)  # type: ignore[assignment]
        channels, wording = Channels([channel]), Wording()
        delivery = Delivery(store.writer, channels, understanding(), wording, clock, poll_seconds=0.01)
        reception = Reception(store.writer, store.files, channels, understanding(), wording)
        run = Run(store, clock, platform, delivery, reception)
        platform.account.fault_for = run.throw
        yield run


async def test_every_notice_through_a_faulty_platform_ends_as_it_should(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    run.tell_everybody()
    with capture_logs() as logged:
        await run.deliver_until(run.clock.now + timedelta(minutes=1))
        assert run.met == {}, "nobody has written yet"
        for day in range(12):
            if day == 3:
                run.platform.account.fail("bad_gateway", "stable_token", until=run.clock.now + timedelta(hours=1))
                run.platform.account.void_tokens()
            if day == 5:
                run.platform.account.use_up_quota()
            await run.everybody_acts(day)
            await run.deliver_until(run.clock.now + timedelta(hours=24))
    print(f"\n{run.table()}")
    rows = run.rows()
    assert len(rows) == PEOPLE * EACH
    assert run.platform.account.violations == [], "0 sends outside of the windows, 0 above the counts"
    _ends_in_a_named_state(rows)
    _doubled_only_where_the_answer_was_lost(run, rows)
    _order_is_kept(run)
    said = repr(logged) + caplog.text
    assert said
    assert CANARY not in said
    assert SECRET not in said
    assert openid(1)[:-5] not in said


def _ends_in_a_named_state(rows: dict[str, Any]) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for what, row in rows.items():
        person, number = (int(part) for part in MARK.fullmatch(what).groups())  # type: ignore[union-attr]
        state = row.state.value
        counts[habit_of(person)][state] += 1
        assert state in ("sent", "waiting", "blocked", "failed"), what
        assert (row.lease_owner, row.attempts <= MAX_ATTEMPTS) == (None, True)
        if person % FATES["47001"][0] == 0 and number == FATES["47001"][1]:
            assert state in ("failed", "waiting", "blocked"), what
        elif state == "failed":
            raise AssertionError(f"{what} failed after {row.attempts} tries: {row.error}")
    assert set(counts["silent"]) == {"waiting"}
    assert counts["writes"]["waiting"] == 0, "who writes hears everything"
    assert counts["writes"]["sent"] > 0.9 * counts["writes"].total()
    assert counts["taps"]["sent"] > 0.8 * counts["taps"].total()


def _doubled_only_where_the_answer_was_lost(run: Run, rows: dict[str, Any]) -> None:
    for person in range(1, PEOPLE + 1):
        got = Counter(MARK.search(seen.text)[0] for seen in run.platform.citizen(openid(person)).screen)  # type: ignore[index]
        for number in range(1, EACH + 1):
            what = f"P{person}-{number:02}"
            lost = sum(name.endswith(" taken") for name in run.met.get(what, ()))
            assert got[what] == lost + (rows[what].state.value == "sent"), what


def _order_is_kept(run: Run) -> None:
    for person in range(1, PEOPLE + 1):
        got = [MARK.search(seen.text)[0] for seen in run.platform.citizen(openid(person)).screen]  # type: ignore[index]
        first = list(dict.fromkeys(got))
        assert first == sorted(first), person


async def test_a_token_server_that_fails_for_an_hour_loses_nothing_and_wastes_nothing(run: Run) -> None:
    run.platform.account.fault_for = lambda path, body: None
    run.tell_everybody()
    await run.deliver_until(run.clock.now)
    began = run.clock.now
    run.platform.account.void_tokens()
    run.platform.account.fail("html", "stable_token", until=began + timedelta(hours=1))
    for person in range(1, 21):
        await run.hears(person, "message")
    fetches = len(run.platform.account.called("stable_token"))
    await run.deliver_until(began + timedelta(hours=1))
    assert not [seen for person in range(1, 21) for seen in run.platform.citizen(openid(person)).screen]
    asked = len(run.platform.account.called("stable_token")) - fetches
    assert 5 <= asked <= 20, "again and again, but not for every notice"
    await run.deliver_until(began + timedelta(hours=2))
    rows = run.rows()
    for person in range(1, 21):
        assert len(run.platform.citizen(openid(person)).screen) == 5, "no permit was wasted on it"
        mine = [rows[f"P{person}-{number:02}"] for number in range(1, EACH + 1)]
        assert [row.state.value for row in mine] == ["sent"] * 5 + ["waiting"] * 5
        assert [row.attempts for row in mine] == [1] * 5 + [0] * 5, "and none of anybody's tries"
    assert run.platform.account.violations == []
