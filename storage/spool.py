"""A queue on disk for what a platform will not send again while the database is away."""

import asyncio
import hashlib
import logging
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from routing.errors import StorageUnavailable
from storage.durable import make_folder, sync_folder, write_durably
from storage.sealer import BytesSealer

_LOG = logging.getLogger(__name__)
_SUFFIX = ".msg"
_ASIDE = ".aside"
#: Blobs, each of another line, that are handed over at the same time.
_AT_ONCE = 32

Handler = Callable[[bytes, bool], Awaitable[object]]


class Spool:
    """Blobs, one encrypted file each. Those of one `line` (a person, say) come out in the order in which they were
    appended; a file's name tells two lines apart and nothing else of them.

    What can't be opened (torn, or of a lost key), or what the handler refuses, is set aside: it keeps its file, named
    `*.aside`, and no longer blocks the others.
    """

    def __init__(self, folder: Path, secret: str, older: Sequence[str] = ()) -> None:
        self.folder = folder
        self._sealer = BytesSealer(secret, older, purpose="spool")
        self._keys = [hashlib.sha256(b"spool line " + one.encode()).digest() for one in (secret, *older)]
        self._last = 0
        self._naming = threading.Lock()
        self._draining = asyncio.Lock()

    def append(self, blob: bytes, line: str = "") -> None:
        """Returns when `blob` is on disk. Raises `StorageUnavailable` when the disk is full."""
        with self._naming:
            # The clock may step back, the order must not.
            self._last = max(time.time_ns(), self._last + 1)
            name = f"{self._last:020d}-{_mark(line, self._keys[0])}-{secrets.token_hex(4)}{_SUFFIX}"
        try:
            make_folder(self.folder)
            write_durably(self.folder / name, self._sealer.seal(blob, name.encode()))
        except OSError as error:
            raise StorageUnavailable(f"the spool can't be written: {error.strerror}") from None

    def holds(self, line: str) -> bool:
        """Whether something of `line` is waiting, whichever process appended it."""
        names = self._names(_SUFFIX)
        marks = {_mark(line, key) for key in self._keys} if names else set()
        return any(_line_of(name) in marks for name in names)

    def waiting(self) -> int:
        """How many blobs are waiting."""
        return len(self._names(_SUFFIX))

    def set_aside(self) -> int:
        """How many files were set aside and wait for a person."""
        return len(self._names(_ASIDE))

    async def drain(self, handler: Handler) -> int:
        """Hand every blob to `handler`, with whether another of its line waits behind it; each is removed once it
        returned. Returns how many. Different lines are handed over at the same time.

        Raises `StorageUnavailable` when `handler` does: that blob and those behind it stay. A crash between the
        handler's return and the removal hands a blob over twice.
        """
        drained = 0
        async with self._draining:
            while names := self._names(_SUFFIX):
                firsts = {_line_of(name): name for name in reversed(names)}
                waiting = Counter(map(_line_of, names))
                batch = [(name, waiting[line] > 1) for line, name in firsts.items()]
                handing = (self._hand_over(name, more, handler) for name, more in sorted(batch)[:_AT_ONCE])
                ends = await asyncio.gather(*handing, return_exceptions=True)
                await asyncio.to_thread(sync_folder, self.folder)
                for end in ends:
                    if isinstance(end, BaseException):
                        raise end
                    drained += end
        return drained

    async def _hand_over(self, name: str, more: bool, handler: Handler) -> int:
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
            await handler(blob, more)
        except StorageUnavailable:
            raise
        except Exception as error:
            self._put_aside(path, type(error).__name__)
            return 0
        path.unlink(missing_ok=True)
        return 1

    def _put_aside(self, path: Path, why: str) -> None:
        _LOG.error("spool: %s was set aside: %s", path.name, why)
        path.replace(path.with_suffix(_ASIDE))

    def _names(self, suffix: str) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self.folder) if name.endswith(suffix))
        except FileNotFoundError:
            return []


def _mark(line: str, key: bytes) -> str:
    return hashlib.blake2b(line.encode(), key=key, digest_size=8).hexdigest()


def _line_of(name: str) -> str:
    """The mark of a file's line; the one line of those that have none."""
    parts = name.split("-")
    return parts[1] if len(parts) == 3 else ""
