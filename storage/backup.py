"""A copy of everything that a station on SQLite keeps, and back."""

import shutil
import sqlite3
from pathlib import Path

from storage.durable import make_folder, sync_folder
from storage.engine import sqlite_path

_DATABASE = "mashang.db"
#: Folders of the data directory that belong to a backup.
_FOLDERS = ("files", "spool")


class BackupError(Exception):
    """The backup or restore was not done; the message says why and what to do instead."""


def backup(url: str, data_dir: Path, target: Path) -> None:
    """Copy the database and the files to the new folder `target`, beside a running server if need be.

    The secret key is not in it: without the key, what is sealed stays sealed. Raises `BackupError`.
    """
    source = _sqlite(url)
    if not source.exists():
        raise BackupError(f"there is no database at {source}")
    if target.exists():
        raise BackupError(f"{target} exists; name a new folder")
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    make_folder(partial)
    _copy_database(source, partial / _DATABASE)
    # After the database: a file is there before the row that names it, so no row of the copy misses its file.
    for name in _FOLDERS:
        _copy_folder(data_dir / name, partial / name)
    sync_folder(partial)
    partial.replace(target)
    sync_folder(target.parent)


def restore(source: Path, url: str, data_dir: Path) -> None:
    """Put a backup back where neither a database nor files are. Raises `BackupError`, and then changed nothing."""
    target = _sqlite(url)
    saved = source / _DATABASE
    if not saved.exists():
        raise BackupError(f"{source} is no backup: it has no {_DATABASE}")
    for path in (target, *(data_dir / name for name in _FOLDERS)):
        if path.exists():
            raise BackupError(f"{path} exists; move it away first, or restore to another place")
    with sqlite3.connect(saved) as connection:
        try:
            ((found,),) = connection.execute("PRAGMA integrity_check(1)")
            # An empty file is a whole database to SQLite.
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
                found = "it has none of our tables"
        except sqlite3.DatabaseError as error:
            found = str(error)
    connection.close()
    if found != "ok":
        raise BackupError(f"{saved} is damaged ({found}); use an older backup")
    make_folder(data_dir)
    for name in _FOLDERS:
        _copy_folder(source / name, data_dir / name)
    make_folder(target.parent)
    # Last, so that a restore that was interrupted is seen as one: without a database nothing starts.
    _copy_database(saved, target)
    sync_folder(target.parent)


def _sqlite(url: str) -> Path:
    path = sqlite_path(url)
    if path is None:
        raise BackupError("this is for SQLite; on PostgreSQL use pg_dump and pg_restore, and copy the data directory")
    return path


def _copy_database(source: Path, target: Path) -> None:
    """A consistent copy, whoever writes to `source` meanwhile."""
    reading, writing = sqlite3.connect(source, timeout=10), sqlite3.connect(target)
    try:
        # In one step: a copy in several begins anew whenever somebody commits between two of them.
        reading.backup(writing)
    finally:
        writing.close()
        reading.close()
    target.chmod(0o600)


def _copy_folder(source: Path, target: Path) -> None:
    if source.is_dir():
        # Half-written files of the moment are nobody's yet.
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".tmp-*"))
