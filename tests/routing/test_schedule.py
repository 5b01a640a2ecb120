"""The ticks: what is due is done whatever else fails, and a tick that fails stops nothing."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from routing import due
from routing.errors import StorageUnavailable
from routing.follow_up import FollowUp, FollowUpKind
from routing.schedule import BATCH, POSTPONE_SECONDS, FollowUps, Ticker
from tests.conftest import Clock
from tests.routing.county import CITIZEN, County


@pytest.fixture
def poison(county: County) -> int:
    """A follow-up that can't be handled: its parameters are not what its handler reads."""
    number = county.report(who="别人")
    with county.work() as uow:
        for pending in uow.follow_ups.pending_of_case(county.case(number).id):
            pending.state = "cancelled"
        bad = FollowUp(
            FollowUpKind.STAFF_SILENT, uow.now, uow.now, case_id=county.case(number).id, params={"times": "many"}
        )
        uow.follow_ups.add(bad)
        return bad.id


def state_of(county: County, follow_up_id: int) -> tuple[str, float]:
    with county.work() as uow:
        found = uow.follow_ups.get(follow_up_id)
        assert found is not None
        return found.state, (found.due_at - county.clock.now).total_seconds()


async def test_one_that_cannot_be_handled_blocks_no_other_and_is_put_off(
    county: County, clock: Clock, poison: int
) -> None:
    number = county.report()
    county.news(number)
    clock.move(hours=24)
    await county.due()
    assert ("张晓岚", "card.deputy_substitute") in county.news(number)
    assert state_of(county, poison) == ("pending", POSTPONE_SECONDS)
    assert await county.due() == 0
    clock.move(seconds=POSTPONE_SECONDS)
    assert await county.due() == 1, "it is tried again, for the case that it was repaired"
    assert state_of(county, poison) == ("pending", POSTPONE_SECONDS)


async def test_what_it_had_half_done_is_undone(
    county: County, clock: Clock, poison: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    del poison
    number = county.report()
    clock.move(days=3, hours=8)
    handlers = dict(due._HANDLERS)

    def breaks(*args: object) -> None:
        handlers[FollowUpKind.NO_NEWS](*args)  # type: ignore[arg-type]
        raise RuntimeError

    monkeypatch.setitem(due._HANDLERS, FollowUpKind.NO_NEWS, breaks)
    await county.due()
    assert "case.no_news" not in county.told(number, CITIZEN)
    assert "card.staff_silent" in county.told(number, "陈静")


async def test_more_than_a_batch_is_done_at_once(county: County, clock: Clock) -> None:
    number = county.report()
    case_id = county.case(number).id
    with county.work() as uow:
        for pending in uow.follow_ups.pending_of_case(case_id):
            pending.state = "cancelled"
        for _ in range(BATCH + 5):
            uow.follow_ups.add(FollowUp(FollowUpKind.INFO_EXPIRES, uow.now, uow.now, case_id=case_id))
    assert await county.due() == BATCH + 5


async def test_delivery_is_woken_when_something_was_done(county: County, clock: Clock) -> None:
    woken = []
    follow_ups = FollowUps(county.store.writer, county.understanding, lambda: woken.append(1))
    await follow_ups.run_due()
    assert woken == []
    county.report()
    clock.move(days=1)
    await follow_ups.run_due()
    assert woken == [1]


class Away:
    """A writer whose database is gone."""

    async def run(self, fn: object, names: object = None) -> None:
        raise StorageUnavailable


async def test_without_storage_nothing_is_pretended(county: County) -> None:
    follow_ups = FollowUps(Away(), county.understanding, lambda: None)  # type: ignore[arg-type]
    with pytest.raises(StorageUnavailable):
        await follow_ups.run_due()


async def test_a_tick_that_fails_comes_again() -> None:
    ticker, ticked, enough = Ticker(), [], asyncio.Event()

    async def tick() -> None:
        ticked.append(1)
        if len(ticked) == 3:
            enough.set()
        raise StorageUnavailable if len(ticked) == 1 else RuntimeError

    ticker.every(0.01, tick, "test")
    ticker.start()
    await asyncio.wait_for(enough.wait(), 5)
    ticker.stop()
    ticker.stop()
    assert len(ticked) >= 3


async def test_a_slow_tick_is_not_started_beside_itself() -> None:
    ticker, running, most = Ticker(), 0, 0

    async def tick() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1

    ticker.every(0.01, tick, "test")
    ticker.start()
    await asyncio.sleep(timedelta(milliseconds=120).total_seconds())
    ticker.stop()
    assert most == 1


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(hours=-1), timedelta(hours=1), timedelta(days=3)])
async def test_ticks_go_on_evenly_when_the_wall_clock_is_set(jump: timedelta) -> None:
    ticker, ticked = Ticker(look_seconds=0.02), 0

    async def tick() -> None:
        nonlocal ticked
        ticked += 1

    ticker.every(0.01, tick, "test")
    ticker.start()
    await asyncio.sleep(0.05)
    with time_machine.travel(datetime.now(UTC) + jump):
        before = ticked
        await asyncio.sleep(0.2)
    ticker.stop()
    assert 3 <= ticked - before <= 20, "neither silent until the clock is there again, nor making up for what it missed"
