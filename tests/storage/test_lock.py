"""Two serving processes never share a SQLite file."""

import subprocess
import sys
from pathlib import Path

import pytest

from storage.lock import AlreadyServed, ServeLock
from storage.store import Store

SERVE = """
import sys, time
from pathlib import Path
from storage.lock import ServeLock
lock = ServeLock(Path(sys.argv[1]))
print("served", flush=True)
time.sleep(60)
"""


def test_a_second_process_is_refused_and_told_which_file(tmp_path: Path) -> None:
    database = tmp_path / "mashang.db"
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(database)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "served\n"
        with pytest.raises(AlreadyServed) as caught:
            ServeLock(database)
        assert str(database) in str(caught.value)
        assert str(process.pid) in str(caught.value)
    finally:
        process.kill()
        process.communicate()
    # Killed, not closed: the lock is gone with it.
    ServeLock(database).release()


def test_a_command_line_is_not_refused(sqlite_store: Store, sqlite_url: str, tmp_path: Path) -> None:
    options = {"sealer": sqlite_store.sealer, "data_dir": tmp_path}
    serving = Store(sqlite_url, serving=True, **options)  # type: ignore[arg-type]
    with pytest.raises(AlreadyServed):
        Store(sqlite_url, serving=True, **options)  # type: ignore[arg-type]
    with sqlite_store.transaction() as unit:
        assert unit.directory.version == 0
    serving.close()
    Store(sqlite_url, serving=True, **options).close()  # type: ignore[arg-type]
