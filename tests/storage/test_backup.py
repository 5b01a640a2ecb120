"""Backup and restore on SQLite."""

import sqlite3
from pathlib import Path

import pytest

from routing.people import Contact
from storage.backup import BackupError, backup, restore
from storage.store import Store
from tests.contracts.rows import somebody


@pytest.fixture
def filled(sqlite_store: Store, tmp_path: Path) -> tuple[int, str]:
    """The id of a contact and the name of a file that are there."""
    with sqlite_store.transaction() as unit:
        contact = somebody(unit).contact
    (tmp_path / "data" / "spool").mkdir(parents=True)
    (tmp_path / "data" / "spool" / "1.msg").write_bytes(b"sealed")
    return contact.id, sqlite_store.files.save(b"#!AMR\n" + bytes(9), None).name


def test_everything_comes_back(filled: tuple[int, str], sqlite_store: Store, sqlite_url: str, tmp_path: Path) -> None:
    contact_id, name = filled
    # While somebody is writing.
    with sqlite_store.transaction() as unit:
        unit.contacts.add(Contact(unit.now))
        unit.flush()
        backup(sqlite_url, tmp_path / "data", tmp_path / "saved")
    url = f"sqlite:///{tmp_path}/new/mashang.db"
    restore(tmp_path / "saved", url, tmp_path / "new")
    restored = Store(url, clock=sqlite_store.clock, sealer=sqlite_store.sealer, data_dir=tmp_path / "new")
    with restored.transaction() as unit:
        assert unit.contacts.get(contact_id) is not None
        assert unit.session.rows("SELECT count(*) FROM contacts") == [(1,)]
    assert restored.files.read(name) == sqlite_store.files.read(name)
    assert (tmp_path / "new" / "spool" / "1.msg").read_bytes() == b"sealed"
    restored.close()


def test_nothing_is_overwritten(filled: tuple[int, str], sqlite_url: str, tmp_path: Path) -> None:
    backup(sqlite_url, tmp_path / "data", tmp_path / "saved")
    with pytest.raises(BackupError, match="exists"):
        backup(sqlite_url, tmp_path / "data", tmp_path / "saved")
    with pytest.raises(BackupError, match="move it away"):
        restore(tmp_path / "saved", sqlite_url, tmp_path / "empty")
    with pytest.raises(BackupError, match="move it away"):
        restore(tmp_path / "saved", f"sqlite:///{tmp_path}/new.db", tmp_path / "data")


def test_a_damaged_backup_changes_nothing(filled: tuple[int, str], sqlite_url: str, tmp_path: Path) -> None:
    backup(sqlite_url, tmp_path / "data", tmp_path / "saved")
    saved = tmp_path / "saved" / "mashang.db"
    content = bytearray(saved.read_bytes())
    content[4096 * 3 : 4096 * 6] = bytes(4096 * 3)
    saved.write_bytes(content)
    with pytest.raises(BackupError, match="damaged"):
        restore(tmp_path / "saved", f"sqlite:///{tmp_path}/new/mashang.db", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with pytest.raises(BackupError, match="no backup"):
        restore(tmp_path / "data", f"sqlite:///{tmp_path}/new/mashang.db", tmp_path / "new")


def test_a_backup_holds_one_whole_file(filled: tuple[int, str], sqlite_url: str, tmp_path: Path) -> None:
    backup(sqlite_url, tmp_path / "data", tmp_path / "saved")
    assert sorted(path.name for path in (tmp_path / "saved").iterdir()) == ["files", "mashang.db", "spool"]
    with sqlite3.connect(tmp_path / "saved" / "mashang.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_postgresql_has_its_own_tools(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="pg_dump"):
        backup("postgresql://u@h/db", tmp_path, tmp_path / "saved")
    with pytest.raises(BackupError, match="pg_dump"):
        restore(tmp_path, "postgresql://u@h/db", tmp_path)
