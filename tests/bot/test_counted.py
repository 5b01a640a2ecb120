"""Where a platform counts: never one too many, never outside of a window, and what could not go waits and arrives."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channel import (
    NotReached,
    PermanentFailure,
    RateLimited,
    RecipientBlocked,
    TemporaryFailure,
    WindowClosed,
)
from bot.delivery import LEASE, Delivery
from bot.dialogs import citizen
from bot.dialogs.turn import Turn
from bot.message import InboundMessage
from bot.reception import Reception
from bot.registry import Channels
from bot.wording import Wording
from routing.errors import StorageUnavailable
from routing.notice import Notice, NoticeState, Priority
from routing.people import Address, Contact
from storage.sealer import AesSealer
from storage.store import Store
from tests.bot.counted_channel import WECOM, CountedPlain, counting
from tests.bot.plain_channel import PlainChannel
from tests.conftest import Clock
from tests.routing.county import County, open_county, understanding

S = NoticeState
MING = "ming"


class Counter:
    """A county with one counted channel, one that does not count, and somebody on the counted one who never wrote."""

    def __init__(self, county: County, clock: Clock) -> None:
        self.county, self.clock = county, clock
        self.counted, self.plain = CountedPlain(), PlainChannel()
        self.channels = Channels([self.counted, self.plain])
        self.delivery = self.another()
        self.reception = Reception(
            county.store.writer, county.store.files, self.channels, understanding(), Wording()
        )  # fmt: skip
        self._messages = 0
        with county.work() as uow:
            contact = Contact(uow.now)
            uow.contacts.add(contact)
            address = Address(contact.id, "counted", "citizen", MING, uow.now)
            uow.contacts.add_address(address)
            contact.address_id = address.id
            self.contact_id, self.address_id = contact.id, address.id

    def another(self) -> Delivery:
        """The delivery of another process."""
        return Delivery(
            self.county.store.writer, self.channels, understanding(), Wording(), self.clock, poll_seconds=0.01
        )

    def tell(self, *texts: str, priority: Priority = Priority.PUSH) -> list[int]:
        with self.county.work() as uow:
            notices = [
                Notice(
                    "case.message", self.contact_id, uow.now, uow.now, params={"number": "1", "text": text},
                    priority=priority,
                )
                for text in texts
            ]  # fmt: skip
            for notice in notices:
                uow.notices.add(notice)
        return [notice.id for notice in notices]

    async def hears(
        self, opens: str | None = "message", channel: str = "counted", user_id: str = MING, **fields: Any
    ) -> None:
        """Somebody did something."""
        self._messages += 1
        values: dict[str, Any] = {"kind": "text", "text": "帮助", "received_at": self.clock.now} | fields
        await self.reception.receive(
            InboundMessage(
                channel, "citizen", "citizen", f"m{self._messages}", user_id, opens=opens, **values
            )
        )  # fmt: skip

    def notice(self, notice_id: int) -> Notice:
        with self.county.work() as uow:
            found = uow.notices.get(notice_id)
            assert found is not None
            return found

    def states(self, ids: list[int]) -> list[NoticeState]:
        return [self.notice(notice_id).state for notice_id in ids]

    def waiting(self) -> int:
        with self.county.work() as uow:
            contact = uow.contacts.get(self.contact_id)
            assert contact is not None
            return contact.waiting

    def left(self) -> dict[str, Any]:
        with self.county.work() as uow:
            address = uow.contacts.address_by_id(self.address_id)
            assert address is not None
            return {kind: left for kind, (_, left) in (address.allowance or {}).get("open", {}).items()}

    def heard(self) -> list[str]:
        """What came after the colon."""
        return [text.rpartition("：")[2] for text in self.counted.texts(MING)]

    async def deliver(self) -> None:
        while await self.delivery.deliver_due():
            pass


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dialog says nothing of its own, which would count as well."""

    def silent(turn: Turn) -> None:
        turn.address.state = "blocked" if turn.message.kind == "blocked" else "active"

    monkeypatch.setattr(citizen, "respond", silent)


@pytest.fixture
async def desk(sqlite_template: Path, sqlite_url: str, clock: Clock) -> AsyncIterator[Counter]:
    async with open_county(sqlite_template, sqlite_url, clock) as county:
        yield Counter(county, clock)


# --- waiting for the person ----------------------------------------------------------------------------------------


async def test_what_nobody_may_be_told_yet_waits_until_they_write(desk: Counter) -> None:
    ids = desk.tell("一", "二", "三")
    await desk.deliver()
    assert desk.counted.tried == []
    assert desk.states(ids) == [S.WAITING] * 3
    assert desk.waiting() == 3
    assert [desk.notice(i).lease_owner for i in ids] == [None] * 3
    with desk.county.work() as uow:
        assert uow.notices.counts()["waiting"] == 3
        assert uow.notices.oldest_pending(uow.now) is None, "nothing is late"
    desk.clock.move(days=3)
    await desk.hears()
    assert desk.waiting() == 0
    await desk.deliver()
    assert desk.heard() == ["一", "二", "三"]
    assert desk.states(ids) == [S.SENT] * 3


@pytest.mark.parametrize(("opens", "count", "lasts"), [("message", 5, 48 * 3600), ("tap", 3, 60)])
async def test_so_many_go_out_and_the_rest_with_the_next_deed(
    desk: Counter, opens: str, count: int, lasts: int
) -> None:
    await desk.hears(opens)
    ids = desk.tell(*"一二三四五六七八")
    await desk.deliver()
    assert desk.heard() == list("一二三四五六七八")[:count]
    assert desk.states(ids) == [S.SENT] * count + [S.WAITING] * (8 - count)
    desk.clock.move(seconds=lasts)
    await desk.hears()
    await desk.deliver()
    assert desk.heard() == list("一二三四五六七八"), "in their order"
    assert len(desk.counted.tried) == 8, "and none twice"


async def test_a_window_that_closed_meanwhile_takes_nothing(desk: Counter) -> None:
    await desk.hears("tap")
    desk.clock.move(seconds=60)
    ids = desk.tell("晚了")
    await desk.deliver()
    assert (desk.counted.tried, desk.states(ids)) == ([], [S.WAITING])


async def test_a_message_that_was_kept_opens_its_window_when_it_was_written(desk: Counter) -> None:
    """It lay in the spool for two days."""
    await desk.hears(received_at=desk.clock.now - timedelta(hours=48))
    desk.tell("话")
    await desk.deliver()
    assert desk.counted.tried == []


async def test_what_opens_nothing_resumes_nothing(desk: Counter) -> None:
    ids = desk.tell("话")
    await desk.deliver()
    await desk.hears(None)
    assert desk.states(ids) == [S.WAITING]
    assert desk.waiting() == 1


async def test_who_writes_somewhere_else_gets_what_waited_there(desk: Counter) -> None:
    """A notice goes to the address used last, and that one counts nothing."""
    ids = desk.tell("话")
    await desk.deliver()
    with desk.county.work() as uow:
        uow.contacts.add_address(Address(desk.contact_id, "plain", "citizen", MING, uow.now))
    await desk.hears(None, channel="plain")
    await desk.deliver()
    assert desk.states(ids) == [S.SENT]
    assert desk.plain.texts(MING)[-1].endswith("话")


async def test_who_closed_this_way_and_comes_back_hears_what_waited(desk: Counter) -> None:
    await desk.hears()
    await desk.hears(None, kind="blocked", text="")
    assert desk.left() == {}, "what was open is not open any more"
    waiting = desk.tell("等着")
    with desk.county.work() as uow:
        address = uow.contacts.address_by_id(desk.address_id)
        assert address is not None
        assert address.state == "blocked"
        address.state = "active"  # as if it had been told before they left
    await desk.deliver()
    assert desk.states(waiting) == [S.WAITING]
    await desk.hears("tap", kind="start", text="", code="")
    await desk.deliver()
    assert desk.heard() == ["等着"]


# --- permits -------------------------------------------------------------------------------------------------------


async def test_a_process_that_dies_wastes_a_permit_and_sends_none_too_many(desk: Counter) -> None:
    await desk.hears()
    ids = desk.tell(*"一二三四五")
    real, went = desk.counted.send, 0

    async def dies(user_id: str, message: Any) -> str:
        nonlocal went
        went += 1
        desk.counted.tried.append(user_id)
        raise asyncio.CancelledError

    desk.counted.send = dies  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            await asyncio.gather(*desk.delivery._under_way) if await desk.delivery._start_due() else None
        desk.clock.move(seconds=LEASE.total_seconds())
        desk.delivery = desk.another()
    desk.counted.send = real  # type: ignore[method-assign]
    await desk.deliver()
    assert went == 2
    assert len(desk.counted.tried) == 5
    assert desk.heard() == ["一", "二", "三"]
    assert desk.states(ids) == [S.SENT] * 3 + [S.WAITING] * 2


async def test_the_permit_is_committed_before_the_send(desk: Counter) -> None:
    await desk.hears()
    desk.tell("话")
    seen: list[dict[str, Any]] = []
    desk.counted.answer = lambda user_id: seen.append(desk.left())  # type: ignore[func-returns-value]
    await desk.deliver()
    assert seen == [{"message": 4}]


async def test_what_the_platform_says_it_did_not_take_costs_nothing(desk: Counter) -> None:
    await desk.hears()
    desk.tell("一", "二", "三")
    desk.counted.failures = [RateLimited(7), NotReached(), PermanentFailure("45002"), None, TemporaryFailure("timeout")]
    for seconds in (7, 2):
        await desk.delivery.deliver_due()
        assert desk.left() == {"message": 5}
        desk.clock.move(seconds=seconds)
    await desk.delivery.deliver_due()
    assert desk.left() == {"message": 3}, "one was sent, and of one nobody knows"


async def test_what_the_platform_said_is_kept_though_the_permit_cannot_be_given_back(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.hears()
    ids = desk.tell("一")
    desk.counted.failures = [RateLimited(30)]

    def away(*_: object, **__: object) -> None:
        raise StorageUnavailable("away")

    monkeypatch.setattr(desk.delivery._counted, "_give_back", away)
    await desk.delivery.deliver_due()
    assert (desk.notice(ids[0]).attempts, desk.notice(ids[0]).due_at) == (0, desk.clock.now + timedelta(seconds=30))
    assert desk.left() == {"message": 4}


async def test_a_person_who_blocked_us_costs_nothing_either(desk: Counter) -> None:
    await desk.hears()
    ids = desk.tell("一")
    desk.counted.failures = [RecipientBlocked("43004")]
    await desk.deliver()
    assert desk.states(ids) == [S.BLOCKED]
    assert desk.left() == {"message": 5}


async def test_a_lease_that_ran_out_sends_nothing(desk: Counter) -> None:
    await desk.hears()
    (notice_id,) = desk.tell("话")

    def taken_over(user_id: str) -> None:
        raise AssertionError("another process has it")

    desk.counted.answer = taken_over
    letters = await desk.county.store.writer.run(lambda uow: desk.delivery._claim(uow, 10))
    with desk.county.work() as uow:
        notice = uow.notices.get(notice_id)
        assert notice is not None
        notice.lease_owner = "another"
    await desk.delivery._deliver_to_one(list(letters))
    assert desk.left() == {"message": 5}
    assert desk.notice(notice_id).lease_owner == "another"


# --- pieces --------------------------------------------------------------------------------------------------------


async def test_a_long_one_goes_on_where_it_stopped(desk: Counter) -> None:
    await desk.hears("tap")
    (notice_id,) = desk.tell("一|二|三|四|五")
    await desk.deliver()
    assert desk.heard() == ["一", "二", "三"]
    assert (desk.notice(notice_id).state, desk.notice(notice_id).parts_sent) == (S.WAITING, 3)
    desk.clock.move(seconds=1)
    await desk.hears()
    desk.counted.failures = [None, TemporaryFailure("status 502")]
    await desk.delivery.deliver_due()
    assert desk.notice(notice_id).state is S.PENDING
    desk.clock.move(seconds=2)
    await desk.deliver()
    assert desk.heard() == ["一", "二", "三", "四", "五"]
    assert desk.notice(notice_id).state is S.SENT


async def test_a_slow_platform_does_not_run_out_the_lease_between_pieces(desk: Counter) -> None:
    await desk.hears()
    (notice_id,) = desk.tell("一|二|三|四")
    other = desk.another()

    def slowly(user_id: str) -> None:
        desk.clock.move(seconds=40)

    desk.counted.answer = slowly
    await desk.delivery.deliver_due()
    desk.counted.answer = lambda user_id: None
    await other.deliver_due()
    assert desk.heard() == ["一", "二", "三", "四"]
    assert desk.notice(notice_id).state is S.SENT


# --- templates -----------------------------------------------------------------------------------------------------


async def test_a_template_says_once_that_something_waits(desk: Counter) -> None:
    desk.counted.templates.add("case.message")
    ids = desk.tell("话")
    await desk.deliver()
    assert desk.counted.announced == [(MING, "case.message", {"number": "1", "text": "话"})]
    assert desk.states(ids) == [S.WAITING]
    await desk.hears("tap")
    desk.clock.move(seconds=60)
    await desk.deliver()
    assert len(desk.counted.announced) == 1, "it waits again, and they know already"
    await desk.hears()
    await desk.deliver()
    assert desk.heard() == ["话"], "the whole of it comes when they write"


@pytest.mark.parametrize("refusal", [WindowClosed("43101"), PermanentFailure("47003")])
async def test_without_a_subscription_it_waits_unannounced(desk: Counter, refusal: Exception) -> None:
    desk.counted.templates.add("case.message")
    desk.counted.refusals = [refusal]
    ids = desk.tell("话")
    await desk.deliver()
    assert (desk.counted.announced, desk.states(ids), desk.waiting()) == ([], [S.WAITING], 1)


async def test_an_announcement_that_failed_for_now_is_tried_again(desk: Counter) -> None:
    desk.counted.templates.add("case.message")
    desk.counted.refusals = [TemporaryFailure("status 502"), RateLimited(30)]
    ids = desk.tell("话")
    await desk.delivery.deliver_due()
    assert desk.states(ids) == [S.PENDING]
    desk.clock.move(seconds=2)
    await desk.delivery.deliver_due()
    desk.clock.move(seconds=30)
    await desk.deliver()
    assert (len(desk.counted.announced), desk.states(ids)) == (1, [S.WAITING])


async def test_what_is_sealed_is_never_announced(desk: Counter) -> None:
    desk.counted.templates.add("case.message")
    with desk.county.work() as uow:
        sealed = {"_sealed": uow.sealer.seal('{"number":"1","text":"密"}')}
        uow.notices.add(Notice("case.message", desk.contact_id, uow.now, uow.now, params=sealed))
    await desk.deliver()
    assert desk.counted.announced == []
    assert desk.waiting() == 1


# --- the platform knows better -------------------------------------------------------------------------------------


async def test_a_window_that_the_platform_closed_is_closed(desk: Counter) -> None:
    await desk.hears()
    ids = desk.tell("一", "二")
    desk.counted.failures = [WindowClosed("45047")]
    await desk.deliver()
    assert len(desk.counted.tried) == 1, "nothing else is tried"
    assert desk.states(ids) == [S.WAITING] * 2
    await desk.hears(received_at=desk.clock.now + timedelta(seconds=1))
    desk.clock.move(seconds=1)
    await desk.hears()
    await desk.deliver()
    assert desk.heard() == ["一", "二"]


async def test_who_writes_while_it_is_put_to_wait_is_told_at_once(desk: Counter) -> None:
    await desk.hears("tap")
    ids = desk.tell("一")
    real = desk.counted.send

    async def closed(user_id: str, message: Any) -> str:
        desk.counted.send = real  # type: ignore[method-assign]
        await desk.hears()
        raise WindowClosed("45015")

    desk.counted.send = closed  # type: ignore[method-assign]
    await desk.deliver()
    assert (desk.heard(), desk.states(ids), desk.waiting()) == (["一"], [S.SENT], 0)


# --- rates ---------------------------------------------------------------------------------------------------------


async def test_a_rate_puts_off_and_nothing_waits_for_the_person(desk: Counter) -> None:
    desk.counted.capabilities = counting(WECOM)
    ids = desk.tell(*(str(n) for n in range(40)))
    await desk.deliver()
    assert desk.heard() == [str(n) for n in range(30)]
    assert desk.states(ids[30:]) == [S.PENDING] * 10
    assert desk.notice(ids[30]).attempts == 0
    desk.clock.move(seconds=59)
    await desk.deliver()
    assert len(desk.counted.tried) == 30
    desk.clock.move(seconds=4)
    await desk.deliver()
    assert desk.heard() == [str(n) for n in range(40)]


# --- what does not count pays nothing ------------------------------------------------------------------------------


async def test_a_channel_that_does_not_count_pays_nothing(desk: Counter) -> None:
    with desk.county.work() as uow:
        contact = Contact(uow.now)
        uow.contacts.add(contact)
        address = Address(contact.id, "plain", "citizen", "p", uow.now)
        uow.contacts.add_address(address)
        uow.notices.add(
            Notice("case.message", contact.id, uow.now, uow.now, params={"number": "1"}, address_id=address.id)
        )
    writer = desk.county.store.writer
    await writer.run(lambda uow: None)
    connection: Any = writer._transaction._connection
    said: list[str] = []
    connection.connection.dbapi_connection.set_trace_callback(said.append)
    before = writer.counters.commits
    await desk.delivery.deliver_due()
    assert writer.counters.commits - before == 2, "one to claim, one to record"
    await desk.hears(None, channel="plain")
    connection.connection.dbapi_connection.set_trace_callback(None)
    assert any("notices" in statement for statement in said)
    assert not [statement for statement in said if "waiting'" in statement]


# --- several processes ---------------------------------------------------------------------------------------------


@pytest.mark.postgresql
async def test_two_processes_never_send_one_too_many(postgresql_url: str, clock: Clock, tmp_path: Path) -> None:
    """Notices of every priority go to one person from two processes at once, while the person writes."""
    stores = [
        Store(postgresql_url, clock=clock, sealer=AesSealer("test key"), data_dir=tmp_path / str(n)) for n in range(2)
    ]
    try:
        county = County(stores[0], clock)
        county.found()
        desks = [Counter(county, clock)]
        one = desks[0]
        other = Delivery(stores[1].writer, one.channels, understanding(), Wording(), clock, poll_seconds=0.01)
        ids: list[int] = []
        written = 0
        for turn in range(12):
            for priority in Priority:
                ids += one.tell(f"{turn}{priority.name}", priority=priority)
            if turn % 3 == 0:
                clock.move(seconds=1)
                written += 1
                await asyncio.gather(one.hears(), one.delivery.deliver_due(), other.deliver_due())
            else:
                await asyncio.gather(one.delivery.deliver_due(), other.deliver_due())
            assert len(one.counted.tried) <= 5 * written
        while await one.delivery.deliver_due() + await other.deliver_due():
            pass
        states = one.states(ids)
        assert set(states) == {S.SENT, S.WAITING}
        assert states.count(S.SENT) == len(one.counted.tried) == 5 * written
        assert one.waiting() == states.count(S.WAITING)
    finally:
        for store in stores:
            await store.aclose()
