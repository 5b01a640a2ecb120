"""The alarm: raised with a reason when what comes in can't be kept, once, and taken back."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from routing.errors import StorageUnavailable
from storage import vitals
from storage.vitals import ROOM_BYTES, Vitals
from storage.writer import WriterCounters


async def test_what_the_writer_refuses_is_told_once_until_it_refuses_nothing_more(tmp_path: Path) -> None:
    counters = WriterCounters(unavailable=3)
    watch = Vitals(counters, [tmp_path])
    with capture_logs() as lines:
        await watch.check()
        assert watch.state("writing") == "ok"
        counters.unavailable, counters.last_trouble = 7, "SQLITE_FULL"
        await watch.check()
        counters.unavailable = 8
        await watch.check()
        with pytest.raises(StorageUnavailable, match="SQLITE_FULL"):
            watch.state("writing")
        await watch.check()
    assert watch.state("writing") == "ok"
    told = [(line["log_level"], line["event"], line["part"], line.get("reason")) for line in lines]
    assert told == [
        ("error", "cannot_be_kept", "writing", "SQLITE_FULL"), ("info", "can_be_kept_again", "writing", None)
    ]  # fmt: skip


async def test_the_folder_with_the_least_room_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, database = tmp_path / "files", tmp_path / "database"
    free = {files: ROOM_BYTES, database: ROOM_BYTES}
    monkeypatch.setattr(vitals.shutil, "disk_usage", lambda folder: SimpleNamespace(free=free[folder]))
    watch = Vitals(WriterCounters(), [files, database])
    await watch.check()
    assert watch.state("disk") == "ok"
    free[database] -= 1
    await watch.check()
    with pytest.raises(StorageUnavailable, match="31 MB free"):
        watch.state("disk")


async def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    watch = Vitals(WriterCounters(), [tmp_path / "gone"])
    await watch.check()
    assert watch.troubles == {"disk": "No such file or directory"}
