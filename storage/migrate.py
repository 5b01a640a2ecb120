"""Bringing a database to this program's schema."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.durable import make_folder
from storage.engine import parse_url, sqlite_path, writing_engine
from storage.errors import StorageFault, translate

_HERE = Path(__file__).parent / "migrations"
#: Any number that nothing else locks: two processes that start together migrate one after the other.
_ADVISORY_LOCK = 0x6D61_7368


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    return config


def head() -> str:
    """The revision that this program needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def current(url: str) -> str | None:
    """The revision that the database has; None for an empty one. Raises `StorageUnavailable`."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return None
    engine = writing_engine(url, busy_seconds=10)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except Exception as error:
        raise translate(error) from None
    finally:
        engine.dispose()


def needed(url: str) -> bool:
    """Whether `upgrade` has something to do."""
    return current(url) != head()


def upgrade(url: str) -> None:
    """Create or migrate the tables, in one transaction; makes the folder of a SQLite file.

    Raises `StorageUnavailable`, or `StorageFault` when the database was made by a newer program.
    """
    path = sqlite_path(url)
    if path is not None:
        make_folder(path.parent)
        # For this user only; SQLite gives the files beside it the same mode.
        path.touch(mode=0o600)
    # Alembic tells every step at INFO; a start that migrates nothing should say nothing.
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
    engine = writing_engine(url, busy_seconds=10)
    try:
        with engine.begin() as connection:
            upgrade_connection(connection)
    except Exception as error:
        raise translate(error) from None
    finally:
        engine.dispose()


def upgrade_connection(connection: Connection) -> None:
    """Migrate within a transaction that somebody else began and will commit."""
    if parse_url(str(connection.engine.url)).drivername != "sqlite":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    config = _config()
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StorageFault(f"the database is at revision {found}: it was made by a newer program; update this one")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
