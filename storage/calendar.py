"""The days that staff declared working or free."""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from routing.working_days import WorkingCalendar
from storage.schema import calendar_overrides
from storage.work import Work

_ALL = select(calendar_overrides.c.day, calendar_overrides.c.is_workday)


def _upsert(insert: Any) -> Any:
    statement = insert(calendar_overrides)
    changes = {name: statement.excluded[name] for name in ("is_workday", "name", "source")}
    return statement.on_conflict_do_update(index_elements=[calendar_overrides.c.day], set_=changes)


_UPSERT = {False: _upsert(sqlite.insert), True: _upsert(postgresql.insert)}


class Calendar:
    """`routing.repositories.CalendarRepository`."""

    def __init__(self, work: Work) -> None:
        self._work = work
        # Reckoning one case's deadlines asks many times.
        self._known: dict[date, bool] | None = None
        self._working: WorkingCalendar | None = None

    def overrides(self) -> dict[date, bool]:
        if self._known is None:
            rows = self._work.session.select(_ALL)
            # SQLite has no dates; SQLAlchemy keeps them there as ISO text.
            self._known = {date.fromisoformat(day) if isinstance(day, str) else day: bool(works) for day, works in rows}
        return dict(self._known)

    def working(self) -> WorkingCalendar:
        if self._working is None:
            self._working = WorkingCalendar(self.overrides())
        return self._working

    def set_override(self, day: date, is_workday: bool, name: str, source: str) -> None:
        known = self.overrides()
        if self._work.writes:
            row = {"day": day, "is_workday": is_workday, "name": name, "source": source}
            self._work.session.run(_UPSERT[self._work.session.postgresql], row)
        self._known = {**known, day: is_workday}
        self._working = None
