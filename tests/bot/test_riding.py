"""What waited until somebody writes comes in the answer to what they wrote, as far as it fits; the rest is sent."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.delivery import Delivery
from bot.dialogs import citizen
from bot.dialogs.turn import Turn
from bot.message import InboundMessage, Picture
from bot.reception import Reception
from bot.registry import Channels
from bot.wording import Wording
from routing.case import PartKind, StoredFile
from routing.notice import Notice, NoticeState, Priority
from routing.people import Address, Contact
from storage.spool import Spool
from tests.bot.counted_channel import WECHAT, CountedPlain, counting
from tests.conftest import Clock
from tests.routing.county import County, open_county, understanding

S = NoticeState
MING = "ming"


class Desk:
    """Somebody on a channel that counts and takes one text as its answer. The dialog says `says`."""

    def __init__(self, county: County, clock: Clock, folder: Path) -> None:
        self.county, self.clock = county, clock
        self.channel = CountedPlain(
            capabilities=replace(
                counting(WECHAT), answer_limit=400, answer_within=5.0, text_unit="bytes", buttons=False,
                redelivers=False,
            )
        )  # fmt: skip
        channels, wording = Channels([self.channel]), Wording()
        store = county.store
        self.delivery = Delivery(store.writer, channels, understanding(), wording, clock, poll_seconds=0.01)
        self.reception = Reception(
            store.writer, store.files, channels, understanding(), wording, delivery=self.delivery,
            spool=Spool(folder, "test key"),
        )  # fmt: skip
        self.says: list[tuple[str, list[list[str]]]] = [("citizen.kept", [])]
        self._messages = 0
        with county.work() as uow:
            contact = Contact(uow.now)
            uow.contacts.add(contact)
            address = Address(contact.id, "counted", "citizen", MING, uow.now)
            uow.contacts.add_address(address)
            contact.address_id = address.id
            self.contact_id, self.address_id = contact.id, address.id

    async def let_wait(self, *texts: str, **fields: Any) -> list[int]:
        with self.county.work() as uow:
            notices = [
                Notice(
                    "case.message", self.contact_id, uow.now, uow.now, params={"number": "1", "text": text}, **fields
                )
                for text in texts
            ]
            for notice in notices:
                uow.notices.add(notice)
        await self.settled()
        ids = [notice.id for notice in notices]
        assert self.states(ids) == [S.WAITING] * len(ids)
        return ids

    def message(self, opens: str = "message") -> InboundMessage:
        self._messages += 1
        self.clock.move(seconds=1)
        return InboundMessage(
            "counted", "citizen", "citizen", f"m{self._messages}", MING, self.clock.now, "text", "在吗", opens=opens
        )

    async def answer(self, message: InboundMessage | None = None) -> list[str]:
        """What comes back, each after its colon."""
        replies = await self.reception.receive(message or self.message())
        return [reply.text.rpartition("：")[2] for reply in replies]

    async def settled(self) -> None:
        while await self.delivery.deliver_due():
            pass

    def states(self, ids: list[int]) -> list[NoticeState]:
        with self.county.work() as uow:
            return [notice.state for i in ids if (notice := uow.notices.get(i)) is not None]

    def sent(self) -> list[str]:
        return [text.rpartition("：")[2] for text in self.channel.texts(MING)]

    def left(self) -> int:
        with self.county.work() as uow:
            address = uow.contacts.address_by_id(self.address_id)
            assert address is not None
            return int((address.allowance or {})["open"]["message"][1])

    def offered(self) -> list[str]:
        with self.county.work() as uow:
            conversation = uow.conversations.of_address(self.address_id)
            assert conversation is not None
            return conversation.offered


KEPT = Wording().render("citizen.kept")


@pytest.fixture
async def desk(
    sqlite_template: Path, sqlite_url: str, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    async with open_county(sqlite_template, sqlite_url, clock) as county:
        desk = Desk(county, clock, tmp_path / "spool")

        def speaks(turn: Turn) -> None:
            for key, buttons in desk.says:
                turn.say(key, buttons=buttons)

        monkeypatch.setattr(citizen, "respond", speaks)
        yield desk


async def test_it_rides_behind_the_replies_and_costs_nothing(desk: Desk) -> None:
    ids = await desk.let_wait("一", "二")
    assert await desk.answer() == [KEPT, "一", "二"]
    await desk.settled()
    assert desk.channel.sent == []
    assert desk.states(ids) == [S.SENT] * 2
    assert desk.left() == 5


async def test_it_is_the_answer_where_there_is_no_other(desk: Desk) -> None:
    ids = await desk.let_wait("一")
    desk.says = []
    assert await desk.answer() == ["一"]
    await desk.settled()
    assert (desk.channel.sent, desk.states(ids)) == ([], [S.SENT])


async def test_what_does_not_fit_any_more_is_sent_in_its_order(desk: Desk) -> None:
    ids = await desk.let_wait("一" * 40, "二" * 100, "三")
    assert await desk.answer() == [KEPT, "一" * 40]
    await desk.settled()
    assert desk.sent() == ["二" * 100, "三"], "the third would fit, but comes after the second"
    assert desk.states(ids) == [S.SENT] * 3
    assert desk.left() == 3


async def test_a_repeat_of_the_platform_gets_the_same_answer(desk: Desk) -> None:
    await desk.let_wait("一")
    message = desk.message()
    first = await desk.answer(message)
    await desk.settled()
    assert await desk.answer(message) == first == [KEPT, "一"]
    await desk.settled()
    assert desk.channel.sent == []


async def test_the_urgent_rides_in_front(desk: Desk) -> None:
    await desk.let_wait("push")
    await desk.let_wait("urgent", priority=Priority.URGENT)
    assert await desk.answer() == [KEPT, "urgent", "push"]


async def test_choices_ride_where_the_replies_have_none_and_are_what_a_number_means(desk: Desk) -> None:
    buttons = [["button.rate_satisfied", "t1"], ["button.rate_mostly", "t2"]]
    await desk.let_wait("满意吗", buttons=buttons)
    assert await desk.answer() == [KEPT, "满意吗"]
    assert desk.offered() == ["t1", "t2"]


async def test_choices_do_not_ride_behind_others(desk: Desk) -> None:
    ids = await desk.let_wait("满意吗", buttons=[["button.rate_satisfied", "t1"]])
    desk.says = [("citizen.kept", [["button.done", "t9"]])]
    assert await desk.answer() == [KEPT]
    assert desk.offered() == ["t9"]
    await desk.settled()
    assert (desk.sent(), desk.states(ids)) == (["满意吗"], [S.SENT])


async def test_one_that_was_sent_in_part_goes_on_where_it_stopped(desk: Desk) -> None:
    ids = await desk.let_wait("一|二|三|四|五")
    desk.says = []
    with desk.county.work() as uow:
        notice = uow.notices.get(ids[0])
        assert notice is not None
        notice.parts_sent = 3
    assert await desk.answer() == []
    await desk.settled()
    assert desk.sent() == ["四", "五"]


async def test_pictures_do_not_ride(desk: Desk) -> None:
    with desk.county.work() as uow:
        file = StoredFile(PartKind.PHOTO, "plain", uow.now, name="a.jpg", mime="image/jpeg")
        uow.files.add(file)
        params = {"number": "1", "text": "看", "_files": [file.id]}
        uow.notices.add(Notice("case.message", desk.contact_id, uow.now, uow.now, params=params))
    await desk.settled()
    assert await desk.answer() == [KEPT]
    await desk.settled()
    assert [message.pictures for _, message in desk.channel.sent] == [(Picture("a.jpg", "image/jpeg"),)]


async def test_what_is_no_longer_theirs_to_see_holds_up_nothing(desk: Desk) -> None:
    number = desk.county.report()
    with desk.county.work() as uow:
        case, contact = uow.cases.by_number(number), uow.contacts.get(desk.contact_id)
        assert case is not None
        assert contact is not None
        card = Notice("card.staff", contact.id, uow.now, uow.now, case_id=case.id, state=S.WAITING)
        uow.notices.add(card)
        contact.waiting = 1
    ids = await desk.let_wait("一")
    assert await desk.answer() == [KEPT]
    await desk.settled()
    assert desk.states([card.id, *ids]) == [S.OBSOLETE, S.SENT]
    assert desk.sent() == ["一"]


async def test_what_came_too_late_for_the_answer_is_sent(desk: Desk) -> None:
    """The platform no longer waits: replies and riders go by the window, once."""
    ids = await desk.let_wait("一")
    desk.channel.capabilities = replace(desk.channel.capabilities, answer_within=0.0)
    message = desk.message()
    answer = await desk.reception.receive(message)
    assert [reply.notice_id for reply in answer] == [None], "a receipt"
    await desk.reception.drain_spool()
    await desk.settled()
    assert desk.sent() == [KEPT, "一"]
    assert desk.states(ids) == [S.SENT]
    desk.clock.move(seconds=timedelta(minutes=2).total_seconds())
    await desk.settled()
    assert len(desk.channel.sent) == 2


async def test_what_is_for_another_chat_of_theirs_does_not_ride(desk: Desk) -> None:
    """News of a sealed case, say: the answer goes to the chat that was written in."""
    with desk.county.work() as uow:
        other = Address(desk.contact_id, "counted", "citizen", "ming's other phone", uow.now)
        uow.contacts.add_address(other)
    ids = await desk.let_wait("只给那边", address_id=other.id)
    assert await desk.answer() == [KEPT]
    await desk.settled()
    assert (desk.sent(), desk.states(ids)) == ([], [S.WAITING])
