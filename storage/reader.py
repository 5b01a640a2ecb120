"""Work that only reads, beside the writer."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine

from routing.ports import UnitOfWork
from storage.transaction import transaction_on
from storage.unit_of_work import UnitsOfWork

T = TypeVar("T")


class PoolReader:
    """`routing.ports.Reader` on a few threads, each with a connection that can't write."""

    def __init__(self, engine: Engine, units: UnitsOfWork, *, threads: int = 4) -> None:
        self._engine = engine
        self._units = units
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="storage-reader")

    async def run(self, fn: Callable[[UnitOfWork], T]) -> T:
        """Raises what `fn` raises, and `StorageUnavailable`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.run_here, fn)

    def run_here(self, fn: Callable[[UnitOfWork], T]) -> T:
        """The same on the calling thread."""
        with transaction_on(self._engine) as (connection, _):
            return fn(self._units.on(connection, writes=False))

    def close(self) -> None:
        """Wait for what is running."""
        self._threads.shutdown()
