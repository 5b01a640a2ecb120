"""The clock is set, or the desk sleeps: every follow-up once, late if need be, none early, and so every notice.

In each run something of every kind is pending, notices wait in the outbox, and a dead process holds leases. The real
handlers and the real store run on a clock that is moved; for the ticks themselves, see tests/routing/test_schedule.py.
"""

from datetime import timedelta

import pytest

from bot.delivery import LEASE
from routing.follow_up import FollowUpKind as Kind
from tests.endurance.office import STEP, Office

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: From Monday evening until after the third working day.
DAYS = timedelta(days=3, hours=1)
#: Falls due within the days of a run.
ALL = set(Kind) - {Kind.LOOK_BACK, Kind.INTEGRITY_DUE, Kind.INFO_EXPIRES, Kind.RATING_EXPIRES}


async def afternoon(office: Office) -> None:
    """From ten in the morning to ten to six: drafts went in, the duty officer was silent, then something comes in."""
    office.fill()
    await office.goes_on(timedelta(hours=7, minutes=50))
    office.county.report(who="最后一个")
    office.leave_a_lease()


@pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY, -DAY], ids=["+1h", "-1h", "+1d", "-1d"])
async def test_the_clock_is_set(office: Office, jump: timedelta) -> None:
    await afternoon(office)
    before = len(office.book)
    office.clock.now += jump
    await office.goes_on(DAYS + max(-jump, timedelta()))
    assert office.wrong() == {}
    assert office.kinds() >= ALL
    late = max(done.late for done in office.book[before:])
    assert late <= STEP + max(jump, timedelta()), "later than the jump alone made it"


@pytest.mark.parametrize(
    "asleep",
    [timedelta(seconds=5), timedelta(minutes=1), HOUR, DAY, 3 * DAY],
    ids=["5s", "1min", "1h", "1d", "3d"],
)
async def test_the_desk_sleeps(office: Office, asleep: timedelta) -> None:
    await afternoon(office)
    before = len(office.book)
    await office.restart(asleep)
    assert office.overdue() == [], "the first tick does all that was missed"
    await office.goes_on(DAYS)
    assert office.wrong() == {}
    assert office.kinds() >= ALL
    assert max(done.late for done in office.book[before:]) <= max(STEP, asleep)


async def test_a_clock_that_goes_back_and_forth_loses_and_doubles_nothing(office: Office) -> None:
    await afternoon(office)
    for jump in (DAY, -DAY, -HOUR, HOUR, HOUR, -DAY, DAY):
        office.county.report(who=f"又一个{office.clock.now}")
        office.clock.now += jump
        await office.goes_on(timedelta(hours=2))
    await office.goes_on(DAYS)
    assert office.wrong() == {}


async def test_after_a_clock_was_set_back_what_comes_in_is_told_at_once(office: Office) -> None:
    """Only what was waiting when it was set waits until the clock is there again."""
    await office.tick()
    office.clock.now -= DAY
    office.county.report(who="新来的")
    await office.tick()
    assert office.unsent() == []


async def test_what_a_dead_process_had_leased_goes_out_when_the_lease_is_over_by_the_new_clock(office: Office) -> None:
    office.county.report()
    office.leave_a_lease()
    office.clock.now -= HOUR
    await office.goes_on(HOUR + LEASE + timedelta(seconds=1), step=timedelta(minutes=1))
    assert office.wrong() == {}
