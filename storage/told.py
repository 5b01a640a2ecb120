"""What was told of cases, in bulk, for finding repeats and hot topics. Reads only, a few hundred at a time."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select

from routing.case import OPEN_STATES, CaseState
from routing.told import LAST, Told, topics_of
from storage.mapper import Row
from storage.schema import case_events, cases, submission_parts, submissions
from storage.work import Work

_OPEN = cases.c.state.in_(sorted(OPEN_STATES))
_SHOWN = cases.c.state.in_(sorted({*OPEN_STATES, CaseState.CLOSED}))
_NEWEST_CHANGE = select(case_events.c.id).order_by(case_events.c.id.desc()).limit(1)
_CHANGED = (
    select(case_events.c.id, case_events.c.case_id)
    .where(case_events.c.id > bindparam("after"))
    .order_by(case_events.c.id)
    .limit(bindparam("limit"))
)
_OPEN_BELOW = (
    select(cases.c.id)
    .where(_OPEN, cases.c.id < bindparam("below"))
    .order_by(cases.c.id.desc())
    .limit(bindparam("limit"))
)
_BETWEEN = (
    select(cases.c.id)
    .where(
        _SHOWN,
        cases.c.created_at >= bindparam("since", type_=cases.c.created_at.type),
        # Said twice, because no index is used for an alternative.
        cases.c.created_at <= bindparam("until", type_=cases.c.created_at.type),
        or_(
            cases.c.created_at < bindparam("until", type_=cases.c.created_at.type),
            and_(
                cases.c.created_at == bindparam("until", type_=cases.c.created_at.type),
                cases.c.id < bindparam("below"),
            ),
        ),
    )
    .order_by(cases.c.created_at.desc(), cases.c.id.desc())
    .limit(bindparam("limit"))
)
_COLUMNS = ("id", "station_id", "created_at", "department", "category", "suggestion")
_TOLD = (
    select(*(cases.c[name] for name in _COLUMNS), submissions.c.contact_id, submission_parts.c.text)
    .join_from(cases, submissions, submissions.c.case_id == cases.c.id)
    .join(submission_parts, submission_parts.c.submission_id == submissions.c.id)
    .where(
        cases.c.id.in_(bindparam("ids", expanding=True)),
        submissions.c.withdrawn_at.is_(None),
        submission_parts.c.text.is_not(None),
        submission_parts.c.author == "citizen",
    )
    .order_by(cases.c.id, submissions.c.id, submission_parts.c.seq)
)
_TOLD_OPEN, _TOLD_SHOWN = _TOLD.where(_OPEN), _TOLD.where(_SHOWN)
_STILL_SHOWN = select(cases.c.id).where(_SHOWN, cases.c.id.in_(bindparam("ids", expanding=True)))


class ToldOf:
    """`routing.told.ToldRepository`."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._mapper = work.tables.cases
        self._part = work.tables.submission_parts

    def newest_change(self) -> int:
        rows = self._select(_NEWEST_CHANGE)
        return rows[0][0] if rows else 0

    def changed(self, after: int, limit: int) -> Sequence[tuple[int, int]]:
        return [(row[0], row[1]) for row in self._select(_CHANGED, after=after, limit=limit)]

    def open_below(self, below: int, limit: int) -> Sequence[int]:
        return [row[0] for row in self._select(_OPEN_BELOW, below=below, limit=limit)]

    def of(self, case_ids: Sequence[int]) -> Sequence[Told]:
        return self._told(_TOLD_OPEN, case_ids)

    def between(self, since: datetime, until: datetime, limit: int, below: int = LAST) -> Sequence[Told]:
        rows = self._select(_BETWEEN, since=since, until=until, below=below, limit=limit)
        told = self._told(_TOLD_SHOWN, [row[0] for row in rows])
        return sorted(told, key=lambda each: (each.at, each.case_id), reverse=True)

    def shown(self, case_ids: Sequence[int]) -> set[int]:
        return {row[0] for row in self._select(_STILL_SHOWN, ids=list(case_ids))} if case_ids else set()

    def _select(self, statement: Select[Any], **params: Any) -> list[Row]:
        self._work.flush()
        return self._work.session.select(statement, params)

    def _told(self, statement: Select[Any], case_ids: Sequence[int]) -> list[Told]:
        if not case_ids:
            return []
        rows = self._select(statement, ids=list(case_ids))
        return [self._one(list(of_case)) for _, of_case in groupby(rows, key=lambda row: row[0])]

    def _one(self, rows: list[Row]) -> Told:
        case_id, station_id, created_at, department, category, suggestion = rows[0][: len(_COLUMNS)]
        decode = self._mapper.decode
        return Told(
            case_id=case_id,
            station_id=station_id,
            at=decode("created_at", created_at),
            people=tuple(dict.fromkeys(row[-2] for row in rows)),
            department=decode("department", department),
            topics=topics_of(decode("category", category), decode("suggestion", suggestion)),
            text="\n".join(self._part.decode("text", row[-1]) for row in rows),
        )
