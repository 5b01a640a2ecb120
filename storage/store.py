"""Everything that is kept, opened from the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from routing.ports import Clock
from storage.clamd import Clamd
from storage.engine import reading_engine, sqlite_path, writing_engine
from storage.files import FolderFileStore
from storage.lock import ServeLock
from storage.reader import PoolReader
from storage.sealer import AesSealer
from storage.transaction import commit, transaction_on
from storage.unit_of_work import SqlUnitOfWork, UnitsOfWork
from storage.writer import GROUP_SIZE, GroupWriter

#: Seconds that a command line waits for a SQLite file that a serving process is writing to.
BUSY_SECONDS = 10.0


def system_clock() -> datetime:
    """Now: aware, UTC, whole milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Store:
    """The database and the files beside it; the tables must be there (`storage.migrate.upgrade`).

    A process that serves says so: on SQLite it then owns the file, and `AlreadyServed` is raised when another one
    does. `data_dir` gets the folder `files`; `scanner` looks at what is put into it.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock = system_clock,
        sealer: AesSealer,
        data_dir: Path,
        serving: bool = False,
        scanner: Clamd | None = None,
        group_size: int = GROUP_SIZE,
    ) -> None:
        path = sqlite_path(url)
        self._lock = ServeLock(path) if serving and path is not None else None
        self._writing = writing_engine(url)
        self._reading = reading_engine(url)
        self._commands = writing_engine(url, busy_seconds=BUSY_SECONDS)
        self._units = UnitsOfWork(self._writing.dialect, clock, sealer)
        self.clock = clock
        self.sealer = sealer
        self.files = FolderFileStore(data_dir / "files", sealer.for_bytes("files"), scanner=scanner)
        self.writer = GroupWriter(self._writing, self._units, group_size=group_size)
        self.reader = PoolReader(self._reading, self._units)

    @property
    def alone(self) -> bool:
        """Whether no other process can be serving this database."""
        return self._lock is not None

    @contextmanager
    def transaction(self) -> Iterator[SqlUnitOfWork]:
        """One transaction on the calling thread, for command lines: committed when the block ends, dropped when it
        raises. Raises `Conflict` or `StorageUnavailable`; nothing is tried again."""
        with transaction_on(self._commands) as (connection, transaction):
            unit = self._units.on(connection)
            yield unit
            unit.finish()
            commit(transaction)

    def close(self) -> None:
        """Close every connection. A process with a running writer closes with `aclose`."""
        self.reader.close()
        for engine in (self._writing, self._reading, self._commands):
            engine.dispose()
        if self._lock is not None:
            self._lock.release()

    async def aclose(self) -> None:
        """Finish what is queued to be written, then close."""
        await self.writer.close()
        self.close()
