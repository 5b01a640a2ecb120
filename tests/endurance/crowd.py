"""Several `serve` on one PostgreSQL with a thousand follow-ups due at once, round after round; in the last, one dies.

A round gives every citizen one look-back question, so each must get exactly one message from one of the processes.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from benchmarks.soak_program import Program
from cli.demo_data import load_demo_county
from routing.case import Case, CaseState, Submission
from routing.follow_up import FollowUp, FollowUpKind
from routing.people import Address, Contact
from routing.ports import UnitOfWork
from storage.sealer import AesSealer
from storage.store import Store
from tests.endurance import served
from tests.endurance.station import KEY, TOKEN, environment
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_bot import FakeBot

FIRST_CHAT = 200_000
#: A round that takes longer than this many seconds never ends.
PATIENCE = 90.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`lease` is seconds; each process sends as fast as it can."""

    url: str
    folder: Path
    rounds: int
    rows: int = 1000
    processes: int = 4
    lease: float = 15.0

    @property
    def chats(self) -> range:
        return range(FIRST_CHAT, FIRST_CHAT + self.rows)


@dataclass(slots=True)
class Round:
    """How often each chat got the question; who was seen to hold leases."""

    seconds: float
    heard: Counter[int]
    senders: set[str]


@dataclass(slots=True)
class Death:
    """The round in which a process was killed: the chats whose notices it held, and how many seconds after its death
    the last of them arrived."""

    round: Round
    held: set[int]
    last_after: float


@dataclass(slots=True)
class Outcome:
    rounds: list[Round] = field(default_factory=list)
    death: Death | None = None
    states: dict[str, int] = field(default_factory=dict)
    log: str = ""


async def crowd(plan: Plan) -> Outcome:
    """Play all rounds. Raises `RuntimeError` when one does not end."""
    store = Store(plan.url, sealer=AesSealer(KEY), data_dir=plan.folder)
    cases = _prepare(store, plan)
    outcome = Outcome()
    try:
        async with FakeTelegram() as fake, _serving(plan, fake.url) as programs:
            bot = fake.bot(TOKEN)
            for _ in range(plan.rounds):
                began = time.monotonic()
                first = len(bot.sent)
                _fall_due(store, cases)
                senders = await _drain(plan)
                heard = Counter(sent.chat_id for sent in bot.sent[first:])
                outcome.rounds.append(Round(time.monotonic() - began, heard, senders))
            outcome.death = await _die(plan, store, cases, bot, programs)
            outcome.log = "".join(program.log.read_text(errors="replace") for program in programs)
        with store.transaction() as uow:
            outcome.states = uow.notices.counts()
    finally:
        store.close()
    return outcome


def _prepare(store: Store, plan: Plan) -> list[int]:
    """A closed case for each chat. Returns their ids."""
    with store.transaction() as uow:
        load_demo_county(uow)
    with store.transaction() as uow:
        return [_closed_case(uow, chat) for chat in plan.chats]


def _closed_case(uow: UnitOfWork, chat: int) -> int:
    station = next(iter(uow.directory.stations.values()))
    contact = Contact(uow.now)
    uow.contacts.add(contact)
    address = Address(contact.id, "telegram", "citizen", str(chat), uow.now)
    uow.contacts.add_address(address)
    contact.address_id = address.id
    case = Case(f"HB-261123-{chat}", station.id, contact.id, "telegram", uow.now, uow.now, state=CaseState.CLOSED)
    uow.cases.add(case)
    uow.submissions.add(Submission(contact.id, address.id, station.id, uow.now, case_id=case.id, submitted_at=uow.now))
    return case.id


def _fall_due(store: Store, cases: Sequence[int]) -> None:
    with store.transaction() as uow:
        for case_id in cases:
            uow.follow_ups.add(FollowUp(FollowUpKind.LOOK_BACK, uow.now, uow.now, case_id=case_id))


@asynccontextmanager
async def _serving(plan: Plan, api: str) -> AsyncIterator[list[Program]]:
    programs = []
    for number in range(plan.processes):
        folder = plan.folder / f"process {number}"
        folder.mkdir()
        settings = environment(api, plan.folder, plan.url, lease=plan.lease)
        programs.append(Program((sys.executable, str(served.__file__)), settings, folder))
    try:
        for program in programs:
            program.start()
        for program in programs:
            await program.serving()
        yield programs
    finally:
        for program in programs:
            program.kill()


async def _drain(plan: Plan) -> set[str]:
    """Wait until nothing is due any more. Returns who was seen to hold leases."""
    give_up = time.monotonic() + PATIENCE
    senders: set[str] = set()
    with psycopg.connect(plan.url, autocommit=True) as connection:
        while True:
            senders.update(str(owner) for (owner,) in connection.execute(_OWNERS))
            row = connection.execute(_LEFT).fetchone()
            if row == (0,):
                return senders
            if time.monotonic() > give_up:
                raise RuntimeError(f"{row} follow-ups and notices are left after {PATIENCE:g} s")
            await asyncio.sleep(0.05)


async def _die(plan: Plan, store: Store, cases: Sequence[int], bot: FakeBot, programs: Sequence[Program]) -> Death:
    """One process is killed while a quarter of the messages is out."""
    victim, first, began = programs[0], len(bot.sent), time.monotonic()
    _fall_due(store, cases)
    held: set[int] = set()
    with psycopg.connect(plan.url, autocommit=True) as connection:
        while not held:
            while len(bot.sent) - first < plan.rows // 4 or not _held(connection, victim.pid):
                if time.monotonic() - began > PATIENCE:
                    raise RuntimeError("the process that shall die was never seen to send")
                await asyncio.sleep(0.002)
            victim.kill()
            died = time.time()
            # A commit that it had sent off may still be carried out.
            await asyncio.sleep(0.3)
            held = _held(connection, victim.pid)
            if not held:
                raise RuntimeError("it died just after its last notice; run it again")
    senders = await _drain(plan)
    sent = bot.sent[first:]
    last_after = max(message.at for message in sent if message.chat_id in held) - died
    return Death(Round(time.monotonic() - began, Counter(m.chat_id for m in sent), senders), held, last_after)


def _held(connection: "psycopg.Connection[tuple[object, ...]]", pid: int) -> set[int]:
    return {int(str(chat)) for (chat,) in connection.execute(_HELD, (str(pid),))}


_LEFT = (
    "SELECT (SELECT count(*) FROM follow_ups WHERE state = 'pending' AND due_at <= now())"
    " + (SELECT count(*) FROM notices WHERE state = 'pending')"
)
_OWNERS = "SELECT DISTINCT lease_owner FROM notices WHERE lease_owner IS NOT NULL"
_HELD = (
    "SELECT a.user_id FROM notices n JOIN addresses a ON a.contact_id = n.contact_id"
    " WHERE n.state = 'pending' AND n.lease_owner = %s"
)
