"""A queue on disk for what a platform will not send again while the database is away."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from routing.errors import StorageUnavailable
from storage.durable import make_folder, sync_folder, write_durably
from storage.sealer import BytesSealer

_LOG = logging.getLogger(__name__)
_SUFFIX = ".msg"
_ASIDE = ".aside"

Handler = Callable[[bytes], Awaitable[object]]


class Spool:
    """Blobs in the order in which they were appended, one encrypted file each.

    What can't be opened (torn, or of a lost key), or what the handler refuses, is set aside: it keeps its file, named
    `*.aside`, and no longer blocks the others.
    """

    def __init__(self, folder: Path, secret: str, older: Sequence[str] = ()) -> None:
        self.folder = folder
        self._sealer = BytesSealer(secret, older, purpose="spool")
        self._last = 0
        self._draining = asyncio.Lock()

    def append(self, blob: bytes) -> None:
        """Returns when `blob` is on disk. Raises `StorageUnavailable` when the disk is full."""
        # The clock may step back, the order must not.
        self._last = max(time.time_ns(), self._last + 1)
        name = f"{self._last:020d}-{secrets.token_hex(4)}{_SUFFIX}"
        try:
            make_folder(self.folder)
            write_durably(self.folder / name, self._sealer.seal(blob, name.encode()))
        except OSError as error:
            raise StorageUnavailable(f"the spool can't be written: {error.strerror}") from None

    def waiting(self) -> int:
        """How many blobs are waiting."""
        return len(self._names(_SUFFIX))

    def set_aside(self) -> int:
        """How many files were set aside and wait for a person."""
        return len(self._names(_ASIDE))

    async def drain(self, handler: Handler) -> int:
        """Hand every blob to `handler` in order, each removed once it returned; returns how many.

        Raises `StorageUnavailable` when `handler` does: that blob and those after it stay. A crash between the
        handler's return and the removal hands a blob over twice.
        """
        drained = 0
        async with self._draining:
            while names := self._names(_SUFFIX):
                for name in names:
                    drained += await self._hand_over(name, handler)
        return drained

    async def _hand_over(self, name: str, handler: Handler) -> int:
        path = self.folder / name
        try:
            blob = self._sealer.open(path.read_bytes(), name.encode())
        except FileNotFoundError:
            # Another process drains the same folder.
            return 0
        except (ValueError, OSError):
            self._put_aside(path, "it can't be opened")
            return 0
        try:
            await handler(blob)
        except StorageUnavailable:
            raise
        except Exception as error:
            self._put_aside(path, type(error).__name__)
            return 0
        path.unlink(missing_ok=True)
        sync_folder(self.folder)
        return 1

    def _put_aside(self, path: Path, why: str) -> None:
        _LOG.error("spool: %s was set aside: %s", path.name, why)
        path.replace(path.with_suffix(_ASIDE))
        sync_folder(self.folder)

    def _names(self, suffix: str) -> list[str]:
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if path.suffix == suffix)
