"""The parts of the measuring that need no crowd: syncs, claims, words, big databases, the machine."""

import asyncio
import contextlib
import gc
import itertools
import os
import platform
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.conversation import MATTERS
from benchmarks.load import Result
from benchmarks.rows import Rows, insert_sql, tables
from routing.directory import Directory
from routing.ids import EPOCH_MS
from routing.notice import Notice
from routing.people import Contact
from routing.ports import UnitOfWork
from routing.station import Department
from storage.migrate import upgrade
from storage.sealer import AesSealer
from storage.store import Store, system_clock

LEASE = timedelta(minutes=1)


def machine(pinned: bool) -> str:
    """What the figures were measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    where = "server on core 0, measuring on the others" if pinned else "not pinned to cores"
    return (
        f"{os.cpu_count()} × {model}, Linux {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}; {where}; {load_average()}"
    )


def load_average() -> str:
    """How much else runs on this machine."""
    return "load average {:.1f} {:.1f} {:.1f}".format(*os.getloadavg())


def find(command: str) -> str | None:
    return shutil.which(command)


@dataclass(slots=True)
class Counted:
    """Syncs within `seconds`."""

    syncs: int = 0
    seconds: float = 0.0

    def share(self, result: Result) -> float:
        """The messages that were handled while the syncs were counted."""
        return result.rate * min(self.seconds, result.seconds)


@contextlib.asynccontextmanager
async def counted_syncs(strace: str, pid: int) -> AsyncIterator[Counted]:
    """Count fsync and fdatasync of a process and its threads. Each stops the process for a moment: no rates by this."""
    tracer = await asyncio.create_subprocess_exec(
        strace, "-f", "-c", "-e", "trace=fsync,fdatasync", "-p", str(pid), stderr=asyncio.subprocess.PIPE
    )
    counted = Counted()
    await asyncio.sleep(0.3)
    began = time.monotonic()
    try:
        yield counted
    finally:
        counted.seconds = time.monotonic() - began
        tracer.send_signal(signal.SIGINT)
        _, told = await tracer.communicate()
        found = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s.*(?:fsync|fdatasync)$", told.decode(), re.MULTILINE)
        counted.syncs = sum(map(int, found))


async def claims(folder: Path, count: int = 2000) -> tuple[float, float]:
    """Notices claimed a second, fifty at a time and one at a time, of as many waiting, each claim committed."""
    database = f"sqlite:///{folder / 'outbox.db'}"
    upgrade(database)
    store = Store(database, sealer=AesSealer("benchmark-" * 4), data_dir=folder)

    def put(uow: UnitOfWork) -> None:
        for _ in range(count):
            contact = Contact(created_at=uow.now)
            uow.contacts.add(contact)
            uow.notices.add(Notice("case.message", contact.id, uow.now, uow.now))

    async def rate(limit: int, most: int) -> float:
        done, began = 0, time.perf_counter()
        while done < most:
            found = await store.writer.run(
                lambda uow: len(uow.notices.claim("benchmark", uow.now, uow.now + LEASE, limit))
            )
            if not found:
                break
            done += found
        return done / (time.perf_counter() - began)

    try:
        await store.writer.run(put)
        await rate(50, 100)
        one = await rate(1, 300)
        return await rate(50, count), one
    finally:
        await store.aclose()


def classification() -> tuple[float, float]:
    """Microseconds for a message of 100 characters: all that a desk asks of `nlp`, and jieba's `extract_tags`."""
    import warnings

    from nlp.classify import Classifier
    from nlp.taxonomy import load_taxonomy
    from routing.suggestion import Understanding

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba.analyse

    jieba.setLogLevel("ERROR")
    taxonomy = load_taxonomy()
    directory = Directory(departments=[Department(d.code, d.name) for d in taxonomy.departments.values()])
    understanding = Understanding(Classifier(taxonomy))
    # More than a desk remembers, so that each is read anew.
    texts = [(first + second)[:100] for first, second in itertools.permutations(MATTERS, 2)]
    assert len(texts) > 200
    assert all(60 < len(text) <= 100 for text in texts)

    def understand(text: str) -> None:
        understanding.danger(text)
        understanding.integrity(text)
        understanding.suggest(text, directory)
        understanding.mask(text)

    gc.collect()
    gc.freeze()
    return _in_turn(texts, understand, jieba.analyse.extract_tags)


def _in_turn(texts: list[str], first: Callable[[str], object], second: Callable[[str], object]) -> tuple[float, float]:
    best = [float("inf"), float("inf")]
    for turn in range(8):
        for at, function in enumerate((first, second)):
            began = time.perf_counter()
            for text in texts:
                function(text)
            if turn:
                best[at] = min(best[at], (time.perf_counter() - began) / len(texts) * 1e6)
    return best[0], best[1]


def fill(database: str, cases: int) -> None:
    """Put `cases` finished conversations into a demo county's SQLite file: as many citizens, and all rows of each."""
    db = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -500000")
    code, station, deputy = db.execute(
        "SELECT code, station_id, deputy_id FROM codes WHERE deputy_id IS NOT NULL LIMIT 1"
    ).fetchone()
    rows, order = Rows(), [table.name for table in tables()]
    # Over two years back, oldest first, with ids as they were made then.
    now = int(system_clock().timestamp() * 1000)
    step = 2 * 365 * 86_400_000 // cases
    for begin in range(0, cases, 20_000):
        new: dict[str, list[tuple[object, ...]]] = {name: [] for name in order}
        for number in range(begin, min(begin + 20_000, cases)):
            at = now - 86_400_000 - (cases - number) * step
            for table, row in _finished(rows, number, at, str(code), int(station), int(deputy)):
                new[table].append(row)
        db.execute("BEGIN")
        for table in order:
            if new[table]:
                db.executemany(insert_sql(table), new[table])
        db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute("ANALYZE")
    db.close()


def _finished(
    rows: Rows, number: int, at: int, code: str, station: int, deputy: int
) -> list[tuple[str, tuple[object, ...]]]:
    """The rows of one conversation whose matter was settled."""
    first = ((at - EPOCH_MS) << 22) + (number & 0xFFF)
    ids = iter(range(first, first + (40 << 12), 1 << 12))
    contact, address, conversation, submission, case = (next(ids) for _ in range(5))
    made: list[tuple[str, tuple[object, ...]]] = []

    def add(table: str, **values: object) -> None:
        made.append((table, rows.make(table, **values)))

    chat = {"channel": "telegram", "account": "citizen"}
    add("contacts", id=contact, created_at=at, notice_at=at)
    add("addresses", id=address, contact_id=contact, user_id=str(10_000_000 + number), created_at=at, **chat)
    add("conversations", id=conversation, address_id=address, contact_id=contact, updated_at=at, station_id=station)
    add("scans", id=next(ids), code=code, channel="telegram", at=at)
    for message in range(3):
        add("inbox", id=next(ids), external_id=f"old-{number}-{message}", received_at=at, **chat)
    day = datetime.fromtimestamp(at / 1000, UTC)
    add("cases", id=case, number=f"HB-{day:%y%m%d}-x{number}", station_id=station, reporter_id=contact, code=code,
        deputy_id=deputy, channel="telegram", created_at=at, news_at=at, state="closed", urgency="normal",
        event_count=1)  # fmt: skip
    add("case_events", id=next(ids), case_id=case, seq=1, at=at, kind="received", to_state="received")
    add("submissions", id=submission, contact_id=contact, address_id=address, station_id=station, deputy_id=deputy,
        case_id=case, created_at=at, submitted_at=at, parts=1)  # fmt: skip
    add("submission_parts", id=next(ids), submission_id=submission, seq=1, kind="text", at=at,
        text=MATTERS[number % len(MATTERS)])  # fmt: skip
    add("follow_ups", id=next(ids), kind="submit_draft", submission_id=submission, due_at=at, created_at=at,
        state="cancelled")  # fmt: skip
    for kind in ("deputy_silent", "staff_silent", "no_news"):
        add("follow_ups", id=next(ids), kind=kind, case_id=case, due_at=at, created_at=at, state="done")
    for message in range(4):
        add("notices", id=next(ids), kind="case.message", contact_id=contact, address_id=address, priority=1,
            created_at=at, due_at=at, sent_at=at, state="sent", external_id=str(number * 4 + message))  # fmt: skip
    for button in range(4):
        add("buttons", token=f"old-{number}-{button}", contact_id=contact, action="right", case_id=case,
            expires_at=at + 30 * 86_400_000)  # fmt: skip
    return made
