"""Hot topics (热点) of the last seven days, for staff: what many people tell of, or more than in the weeks before.

They are worked out beside the messages every half hour. Whoever asks is shown what they may see of them as it stands
then: cases of other stations, and those sealed or withdrawn since, are not counted and lend no word.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from nlp.fingerprint import fingerprint
from nlp.normalise import normalise
from nlp.privacy import mask
from nlp.topics import Named, Topic, Voice, hot_topics, named, voice, words_of
from routing.people import Member
from routing.ports import Reader, UnitOfWork
from routing.suggestion import Understanding
from routing.told import LAST, Told

WEEK: Final = timedelta(days=7)
#: So long before the week is what is usual.
BEFORE: Final = timedelta(days=28)
EVERY: Final = timedelta(minutes=30)
#: Cases of the week, and of the time before, that are looked at: the newest.
MOST, MOST_BEFORE = 3_000, 6_000
#: With so few cases in the five weeks the topics are worked out when somebody asks.
FEW = 200
#: Topics shown at once.
SHOWN = 5
_CHUNK = 200
_STALE: Final = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class HotTopic:
    """A topic as a member may see it. `department`: the code that most of its cases have now; `numbers`: some cases."""

    name: Named
    department: str | None
    numbers: list[str]


@dataclass(slots=True)
class HotBoard:
    """What a process worked out last; None of it before the first time."""

    topics: Sequence[Topic] = ()
    stations: dict[int, int] = field(default_factory=dict)
    made_at: datetime | None = None

    def put(self, topics: Sequence[Topic], stations: dict[int, int], at: datetime) -> None:
        self.topics, self.stations, self.made_at = topics, stations, at

    def shown_to(self, uow: UnitOfWork, understanding: Understanding, member: Member) -> list[HotTopic] | None:
        """The topics that a member may see, those of most people first; None while they are still being worked out."""
        if self.made_at is None or uow.now - self.made_at > _STALE or uow.now < self.made_at:
            told = uow.told.between(uow.now - WEEK - BEFORE, uow.now, FEW + 1)
            if len(told) > FEW:
                return None
            _work_out(self, told, understanding, uow.now)
        keys = [each.key for topic in self.topics for each in topic.voices]
        still = uow.told.shown(keys)
        seen = {key for key in still if uow.directory.sees_station(member, self.stations[key])}
        names = [name for topic in self.topics if (name := named(topic, seen)) is not None]
        return [_with_cases(uow, name) for name in sorted(names, key=lambda name: -name.people)[:SHOWN]]


class HotTick:
    """Works the topics out from time to time. The database is read in pieces, the rest done in a thread."""

    def __init__(self, board: HotBoard, reader: Reader, understanding: Understanding) -> None:
        self._board = board
        self._reader = reader
        self._understanding = understanding

    async def run(self) -> None:
        """Work the topics out where it is time to."""
        now = await self._reader.run(lambda uow: uow.now)
        if self._board.made_at is not None and timedelta() <= now - self._board.made_at < EVERY:
            return
        told = await self._read(now - WEEK, now, MOST)
        told += await self._read(now - WEEK - BEFORE, now - WEEK, MOST_BEFORE)
        await asyncio.to_thread(_work_out, self._board, told, self._understanding, now)

    async def _read(self, since: datetime, until: datetime, most: int) -> list[Told]:
        """From the newest back, a piece at a time."""
        found: list[Told] = []
        below = LAST
        while len(found) < most:
            piece = await self._reader.run(partial(_piece, since=since, until=until, below=below))
            if not piece:
                break
            found += piece
            until, below = piece[-1].at, piece[-1].case_id
        return found


def _piece(uow: UnitOfWork, *, since: datetime, until: datetime, below: int) -> Sequence[Told]:
    return uow.told.between(since, until, _CHUNK, below)


def _work_out(board: HotBoard, told: Iterable[Told], understanding: Understanding, now: datetime) -> None:
    week: list[Voice] = []
    before: Counter[str] = Counter()
    texts_before = 0
    stations: dict[int, int] = {}
    for each in told:
        if each.at > now - WEEK:
            print = fingerprint(each.text, each.topics)
            week.append(voice(each.case_id, each.people, each.text, print, understanding.words))
            stations[each.case_id] = each.station_id
        else:
            before.update(words_of(normalise(mask(each.text)).text, understanding.words))
            texts_before += 1
    topics = hot_topics(week, before, texts_before)
    keys = {each.key for topic in topics for each in topic.voices}
    board.put(topics, {key: station for key, station in stations.items() if key in keys}, now)


def _with_cases(uow: UnitOfWork, name: Named) -> HotTopic:
    cases = [case for key in name.keys if (case := uow.cases.get(key)) is not None]
    departments = Counter(case.department for case in cases if case.department)
    most = departments.most_common(1)
    return HotTopic(name, most[0][0] if most else None, sorted(case.number for case in cases)[:3])
