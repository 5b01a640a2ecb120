"""Stores to test with: SQLite always, PostgreSQL where one is running.

`store` runs a test on both; `sqlite_store` only on SQLite. Their time is `clock`.
"""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from storage import migrate
from storage.schema import metadata
from storage.sealer import AesSealer
from storage.store import Store
from tests.hostile.tally import PROPERTY, summary

POSTGRESQL = os.environ.get("MASHANG_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432/postgres")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Move by the arguments of a `timedelta`."""
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "mashang.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_database() -> Iterator[str]:
    """The URL of a migrated database of this test process's own."""
    name = f"mashang_test_{os.getpid()}"
    try:
        server = psycopg.connect(POSTGRESQL, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        pytest.skip(f"no PostgreSQL at {make_url(POSTGRESQL).host}; set MASHANG_TEST_POSTGRESQL to test on one")
    with server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    url = make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    migrate.upgrade(url)
    yield url
    with psycopg.connect(POSTGRESQL, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def emptied(url: str) -> str:
    """That database with empty tables. Faster than TRUNCATE, which makes new files for 26 tables."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in metadata.sorted_tables:
            connection.execute(f"DELETE FROM {table.name}")
    return url


@pytest.fixture
def postgresql_url(postgresql_database: str) -> str:
    return emptied(postgresql_database)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "mashang.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store_url(request: pytest.FixtureRequest) -> str:
    """An empty, migrated database of each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def store(store_url: str, clock: Clock, tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store(store_url, clock=clock, sealer=AesSealer("test key"), data_dir=tmp_path / "data")
    yield opened
    await opened.aclose()


@pytest.fixture
async def sqlite_store(sqlite_url: str, clock: Clock, tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store(sqlite_url, clock=clock, sealer=AesSealer("test key"), data_dir=tmp_path / "data")
    yield opened
    await opened.aclose()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What hostile visitors sent in this run, from all test processes."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    parts = [
        value
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "teardown"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if lines := summary(parts):
        terminalreporter.section("hostile input")
        for line in lines:
            terminalreporter.write_line(line)
