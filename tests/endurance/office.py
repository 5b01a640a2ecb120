"""A desk whose clock is set about while something of every kind is pending, with a book of what it did when.

One tick is what `serve` does at each: the follow-ups that are due, then the outbox.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.delivery import LEASE, Delivery
from bot.registry import Channels
from bot.wording import Wording
from routing import casework, intake, satisfaction, schedule
from routing.follow_up import FollowUp, FollowUpKind
from routing.notice import NoticeState
from storage.schema import follow_ups, notices
from storage.sealer import AesSealer
from storage.store import Store
from tests.bot.plain_channel import PlainChannel
from tests.conftest import Clock
from tests.routing.county import BRIBE, CITIZEN, DEPUTY, GAS, KEY, OFFICER, STAFF, County, understanding

#: Between two ticks here; long, so that days pass quickly.
STEP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Done:
    """One handling of a follow-up: `late` is how long after it was due, by the clock of then."""

    id: int
    kind: FollowUpKind
    at: datetime
    late: timedelta


class Office:
    """Opened again by `restart`, as by a new process; what people's screens showed and the book stay."""

    def __init__(self, url: str, clock: Clock, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = clock
        self.book: list[Done] = []
        self.citizens, self.desk = PlainChannel(), PlainChannel("desk")
        self._url, self._folder = url, folder
        monkeypatch.setattr(schedule, "handle", self._handle)
        self._open()
        self.county = County(self.store, clock).found()

    def _open(self) -> None:
        self.store = Store(self._url, clock=self.clock, sealer=AesSealer(KEY), data_dir=self._folder)
        self._delivery = Delivery(
            self.store.writer, Channels([self.citizens, self.desk]), understanding(), Wording(), self.clock
        )

    def _handle(self, uow: object, words: object, follow_up: FollowUp) -> None:
        now = self.clock.now
        self.book.append(Done(follow_up.id, follow_up.kind, now, now - follow_up.due_at))
        _HANDLE(uow, words, follow_up)  # type: ignore[arg-type]

    async def close(self) -> None:
        await self.store.aclose()

    async def restart(self, after: timedelta) -> None:
        """The process dies and comes back so much later."""
        await self.close()
        self.clock.now += after
        self._open()
        self.county.store = self.store
        await self.tick()

    async def tick(self) -> None:
        await self.county.due()
        while await self._delivery.deliver_due():
            pass

    async def goes_on(self, by: timedelta, step: timedelta = STEP) -> None:
        until = self.clock.now + by
        while self.clock.now < until:
            self.clock.now = min(self.clock.now + step, until)
            await self.tick()

    def fill(self) -> None:
        """A case at every stage, so that follow-ups of (nearly) every kind are pending, and a draft."""
        county = self.county
        county.report(who="甲")
        county.report(GAS, who="乙", urgent=True)
        county.report(BRIBE, who="丙")
        for who, steps in {"丁": 1, "戊": 2, "己": 3, "庚": 4, "辛": 5}.items():
            number = county.report(who=who)
            county.does(casework.hear, DEPUTY, number)
            county.does(casework.assign, STAFF, number, county.department("zhzf"))
            if steps > 1:
                county.does(casework.confirm, OFFICER, number)
            if steps == 3:
                county.does(casework.ask, OFFICER, number, "在几号楼？")
            if steps > 3:
                county.does(casework.answer, OFFICER, number, "solved", "修好了", None)
            if steps > 4:
                county.says(satisfaction.rate, number, "satisfied", who=who)
        with county.work() as uow:
            address, conversation = county.chat_of(uow, CITIZEN)
            conversation.station_id = county.station("HB").id
            intake.take(uow, conversation, address, text="还没说完")

    def leave_a_lease(self) -> None:
        """Another process has just leased three notices, and is dead."""
        with self.store.transaction() as uow:
            assert uow.notices.claim("a process that died", uow.now, uow.now + LEASE, 3)

    # ── what came of it ─────────────────────────────────────────────────────────────────────────────────────────

    def wrong(self) -> dict[str, list[object]]:
        """What was done twice or before its time, and what should have been done by now; empty if all is well."""
        times = Counter(done.id for done in self.book)
        seen: Sequence[int] = [m.notice_id or 0 for c in (self.citizens, self.desk) for _, m in c.sent]
        found: dict[str, list[object]] = {
            "done twice": [done for done in self.book if times[done.id] > 1],
            "too early": [done for done in self.book if done.late < timedelta()],
            "overdue": [*self.overdue()],
            "unsent": [*self.unsent()],
            "sent twice": [notice_id for notice_id, times in Counter(seen).items() if times > 1],
        }
        return {name: items for name, items in found.items() if items}

    def kinds(self) -> set[FollowUpKind]:
        return {done.kind for done in self.book}

    def overdue(self) -> list[tuple[FollowUpKind, datetime]]:
        """Follow-ups that should have been done by now."""
        query = select(follow_ups.c.kind, follow_ups.c.due_at).where(
            follow_ups.c.state == "pending", follow_ups.c.due_at <= self.clock.now
        )
        with self.store.transaction() as uow:
            return [(FollowUpKind(kind), due_at) for kind, due_at in uow.session.connection.execute(query)]

    def unsent(self) -> list[tuple[str, NoticeState]]:
        """Notices that neither arrived nor lost their meaning meanwhile."""
        ends = (NoticeState.SENT, NoticeState.OBSOLETE)
        query = select(notices.c.kind, notices.c.state).where(notices.c.state.not_in(ends))
        with self.store.transaction() as uow:
            return [(kind, NoticeState(state)) for kind, state in uow.session.connection.execute(query)]


_HANDLE = schedule.handle
