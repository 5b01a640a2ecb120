"""Cases as they can be learned from, some hundred at a time. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, exists, select

from routing.case import CaseEvent, CaseState
from routing.lesson import TEACHING, History
from storage.schema import case_events, cases, submission_parts, submissions
from storage.work import Work

#: Sealed, or with nothing settled about them that anybody should learn.
_NOT_LEARNED = sorted(
    {CaseState.SEALED, CaseState.TRANSFERRED, CaseState.WITHDRAWN, CaseState.MERGED, CaseState.DECLINED}
)
_BELOW = (
    select(cases.c.id, cases.c.reporter_id, cases.c.suggestion)
    .where(
        cases.c.id < bindparam("below"),
        cases.c.state.not_in(_NOT_LEARNED),
        exists().where(case_events.c.case_id == cases.c.id, case_events.c.kind.in_(TEACHING)),
    )
    .order_by(cases.c.id.desc())
    .limit(bindparam("limit"))
)
_EVENTS = (
    select(case_events)
    .where(case_events.c.case_id.in_(bindparam("ids", expanding=True)), case_events.c.kind.in_(TEACHING))
    .order_by(case_events.c.case_id, case_events.c.seq)
)
#: What was said when the case was sent in, as the suggestion was made of it.
_WORDS = (
    select(submissions.c.case_id, submissions.c.id, submission_parts.c.text)
    .join(submission_parts, submission_parts.c.submission_id == submissions.c.id)
    .where(
        submissions.c.case_id.in_(bindparam("ids", expanding=True)),
        submissions.c.withdrawn_at.is_(None),
        submission_parts.c.at <= submissions.c.submitted_at,
        submission_parts.c.text.is_not(None),
        submission_parts.c.author == "citizen",
    )
    .order_by(submissions.c.case_id, submissions.c.id, submission_parts.c.seq)
)


class Histories:
    """`routing.lesson.HistoryRepository`."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def below(self, case_id: int, limit: int) -> Sequence[History]:
        # More than asked for may have to be looked at: of some, the words are gone.
        found: list[History] = []
        self._work.flush()
        while len(found) < limit:
            rows = self._work.session.select(_BELOW, {"below": case_id, "limit": limit})
            if not rows:
                break
            case_id = rows[-1][0]
            found += self._histories(rows)
        return found[:limit]

    def _histories(self, rows: Sequence[Any]) -> list[History]:
        ids = [row[0] for row in rows]
        words, events = self._words(ids), self._events(ids)
        decode = self._work.tables.cases.decode
        histories = []
        for case_id, reporter_id, stored in rows:
            suggestion = decode("suggestion", stored)
            # What may hint at corruption can be sealed any day; nothing of it stays in a model.
            if case_id in words and not suggestion.get("integrity_hint"):
                suggested = tuple(category["code"] for category in suggestion.get("categories") or ())
                histories.append(History(case_id, reporter_id, suggested, words[case_id], events[case_id]))
        return histories

    def _words(self, ids: Sequence[int]) -> dict[int, str]:
        decode = self._work.tables.submission_parts.decode
        words: dict[int, str] = {}
        for case_id, of_case in groupby(self._work.session.select(_WORDS, {"ids": ids}), key=lambda row: row[0]):
            _, first = next(groupby(of_case, key=lambda row: row[1]))
            words[case_id] = "\n".join(decode("text", row[2]) for row in first)
        return words

    def _events(self, ids: Sequence[int]) -> dict[int, list[CaseEvent]]:
        events: dict[int, list[CaseEvent]] = defaultdict(list)
        for row in self._work.session.select(_EVENTS, {"ids": ids}):
            event = self._work.tables.case_events.from_row(row)
            events[event.case_id].append(event)
        return events
