"""The queue on disk."""

import asyncio
from pathlib import Path

import pytest

from routing.errors import StorageUnavailable
from storage.sealer import BytesSealer
from storage.spool import Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", "secret")


async def drained(spool: Spool) -> list[bytes]:
    got: list[bytes] = []

    async def handler(blob: bytes, more: bool) -> None:
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

    async def away_at_the_second(blob: bytes, more: bool) -> None:
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

    async def fails_at_the_first(blob: bytes, more: bool) -> None:
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

    async def slow(blob: bytes, more: bool) -> None:
        await asyncio.sleep(0.001)
        got.append(blob)

    assert sum(await asyncio.gather(spool.drain(slow), spool.drain(slow))) == 10
    assert len(got) == 10


async def test_what_arrives_meanwhile_is_drained_too(spool: Spool) -> None:
    spool.append(b"1")
    got: list[bytes] = []

    async def answer(blob: bytes, more: bool) -> None:
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


async def test_lines_go_side_by_side_and_each_in_order(spool: Spool) -> None:
    for number in range(5):
        for line in ("a", "b", "c"):
            spool.append(f"{line}{number}".encode(), line)
    got: list[str] = []
    under_way, most = 0, 0

    async def slow(blob: bytes, more: bool) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.002 if blob.startswith(b"a") else 0)
        got.append(blob.decode())
        under_way -= 1

    assert await spool.drain(slow) == 15
    assert most == 3
    for line in ("a", "b", "c"):
        assert [one for one in got if one.startswith(line)] == [f"{line}{number}" for number in range(5)]


async def test_one_line_that_must_wait_keeps_its_order_and_holds_up_no_other(spool: Spool) -> None:
    for number in range(3):
        spool.append(f"a{number}".encode(), "a")
        spool.append(f"b{number}".encode(), "b")
    got: list[bytes] = []

    async def away_for_a(blob: bytes, more: bool) -> None:
        if blob.startswith(b"a"):
            raise StorageUnavailable("away")
        got.append(blob)

    with pytest.raises(StorageUnavailable):
        await spool.drain(away_for_a)
    assert got == [b"b0"]
    assert await drained(spool) == [b"a0", b"b1", b"a1", b"b2", b"a2"]


async def test_whether_more_of_a_line_follows_is_told(spool: Spool) -> None:
    for blob, line in ((b"a0", "a"), (b"b0", "b"), (b"a1", "a"), (b"a2", "a")):
        spool.append(blob, line)
    told: dict[bytes, bool] = {}

    async def note(blob: bytes, more: bool) -> None:
        told[blob] = more

    await spool.drain(note)
    assert told == {b"a0": True, b"b0": False, b"a1": True, b"a2": False}


async def test_it_is_known_whose_blobs_are_waiting(spool: Spool, tmp_path: Path) -> None:
    assert not spool.holds("wechat:citizen:o1")
    spool.append(b"1", "wechat:citizen:o1")
    assert spool.holds("wechat:citizen:o1")
    assert not spool.holds("wechat:citizen:o2")
    after_a_restart = Spool(tmp_path / "spool", "another secret", ["secret"])
    assert after_a_restart.holds("wechat:citizen:o1")
    (path,) = (tmp_path / "spool").iterdir()
    assert "o1" not in path.name
    await drained(spool)
    assert not spool.holds("wechat:citizen:o1")


async def test_a_file_of_an_earlier_version_is_drained(spool: Spool, tmp_path: Path) -> None:
    spool.append(b"new", "a")
    name = f"{5:020d}-0a1b2c3d.msg"
    (tmp_path / "spool" / name).write_bytes(BytesSealer("secret", purpose="spool").seal(b"old", name.encode()))
    assert await drained(spool) == [b"old", b"new"]
