"""Working days: the announced calendar, what staff declare, and the years nobody has announced."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.statutory_days import fixed_days, reckoned_holidays
from routing.working_days import LAST_PUBLISHED, LOCAL, WorkingCalendar, local_date

PLAIN = WorkingCalendar()
MOMENTS = st.datetimes(datetime(2025, 6, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def at(text: str) -> datetime:
    """A moment in Beijing time."""
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@pytest.mark.parametrize("day", ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10", "11-23"])
def test_make_up_weekends_and_plain_weekdays_of_2026_are_worked(day: str) -> None:
    assert PLAIN.is_workday(date.fromisoformat(f"2026-{day}"))


@pytest.mark.parametrize("day", ["01-01", "02-17", "04-06", "06-19", "09-25", "10-01", "10-07", "11-22"])
def test_holidays_and_weekends_of_2026_are_free(day: str) -> None:
    assert not PLAIN.is_workday(date.fromisoformat(f"2026-{day}"))


def test_2027_is_reckoned_from_the_holiday_rule() -> None:
    free = {day for day in reckoned_holidays(2027) if day.weekday() < 5}
    expected = [
        "01-01",
        "02-05",
        "02-08",
        "02-09",
        "02-10",
        "04-05",
        "05-03",
        "05-04",
        "06-09",
        "09-15",
        "10-01",
        "10-04",
        "10-05",
    ]
    assert free == {date.fromisoformat(f"2027-{day}") for day in expected}


def test_the_reckoning_for_2026_agrees_with_the_announcement_but_for_moved_days() -> None:
    assert all(not PLAIN.is_workday(day) for day in reckoned_holidays(2026) if day.weekday() < 5)


@pytest.mark.parametrize("year", [1900, 2003, 2027, 2035, 2036, 2099, 2500])
def test_no_year_crashes(year: int) -> None:
    assert not PLAIN.is_workday(date(year, 10, 1))
    assert not PLAIN.known(date(year, 10, 1))


def test_fifteen_workdays_from_late_december_cross_into_an_unannounced_year() -> None:
    due, provisional = PLAIN.add_workdays(at("2026-12-21T10:00"), 15)
    assert (due.astimezone(LOCAL), provisional) == (at("2027-01-12T17:30"), True)


def test_a_due_date_within_the_announced_year_is_firm() -> None:
    # Friday, and the Sunday after next is worked for National Day.
    assert PLAIN.add_workdays(at("2026-09-18T16:00"), 1) == (at("2026-09-20T17:30"), False)


def test_the_day_is_the_one_in_beijing() -> None:
    late_on_thursday_in_utc = datetime(2026, 11, 19, 16, 30, tzinfo=UTC)
    assert local_date(late_on_thursday_in_utc) == date(2026, 11, 20)
    assert PLAIN.add_workdays(late_on_thursday_in_utc, 1)[0] == at("2026-11-23T17:30")


def test_what_staff_declare_wins() -> None:
    calendar = WorkingCalendar({date(2026, 10, 1): True, date(2026, 11, 23): False, date(2027, 1, 4): False})
    assert calendar.is_workday(date(2026, 10, 1))
    assert calendar.add_workdays(at("2026-11-20T09:00"), 1)[0] == at("2026-11-24T17:30")
    assert calendar.known(date(2027, 1, 4))
    assert not calendar.known(date(2027, 1, 5))


def test_a_year_typed_in_by_staff_is_no_longer_provisional() -> None:
    notice = dict.fromkeys(fixed_days(2027), False) | {date(2027, 2, 20): True, date(2027, 2, 9): False}
    calendar = WorkingCalendar(notice)
    assert calendar.known(date(2027, 3, 3))
    assert calendar.is_workday(date(2027, 2, 20))
    # Reckoned as a make-up day off, but the notice doesn't name it.
    assert calendar.is_workday(date(2027, 2, 10))
    assert calendar.add_workdays(at("2026-12-21T10:00"), 15)[1] is False


@pytest.mark.parametrize(
    ("said", "due"),
    [
        ("2026-11-23T08:00", "2026-11-23T17:30"),
        ("2026-11-23T16:59", "2026-11-23T17:30"),
        ("2026-11-23T17:00", "2026-11-24T17:30"),
        ("2026-11-21T10:00", "2026-11-23T17:30"),
        ("2026-09-30T18:00", "2026-10-08T17:30"),
    ],
)
def test_the_same_day_or_the_next_after_the_cut_off(said: str, due: str) -> None:
    assert PLAIN.end_of_workday(at(said)) == (at(due), False)


def test_a_moment_on_a_holiday_moves_to_the_next_morning_of_work() -> None:
    assert PLAIN.on_workday(at("2026-10-02T15:00")) == (at("2026-10-08T09:00"), False)
    assert PLAIN.on_workday(at("2026-10-08T15:00")) == (at("2026-10-08T15:00"), False)
    assert PLAIN.on_workday(at("2027-02-07T15:00")) == (at("2027-02-11T09:00"), True)


def test_staff_are_told_of_a_missing_year_from_november() -> None:
    assert PLAIN.missing_year(date(LAST_PUBLISHED, 10, 31)) is None
    assert PLAIN.missing_year(date(LAST_PUBLISHED, 11, 1)) == LAST_PUBLISHED + 1
    assert PLAIN.missing_year(date(LAST_PUBLISHED + 1, 3, 1)) == LAST_PUBLISHED + 1


def test_naive_moments_plain_datetimes_and_mistyped_spans_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        PLAIN.add_workdays(datetime(2026, 1, 5), 1)  # noqa: DTZ001
    with pytest.raises(TypeError, match="local date"):
        PLAIN.is_workday(at("2026-10-01T00:00"))
    for days in (0, -3, 999_999):
        with pytest.raises(ValueError, match="workdays"):
            PLAIN.add_workdays(at("2026-01-05T00:00"), days)


@settings(max_examples=60)
@given(MOMENTS, st.integers(1, 60))
def test_due_dates_are_workdays_and_rise_with_the_span(start: datetime, days: int) -> None:
    due, provisional = PLAIN.add_workdays(start, days)
    later, later_provisional = PLAIN.add_workdays(start, days + 1)
    assert PLAIN.is_workday(local_date(due))
    assert start < due < later
    assert provisional <= later_provisional
    assert provisional == (not PLAIN.known(local_date(due)))


@settings(max_examples=60)
@given(MOMENTS, st.integers(1, 20), st.timedeltas(timedelta(), timedelta(days=9)))
def test_starting_later_never_ends_earlier(start: datetime, days: int, wait: timedelta) -> None:
    assert PLAIN.add_workdays(start, days)[0] <= PLAIN.add_workdays(start + wait, days)[0]


@settings(max_examples=60)
@given(MOMENTS)
def test_moved_moments_are_never_earlier_and_land_on_workdays(moment: datetime) -> None:
    for moved, _ in (PLAIN.on_workday(moment), PLAIN.end_of_workday(moment)):
        assert moved >= moment
        assert PLAIN.is_workday(local_date(moved))
