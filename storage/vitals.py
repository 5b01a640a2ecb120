"""Whether what comes in can be kept: an alarm as soon as it can't, taken back as soon as it can."""

import asyncio
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import structlog

from routing.errors import StorageUnavailable, Unchecked
from storage.clamd import Clamd
from storage.writer import WriterCounters

log = structlog.get_logger(__name__)

#: What must be free for one upload of 20 MB and for the database to go on meanwhile.
ROOM_BYTES = 32 * 1024 * 1024


class Vitals:
    """Looks at what the writer could not do and at the room in `folders`, each time that `check` is called.

    The parts are "writing", "disk" and, where there is one, "scanner". A change is logged once, at the level error when
    it is for the worse.
    """

    def __init__(self, counters: WriterCounters, folders: Collection[Path], scanner: Clamd | None = None) -> None:
        self._counters = counters
        self._scanner = scanner
        self._folders = folders
        self._refused = counters.unavailable
        self.troubles: Mapping[str, str] = {}

    async def check(self) -> None:
        """To be called every few seconds."""
        troubles = {}
        if self._counters.unavailable > self._refused:
            troubles["writing"] = self._counters.last_trouble
        self._refused = self._counters.unavailable
        try:
            # Where there is the least.
            free = min(shutil.disk_usage(folder).free for folder in self._folders)
        except OSError as error:
            troubles["disk"] = str(error.strerror)
        else:
            if free < ROOM_BYTES:
                troubles["disk"] = f"{free // 2**20} MB free"
        if self._scanner is not None:
            try:
                await asyncio.to_thread(self._scanner.ping)
            except Unchecked as error:
                troubles["scanner"] = str(error)
        for part in troubles.keys() - self.troubles.keys():
            log.error("cannot_be_kept", part=part, reason=troubles[part])
        for part in self.troubles.keys() - troubles.keys():
            log.info("can_be_kept_again", part=part)
        self.troubles = troubles

    def state(self, part: str) -> str:
        """For `/health`: "ok". Raises `StorageUnavailable` while there is trouble."""
        if part in self.troubles:
            raise StorageUnavailable(self.troubles[part])
        return "ok"
