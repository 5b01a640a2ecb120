"""Where and when, as far as a short message tells it so clearly that it may be said back to its writer.

A place or time that is found (:mod:`nlp.places`, :mod:`nlp.times`) is not always that of the matter: people also tell
where they live, whom they asked, when they called the hotline and when they bought the flat; and a name without a list
of names may begin too early. What may be one of these is left out, and so is everything where more than two of a kind
are told, or a whole letter is written: silence is right more often than a guess. What is given are the writer's own
words, never a reckoned form of them.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from nlp import heard_words as words
from nlp.normalise import Normalised, normalise
from nlp.places import Place, find_places_in
from nlp.times import TimeSpan, find_times_in

#: Characters of a message; a longer one tells a story, with places and times of its own.
_LONGEST: Final = 300
#: More of a kind are a list or a way.
_MOST: Final = 2
_LONGEST_SHOWN: Final = 20
#: Characters of a name with its last word, by kind; a longer one begins too early.
_LONGEST_NAME: Final = {"road": 6, "village": 6, "town": 6, "estate": 8, "institution": 9}
_LONG_AGO: Final = timedelta(days=366)
_WIDEST: Final = timedelta(days=31)
_LOOKED_AT: Final = 8
#: Until this hour of the night "last night" may be the one that still is.
_NIGHT_ENDS: Final = 5
_GAP: Final = re.compile(r"\s").search


class HeardTime(NamedTuple):
    """A time in the writer's words, ``text[start:end]``; ``day`` where they name one by its distance (``昨天``)."""

    start: int
    end: int
    day: date | None


class Heard(NamedTuple):
    """Places and times of a text, as ``text[start:end]``, at most two of each, in the order of the text."""

    places: tuple[tuple[int, int], ...]
    times: tuple[HeardTime, ...]


_Found = tuple[int, int, date | None]
_Span = tuple[TimeSpan, int, int]


def find_heard(text: str, at: datetime) -> Heard:
    """Give where and when a matter is, where ``text`` tells it clearly. Never raises.

    ``at`` is the writer's own time when it was said.
    """
    if len(text) > _LONGEST:
        return Heard((), ())
    form = normalise(text)
    spans = [(span, *_inside(form, span)) for span in find_times_in(form, at.date())]
    times = sorted([*_dates(form.text, spans, at), *_repeated(form.text)], key=lambda found: found[0])
    return Heard(
        places=tuple((start, end) for start, end, _ in _few(text, form, _places(form, spans))),
        times=tuple(HeardTime(*found) for found in _few(text, form, times)),
    )


def _inside(form: Normalised, found: Place | TimeSpan) -> tuple[int, int]:
    """Where in the matching form something stands that was found in the text."""
    return bisect_left(form.offsets, found.start), bisect_left(form.offsets, found.end)


def _places(form: Normalised, spans: Sequence[_Span]) -> list[_Found]:
    clear: list[tuple[int, int]] = []
    home: list[tuple[int, int]] = []
    done = 0
    found = _outermost(form, spans)
    starts = {start for _, start, _ in found}
    for place, start, end in found:
        joined = start == done > 0
        # What has another place right behind it is an address: "青石镇石桥村".
        if not _is_clear(form.text, place, start, end, joined=joined, led=joined or end in starts):
            continue
        of = home if words.HOME.search(form.text, max(0, start - _LOOKED_AT), start) else clear
        if joined:
            of = clear if clear and clear[-1][1] == start else home
            start = of.pop()[0]
        of.append((start, end))
        done = end
    return [(start, end, None) for start, end in clear or home]


def _outermost(form: Normalised, spans: Sequence[_Span]) -> list[tuple[Place, int, int]]:
    """Places and where they stand in the matching form, without those inside another: a crossing holds its roads. A
    time before a name is none of it: ``上周三幸福路``."""
    found: list[tuple[Place, int, int]] = []
    for place in find_places_in(form):
        start, end = _inside(form, place)
        start = max((behind for _, begin, behind in spans if begin <= start < behind < end), default=start)
        if not found or end > found[-1][2]:
            found.append((place, start, end))
    return found


def _is_clear(text: str, place: Place, start: int, end: int, *, joined: bool, led: bool) -> bool:
    before = max(0, start - _LOOKED_AT)
    if words.NOT_THERE.search(text, before, start) or words.ACTS.match(text, end):
        return False
    if place.kind == "building":
        return joined  # alone it says nothing
    if place.kind == "transit":
        return True
    if place.kind == "crossing":
        return not words.NO_NAME.search(text, start, end)
    if end - start > _LONGEST_NAME[place.kind] or words.NO_NAME.search(text, start, end):
        return False
    if place.kind == "institution" and not words.OPEN_PLACE.search(text, start, end):
        return bool(words.LOCATED.match(text, end))
    return bool(
        led
        or words.LED_TO.search(text, before, start)
        or words.LOCATED.match(text, end)
        or words.TOLD_OF.match(text, end)
    )


def _dates(text: str, spans: Sequence[_Span], at: datetime) -> list[_Found]:
    found: list[_Found] = []
    for span, start, end in spans:
        if not _is_clear_date(text, span, start, end, at.date()):
            continue
        named = words.NAMES_A_DAY.fullmatch(text, start, end) and at.hour >= _NIGHT_ENDS
        found.append((start, _with_hour(text, spans, end), span.first if named else None))
    return found


def _is_clear_date(text: str, span: TimeSpan, start: int, end: int, today: date) -> bool:
    if span.kind != "date" or span.first is None or span.last is None or words.VAGUE.fullmatch(text, start, end):
        return False
    if span.first > today or span.last < today - _LONG_AGO or span.last - span.first > _WIDEST:
        return False
    if words.BY_THEN.match(text, end) or words.UNTIL.search(text, max(0, start - _LOOKED_AT), start):
        return False
    return not words.OTHER_TIME.search(_clause(text, start, end))


def _with_hour(text: str, spans: Sequence[_Span], end: int) -> int:
    """Where a date ends with the part of the day and the hour behind it."""
    for span, start, hour_end in spans:
        if span.kind == "hour" and text[end:start] in ("", "的"):
            return hour_end if start >= end else end
    part = words.PART_BEHIND.match(text, end)
    return part.end() if part else end


def _repeated(text: str) -> list[_Found]:
    """``每天晚上``, with the hour where one is told."""
    found: list[_Found] = []
    for told in words.REPEATED.finditer(text):
        if not (words.OTHER_TIME.search(clause := _clause(text, *told.span())) or words.ROUTINE.search(clause)):
            hour = words.HOUR_BEHIND.match(text, told.end())
            found.append((told.start(), hour.end() if hour else told.end(), None))
    return found


def _clause(text: str, start: int, end: int) -> str:
    begin = max((mark.end() for mark in words.CLAUSE_ENDS.finditer(text, 0, start)), default=0)
    behind = words.CLAUSE_ENDS.search(text, end)
    return text[begin : behind.start() if behind else len(text)]


def _few(text: str, form: Normalised, found: Sequence[_Found]) -> list[_Found]:
    """Those that are different, as places in the text; none where there are too many, or one is too long to repeat or
    goes over a gap."""
    once: dict[str, _Found] = {}
    for start, end, day in found:
        once.setdefault(form.text[start:end], (form.offsets[start], form.offsets[end - 1] + 1, day))
    told = list(once.values())
    if len(told) > _MOST or any(end - start > _LONGEST_SHOWN or _GAP(text, start, end) for start, end, _ in told):
        return []
    return told
