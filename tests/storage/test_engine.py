"""Database URLs, and what errors say."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from routing.errors import Conflict, DuplicateMessage, StorageUnavailable
from storage.engine import parse_url, sqlite_path
from storage.errors import FileBusy, StorageFault, translate


@pytest.mark.parametrize("url", ["postgresql://u@h/db", "postgresql+psycopg://u@h/db"])
def test_postgresql_is_always_psycopg_3(url: str) -> None:
    assert parse_url(url).drivername == "postgresql+psycopg"
    assert sqlite_path(url) is None


@pytest.mark.parametrize(
    "url", ["", "mysql://u:secret@h/db", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://u:secret@h/db"]
)
def test_other_databases_are_refused_without_telling_the_password(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///path") as caught:
        parse_url(url)
    assert "secret" not in str(caught.value)


def _sqlite_error(statement: str) -> sqlite3.Error:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE inbox (external_id TEXT UNIQUE, n INTEGER NOT NULL)")
    connection.execute("INSERT INTO inbox VALUES ('personal', 1)")
    with pytest.raises(sqlite3.Error) as caught:
        connection.execute(statement)
    connection.close()
    return caught.value


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("INSERT INTO inbox VALUES ('personal', 2)", DuplicateMessage),
        ("INSERT INTO inbox VALUES ('other', NULL)", StorageFault),
        ("SELECT personal FROM nothing", StorageFault),
    ],
)
def test_errors_of_sqlite(statement: str, expected: type[Exception]) -> None:
    error = translate(OperationalError(statement, {}, _sqlite_error(statement)))
    assert type(error) is expected
    assert "personal" not in str(error)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_BUSY, FileBusy),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, FileBusy),
        (sqlite3.SQLITE_FULL, StorageUnavailable),
        (sqlite3.SQLITE_IOERR_WRITE, StorageUnavailable),
        (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, Conflict),
    ],
)
def test_codes_of_sqlite(code: int, expected: type[Exception]) -> None:
    error = sqlite3.OperationalError("cases.id")
    error.sqlite_errorcode, error.sqlite_errorname = code, "NAME"
    assert type(translate(error)) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.errors.DeadlockDetected(), Conflict),
        (psycopg.errors.SerializationFailure(), Conflict),
        (psycopg.errors.UniqueViolation("Key (user_id)=(personal) already exists."), Conflict),
        (psycopg.errors.ForeignKeyViolation("Key (contact_id)=(7) is not present"), StorageFault),
        (psycopg.errors.AdminShutdown(), StorageUnavailable),
        (psycopg.errors.DiskFull(), StorageUnavailable),
        (psycopg.errors.TooManyConnections(), StorageUnavailable),
        (psycopg.errors.ReadOnlySqlTransaction(), StorageUnavailable),
        (psycopg.OperationalError("connection to personal refused"), StorageUnavailable),
        (psycopg.errors.ProgramLimitExceeded(), StorageFault),
        (psycopg.errors.UndefinedTable("personal"), StorageFault),
    ],
)
def test_errors_of_postgresql(error: psycopg.Error, expected: type[Exception]) -> None:
    translated = translate(error)
    assert type(translated) is expected
    assert "personal" not in str(translated)


def test_other_errors_are_nobodys_to_translate() -> None:
    with pytest.raises(KeyError):
        translate(KeyError("x"))
