"""Replies go straight from the transaction that made them to their channel, in order, and to the outbox where not."""

import pytest

from bot import delivery as module
from bot.channel import TemporaryFailure
from bot.message import InboundMessage
from bot.reception import Reception
from bot.wording import Wording
from routing.notice import NoticeState
from storage.store import Store
from tests.bot.test_delivery import Office
from tests.conftest import Clock
from tests.routing.county import County, understanding


class Desk(Office):
    """An office with a reception in front of it."""

    def __init__(self, county: County, clock: Clock) -> None:
        super().__init__(county, clock)
        self.woken = 0
        self.reception = Reception(
            county.store.writer, county.store.files, self.delivery._channels, understanding(), Wording(),
            wake_delivery=self._wake, delivery=self.delivery,
        )  # fmt: skip
        self._count = 0

    def _wake(self) -> None:
        self.woken += 1
        self.delivery.wake()

    async def says(self, text: str, user: str = "new") -> None:
        self._count += 1
        await self.reception.receive(
            InboundMessage("plain", "citizen", "citizen", f"m{self._count}", user, self.clock.now, "text", text)
        )

    def counts(self) -> dict[str, int]:
        with self.county.work() as uow:
            return uow.notices.counts()


@pytest.fixture
def desk(sqlite_store: Store, clock: Clock) -> Desk:
    return Desk(County(sqlite_store, clock).found(), clock)


async def test_replies_are_sent_and_recorded_without_a_claim(desk: Desk) -> None:
    await desk.says("路灯不亮")
    assert desk.counts()["pending"] == 3, "durable before anything is sent"
    assert desk.woken == 0
    assert await desk.deliver() == 0, "nothing was left to claim"
    assert len(desk.citizens.texts("new")) == 3
    assert desk.counts() == {"sent": 3}


async def test_what_is_said_next_is_answered_after_what_is_being_sent(desk: Desk) -> None:
    await desk.says("路灯不亮")
    await desk.says("晚上看不见路")
    await desk.deliver()
    texts = desk.citizens.texts("new")
    assert len(texts) == 4
    assert "2" in texts[3], "the count of what was said stands last"


async def test_after_a_failure_the_later_ones_wait_with_it(desk: Desk) -> None:
    desk.citizens.failures = [TemporaryFailure("reset")]
    await desk.says("路灯不亮")
    await desk.says("晚上看不见路")
    await desk.deliver()
    assert desk.citizens.sent == []
    assert desk.counts() == {"pending": 4}
    await desk.says("已经半个月了")
    assert desk.woken == 1, "something is before it, so it waits for its turn in the outbox"
    await desk.deliver()
    assert desk.citizens.sent == []
    desk.clock.move(seconds=10)
    while await desk.deliver():
        pass
    assert len(desk.citizens.sent) == 5
    assert [message.notice_id for _, message in desk.citizens.sent] == sorted(
        message.notice_id or 0 for _, message in desk.citizens.sent
    )


async def test_with_too_much_under_way_they_wait_in_the_outbox(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_FLIGHT", 2)
    await desk.says("路灯不亮")
    assert desk.woken == 1
    while await desk.deliver():
        pass
    assert len(desk.citizens.sent) == 3


async def test_one_that_was_not_sent_before_a_death_goes_out_after_its_lease(desk: Desk) -> None:
    desk.delivery.hand_over = lambda letters: None  # type: ignore[method-assign]
    await desk.says("路灯不亮")
    other = desk.another()
    assert await other.deliver_due() == 0
    desk.clock.move(seconds=61)
    await other.deliver_due()
    assert len(desk.citizens.sent) == 3
    assert desk.counts() == {NoticeState.SENT.value: 3}
