"""The writer on a database that others write to, and that may go away."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest

from routing.errors import StorageUnavailable
from routing.inbox import InboxRecord
from routing.ports import Names, UnitOfWork
from storage.store import Store
from storage.unit_of_work import SqlUnitOfWork
from tests.conftest import Clock
from tests.contracts.rows import somebody
from tests.contracts.test_writer import take_in, taken_in

pytestmark = pytest.mark.postgresql


@pytest.fixture
async def pair(postgresql_url: str, clock: Clock, tmp_path: Path, sqlite_store: Store) -> AsyncIterator[list[Store]]:
    """Two processes' stores."""
    stores = [
        Store(postgresql_url, clock=clock, sealer=sqlite_store.sealer, data_dir=tmp_path / "data") for _ in range(2)
    ]
    yield stores
    for store in stores:
        await store.aclose()


async def test_two_processes_take_one_message_in_once(pair: list[Store]) -> None:
    both_looked = threading.Barrier(2, timeout=5)
    looked = threading.local()

    def fn(unit: UnitOfWork) -> str:
        if unit.inbox.get("webchat", "citizen", "m1"):
            return "again"
        if not hasattr(looked, "once"):
            looked.once = True
            both_looked.wait()
        unit.inbox.add(InboxRecord("webchat", "citizen", "m1", unit.now))
        return "new"

    results = await asyncio.gather(*(store.writer.run(fn) for store in pair))
    assert sorted(results) == ["again", "new"]


async def test_one_persons_messages_wait_for_each_other(pair: list[Store]) -> None:
    with pair[0].transaction() as unit:
        first = somebody(unit, "u0")
        others = [somebody(unit, f"u{n}", first.station) for n in range(1, 6)]
    keys = [who.address_key for who in (first, *others)]

    def count(key: tuple[str, str, str]) -> Callable[[UnitOfWork], None]:
        def fn(unit: UnitOfWork) -> None:
            address = unit.contacts.address(*key)
            assert address is not None
            address.next_seq += 1

        return fn

    for store in pair:
        # Many groups, so that the two processes' groups overlap.
        store.writer._group_size = 3
    work = [(store, key) for _ in range(20) for key in keys for store in pair]
    await asyncio.gather(*(store.writer.run(count(key), Names(address_key=key)) for store, key in work))
    with pair[0].transaction() as unit:
        for key in keys:
            address = unit.contacts.address(*key)
            assert address is not None
            assert address.next_seq == 41
    # Not by trying again until it fits.
    assert [store.writer.counters.reruns for store in pair] == [0, 0]


async def test_numbers_of_cases_are_shared(pair: list[Store]) -> None:
    with pair[0].transaction() as unit:
        station = somebody(unit).station
    numbers = await asyncio.gather(
        *(
            store.writer.run(lambda unit: unit.cases.next_number(station.id, unit.now.date()))
            for _ in range(25)
            for store in pair
        )
    )
    assert sorted(numbers) == list(range(1, 51))


def _backend(unit: SqlUnitOfWork) -> int:
    return int(unit.session.rows("SELECT pg_backend_pid()")[0][0])


def _cut(url: str, backend: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 1000)", (backend,))


async def test_a_connection_cut_while_idle_is_not_noticed(pair: list[Store], postgresql_url: str) -> None:
    store = pair[0]
    _cut(postgresql_url, await store.writer.run(_backend))  # type: ignore[arg-type]
    assert await store.writer.run(take_in("m1")) == "new"
    _cut(postgresql_url, await store.reader.run(_backend))  # type: ignore[arg-type]
    assert await taken_in(store, "m1")


@pytest.mark.parametrize("queries_after", [True, False], ids=["then asks", "then commits"])
async def test_a_connection_cut_in_the_middle_is_unavailable(
    pair: list[Store], postgresql_url: str, queries_after: bool
) -> None:
    store = pair[0]

    def cut_and_go_on(unit: SqlUnitOfWork) -> None:
        unit.inbox.add(InboxRecord("webchat", "citizen", "m1", unit.now))
        unit.flush()
        _cut(postgresql_url, _backend(unit))
        if queries_after:
            unit.inbox.failed()

    with pytest.raises(StorageUnavailable):
        await store.writer.run(cut_and_go_on)  # type: ignore[arg-type]
    assert not await taken_in(store, "m1")
    assert await store.writer.run(take_in("m1")) == "new"


async def test_other_connections_cut_in_the_middle_leave_their_pool(
    pair: list[Store], postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = pair[0]

    def cut_and_ask(unit: SqlUnitOfWork) -> None:
        _cut(postgresql_url, _backend(unit))
        unit.inbox.failed()

    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            await store.reader.run(cut_and_ask)  # type: ignore[arg-type]
        with pytest.raises(StorageUnavailable), store.transaction() as unit:
            cut_and_ask(unit)
        with store.transaction() as unit:
            assert await store.reader.run(lambda unit: unit.inbox.failed()) == unit.inbox.failed() == []
    # Nobody tries to roll back on what is gone.
    assert caplog.records == []


async def test_a_database_that_does_not_answer_is_unavailable_until_it_does(
    pair: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.writer.PATIENCE_SECONDS", 0.2)
    store, thawed = pair[0], threading.Event()

    def frozen(unit: UnitOfWork) -> None:
        unit.inbox.add(InboxRecord("webchat", "citizen", "m1", unit.now))
        thawed.wait(10)

    waiting = asyncio.create_task(store.writer.run(frozen))
    await asyncio.sleep(0.1)
    queued = asyncio.create_task(store.writer.run(take_in("m2")))
    for piece in (waiting, queued):
        with pytest.raises(StorageUnavailable):
            await asyncio.wait_for(piece, 1)
    asked = asyncio.get_running_loop().time()
    with pytest.raises(StorageUnavailable):
        await store.writer.run(take_in("m2"))
    assert asyncio.get_running_loop().time() - asked < 0.1, "told at once, as long as nothing answers"
    thawed.set()
    while not await taken_in(store, "m1"):  # noqa: ASYNC110 - nobody tells when it is committed
        await asyncio.sleep(0.01)
    assert await store.writer.run(take_in("m1")) == "again", "what was committed late is found by the repeat"
    assert await store.writer.run(take_in("m2")) == "new"


async def test_readers_that_are_not_answered_are_told_so(pair: list[Store], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.reader.PATIENCE_SECONDS", 0.1)
    reader, thawed = pair[0].reader, threading.Event()
    waiting = [asyncio.create_task(reader.run(lambda unit: thawed.wait(10))) for _ in range(4)]
    for piece in waiting:
        with pytest.raises(StorageUnavailable):
            await piece
    asked = asyncio.get_running_loop().time()
    with pytest.raises(StorageUnavailable):
        await reader.run(lambda unit: unit.now)
    assert asyncio.get_running_loop().time() - asked < 0.05
    thawed.set()
    await asyncio.sleep(0.1)
    assert await reader.run(lambda unit: "here") == "here"


async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path, clock: Clock, sqlite_store: Store) -> None:
    away = Store("postgresql://root@127.0.0.1:1/none", clock=clock, sealer=sqlite_store.sealer, data_dir=tmp_path)
    for run in (away.writer.run, away.reader.run):
        with pytest.raises(StorageUnavailable) as caught:
            await run(take_in("m1"))
        assert caught.value.__cause__ is None
    with pytest.raises(StorageUnavailable), away.transaction():
        pass
    await away.aclose()
