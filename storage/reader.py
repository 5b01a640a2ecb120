"""Work that only reads, beside the writer."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Engine

from routing.errors import StorageUnavailable
from routing.ports import UnitOfWork
from storage.engine import PATIENCE_SECONDS, SILENT
from storage.transaction import transaction_on
from storage.unit_of_work import UnitsOfWork

T = TypeVar("T")


class PoolReader:
    """`routing.ports.Reader` on a few threads, each with a connection that can't write."""

    def __init__(self, engine: Engine, units: UnitsOfWork, *, threads: int = 4) -> None:
        self._engine = engine
        self._units = units
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="storage-reader")
        self._free = threads

    async def run(self, fn: Callable[[UnitOfWork], T]) -> T:
        """Raises what `fn` raises, and `StorageUnavailable`."""
        if not self._free:
            raise StorageUnavailable(SILENT)
        reading = asyncio.get_running_loop().run_in_executor(self._threads, self.run_here, fn)
        try:
            return await asyncio.wait_for(asyncio.shield(reading), PATIENCE_SECONDS)
        except TimeoutError:
            self._free -= 1
            reading.add_done_callback(self._answered_late)
            raise StorageUnavailable(SILENT) from None

    def _answered_late(self, reading: "asyncio.Future[Any]") -> None:
        self._free += 1
        if not reading.cancelled():
            reading.exception()

    def run_here(self, fn: Callable[[UnitOfWork], T]) -> T:
        """The same on the calling thread."""
        with transaction_on(self._engine) as (connection, _):
            return fn(self._units.on(connection, writes=False))

    def close(self) -> None:
        """Wait for what is running."""
        self._threads.shutdown()
