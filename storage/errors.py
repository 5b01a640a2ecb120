"""What drivers raise, in the words of `routing.errors`.

A driver's message can quote the row ("Key (channel, account, user_id)=(…) already exists"), and SQLAlchemy's quotes the
statement. Neither goes further than this file: what is raised names tables, constraints and codes only.
"""

import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from routing.errors import Conflict, DuplicateMessage, RoutingError, StorageUnavailable

if TYPE_CHECKING:
    import psycopg


class StorageFault(Exception):
    """The database refused a statement for a reason that running it again won't cure: a bug, or a broken reference."""


class FileBusy(StorageUnavailable):
    """Another process is writing to the SQLite file just now."""


_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_AWAY = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_NOMEM,
}
_SQLITE_UNIQUE = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
}
#: Connection, resources, operator intervention, system error; and a standby that can't write.
_POSTGRESQL_AWAY = ("08", "53", "57P", "58", "25006", "57014", "XX001", "XX002")
#: Serialization failure, deadlock, lock not available.
_POSTGRESQL_RACES = {"40001", "40P01", "55P03"}


def translate(error: BaseException) -> RoutingError | StorageFault:
    """The error to raise (`from None`) for one that SQLAlchemy or a driver raised."""
    if isinstance(error, RoutingError | StorageFault):
        return error
    if isinstance(error, StatementError) and error.orig is not None:
        error = error.orig
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error)
    if isinstance(error, PoolTimeout | OSError):
        return StorageUnavailable(type(error).__name__)
    if isinstance(error, SQLAlchemyError):
        return StorageFault(type(error).__name__)
    # A station on SQLite never comes here, and need not hold the driver's 9 MB.
    import psycopg

    if isinstance(error, psycopg.Error):
        return _from_postgresql(error)
    raise error


def _from_sqlite(error: sqlite3.Error) -> RoutingError | StorageFault:
    extended = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if extended is None:
        return StorageFault(name)
    code = extended & 0xFF
    if code in _SQLITE_BUSY:
        return FileBusy(f"the database file is busy ({name})")
    if code in _SQLITE_AWAY:
        return StorageUnavailable(name)
    if extended in _SQLITE_UNIQUE:
        # "UNIQUE constraint failed: inbox.channel, …": columns, never values.
        columns = str(error).rpartition(": ")[2]
        return DuplicateMessage(columns) if columns.startswith("inbox.") else Conflict(columns)
    if code == sqlite3.SQLITE_CONSTRAINT:
        return StorageFault(f"{name}: {error}")
    return StorageFault(name)


def _from_postgresql(error: "psycopg.Error") -> RoutingError | StorageFault:
    import psycopg

    state = error.sqlstate
    if state is None:
        # Without an SQLSTATE the server never answered: refused, cut, timed out.
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return StorageUnavailable(type(error).__name__)
        return StorageFault(type(error).__name__)
    if state.startswith(_POSTGRESQL_AWAY):
        return StorageUnavailable(f"SQLSTATE {state}")
    if state in _POSTGRESQL_RACES:
        return Conflict(f"SQLSTATE {state}")
    table, constraint = error.diag.table_name, error.diag.constraint_name
    if state == "23505":
        return DuplicateMessage(f"{constraint}") if table == "inbox" else Conflict(f"{constraint}")
    if state == "P0001":
        return StorageFault(f"{error.diag.message_primary}")
    return StorageFault(f"SQLSTATE {state} {table or ''} {constraint or ''}".rstrip())
