"""From the outbox to a channel: what was told arrives in order, once, or ends in a state that says why not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channel import (
    Capabilities,
    PermanentFailure,
    RateLimited,
    RecipientBlocked,
    RecipientMoved,
    TemporaryFailure,
)
from bot.delivery import BACKOFF, LEASE, MAX_ATTEMPTS, Delivery
from bot.message import OutboundMessage
from bot.registry import Channels
from bot.wording import Wording
from routing import casework, intake
from routing.case import PartKind, StoredFile
from routing.errors import StorageUnavailable
from routing.notice import Notice, NoticeState, Priority
from routing.people import Address, Role
from routing.ports import UnitOfWork
from routing.workflow import Actor
from tests.bot.plain_channel import PlainChannel
from tests.conftest import Clock
from tests.routing.county import CITIZEN, DEPUTY, INTEGRITY, STAFF, County, open_county, understanding

S = NoticeState


class Office:
    """A county, its delivery and two channels: one for citizens, one for members."""

    def __init__(self, county: County, clock: Clock) -> None:
        self.county, self.clock = county, clock
        self.citizens, self.desk = PlainChannel(), PlainChannel("desk")
        self.delivery = self.another()

    def another(self, *channels: PlainChannel) -> Delivery:
        """The delivery of another process."""
        return Delivery(
            self.county.store.writer, Channels(channels or (self.citizens, self.desk)), understanding(), Wording(),
            self.clock, poll_seconds=0.01,
        )  # fmt: skip

    def tell(self, text: str = "话", who: str = CITIZEN, **fields: object) -> int:
        """Put a notice into the outbox that says "关于 1，联络站说：…"."""
        with self.county.work() as uow:
            contact = self.county.contact(uow, who)
            params = {"number": "1", "text": text}
            notice = Notice("case.message", contact.id, uow.now, uow.now, params=params)
            uow.notices.add(replace(notice, **fields))  # type: ignore[arg-type]
            return notice.id

    def notice(self, notice_id: int) -> Notice:
        with self.county.work() as uow:
            found = uow.notices.get(notice_id)
            assert found is not None
            return found

    def states(self, *notice_ids: int) -> list[NoticeState]:
        return [self.notice(notice_id).state for notice_id in notice_ids]

    def address(self, who: str = CITIZEN) -> Address:
        with self.county.work() as uow:
            found = uow.contacts.address_by_id(self.county.contact(uow, who).address_id or 0)
            assert found is not None
            return found

    def heard(self, who: str = CITIZEN) -> list[str]:
        """What came after the colon."""
        return [text.partition("：")[2] for text in self.citizens.texts(who)]

    async def deliver(self) -> int:
        return await self.delivery.deliver_due()


@pytest.fixture
async def office(sqlite_template: Path, sqlite_url: str, clock: Clock) -> AsyncIterator[Office]:
    async with open_county(sqlite_template, sqlite_url, clock) as county:
        yield Office(county, clock)


# --- what arrives --------------------------------------------------------------------------------------------------


async def test_what_was_told_arrives_once(office: Office) -> None:
    notice_id = office.tell("师傅明天到")
    assert await office.deliver() == 1
    assert await office.deliver() == 0
    assert office.citizens.texts(CITIZEN) == ["关于 1，联络站说：师傅明天到"]
    sent = office.notice(notice_id)
    assert (sent.state, sent.attempts, sent.external_id, sent.sent_at) == (S.SENT, 1, "1", office.clock.now)
    assert (sent.address_id, sent.lease_owner, sent.lease_until) == (office.address().id, None, None)


async def test_what_is_not_due_waits(office: Office) -> None:
    office.tell(due_at=office.clock.now + timedelta(hours=1))
    assert await office.deliver() == 0
    office.clock.move(hours=1)
    assert await office.deliver() == 1


@pytest.mark.parametrize(
    ("language", "text"),
    [("zh_CN", "关于 1，联络站说：话"), ("zh_TW", "關於 1，聯絡站說：话"), ("en", "About 1, the station says: 话")],
)
async def test_it_is_worded_at_sending_in_the_language_of_then(office: Office, language: str, text: str) -> None:
    office.tell()
    with office.county.work() as uow:
        office.county.contact(uow).language = language
    await office.deliver()
    assert office.citizens.texts(CITIZEN) == [text]


async def test_a_card_shows_the_case_as_it_is_when_it_is_sent(office: Office) -> None:
    number = office.county.report("路灯不亮，我电话13800001234")
    office.county.says(intake.supplement, number, text="灯杆也歪了")
    await office.deliver()
    card = next(text for text in office.desk.texts(DEPUTY) if "【新反映】" in text)
    assert "路灯不亮" in card
    assert "灯杆也歪了" in card
    assert "13800001234" not in card, "what tells who it is stays hidden"
    first = next(button for _, message in office.desk.sent if message.text == card for button in message.buttons)
    assert first.label == "我来听"


async def test_a_card_carries_the_pictures(office: Office) -> None:
    number = office.county.report()
    with office.county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        file = StoredFile(PartKind.PHOTO, "plain", uow.now, name="a.jpg", mime="image/jpeg")
        uow.files.add(file)
        intake.add_parts(uow, uow.submissions.of_case(case.id)[0], files=[file])
    await office.deliver()
    pictures = {picture.name for to, message in office.desk.sent if to == DEPUTY for picture in message.pictures}
    assert pictures == {"a.jpg"}


# --- what is no longer true ----------------------------------------------------------------------------------------


def _take_role(uow: UnitOfWork, office: Office) -> None:
    member = uow.members.get(office.county.member(DEPUTY).id)
    assert member is not None
    member.active = False


def _seal(uow: UnitOfWork, office: Office) -> None:
    case = uow.cases.by_number("HB-261123-001")
    assert case is not None
    intake.seal_case(uow, case, Actor(Role.STAFF, office.county.member(STAFF).id))


def _give_another(uow: UnitOfWork, office: Office) -> None:
    case = uow.cases.by_number("HB-261123-001")
    assert case is not None
    casework.give_deputy(uow, office.county.member(STAFF), case, office.county.deputy("087").id)


@pytest.mark.parametrize("change", [_take_role, _seal, _give_another])
async def test_a_card_that_is_no_longer_theirs_is_obsolete(
    office: Office, change: Callable[[UnitOfWork, Office], None]
) -> None:
    number = office.county.report()
    (card,) = [n.id for n in office.county.notices(number) if office.county.names[n.contact_id] == DEPUTY]
    with office.county.work() as uow:
        change(uow, office)
    await office.deliver()
    assert office.states(card) == [S.OBSOLETE]
    assert office.desk.texts(DEPUTY) == []
    assert not any("路灯" in text for text in office.desk.texts(INTEGRITY))


# --- failures ------------------------------------------------------------------------------------------------------


async def test_a_429_keeps_the_whole_account_quiet_for_as_long(office: Office) -> None:
    first, other = office.tell("一"), office.tell("二", "别人")
    member = office.tell("三", STAFF)
    office.citizens.answer = lambda user_id: RateLimited(30)
    await office.deliver()
    assert len(office.citizens.tried) == 1, "nobody else of the account is tried after it"
    assert office.states(first, other, member) == [S.PENDING, S.PENDING, S.SENT], "another account is not held up"
    office.citizens.answer = lambda user_id: None
    third = office.tell("四", "第三人")
    office.clock.move(seconds=30, milliseconds=-1)
    await office.deliver()
    assert len(office.citizens.tried) == 1
    office.clock.move(milliseconds=1)
    await office.deliver()
    assert office.states(first, other, third) == [S.SENT] * 3
    assert office.notice(first).attempts == 1, "waiting as told is no failed try"


async def test_a_429_met_while_others_wait_for_their_turn_holds_them_as_well(office: Office) -> None:
    office.citizens.capabilities = Capabilities(text_limit=100, per_second=50)
    for who in "甲乙丙丁":
        office.tell(who=who)
    office.citizens.failures = [RateLimited(30)]
    await office.deliver()
    assert len(office.citizens.tried) == 1


async def test_an_account_is_kept_below_its_rate(office: Office) -> None:
    office.citizens.capabilities = Capabilities(text_limit=100, per_second=50)
    for who in "甲乙丙丁戊己":
        office.tell(who=who)
    began = asyncio.get_running_loop().time()
    await office.deliver()
    assert len(office.citizens.sent) == 6
    assert asyncio.get_running_loop().time() - began >= 5 / 50


async def test_a_temporary_failure_is_tried_again_later_and_later_then_given_up(office: Office) -> None:
    notice_id = office.tell()
    office.citizens.answer = lambda user_id: TemporaryFailure("502")
    for tried in range(1, MAX_ATTEMPTS):
        await office.deliver()
        notice = office.notice(notice_id)
        wait = timedelta(seconds=BACKOFF[min(tried - 1, len(BACKOFF) - 1)])
        assert (notice.state, notice.attempts, notice.due_at) == (S.PENDING, tried, office.clock.now + wait)
        assert notice.error == "502"
        office.clock.now += wait - timedelta(milliseconds=1)
        assert await office.deliver() == 0
        office.clock.move(milliseconds=1)
    await office.deliver()
    assert office.states(notice_id) == [S.FAILED]
    assert (len(office.citizens.tried), await office.deliver()) == (MAX_ATTEMPTS, 0)


@pytest.mark.parametrize(
    "failure", [TemporaryFailure("502"), StorageUnavailable(), RuntimeError("a bug"), TimeoutError()]
)
async def test_whatever_goes_wrong_once_is_tried_again(office: Office, failure: Exception) -> None:
    notice_id = office.tell()
    office.citizens.failures = [failure]
    await office.deliver()
    assert office.states(notice_id) == [S.PENDING]
    office.clock.move(seconds=BACKOFF[0])
    await office.deliver()
    assert office.states(notice_id) == [S.SENT]


async def test_what_the_platform_will_never_take_is_given_up_at_once(office: Office) -> None:
    notice_id, following = office.tell("一"), office.tell("二")
    office.citizens.failures = [PermanentFailure("message too long")]
    await office.deliver()
    assert office.states(notice_id, following) == [S.FAILED, S.SENT], "and holds up nothing else"
    assert office.notice(notice_id).error == "message too long"


async def test_the_order_of_one_person_is_kept_over_a_failure(office: Office) -> None:
    for text in "一二三":
        office.tell(text)
    office.tell("别人的", "别人")
    office.citizens.answer = lambda user_id: TemporaryFailure() if user_id == CITIZEN else None
    await office.deliver()
    assert office.citizens.tried.count(CITIZEN) == 1, "the later ones wait with it"
    assert office.heard("别人") == ["别人的"], "and nobody else does"
    office.tell("四")
    office.citizens.answer = lambda user_id: None
    await office.deliver()
    assert office.heard() == [], "what was told later does not overtake"
    office.clock.move(seconds=BACKOFF[0])
    while await office.deliver():
        pass
    assert office.heard() == list("一二三四")


async def test_a_reply_goes_before_a_push_and_a_push_before_a_reminder(office: Office) -> None:
    for priority in sorted(Priority, reverse=True):
        office.tell(priority.name, priority=priority)
    await office.deliver()
    assert office.heard() == ["URGENT", "REPLY", "PUSH", "REMINDER"]


async def test_a_notice_that_cannot_be_worded_fails_alone(office: Office) -> None:
    broken = [
        office.tell(kind="no.such_line"),
        office.tell(params={"_sealed": "not sealed with our key"}),
    ]
    fine = office.tell("好的")
    await office.deliver()
    assert office.states(*broken, fine) == [S.FAILED, S.FAILED, S.SENT]


# --- people who closed their chat or moved -------------------------------------------------------------------------


async def test_who_blocked_the_bot_is_not_tried_again(office: Office) -> None:
    first, second = office.tell("一"), office.tell("二")
    office.citizens.answer = lambda user_id: RecipientBlocked()
    await office.deliver()
    assert office.states(first, second) == [S.BLOCKED] * 2
    assert office.address().state == "blocked"
    assert len(office.citizens.tried) == 1
    third = office.tell("三")
    await office.deliver()
    assert office.states(third) == [S.BLOCKED]
    assert len(office.citizens.tried) == 1


def other_way(office: Office, channel: PlainChannel, who: str = CITIZEN) -> None:
    with office.county.work() as uow:
        contact = office.county.contact(uow, who)
        uow.contacts.add_address(Address(contact.id, channel.name, channel.account, "另一个号", uow.now))


async def test_another_open_way_to_them_is_tried(office: Office) -> None:
    other = PlainChannel(name="other")
    other_way(office, other)
    office.delivery = office.another(office.citizens, other)
    first, second = office.tell("一"), office.tell("二")
    office.citizens.answer = lambda user_id: RecipientBlocked()
    await office.deliver()
    await office.deliver()
    assert office.states(first, second) == [S.SENT] * 2
    assert [text[-1] for text in other.texts("另一个号")] == ["一", "二"]
    assert len(office.citizens.tried) == 1


async def test_a_reply_is_for_the_chat_that_it_answers_alone(office: Office) -> None:
    other = PlainChannel(name="other")
    other_way(office, other)
    office.delivery = office.another(office.citizens, other)
    reply = office.tell("回复", address_id=office.address().id)
    office.citizens.answer = lambda user_id: RecipientBlocked()
    await office.deliver()
    await office.deliver()
    assert office.states(reply) == [S.BLOCKED]
    assert other.tried == []


async def test_a_channel_that_is_no_longer_configured_is_no_way(office: Office) -> None:
    office.delivery = office.another(office.desk)
    notice_id = office.tell()
    await office.deliver()
    assert office.states(notice_id) == [S.BLOCKED]


async def test_who_moved_is_found_at_the_new_address(office: Office) -> None:
    office.tell("一")
    office.tell("二")
    former = office.address()
    office.citizens.failures = [RecipientMoved("新号")]
    await office.deliver()
    await office.deliver()
    assert office.heard("新号") == ["一", "二"]
    with office.county.work() as uow:
        moved = uow.contacts.address("plain", "citizen", "新号")
        assert moved is not None
        assert moved.id == former.id


async def test_who_moved_to_where_somebody_else_is_gets_nothing_that_is_not_theirs(office: Office) -> None:
    notice_id = office.tell("一")
    with office.county.work() as uow:
        office.county.contact(uow, "别人")
    office.citizens.answer = lambda user_id: RecipientMoved("别人") if user_id == CITIZEN else None
    await office.deliver()
    await office.deliver()
    assert office.states(notice_id) == [S.BLOCKED]
    assert office.heard("别人") == []


# --- leases --------------------------------------------------------------------------------------------------------


async def test_what_a_dead_process_had_claimed_is_sent_when_its_lease_runs_out(office: Office) -> None:
    notice_id = office.tell()
    with office.county.work() as uow:
        (claimed,) = uow.notices.claim("a process that died", uow.now, uow.now + LEASE, 10)
        assert claimed.id == notice_id
    office.clock.now += LEASE - timedelta(milliseconds=1)
    assert await office.deliver() == 0
    office.clock.move(milliseconds=1)
    assert await office.deliver() == 1
    assert office.states(notice_id) == [S.SENT]


async def test_a_clock_set_forward_while_something_is_sent_does_not_send_it_twice(office: Office) -> None:
    first, second = office.tell("一"), office.tell("二")
    send = office.citizens.send

    async def the_clock_is_set_meanwhile(user_id: str, message: OutboundMessage) -> str:
        reference = await send(user_id, message)
        if len(office.citizens.sent) == 1:
            office.clock.move(hours=1)
            # By the new clock the leases have run out, and nothing is recorded yet.
            assert await office.delivery._start_due() == 0
        return reference

    office.citizens.send = the_clock_is_set_meanwhile  # type: ignore[method-assign]
    await office.deliver()
    assert office.heard() == ["一"], "what was not begun goes back: another process could have it by now"
    await office.deliver()
    assert office.heard() == ["一", "二"]
    assert office.states(first, second) == [S.SENT] * 2
    assert office.notice(second).attempts == 1


async def test_what_waits_behind_a_slow_platform_until_its_lease_is_short_goes_back(office: Office) -> None:
    notices = [office.tell(str(number)) for number in range(4)]
    office.citizens.answer = lambda user_id: office.clock.move(seconds=LEASE.total_seconds() / 2 - 5)  # type: ignore[func-returns-value]
    await office.deliver()
    assert office.heard() == ["0", "1"]
    while await office.deliver():
        pass
    assert office.heard() == ["0", "1", "2", "3"]
    assert office.states(*notices) == [S.SENT] * 4


async def test_an_account_that_was_closed_opens_when_the_clock_is_set_back(office: Office) -> None:
    office.tell("一")
    office.citizens.failures = [RateLimited(30), None, RateLimited(7)]
    await office.deliver()
    office.clock.move(days=-1)
    office.tell("二", "别人")
    await office.deliver()
    assert office.heard("别人") == ["二"]
    late = office.tell("三", "第三人")
    await office.deliver()
    assert office.notice(late).due_at == office.clock.now + timedelta(seconds=7), "not as long as the old clock said"


async def test_two_processes_send_a_notice_once(office: Office) -> None:
    for _ in range(20):
        office.tell()
    await asyncio.gather(office.deliver(), office.another().deliver_due())
    assert len(office.citizens.sent) == 20


async def test_what_another_process_took_over_is_not_recorded_again(office: Office) -> None:
    notice_id = office.tell()

    def taken_over(user_id: str) -> None:
        with office.county.work() as uow:
            held = uow.notices.get(notice_id)
            assert held is not None
            held.lease_owner, held.state = None, S.OBSOLETE

    office.citizens.answer = taken_over  # type: ignore[assignment]
    await office.deliver()
    assert office.notice(notice_id).external_id is None
    assert office.states(notice_id) == [S.OBSOLETE]


# --- running -------------------------------------------------------------------------------------------------------


async def test_it_runs_until_it_is_stopped_and_survives_what_goes_wrong(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles: list[Exception] = [StorageUnavailable(), RuntimeError("a bug")]
    start = office.delivery._start_due

    async def troubled() -> int:
        if troubles:
            raise troubles.pop(0)
        return await start()

    monkeypatch.setattr(office.delivery, "_start_due", troubled)
    sending = asyncio.Event()
    office.citizens.answer = lambda user_id: sending.set()
    running = asyncio.create_task(office.delivery.run())
    notice_id = office.tell()
    office.delivery.wake()
    await asyncio.wait_for(sending.wait(), 5)
    office.delivery.stop()
    await asyncio.wait_for(running, 5)
    assert office.states(notice_id) == [S.SENT], "what is under way is finished first"


# --- choices by number -----------------------------------------------------------------------------------------------


def _offered(office: Office, who: str = CITIZEN) -> list[str]:
    with office.county.work() as uow:
        conversation = uow.conversations.of_address(office.county.contact(uow, who).address_id or 0)
        assert conversation is not None
        return list(conversation.offered)


def _shown_before(office: Office, tokens: list[str]) -> None:
    with office.county.work() as uow:
        conversation = uow.conversations.of_address(office.county.contact(uow, CITIZEN).address_id or 0)
        assert conversation is not None
        conversation.offered = tokens


async def test_a_number_means_what_was_shown_last_and_not_what_still_waits(office: Office) -> None:
    _shown_before(office, ["of the receipt"])
    office.tell(buttons=[["button.rate_satisfied", "a"], ["button.rate_mostly", "b"]])
    assert _offered(office) == ["of the receipt"], "it is not on their screen yet"
    office.citizens.failures = [TemporaryFailure("x")]
    await office.deliver()
    assert _offered(office) == ["of the receipt"]
    office.clock.move(minutes=1)
    await office.deliver()
    assert _offered(office) == ["a", "b"]


async def test_news_without_choices_leaves_those_that_there_were(office: Office) -> None:
    _shown_before(office, ["of the receipt"])
    office.tell("师傅明天到")
    await office.deliver()
    assert _offered(office) == ["of the receipt"]


async def test_choices_that_came_with_a_later_answer_stay(office: Office) -> None:
    """The push was on its way when they wrote, and its record comes after their message was answered."""

    def they_write(user_id: str) -> None:
        office.clock.move(seconds=1)
        with office.county.work() as uow:
            conversation = uow.conversations.of_address(office.county.contact(uow, CITIZEN).address_id or 0)
            assert conversation is not None
            conversation.offered, conversation.updated_at = ["of the answer"], uow.now

    office.citizens.answer = they_write  # type: ignore[assignment]
    office.tell(buttons=[["button.rate_satisfied", "a"]])
    await office.deliver()
    assert office.citizens.texts(CITIZEN)
    assert _offered(office) == ["of the answer"]
