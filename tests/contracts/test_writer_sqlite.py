"""The writer where it owns a file that command lines write to as well."""

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from routing.errors import StorageUnavailable
from storage import writer
from storage.engine import sqlite_path
from storage.store import Store
from tests.contracts.rows import somebody
from tests.contracts.test_writer import take_in, taken_in


def _other_writer(url: str) -> sqlite3.Connection:
    path = sqlite_path(url)
    assert path is not None
    return sqlite3.connect(path, isolation_level=None, timeout=0)


async def test_a_busy_file_does_not_stop_the_loop(sqlite_store: Store, sqlite_url: str) -> None:
    other = _other_writer(sqlite_url)
    other.execute("BEGIN IMMEDIATE")
    running = asyncio.create_task(sqlite_store.writer.run(take_in("m1")))
    gaps, last = [], time.perf_counter()
    for _ in range(40):
        await asyncio.sleep(0.005)
        gaps.append(time.perf_counter() - last)
        last = time.perf_counter()
    assert not running.done()
    assert sorted(gaps)[-3] < 0.1
    other.execute("COMMIT")
    other.close()
    assert await running == "new"


async def test_a_file_that_stays_busy_is_unavailable(
    sqlite_store: Store, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BUSY_SECONDS", 0.05)
    other = _other_writer(sqlite_url)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="busy"):
        await sqlite_store.writer.run(take_in("m1"))
    other.execute("ROLLBACK")
    other.close()
    assert await sqlite_store.writer.run(take_in("m1")) == "new"
    assert sqlite_store.writer.counters.unavailable == 1


async def test_a_command_line_gets_its_turn_beside_a_busy_server(sqlite_store: Store) -> None:
    stop = False

    async def messages(client: int) -> None:
        number = 0
        while not stop:
            await sqlite_store.writer.run(take_in(f"m{client}-{number}"))
            number += 1

    def command() -> None:
        with sqlite_store.transaction() as unit:
            somebody(unit)

    clients = [asyncio.create_task(messages(client)) for client in range(8)]
    await asyncio.sleep(0.05)
    await asyncio.wait_for(asyncio.to_thread(command), 8)
    stop = True
    await asyncio.gather(*clients)


async def test_a_full_disk_is_unavailable_and_passes(sqlite_store: Store) -> None:
    assert await sqlite_store.writer.run(take_in("m0")) == "new"
    connection = sqlite_store.writer._transaction._connection
    assert connection is not None
    (pages,) = connection.connection.cursor().execute("PRAGMA page_count").fetchone()
    connection.connection.cursor().execute(f"PRAGMA max_page_count = {pages}").fetchone()
    # The engine would try again on a new connection, which has no such limit.
    sqlite_store.writer._transaction.drop = lambda: None  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable, match="FULL"):
        await asyncio.gather(*(sqlite_store.writer.run(take_in(f"{n}" * 2000)) for n in range(50)))
    del sqlite_store.writer._transaction.drop
    connection.connection.cursor().execute("PRAGMA max_page_count = 1000000").fetchone()
    assert await sqlite_store.writer.run(take_in("m1")) == "new"
    assert await taken_in(sqlite_store, "m0")


async def test_every_commit_is_synced(sqlite_store: Store) -> None:
    await sqlite_store.writer.run(take_in("m0"))
    connection = sqlite_store.writer._transaction._connection
    assert connection is not None
    cursor = connection.connection.cursor()
    found = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert found == {"journal_mode": "wal", "synchronous": 2}
    assert cursor.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_the_reader_cannot_write(sqlite_url: str) -> None:
    from storage.engine import reading_engine

    engine = reading_engine(sqlite_url)
    with engine.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM inbox")
    engine.dispose()


async def test_a_file_that_is_gone_is_unavailable(tmp_path: Path, sqlite_store: Store) -> None:
    lost = Store(
        f"sqlite:///{tmp_path}/nowhere/mashang.db",
        clock=sqlite_store.clock,
        sealer=sqlite_store.sealer,
        data_dir=tmp_path,
    )
    with pytest.raises(StorageUnavailable):
        await lost.writer.run(take_in("m1"))
    with pytest.raises(StorageUnavailable):
        await lost.reader.run(take_in("m1"))
    with pytest.raises(StorageUnavailable), lost.transaction():
        pass
    await lost.aclose()
