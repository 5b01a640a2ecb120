"""The hours and days of a routing rule: read as people write them, kept in one form, compared in the county's time."""

import re
from calendar import monthrange
from datetime import datetime
from typing import Final, NamedTuple

from routing.working_days import LOCAL

_TO = r"\s*(?:-|–|—|~|～|至|到)\s*"
_CLOCK = r"(\d{1,2})[:：](\d{2})"
_DAY = r"(?:(20\d{2})[-./])?(\d{1,2})[-./](\d{1,2})"
_HOURS: Final = re.compile(_CLOCK + _TO + _CLOCK)
_DAYS: Final = re.compile(_DAY + r"\s*(?:–|—|~|～|至|到)\s*" + _DAY)


def read_hours(text: str) -> str | None:
    """The span as `22:00-06:00`, from what somebody wrote; None where it is no span of hours."""
    found = _HOURS.fullmatch(text.strip()[:40])
    if found is None:
        return None
    start, end = (int(found[1]) * 60 + int(found[2])), (int(found[3]) * 60 + int(found[4]))
    if int(found[2]) > 59 or int(found[4]) > 59 or start >= 1440 or end > 1440 or start == end:
        return None
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


def read_days(text: str) -> str | None:
    """The span as `2026-12-01~2027-02-28`, or `06-15~09-30` for each year; None where it is no such span."""
    found = _DAYS.fullmatch(text.strip()[:40])
    if found is None or (found[1] is None) != (found[4] is None):
        return None
    start, end = _day(found[1], found[2], found[3]), _day(found[4], found[5], found[6])
    if start is None or end is None or (found[1] is not None and end < start):
        return None
    return f"{start}~{end}"


def _day(year: str | None, month: str, day: str) -> str | None:
    # A day of each year may be 29 February.
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= monthrange(int(year) if year else 2024, int(month))[1]:
        return None
    return f"{year}-{int(month):02}-{int(day):02}" if year else f"{int(month):02}-{int(day):02}"


class Moment(NamedTuple):
    """A time in the county, as windows compare it: minutes since midnight, and the day with and without its year."""

    minute: int
    day: str
    day_of_year: str


def local_moment(at: datetime) -> Moment:
    """`at` (aware) as the county's clock and calendar say it."""
    local = at.astimezone(LOCAL)
    day = local.date().isoformat()
    return Moment(local.hour * 60 + local.minute, day, day[5:])


class Window:
    """The hours and days of a rule in the forms that `read_hours` and `read_days` give; None: at any time."""

    __slots__ = ("_days", "_hours", "_yearly")

    def __init__(self, hours: str | None, days: str | None) -> None:
        self._hours: tuple[int, int] | None = None
        if hours is not None:
            start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in hours.split("-"))
            self._hours = start, end
        first, _, last = (days or "").partition("~")
        self._days = (first, last) if days is not None else None
        self._yearly = len(first) == 5

    def holds(self, now: Moment) -> bool:
        """Whether a moment lies in it. The end of the hours is not in it, the last day is. Both may wrap around."""
        if self._hours is not None:
            start, end = self._hours
            if not (start <= now.minute < end if start < end else now.minute >= start or now.minute < end):
                return False
        if self._days is None:
            return True
        first, last = self._days
        day = now.day_of_year if self._yearly else now.day
        return first <= day <= last if first <= last else day >= first or day <= last
