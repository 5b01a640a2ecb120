"""Working days in China: staff's own table, then the published calendar, then a reckoning marked provisional (暂定).

Everything is reckoned in Beijing time; moments come in aware and go out in UTC.
"""

import functools
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

import chinese_calendar
from chinese_calendar.constants import holidays as _published

from routing.statutory_days import fixed_days, reckoned_holidays

#: China has one zone and no summer time since 1991, so no zone database is needed.
LOCAL: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
OPENS: Final = time(9, 0)
CLOSES: Final = time(17, 30)

#: The longest span in workdays that is reckoned; beyond it somebody mistyped.
MOST_WORKDAYS: Final = 2_000

# What the installed wheel really holds: wheels named alike have ended at different years (its issue #137).
FIRST_PUBLISHED: Final[int] = min(_published).year
LAST_PUBLISHED: Final[int] = max(_published).year


def local_date(moment: datetime) -> date:
    """The day in Beijing at an aware `moment`. Raises `ValueError` for a naive one."""
    return _local(moment).date()


class WorkingCalendar:
    """Answers from `overrides` (True: working, False: free), then `chinesecalendar`, then the weekday rule.

    A year whose fixed holidays are all in `overrides` counts as announced: staff typed the State Council's notice in,
    so its remaining days follow the plain weekday rule and are no longer provisional.
    """

    def __init__(self, overrides: Mapping[date, bool] | None = None) -> None:
        self._overrides = dict(overrides or {})
        years = {day.year for day in self._overrides}
        self._entered = frozenset(year for year in years if fixed_days(year) <= self._overrides.keys())

    def is_workday(self, day: date) -> bool:
        """Whether `day` (a date in Beijing) is worked. Never raises for a real date, in any year."""
        if isinstance(day, datetime):
            raise TypeError("pass a local date: see local_date()")
        declared = self._overrides.get(day)
        if declared is not None:
            return declared
        if FIRST_PUBLISHED <= day.year <= LAST_PUBLISHED:
            return _published_workday(day)
        if day.weekday() >= 5:
            return False
        return day.year in self._entered or day not in reckoned_holidays(day.year)

    def known(self, day: date) -> bool:
        """Whether the answer for `day` rests on an announcement; otherwise what depends on it is 暂定."""
        return day in self._overrides or FIRST_PUBLISHED <= day.year <= LAST_PUBLISHED or day.year in self._entered

    def add_workdays(self, start: datetime, days: int) -> tuple[datetime, bool]:
        """The close of business (17:30) on the `days`-th workday after the day of `start`, and whether provisional.

        The day of `start` isn't counted, and the last day ends when business does: Civil Code Art. 201 and 203.
        Raises `ValueError` unless 1 ≤ days ≤ 2,000.
        """
        if not 1 <= days <= MOST_WORKDAYS:
            raise ValueError(f"{days} workdays; from 1 to {MOST_WORKDAYS} can be reckoned")
        day, provisional = local_date(start), False
        while days:
            day += timedelta(days=1)
            provisional = provisional or not self.known(day)
            days -= self.is_workday(day)
        return _utc(day, CLOSES), provisional

    def add_days(self, start: datetime, days: int) -> datetime:
        """The same time of day, `days` calendar days later."""
        return (_local(start) + timedelta(days=days)).astimezone(UTC)

    def end_of_workday(self, moment: datetime, cut_off_hour: int = 17) -> tuple[datetime, bool]:
        """Close of business (17:30) today, or on the next workday when `moment` is at or past the cut-off or today
        is free; and whether that is provisional."""
        local = _local(moment)
        if local.hour < cut_off_hour and self.is_workday(local.date()):
            return _utc(local.date(), CLOSES), not self.known(local.date())
        return self.add_workdays(moment, 1)

    def on_workday(self, moment: datetime) -> tuple[datetime, bool]:
        """`moment` itself when its day is worked, else 09:00 on the next workday; and whether provisional."""
        day = local_date(moment)
        if self.is_workday(day):
            return moment.astimezone(UTC), not self.known(day)
        closes, provisional = self.add_workdays(moment, 1)
        return _utc(local_date(closes), OPENS), provisional or not self.known(day)

    def missing_year(self, today: date) -> int | None:
        """The year that staff should enter now: this one if unknown, the next from 1 November on (the notice for a
        year comes out in that month of the year before)."""
        if not self.known(today):
            return today.year
        following = date(today.year + 1, 1, 2)
        return following.year if today.month >= 11 and not self.known(following) else None


@functools.lru_cache(maxsize=4096)
def _published_workday(day: date) -> bool:
    # Every case asks for the same few days, and the library checks its own bounds by looking through all it knows.
    return bool(chinese_calendar.is_workday(day))


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no day in Beijing; pass an aware one")
    return moment.astimezone(LOCAL)


def _utc(day: date, at: time) -> datetime:
    return datetime.combine(day, at, LOCAL).astimezone(UTC)
