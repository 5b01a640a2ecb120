"""Cases and their history.

What a list or a count shows is never a sealed or transferred case: only `get`, `by_number`, `of_reporter` and
`sealed` reach those, and who asks decides there who may see them.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from routing.case import SEALED_STATES, Case, CaseEvent, CaseState
from routing.decisions import Decision
from storage.codec import decode_text
from storage.mapper import Write
from storage.schema import case_counters, cases, submissions
from storage.tables import NUMBER
from storage.work import Work

_UNSEALED = cases.c.state.not_in(sorted(SEALED_STATES))
_NEWEST = select(cases).order_by(cases.c.created_at.desc(), cases.c.id.desc())
_TOLD_OF = select(submissions.c.case_id).where(submissions.c.contact_id == bindparam("contact"))
_OF_REPORTER = _NEWEST.where(cases.c.id.in_(_TOLD_OF)).limit(bindparam("limit"))
_OF_DEPUTY = _NEWEST.where(
    cases.c.deputy_id == bindparam("deputy"), cases.c.held_from_deputy.is_(False), _UNSEALED
).limit(bindparam("limit"))
_OF_DEPARTMENT = _NEWEST.where(
    cases.c.department == bindparam("department"), cases.c.state.in_(bindparam("states", expanding=True)), _UNSEALED
).limit(bindparam("limit"))
_SEALED = _NEWEST.where(cases.c.state.in_(sorted(SEALED_STATES))).limit(bindparam("limit"))
_DECISION = [cases.c.suggestion, cases.c.created_at, cases.c.department, cases.c.category]
_COUNTED = ("state", "department", "category", "rating")


def _next_number(insert: Any) -> Any:
    row = {"station_id": bindparam("station"), "day": bindparam("day"), "last": literal(1, Integer)}
    first = insert(case_counters).values(row)
    return first.on_conflict_do_update(
        index_elements=[case_counters.c.station_id, case_counters.c.day], set_={"last": case_counters.c.last + 1}
    ).returning(case_counters.c.last)


_NEXT_NUMBER = {False: _next_number(sqlite.insert), True: _next_number(postgresql.insert)}
_LAST_NUMBER = "UPDATE case_counters SET last = {mark} WHERE station_id = {mark} AND day = {mark}"


def _shown(station_ids: Sequence[int] | None, since: datetime | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_UNSEALED]
    if station_ids is not None:
        conditions.append(cases.c.station_id.in_(station_ids))
    if since is not None:
        conditions.append(cases.c.created_at >= since)
    return conditions


class Cases:
    """`routing.repositories.CaseRepository`."""

    def __init__(self, work: Work) -> None:
        self._session = work.session
        self._cases = work.map(work.tables.cases)
        self._events = work.map(work.tables.case_events)
        self._submissions = work.map(work.tables.submissions)
        #: By station and day, the last number given; those given from memory alone are yet to be written.
        self._numbers: dict[tuple[int, date], int] = {}
        self._counted: set[tuple[int, date]] = set()
        work.before_flush.append(self._write_numbers)

    def get(self, case_id: int) -> Case | None:
        return self._cases.get(case_id)

    def by_number(self, number: str) -> Case | None:
        return self._cases.find(NUMBER, number)

    def add(self, case: Case) -> None:
        self._cases.add(case)

    def next_number(self, station_id: int, day: date) -> int:
        counter = station_id, day
        if counter in self._numbers:
            # The first one holds the counter's row until the commit, so nobody else counts on.
            self._numbers[counter] += 1
            self._counted.add(counter)
        else:
            statement = _NEXT_NUMBER[self._session.postgresql]
            self._numbers[counter] = self._session.select(statement, {"station": station_id, "day": day})[0][0]
        return self._numbers[counter]

    def _write_numbers(self) -> None:
        if self._counted:
            rows = [(self._numbers[station_id, day], station_id, day.isoformat()) for station_id, day in self._counted]
            self._session.write(Write(_LAST_NUMBER.format(mark=self._cases.mapper.mark)), rows)
            self._counted.clear()

    def of_reporter(self, contact_id: int, limit: int = 20) -> Sequence[Case]:
        self._submissions.flush()
        return self._cases.select(_OF_REPORTER, {"contact": contact_id, "limit": limit})

    def of_deputy(self, deputy_id: int, limit: int = 20) -> Sequence[Case]:
        return self._cases.select(_OF_DEPUTY, {"deputy": deputy_id, "limit": limit})

    def of_department(self, department: str, states: Sequence[CaseState], limit: int = 20) -> Sequence[Case]:
        return self._cases.select(_OF_DEPARTMENT, {"department": department, "states": list(states), "limit": limit})

    def list(
        self,
        *,
        station_ids: Sequence[int] | None,
        states: Sequence[CaseState] | None = None,
        since: datetime | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> Sequence[Case]:
        statement = _NEWEST.where(*_shown(station_ids, since))
        if states is not None:
            statement = statement.where(cases.c.state.in_(states))
        return self._cases.select(statement.limit(limit).offset(offset))

    def sealed(self, limit: int = 50) -> Sequence[Case]:
        return self._cases.select(_SEALED, {"limit": limit})

    def counts(self, *, station_ids: Sequence[int] | None, since: datetime | None = None) -> dict[str, dict[str, int]]:
        self._cases.flush()
        columns = [cases.c[name] for name in _COUNTED]
        statement = select(*columns, func.count()).where(*_shown(station_ids, since)).group_by(*columns)
        counted: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED}
        for *values, count in self._session.select(statement):
            for name, value in zip(_COUNTED, values, strict=True):
                if value is not None:
                    counted[name][decode_text(value)] += count
        return {name: dict(counter) for name, counter in counted.items()}

    def decided(self, *, station_ids: Sequence[int] | None, since: datetime, limit: int = 2000) -> Sequence[Decision]:
        self._cases.flush()
        decided = select(*_DECISION).where(*_shown(station_ids, since), cases.c.department.is_not(None))
        rows = self._session.select(decided.order_by(cases.c.created_at.desc()).limit(limit))
        decode = self._cases.mapper.decode
        names = [column.name for column in _DECISION]
        return [Decision.on(*map(decode, names, row)) for row in rows]

    def add_event(self, event: CaseEvent) -> None:
        self._events.add(event)

    def events(self, case_id: int) -> Sequence[CaseEvent]:
        return sorted(self._events.owned("case_id", case_id), key=lambda event: event.seq)
