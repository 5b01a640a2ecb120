"""Deadlines, each in its own unit."""

from datetime import UTC, datetime, timedelta

import pytest

from routing import deadlines
from routing.case import Urgency
from routing.deadlines import Due, Limit, Unit, answer_limit, due, extend
from routing.working_days import LOCAL, WorkingCalendar

CALENDAR = WorkingCalendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("limit", "start", "expected"),
    [
        (deadlines.STAFF_ACCEPT, "2026-11-23T10:00", Due(at("2026-11-23T17:30"), False)),
        (deadlines.STAFF_ACCEPT, "2026-11-27T17:05", Due(at("2026-11-30T17:30"), False)),
        (deadlines.CONFIRM, "2026-11-27T10:00", Due(at("2026-11-30T17:30"), False)),
        (deadlines.DEPUTY_TO_SUBSTITUTE, "2026-09-30T20:00", Due(at("2026-10-01T20:00"), False)),
        (deadlines.DUTY_CALL, "2026-11-22T03:00", Due(at("2026-11-22T03:15"), False)),
        (deadlines.INFO, "2026-11-23T10:00", Due(at("2026-11-28T10:00"), False)),
        (deadlines.INTEGRITY, "2026-12-30T10:00", Due(at("2027-01-07T17:30"), True)),
        # 30 days on is 1 October; work begins again on the 8th.
        (deadlines.LOOK_BACK, "2026-09-01T15:00", Due(at("2026-10-08T09:00"), False)),
        (deadlines.LOOK_BACK, "2026-11-03T15:00", Due(at("2026-12-03T15:00"), False)),
        (deadlines.LOOK_BACK_PROMISE, "2026-11-23T10:00", Due(at("2027-02-22T09:00"), True)),
    ],
)
def test_when_a_limit_runs_out(limit: Limit, start: str, expected: Due) -> None:
    assert due(limit, at(start), CALENDAR) == expected


def test_the_answer_follows_urgency_then_category() -> None:
    assert answer_limit(Urgency.EMERGENCY, 3).unit is Unit.HOUR
    assert answer_limit(Urgency.URGENT, 5) == Limit(1, Unit.WORKDAY, deadlines.ANSWER_URGENT.source)
    assert answer_limit(Urgency.NORMAL, 7).amount == 7


def test_every_limit_names_its_source_and_runs_forward() -> None:
    limits = [value for value in vars(deadlines).values() if isinstance(value, Limit)]
    assert len(limits) >= 18
    for limit in limits:
        assert limit.source
        assert due(limit, datetime(2026, 12, 31, 23, tzinfo=UTC), CALENDAR).at > datetime(2026, 12, 31, 23, tzinfo=UTC)


def test_an_extension_counts_from_the_old_date_and_has_an_end() -> None:
    assert extend(at("2026-11-27T17:30"), 3, CALENDAR) == Due(at("2026-12-02T17:30"), False)
    for days in (0, 11):
        with pytest.raises(ValueError, match="1 to 10"):
            extend(at("2026-11-27T17:30"), days, CALENDAR)


def test_due_times_come_back_in_utc() -> None:
    assert due(deadlines.CONFIRM, at("2026-11-23T10:00"), CALENDAR).at.utcoffset() == timedelta()
