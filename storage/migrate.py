"""Bringing a database to this program's schema.

Alembic is imported only where there is something to migrate: it takes as long as the rest of a start's storage, and
9 MB that a server would keep for good.
"""

import logging
from pathlib import Path

from sqlalchemy import Connection, inspect

from storage.durable import make_folder
from storage.engine import sqlite_path, writing_engine
from storage.errors import StorageFault, translate

_HERE = Path(__file__).parent / "migrations"
#: Any number that nothing else locks: two processes that start together migrate one after the other.
_ADVISORY_LOCK = 0x6D61_7368


def _revisions() -> list[str]:
    """Every revision of this program, oldest first. A file in `versions` is named `<revision>_<what it does>.py`."""
    return sorted(path.name.partition("_")[0] for path in (_HERE / "versions").glob("[0-9]*.py"))


def head() -> str:
    """The revision that this program needs."""
    return _revisions()[-1]


def current(url: str) -> str | None:
    """The revision that the database has; None for an empty one. Raises `StorageUnavailable`."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return None
    engine = writing_engine(url, busy_seconds=10)
    try:
        with engine.connect() as connection:
            return _revision(connection)
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
    engine = writing_engine(url, busy_seconds=10)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            found = _revision(connection)
            if found is not None and found not in _revisions():
                raise StorageFault(
                    f"the database is at revision {found}: it was made by a newer program; update this one"
                )
            if found != head():
                _migrate(connection)
    except Exception as error:
        raise translate(error) from None
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def _migrate(connection: Connection) -> None:
    """Migrate within a transaction that somebody else began and will commit."""
    # It tells its plugins and every step at INFO; a start should only tell what went wrong.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
