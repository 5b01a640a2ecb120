"""One person, many addresses: news go to the one used last, and to the next when that takes nothing; never twice."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channel import NotReached, RateLimited, RecipientBlocked, TemporaryFailure, WindowClosed
from routing import linking
from routing.notice import NoticeState, Priority
from routing.people import Address, Contact, Conversation
from tests.bot.plain_channel import PlainChannel
from tests.bot.test_counted import MING, Counter, nobody_answers
from tests.conftest import Clock
from tests.routing.county import STAFF, open_county

__all__ = ["nobody_answers"]
S = NoticeState
WEB = "ming on the web"


class Person(Counter):
    """Somebody with two chats: one on a platform that counts, one on another that doesn't. They never wrote."""

    def link(self, channel: str = "plain", user_id: str = WEB) -> Address:
        with self.county.work() as uow:
            address = Address(self.contact_id, channel, "citizen", user_id, uow.now)
            uow.contacts.add_address(address)
            uow.conversations.add(Conversation(address.id, self.contact_id, uow.now))
        return address

    def heard_there(self) -> list[str]:
        return [text.rpartition("：")[2] for text in self.plain.texts(WEB)]

    def state_of(self, address: Address) -> str:
        with self.county.work() as uow:
            found = uow.contacts.address_by_id(address.id)
            assert found is not None
            return found.state


@pytest.fixture
async def person(sqlite_template: Path, sqlite_url: str, clock: Clock) -> AsyncIterator[Person]:
    async with open_county(sqlite_template, sqlite_url, clock) as county:
        yield Person(county, clock)


async def test_news_go_to_the_chat_used_last(person: Person) -> None:
    person.link()
    await person.hears()
    ids = person.tell("一")
    await person.deliver()
    await person.hears(None, "plain", user_id=WEB)
    ids += person.tell("二")
    await person.deliver()
    assert (person.heard(), person.heard_there()) == (["一"], ["二"])
    assert person.states(ids) == [S.SENT] * 2


async def test_without_an_open_window_they_go_by_another(person: Person) -> None:
    person.link()
    await person.hears()
    person.clock.move(hours=49)
    ids = person.tell("一", "二")
    await person.deliver()
    assert (person.heard(), person.heard_there()) == ([], ["一", "二"])
    assert person.states(ids) == [S.SENT] * 2
    assert person.counted.announced == [], "nothing is announced that is there already"


async def test_with_the_window_used_up_the_rest_goes_by_another(person: Person) -> None:
    person.link()
    await person.hears()
    person.tell(*"12345678")
    await person.deliver()
    assert (person.heard(), person.heard_there()) == (list("12345"), list("678"))


async def test_a_window_that_the_platform_shut_lets_it_go_by_another(person: Person) -> None:
    person.link()
    await person.hears()
    person.counted.failures = [WindowClosed("shut")]
    ids = person.tell("一", "二")
    await person.deliver()
    assert (person.heard(), person.heard_there()) == ([], ["一", "二"])
    assert person.states(ids) == [S.SENT] * 2
    assert person.waiting() == 0


async def test_what_is_begun_in_one_chat_is_not_told_in_another(person: Person) -> None:
    person.link()
    await person.hears()
    person.tell(*"1234")
    await person.deliver()
    (long,) = person.tell("五|六")
    await person.deliver()
    assert (person.heard()[4:], person.heard_there()) == (["五"], [])
    assert person.states([long]) == [S.WAITING]
    person.clock.move(minutes=1)
    await person.hears()
    await person.deliver()
    assert person.states([long]) == [S.SENT]
    assert (person.counted.texts(MING)[-1], person.heard_there()) == ("六", [])


async def test_a_reply_stays_in_its_chat(person: Person) -> None:
    person.link()
    with person.county.work() as uow:
        (reply,) = person.tell("答", priority=Priority.REPLY)
        notice = uow.notices.get(reply)
        assert notice is not None
        notice.address_id = person.address_id
    await person.deliver()
    assert person.states([reply]) == [S.WAITING]
    assert person.heard_there() == []


async def test_a_chat_that_blocked_us_gives_way_to_the_next(person: Person) -> None:
    web = person.link()
    await person.hears(None, "plain", user_id=WEB)
    await person.hears()
    person.counted.failures = [RecipientBlocked("blocked")]
    ids = person.tell("一", "二")
    await person.deliver()
    assert (person.heard(), person.heard_there()) == ([], ["一", "二"])
    assert person.states(ids) == [S.SENT] * 2
    assert person.state_of(web) == "active"


async def test_when_none_is_open_it_waits_in_the_one_used_last(person: Person) -> None:
    person.link("counted", "ming's other phone")
    await person.hears()
    person.clock.move(hours=49)
    ids = person.tell("一")
    await person.deliver()
    assert person.states(ids) == [S.WAITING]
    assert person.waiting() == 1
    await person.hears()
    await person.deliver()
    assert person.heard() == ["一"]


async def test_what_waits_goes_out_when_they_write_in_any_chat(person: Person) -> None:
    ids = person.tell("一")
    await person.deliver()
    assert person.states(ids) == [S.WAITING]
    person.link()
    await person.hears(None, "plain", user_id=WEB)
    await person.deliver()
    assert (person.heard(), person.heard_there()) == ([], ["一"])
    assert person.waiting() == 0


async def test_what_waits_goes_by_another_when_they_leave_the_chat(person: Person) -> None:
    """Somebody unsubscribes, who has a web chat as well."""
    ids = person.tell("一")
    await person.deliver()
    person.link()
    await person.hears(kind="blocked", text="", opens=None)
    await person.deliver()
    assert (person.states(ids), person.heard_there()) == ([S.SENT], ["一"])


async def test_joining_another_chat_lets_out_what_waits(person: Person) -> None:
    ids = person.tell("一")
    await person.deliver()
    await person.hears(None, "plain", user_id=WEB)
    with person.county.work() as uow:
        maker = uow.contacts.get(person.contact_id)
        there = uow.contacts.address("plain", "citizen", WEB)
        here = uow.contacts.address_by_id(person.address_id)
        assert maker is not None
        assert there is not None
        assert here is not None
        guest = uow.contacts.get(there.contact_id)
        assert guest is not None
        issued = linking.make_code(uow, maker, here, "citizen")
        linking.join(uow, guest, there, linking.read_code(uow, guest, "citizen", issued.shown))
    await person.deliver()
    assert (person.states(ids), person.heard(), person.heard_there()) == ([S.SENT], [], ["一"])


async def test_what_was_told_just_when_they_were_joined_arrives(person: Person) -> None:
    """It names a contact that is nobody any more."""
    person.link()
    with person.county.work() as uow:
        before = Contact(uow.now, joined_to=person.contact_id)
        uow.contacts.add(before)
    mine, person.contact_id = person.contact_id, before.id
    ids = person.tell("一")
    person.contact_id = mine
    await person.deliver()
    assert (person.states(ids), person.heard_there()) == ([S.SENT], ["一"])
    assert person.notice(ids[0]).contact_id == mine


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happens_nothing_comes_twice_or_is_lost(person: Person, seed: int) -> None:
    """Two chats that count and one that doesn't, all of which say clearly what they did not take."""
    dice = random.Random(seed)
    person.link()
    person.link("counted", "ming's other phone")
    refusals = [WindowClosed("shut"), RateLimited(5), RecipientBlocked("blocked"), NotReached("refused")]
    ids: list[int] = []
    for number in range(60):
        ids += person.tell(f"{number}")
        channels: list[PlainChannel] = [person.counted, person.plain]
        for channel in channels:
            channel.failures = [dice.choice(refusals) for _ in range(dice.randrange(3))]
        match dice.randrange(4):
            case 0:
                await person.hears()
            case 1:
                await person.hears(None, "plain", user_id=WEB)
            case 2:
                person.clock.move(hours=dice.randrange(60))
        person.clock.move(minutes=2)
        await person.deliver()
    person.counted.failures = person.plain.failures = []
    for _ in range(12):
        await person.hears(None, "plain", user_id=WEB)
        person.clock.move(hours=1)
        await person.deliver()
    assert set(person.states(ids)) <= {S.SENT, S.BLOCKED}
    came = [m.text.rpartition("：")[2] for channel in (person.counted, person.plain) for _, m in channel.sent]
    assert len(came) == len(set(came)), "something came twice"
    assert len(came) == person.states(ids).count(S.SENT)
    assert len(came) > 40


# --- members ---------------------------------------------------------------------------------------------------------


class Desk:
    """A member with a second chat; the first is the one used last."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.plain = PlainChannel(account="desk")
        person.channels.add(self.plain)
        with person.county.work() as uow:
            self.member = person.county.member(STAFF)
            self.contact_id = person.county.contact(uow, STAFF).id
            self.second = Address(self.contact_id, "plain", "desk", "second", uow.now)
            uow.contacts.add_address(self.second)

    def set(self, **values: int | None) -> None:
        with self.person.county.work() as uow:
            contact = uow.contacts.get(self.contact_id)
            assert contact is not None
            for name, value in values.items():
                setattr(contact, name, value)

    def tell(self, text: str, priority: Priority = Priority.PUSH, kind: str = "case.message") -> int:
        mine, self.person.contact_id = self.person.contact_id, self.contact_id
        (notice_id,) = self.person.tell(text, priority=priority)
        self.person.contact_id = mine
        with self.person.county.work() as uow:
            notice = uow.notices.get(notice_id)
            assert notice is not None
            notice.member_id, notice.kind = self.member.id, kind
        return notice_id

    def came(self) -> list[tuple[str, str]]:
        return [(who, message.text.rpartition("：")[2]) for who, message in self.plain.sent]


@pytest.fixture
def desk(person: Person) -> Desk:
    return Desk(person)


async def test_pushes_go_where_the_member_wants_them(desk: Desk) -> None:
    desk.tell("一")
    await desk.person.deliver()
    desk.set(push_address_id=desk.second.id)
    desk.tell("二")
    await desk.person.deliver()
    desk.plain.failures = [RecipientBlocked("blocked")]
    desk.tell("三")
    await desk.person.deliver()
    assert desk.came() == [(STAFF, "一"), ("second", "二"), (STAFF, "三")]


async def test_in_quiet_hours_pushes_wait_until_their_end_and_come_in_order(desk: Desk, clock: Clock) -> None:
    desk.set(quiet_from=22 * 60, quiet_to=7 * 60)
    clock.now = clock.now.replace(hour=15, minute=0)  # 23:00 in the county
    ids = [desk.tell("一"), desk.tell("二", Priority.URGENT), desk.tell("三")]
    await desk.person.deliver()
    desk.tell("答", Priority.REPLY)
    clock.move(hours=1)
    ids.append(desk.tell("四"))
    await desk.person.deliver()
    assert [text for _, text in desk.came()] == ["答"]
    assert desk.person.states(ids) == [S.PENDING] * 4
    clock.move(hours=7, milliseconds=-1)
    await desk.person.deliver()
    assert len(desk.came()) == 1
    clock.move(milliseconds=1)
    await desk.person.deliver()
    assert [text for _, text in desk.came()] == ["答", "一", "二", "三", "四"]
    assert desk.person.notice(ids[0]).attempts == 1


async def test_an_emergency_rings_at_any_hour_whatever_is_held(desk: Desk, clock: Clock) -> None:
    desk.set(quiet_from=22 * 60, quiet_to=7 * 60)
    clock.now = clock.now.replace(hour=15, minute=0)
    desk.tell("催", Priority.URGENT)
    await desk.person.deliver()
    number = desk.person.county.report("家里一股很重的煤气味，头有点晕", who="群众")
    await desk.person.deliver()
    assert [number in message.text for who, message in desk.plain.sent if who == STAFF] == [True]


async def test_a_try_that_failed_in_the_evening_is_not_made_again_at_night(desk: Desk, clock: Clock) -> None:
    desk.set(quiet_from=22 * 60, quiet_to=7 * 60)
    clock.now = clock.now.replace(hour=13, minute=59, second=59)
    desk.plain.failures = [TemporaryFailure("away")]
    notice_id = desk.tell("一")
    await desk.person.deliver()
    clock.move(hours=1)
    await desk.person.deliver()
    assert desk.came() == []
    assert desk.person.notice(notice_id).due_at == clock.now.replace(hour=23, minute=0, second=0)
    clock.move(hours=8, seconds=1)
    await desk.person.deliver()
    assert desk.came() == [(STAFF, "一")]


async def test_citizens_have_no_quiet_hours(person: Person) -> None:
    person.link()
    with person.county.work() as uow:
        contact = uow.contacts.get(person.contact_id)
        assert contact is not None
        contact.quiet_from, contact.quiet_to = 0, 23 * 60
    person.tell("一")
    await person.deliver()
    assert person.heard_there() == ["一"]
