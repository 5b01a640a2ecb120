"""Connections and transactions on them. Knows no event loop; each is used by one thread at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, RootTransaction

from routing.errors import StorageUnavailable
from routing.ports import Names, UnitOfWork
from storage.errors import translate
from storage.prefetch import prefetch
from storage.unit_of_work import UnitsOfWork

Piece = tuple[Callable[[UnitOfWork], Any], Names]


@contextmanager
def transaction_on(engine: Engine) -> Iterator[tuple[Connection, RootTransaction]]:
    """A connection of the engine's pool in a transaction, which is rolled back unless `commit` was called on it.

    Raises `StorageUnavailable`; a connection on which that is raised does not go back to the pool.
    """
    try:
        connection = engine.connect()
    except Exception as error:
        raise translate(error) from None
    try:
        try:
            transaction = connection.begin()
        except Exception as error:
            raise translate(error) from None
        yield connection, transaction
    except StorageUnavailable:
        connection.invalidate()
        raise
    finally:
        connection.close()


def commit(transaction: RootTransaction) -> None:
    """Raises `StorageUnavailable`, `Conflict`, or `StorageFault` for a reference to nothing."""
    try:
        transaction.commit()
    except Exception as error:
        raise translate(error) from None


class GroupTransaction:
    """The writer's one connection. Runs groups: `begin`, `handle`, `commit`, or `rollback` after any of them raised."""

    def __init__(self, engine: Engine, units: UnitsOfWork) -> None:
        self._engine = engine
        self._units = units
        self._connection: Connection | None = None
        self._transaction: RootTransaction | None = None
        #: Whether the running transaction is on a connection that served an earlier one: it may have died since.
        self.on_old_connection = False
        #: Whether the commit was begun: from then on nobody knows whether it happened until it returns.
        self.commit_begun = False

    def begin(self) -> None:
        """Raises `FileBusy` while another process writes to the SQLite file, `StorageUnavailable`."""
        self.commit_begun = False
        self.on_old_connection = self._connection is not None
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            self._transaction = self._connection.begin()
        except Exception as error:
            raise translate(error) from None

    def handle(self, pieces: Sequence[Piece]) -> list[Any]:
        """Run a whole group and write what it changed. Raises what one of the pieces raised."""
        assert self._connection is not None
        unit = self._units.on(self._connection)
        prefetch(unit, [names for _, names in pieces])
        results = []
        for fn, _ in pieces:
            results.append(fn(unit))
            unit.settle()
        unit.finish()
        unit.let_go()
        return results

    def commit(self) -> None:
        """Make the group durable. Raises `StorageUnavailable`, or `Conflict`."""
        assert self._transaction is not None
        self.commit_begun = True
        commit(self._transaction)
        self._transaction = None

    def rollback(self, because: BaseException) -> None:
        """Drop the group; after a broken connection, the connection too."""
        transaction, self._transaction = self._transaction, None
        try:
            if transaction is not None:
                transaction.rollback()
        except Exception:
            self.drop()
        if isinstance(because, StorageUnavailable):
            self.drop()

    def drop(self) -> None:
        """Close the connection; the next `begin` opens another."""
        connection, self._connection, self._transaction = self._connection, None, None
        if connection is None:
            return
        try:
            connection.invalidate()
        finally:
            connection.close()
