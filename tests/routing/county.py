"""The demo county with every member at their desk: what the tests of the core and the dialogs start from.

It lives in a real SQLite file. Every call below is a transaction of its own, as every message is.
"""

import functools
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from cli.demo_data import ROSTER
from cli.tables import read_tables
from nlp.classify import Classifier
from nlp.taxonomy import load_taxonomy
from routing import intake
from routing.case import Case, CaseEvent
from routing.follow_up import FollowUp
from routing.notice import Notice, NoticeState
from routing.people import Address, Contact, Conversation, Member
from routing.ports import UnitOfWork
from routing.roster import Roster, apply_roster, read_roster
from routing.schedule import FollowUps
from routing.station import Department, Deputy, Station
from routing.suggestion import Understanding
from storage.sealer import AesSealer
from storage.store import Store
from tests.conftest import Clock

KEY = "test key"
P = ParamSpec("P")
T = TypeVar("T")

#: Who hears of a case of deputy 086 at station HB.
DEPUTY, SUBSTITUTE, STAFF, COLLEAGUE, CHIEF = "林秋", "张晓岚", "陈静", "王磊", "赵敏芝"
OFFICER, OTHER_OFFICER, INTEGRITY, ADMIN = "周敏", "吴倩", "严正", "马晓"
CITIZEN = "群众"

LAMP = "海珀路的路灯不亮已经三天了"
BRIBE = "12号代表收了开发商的红包，替他说话"
GAS = "家里一股很重的煤气味，头有点晕"


@functools.cache
def understanding() -> Understanding:
    return Understanding(Classifier(load_taxonomy()))


@functools.cache
def _roster() -> Roster:
    return read_roster(read_tables(ROSTER))


@functools.cache
def _founded(template: Path) -> tuple[Path, dict[int, str]]:
    """A county to copy, and who is who in it: founding one takes longer than most tests."""
    path = template.with_name("county.db")
    shutil.copyfile(template, path)
    store = Store(f"sqlite:///{path}", clock=Clock(), sealer=AesSealer(KEY), data_dir=template.parent)
    names = County(store, Clock()).found().names
    store.close()
    # What is copied is the file alone, so nothing may be left in the log beside it.
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path, names


@asynccontextmanager
async def open_county(template: Path, url: str, clock: Clock) -> AsyncIterator["County"]:
    """A fresh county in the SQLite file of `url`; `template` is an empty one with tables."""
    path = Path(url.removeprefix("sqlite:///"))
    founded, names = _founded(template)
    shutil.copyfile(founded, path)
    store = Store(url, clock=clock, sealer=AesSealer(KEY), data_dir=path.parent / "data")
    county = County(store, clock)
    county.names.update(names)
    yield county
    await store.aclose()


class County:
    """`names` says whose contact an id is. Members answer to the names of the roster, citizens to any other."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.understanding = understanding()
        self.names: dict[int, str] = {}
        self._seen = 0
        self._open: UnitOfWork | None = None

    @contextmanager
    def work(self) -> Iterator[UnitOfWork]:
        """One transaction; inside another, that one."""
        if self._open is not None:
            yield self._open
            return
        with self.store.transaction() as uow:
            self._open = uow
            try:
                yield uow
            finally:
                self._open = None

    def found(self) -> Self:
        """Apply the roster and give every member a chat."""
        with self.work() as uow:
            apply_roster(uow, _roster(), uow.now)
        with self.work() as uow:
            for known in list(uow.directory.members.values()):
                member = uow.members.get(known.id)
                assert member is not None
                member.contact_id = self._newcomer(uow, member.name, "desk").id
        return self

    def _newcomer(self, uow: UnitOfWork, name: str, account: str) -> Contact:
        contact = Contact(uow.now)
        uow.contacts.add(contact)
        address = Address(contact.id, "plain", account, name, uow.now)
        uow.contacts.add_address(address)
        contact.address_id = address.id
        uow.conversations.add(Conversation(address.id, contact.id, uow.now))
        self.names[contact.id] = name
        return contact

    # --- who and what there is ---------------------------------------------------------------------------------

    def member(self, name: str) -> Member:
        with self.work() as uow:
            return next(m for m in uow.directory.members.values() if m.name == name and m.active)

    def station(self, prefix: str) -> Station:
        with self.work() as uow:
            return next(s for s in uow.directory.stations.values() if s.prefix == prefix)

    def deputy(self, number: str) -> Deputy:
        with self.work() as uow:
            return next(d for d in uow.directory.deputies.values() if d.number == number)

    def department(self, code: str) -> Department:
        with self.work() as uow:
            return uow.directory.departments[code]

    def case(self, number: str) -> Case:
        with self.work() as uow:
            return _there(uow.cases.by_number(number))

    def events(self, number: str) -> list[CaseEvent]:
        with self.work() as uow:
            return list(uow.cases.events(_there(uow.cases.by_number(number)).id))

    def steps(self, number: str) -> list[str]:
        return [event.kind for event in self.events(number)]

    def agenda(self, number: str) -> dict[str, FollowUp]:
        """What is still to be followed up, by kind. Fails where a kind stands twice."""
        with self.work() as uow:
            pending = list(uow.follow_ups.pending_of_case(_there(uow.cases.by_number(number)).id))
        by_kind = {follow_up.kind.value: follow_up for follow_up in pending}
        assert len(by_kind) == len(pending), f"a kind stands twice: {[f.kind for f in pending]}"
        return by_kind

    def notices(self, number: str) -> list[Notice]:
        with self.work() as uow:
            case = _there(uow.cases.by_number(number))
            return sorted(uow.notices.of_case(case.id, list(NoticeState)), key=lambda notice: notice.id)

    def news(self, number: str) -> list[tuple[str, str]]:
        """Who was told what about a case since the last call: (name, kind), in order."""
        fresh = [notice for notice in self.notices(number) if notice.id > self._seen]
        self._seen = max([self._seen, *(notice.id for notice in fresh)])
        return [(self.names[notice.contact_id], notice.kind) for notice in fresh]

    def told(self, number: str, name: str) -> list[str]:
        """The kinds of everything that one person was told about a case."""
        return [n.kind for n in self.notices(number) if self.names[n.contact_id] == name]

    # --- what people do ----------------------------------------------------------------------------------------

    def report(
        self,
        text: str = LAMP,
        *,
        deputy: str | None = "086",
        station: str = "HB",
        who: str = CITIZEN,
        urgent: bool = False,
    ) -> str:
        """Somebody tells one thing and sends it in; returns the case's number."""
        with self.work() as uow:
            address, conversation = self.chat_of(uow, who)
            conversation.station_id = next(s.id for s in uow.directory.stations.values() if s.prefix == station)
            found = [d.id for d in uow.directory.deputies.values() if d.number == deputy]
            conversation.deputy_id = found[0] if deputy else None
            draft = intake.take(uow, conversation, address, text=text)
            return intake.submit(uow, self.understanding, draft, "plain", urgent=urgent).number

    def chat_of(self, uow: UnitOfWork, who: str, account: str = "citizen") -> tuple[Address, Conversation]:
        address = uow.contacts.address("plain", account, who)
        if address is None:
            self._newcomer(uow, who, account)
            address = uow.contacts.address("plain", account, who)
        assert address is not None
        return address, _there(uow.conversations.of_address(address.id))

    def address(self, uow: UnitOfWork, who: str = CITIZEN) -> Address:
        account = "desk" if any(m.name == who for m in uow.directory.members.values()) else "citizen"
        return self.chat_of(uow, who, account)[0]

    def contact(self, uow: UnitOfWork, who: str = CITIZEN) -> Contact:
        return _there(uow.contacts.get(self.address(uow, who).contact_id))

    def does(
        self,
        step: Callable[Concatenate[UnitOfWork, Member, Case, P], T],
        name: str,
        number: str,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """A member does one step of `routing.casework` with a case."""
        with self.work() as uow:
            member = next(m for m in uow.directory.members.values() if m.name == name and m.active)
            return step(uow, member, _there(uow.cases.by_number(number)), *args, **kwargs)

    def says(
        self,
        step: Callable[Concatenate[UnitOfWork, Contact, Case, P], T],
        number: str,
        *args: P.args,
        who: str = CITIZEN,
        **kwargs: Any,
    ) -> T:
        """A citizen does one step of `routing.intake` or `routing.satisfaction` with a case."""
        with self.work() as uow:
            return step(uow, self.contact(uow, who), _there(uow.cases.by_number(number)), *args, **kwargs)

    # --- time --------------------------------------------------------------------------------------------------

    async def due(self) -> int:
        """Do what is due now."""
        return await FollowUps(self.store.writer, self.understanding, lambda: None).run_due()

    async def passes(self, **by: float) -> None:
        """Time goes on, and each thing is done when it is due."""
        until = self.clock.now + timedelta(**by)
        while True:
            with self.work() as uow:
                following = uow.follow_ups.due(until, 1)
            if not following:
                break
            self.clock.now = max(self.clock.now, following[0].due_at)
            await self.due()
        self.clock.now = until


def _there(found: T | None) -> T:
    assert found is not None
    return found
