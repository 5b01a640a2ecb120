"""Engines for SQLite and PostgreSQL, with durability and time-outs set."""

import logging
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

#: Seconds that a statement may run and a lock be waited for, on PostgreSQL.
STATEMENT_SECONDS = 30
LOCK_SECONDS = 10
#: Seconds after which a database that has not answered counts as away: a frozen server breaks no connection.
PATIENCE_SECONDS = 8.0
SILENT = "the database does not answer"


def parse_url(url: str) -> URL:
    """`sqlite:///path` or `postgresql://…` (always through psycopg 3). Raises `ValueError` for anything else."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError("the database URL can't be read; use sqlite:///path or postgresql://user@host/name") from None
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("the SQLite database must be a file: sqlite:///path")
        return parsed.set(drivername="sqlite")
    raise ValueError(f"unknown database {parsed.drivername!r}; use sqlite:///path or postgresql://user@host/name")


def sqlite_path(url: str) -> Path | None:
    """The database file, or None on PostgreSQL."""
    parsed = parse_url(url)
    return Path(parsed.database).absolute() if parsed.drivername == "sqlite" and parsed.database else None


def writing_engine(url: str, *, busy_seconds: float = 0.0) -> Engine:
    """An engine whose every transaction may write. On SQLite it takes the file's write lock at its start, and waits
    for it no longer than `busy_seconds`."""
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        return _sqlite(parsed, "BEGIN IMMEDIATE", busy_seconds, read_only=False)
    return _postgresql(parsed, read_only=False, pool_size=5)


def reading_engine(url: str, *, connections: int = 4) -> Engine:
    """An engine on which writing fails."""
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        return _sqlite(parsed, "BEGIN", 2.0, read_only=True, pool_size=connections)
    return _postgresql(parsed, read_only=True, pool_size=connections)


def _sqlite(url: URL, begin: str, busy_seconds: float, *, read_only: bool, pool_size: int = 5) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=pool_size,
        connect_args={
            # Python would otherwise open transactions by itself, at other places than ours.
            "isolation_level": None,
            # A group is handled on one thread and committed on another, never both at a time.
            "check_same_thread": False,
            "cached_statements": 512,
            "timeout": busy_seconds,
        },
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -32000")
        # Every checkpoint syncs twice; pages that change often are written to the database once for several commits.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        if read_only:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # Past Core, which takes ten times as long; each group begins with it.
        connection.connection.dbapi_connection.execute(begin)

    return engine


def _postgresql(url: URL, *, read_only: bool, pool_size: int) -> Engine:
    # What it warns of (a second error, while the first is on its way to us) quotes rows.
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    options = {
        "timezone": "UTC",
        "synchronous_commit": "on",
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "lock_timeout": f"{LOCK_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{2 * STATEMENT_SECONDS}s",
        "default_transaction_read_only": "on" if read_only else "off",
    }
    return create_engine(
        url,
        hide_parameters=True,
        pool_size=pool_size,
        isolation_level="READ COMMITTED",
        # Asking each time costs less than one statement, and a restarted server is not noticed.
        pool_pre_ping=True,
        connect_args={
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
            "application_name": "mashang",
        },
    )
