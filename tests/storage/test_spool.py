"""The queue on disk."""

import asyncio
from pathlib import Path

import pytest

from routing.errors import StorageUnavailable
from storage.spool import Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", "secret")


async def drained(spool: Spool) -> list[bytes]:
    got: list[bytes] = []

    async def handler(blob: bytes) -> None:
        got.append(blob)

    assert await spool.drain(handler) == len(got)
    return got


async def test_blobs_come_out_once_in_order_after_a_restart(spool: Spool, tmp_path: Path) -> None:
    blobs = [f"消息{number}".encode() for number in range(20)]
    for blob in blobs:
        spool.append(blob)
    again = Spool(tmp_path / "spool", "secret")
    assert again.waiting() == 20
    assert await drained(again) == blobs
    assert again.waiting() == 0
    assert await drained(again) == []


async def test_the_order_holds_when_the_clock_steps_back(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.append(b"1")
    monkeypatch.setattr("time.time_ns", lambda: 5)
    spool.append(b"2")
    spool.append(b"3")
    assert await drained(spool) == [b"1", b"2", b"3"]


async def test_nothing_is_readable_on_disk(spool: Spool, tmp_path: Path) -> None:
    spool.append("我要反映路灯".encode())
    (path,) = (tmp_path / "spool").iterdir()
    assert "路灯".encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [lambda blob: blob[: len(blob) // 2], lambda blob: b"", lambda blob: blob + b"x"])
async def test_a_torn_file_is_set_aside_and_blocks_nobody(spool: Spool, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    for blob in (b"1", b"2", b"3"):
        spool.append(blob)
    second = sorted((tmp_path / "spool").iterdir())[1]
    second.write_bytes(damage(second.read_bytes()))
    assert await drained(spool) == [b"1", b"3"]
    assert (spool.waiting(), spool.set_aside()) == (0, 1)


async def test_swapped_files_are_noticed(spool: Spool, tmp_path: Path) -> None:
    spool.append(b"1")
    spool.append(b"2")
    first, second = sorted((tmp_path / "spool").iterdir())
    first.write_bytes(second.read_bytes())
    assert await drained(spool) == [b"2"]


async def test_while_the_database_is_away_everything_stays(spool: Spool) -> None:
    for blob in (b"1", b"2", b"3"):
        spool.append(blob)
    got: list[bytes] = []

    async def away_at_the_second(blob: bytes) -> None:
        if blob == b"2":
            raise StorageUnavailable("away")
        got.append(blob)

    with pytest.raises(StorageUnavailable):
        await spool.drain(away_at_the_second)
    assert got == [b"1"]
    assert await drained(spool) == [b"2", b"3"]


async def test_a_blob_that_cannot_be_handled_is_kept_aside(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    spool.append(b"secret words")
    spool.append(b"2")
    got: list[bytes] = []

    async def fails_at_the_first(blob: bytes) -> None:
        if not got and blob == b"secret words":
            raise ValueError("secret words")
        got.append(blob)

    assert await spool.drain(fails_at_the_first) == 1
    assert (got, spool.set_aside()) == ([b"2"], 1)
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


async def test_two_drains_at_once_hand_nothing_over_twice(spool: Spool) -> None:
    for number in range(10):
        spool.append(b"%d" % number)
    got: list[bytes] = []

    async def slow(blob: bytes) -> None:
        await asyncio.sleep(0.001)
        got.append(blob)

    assert sum(await asyncio.gather(spool.drain(slow), spool.drain(slow))) == 10
    assert len(got) == 10


async def test_what_arrives_meanwhile_is_drained_too(spool: Spool) -> None:
    spool.append(b"1")
    got: list[bytes] = []

    async def answer(blob: bytes) -> None:
        if not got:
            spool.append(b"2")
        got.append(blob)

    assert await spool.drain(answer) == 2
    assert got == [b"1", b"2"]


def test_a_full_disk_is_unavailable(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storage.durable.os.fsync", full)
    with pytest.raises(StorageUnavailable, match="No space"):
        spool.append(b"1")
    assert spool.waiting() == 0
