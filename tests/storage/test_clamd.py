"""Files before ClamAV: what carries a virus is refused, and what could not be scanned is not kept."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from routing.errors import Refused, Unchecked
from storage import clamd as module
from storage.clamd import CHUNK, Clamd
from storage.files import FolderFileStore
from storage.sealer import BytesSealer
from storage.vitals import Vitals
from storage.writer import WriterCounters
from tests.fakes.clamd import EICAR, FakeClamd
from tests.storage.samples import picture

VOICE = b"#!AMR\n" + bytes(100)


@pytest.fixture(params=["tcp", "unix"])
def daemon(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeClamd]:
    with FakeClamd(tmp_path / "clamd.ctl" if request.param == "unix" else None) as fake:
        yield fake


@pytest.fixture
def files(daemon: FakeClamd, tmp_path: Path) -> FolderFileStore:
    sealer = BytesSealer("a" * 32, purpose="files")
    return FolderFileStore(tmp_path / "files", sealer, scanner=Clamd(daemon.address))


def kept(files: FolderFileStore) -> int:
    return len(list(files.folder.iterdir())) if files.folder.is_dir() else 0


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_every_byte_is_scanned(daemon: FakeClamd, size: int) -> None:
    content = bytes(i % 251 for i in range(size))
    Clamd(daemon.address).check(content)
    assert daemon.scanned == [content]


def test_a_file_is_scanned_as_it_came_and_then_kept(daemon: FakeClamd, files: FolderFileStore) -> None:
    photo = picture("JPEG", comment=b"as it came")
    saved = files.save(photo, None)
    assert daemon.scanned == [photo]
    assert b"as it came" not in files.read(saved.name)


def test_one_with_a_virus_is_refused(files: FolderFileStore) -> None:
    with capture_logs() as logged, pytest.raises(Refused) as refused:
        files.save(VOICE + EICAR, None)
    assert refused.value.key == "file.infected"
    assert [(entry["event"], entry["signature"]) for entry in logged] == [
        ("file_infected", "Eicar-Test-Signature FOUND")
    ]
    assert kept(files) == 0


@pytest.mark.parametrize("mode", ["error", "nonsense", "silent", "busy"])
def test_without_a_verdict_nothing_is_kept(
    daemon: FakeClamd, files: FolderFileStore, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.2)
    daemon.mode = mode
    with pytest.raises(Unchecked):
        files.save(VOICE, None)
    assert kept(files) == 0
    with pytest.raises(Unchecked):
        Clamd(daemon.address).ping()
    daemon.mode = "well"
    assert files.save(VOICE, None).kind == "voice"


def test_a_stream_that_is_too_long_for_it_is_not_taken_for_a_clean_one(tmp_path: Path) -> None:
    with FakeClamd(limit=CHUNK) as daemon, pytest.raises(Unchecked):
        Clamd(daemon.address).check(bytes(64 * CHUNK))


@pytest.mark.parametrize("where", ["nobody", "path"])
def test_a_daemon_that_is_not_there(tmp_path: Path, where: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    scanner = Clamd(f"127.0.0.1:{port}" if where == "nobody" else str(tmp_path / "none.ctl"))
    for ask in (scanner.ping, lambda: scanner.check(VOICE)):
        with pytest.raises(Unchecked, match="clamd: "):
            ask()


@pytest.mark.parametrize(
    "address", ["clamd", "host:", ":3310", "host:0", "host:65536", "host:３３１０", "run/clamd.ctl"]
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        Clamd(address)


async def test_a_scanner_that_is_away_is_an_alarm_until_it_is_back(daemon: FakeClamd, tmp_path: Path) -> None:
    vitals = Vitals(WriterCounters(), {tmp_path}, Clamd(daemon.address))
    await vitals.check()
    assert vitals.troubles == {}
    daemon.mode = "silent"
    with capture_logs() as logged:
        for _ in range(2):
            await vitals.check()
        assert set(vitals.troubles) == {"scanner"}
        daemon.mode = "well"
        await vitals.check()
    assert vitals.troubles == {}
    assert [entry["event"] for entry in logged] == ["cannot_be_kept", "can_be_kept_again"]
