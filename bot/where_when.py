"""Where and when a matter is, as one short line of a receipt or a card."""

from datetime import date
from typing import Any

from routing.case import Case
from routing.intake import words_at_submission
from routing.notice import word
from routing.ports import UnitOfWork
from routing.suggestion import Heard, Understanding


def heard(uow: UnitOfWork, understanding: Understanding, case: Case) -> Heard:
    """Where and when, as the words tell it that a case was sent in with. Of a sealed case nothing."""
    if case.sealed:
        return Heard((), ())
    return understanding.heard(words_at_submission(uow, case), case.created_at)


def heard_line(told: Heard) -> dict[str, Any] | str:
    """The line; empty where nothing was clear."""
    times = [_time(*time) for time in told.times]
    if told.places and times:
        return word("heard.both", places=list(told.places), times=times)
    if told.places:
        return word("heard.place", places=list(told.places))
    return word("heard.time", times=times) if times else ""


def _time(words: str, day: date | None) -> dict[str, Any] | str:
    return word("heard.day", words=words, month=word(f"month.m{day.month}"), day=day.day) if day else words
