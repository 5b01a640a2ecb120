"""One `serve` per SQLite file."""

import fcntl
import os
from pathlib import Path

from routing.errors import StorageUnavailable


class AlreadyServed(StorageUnavailable):
    """Another process serves this database file."""


class ServeLock:
    """A lock on a file beside the database, held until `release` or the end of the process.

    Raises `AlreadyServed` when another process holds it. Command lines do not take it: they write in turns with the
    serving process.
    """

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".serve-lock")
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise AlreadyServed(
                f"{database} is served by another process (pid {pid or 'unknown'}); "
                "stop that one, or give this one its own MASHANG_DATABASE_URL"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the database up. The file stays: removing it would let two processes lock two files of one name."""
        os.close(self._descriptor)
