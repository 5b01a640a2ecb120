"""The same matter told by several people: suggestions to staff. Nothing is ever merged by itself.

What can be found is kept in the memory of each process (numbers, no words), learned in the background from the history
of cases: new ones, changed ones, and, after a start, the open ones from the newest back. What is found is looked up in
the database before anybody is told of it: a case that was sealed, closed or taken back a moment ago is not named.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from nlp.fingerprint import fingerprint
from nlp.neighbours import Entry, Neighbours
from routing.case import Case
from routing.ids import MS_AT, new_id
from routing.notices import tell_members
from routing.people import Member
from routing.permissions import member_sees
from routing.ports import Reader, UnitOfWork, Writer
from routing.told import LAST, Told
from routing.workflow import SYSTEM, remark

#: Cases that a tick takes in: a second's worth, a few hundredths of a core. A flood is caught up with later, and
#: 100,000 open cases are known half an hour after a start, the newest first.
LEARNED_A_TICK = 60
#: Cases that somebody who asks waits for.
LEARNED_AT_ONCE = 100
#: Cases that are looked up for one question, and people counted of a crowd, at most.
CANDIDATES = 60
CROWD = 120
#: Of a tick's new cases so many are looked at for a crowd, the newest: in a flood the others of it are enough.
LOOKED_AT = 10
#: So many people make a suggestion that nobody asked for; told again at each of these numbers.
LEVELS = (3, 5, 10, 20, 50, 100)
#: Events that were committed later than others with a higher id are still seen if they are not older than this.
_LATE_MS = 2_000
#: Of a crowd the oldest cases keep that staff were told, in their history: one of them may be over sooner.
_OLDEST = 3


@dataclass(frozen=True, slots=True)
class Repeats:
    """What seems to be the same matter as a case. `people` counts who told of it, those of the case itself included;
    `cases`, the most alike first, are others than it. `more`: there may be further ones, and people. `whole`: every
    open case had been looked at."""

    cases: list[Case]
    people: int
    whole: bool
    more: bool = False


class RepeatIndex:
    """What a process knows of the open cases. Threads may share it."""

    def __init__(self) -> None:
        self._near = Neighbours()
        self._learning = threading.Lock()
        self._seen: dict[int, int] = {}
        self._after: int | None = None
        self._below = LAST
        self._whole = False

    @property
    def size(self) -> int:
        """How many cases are known."""
        return len(self._near)

    def learn(self, uow: UnitOfWork, most: int = LEARNED_AT_ONCE) -> list[int]:
        """Take in what changed and, with what is left of `most`, cases that were open before the start.

        Returns the cases that are new here because of a change. Does nothing while another thread learns.
        """
        if not self._learning.acquire(blocking=False):
            return []
        try:
            events = self._fresh(uow, most)
            changed = list(dict.fromkeys(events.values()))
            new = [case_id for case_id in changed if case_id not in self._near]
            known = self._take(uow, changed)
            # Only now: what could not be read because the database went away is read again.
            self._seen.update(events)
            self._after = max([self._after or 0, *events])
            if not self._whole and len(changed) < most:
                self._learn_older(uow, most - len(changed))
            return [case_id for case_id in new if case_id in known]
        finally:
            self._learning.release()

    def find(self, uow: UnitOfWork, member: Member, case: Case) -> Repeats:
        """What a member may be told of as the same matter as `case`. What came in just now is learned first."""
        self.learn(uow)
        told = uow.told.of([case.id])
        if not told:
            return Repeats([], 0, self._whole)
        stations = {id for id in uow.directory.stations if uow.directory.sees_station(member, id)}
        found = self._near.find(_entry(told[0]).print, shelves=stations, limit=CANDIDATES, but=case.id)
        cases: list[Case] = []
        for key, _ in found:
            other = uow.cases.get(key)
            if other is not None and other.open and member_sees(uow, member, other):
                cases.append(other)
        return Repeats(
            cases, _people(uow, [case.id, *(other.id for other in cases)]), self._whole, len(found) == CANDIDATES
        )

    def crowds(self, uow: UnitOfWork, case_ids: list[int]) -> list[list[int]]:
        """Of cases that just came in, those of a matter that many told of: each with the others, itself first."""
        found: list[list[int]] = []
        for told in uow.told.of(case_ids):
            alike = self._near.find(_entry(told).print, shelves=[told.station_id], limit=CROWD, but=told.case_id)
            if len(alike) + 1 >= LEVELS[0]:
                found.append([told.case_id, *(key for key, _ in alike)])
        return found

    def _fresh(self, uow: UnitOfWork, most: int) -> dict[int, int]:
        """What happened since the last time: event → case."""
        if self._after is None:
            # A clock that was set back makes lower ids than those that are there.
            self._after = min(uow.told.newest_change(), new_id())
        reach = max(0, self._after - (_LATE_MS << MS_AT))
        self._seen = {event: case for event, case in self._seen.items() if event > reach}
        changed = uow.told.changed(reach, most + len(self._seen))
        return {event: case_id for event, case_id in changed if event not in self._seen}

    def _learn_older(self, uow: UnitOfWork, most: int) -> None:
        case_ids = uow.told.open_below(self._below, most)
        self._take(uow, [case_id for case_id in case_ids if case_id not in self._near])
        self._whole = len(case_ids) < most
        if case_ids:
            self._below = case_ids[-1]

    def _take(self, uow: UnitOfWork, case_ids: list[int]) -> set[int]:
        """Keep those that are open and have words, forget the others."""
        told = uow.told.of(case_ids)
        known = {each.case_id for each in told}
        self._near.remove(case_id for case_id in case_ids if case_id not in known)
        self._near.add(_entry(each) for each in told)
        return known


def suggest(uow: UnitOfWork, case_ids: list[int]) -> bool:
    """Tell a station's staff once that so many people seem to tell of one matter; returns whether they were told.

    `case_ids`: the newest first, then those like it. What is not open any more does not count.
    """
    cases = [case for case_id in case_ids if (case := uow.cases.get(case_id)) is not None and case.open]
    if not cases or cases[0].id != case_ids[0]:
        return False
    newest, oldest = cases[0], sorted(cases, key=lambda case: case.id)[:_OLDEST]
    people = _people(uow, [case.id for case in cases])
    level = max((level for level in LEVELS if level <= people), default=0)
    events = [event for case in oldest for event in uow.cases.events(case.id)]
    told_at = [event.data.get("level", 0) for event in events if event.kind == "repeats"]
    if level <= max(told_at, default=0):
        return False
    for case in oldest:
        uow.cases.add_event(remark(case, "repeats", SYSTEM, uow.now, {"level": level}))
    # Which cases they are is looked up when somebody presses the button: one of them may be sealed by then.
    tell_members(uow, uow.directory.staff_of(newest.station_id), "card.repeats", newest, {"people": people})
    return True


class RepeatsTick:
    """Keeps the index of a process up to date, beside the messages: their transactions do not know of it."""

    def __init__(self, index: RepeatIndex, reader: Reader, writer: Writer, wake_delivery: Callable[[], None]) -> None:
        self._index = index
        self._reader = reader
        self._writer = writer
        self._wake = wake_delivery

    async def run(self) -> int:
        """Learn a little, and tell staff of crowds; returns how many suggestions were made."""
        new = await self._reader.run(lambda uow: self._index.learn(uow, LEARNED_A_TICK))
        crowds = await self._reader.run(lambda uow: self._index.crowds(uow, new[-LOOKED_AT:])) if new else []
        told = 0
        for crowd in crowds:
            # What a reader changes is thrown away: most crowds need no transaction of the writer's.
            if await self._reader.run(partial(suggest, case_ids=crowd)):
                told += await self._writer.run(partial(suggest, case_ids=crowd))
        if told:
            self._wake()
        return told


def _people(uow: UnitOfWork, case_ids: list[int]) -> int:
    return len({person for told in uow.told.of(case_ids) for person in told.people})


def _entry(told: Told) -> Entry:
    return Entry(told.case_id, told.station_id, fingerprint(told.text, told.topics))
