"""One served station for all of these tests; after each, its log and its inbox are looked through."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from benchmarks.soak_program import ROOT, free_port
from tests.hostile import server
from tests.hostile.station import KEY, SECRET, TOKENS, FakePlatform, Station


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Station, "subprocess.Popen[bytes]"]]:
    folder = tmp_path_factory.mktemp("hostile")
    platform = FakePlatform()
    url = f"http://127.0.0.1:{free_port()}"
    settings = {
        "DATA_DIR": str(folder), "HOST": "127.0.0.1", "PORT": url.rpartition(":")[2], "PUBLIC_URL": url,
        "SECRET_KEY": KEY, "TELEGRAM_CITIZEN_TOKEN": TOKENS["citizen"], "TELEGRAM_DESK_TOKEN": TOKENS["desk"],
        "TELEGRAM_API_BASE": platform.url, "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }  # fmt: skip
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MASHANG_")}
    environment = {**inherited, "PYTHONPATH": str(ROOT), **{f"MASHANG_{k}": v for k, v in settings.items()}}
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, Path(server.__file__)], env=environment, cwd=folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=output,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said, log.read_text()
        _wait(url, process, log)
        station = Station(url, folder, json.loads(said), platform, log)
        yield station, process
        station.close()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        platform.close()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.fixture
async def station(served: tuple[Station, "subprocess.Popen[bytes]"]) -> AsyncIterator[Station]:
    found, process = served
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as found.visitor:
        yield found
    assert process.poll() is None, "the server died"
    # A message whose handling raised was answered kindly; it is a fault all the same.
    log = found.logged()
    raised = [line for line in log.splitlines() if "message_failed" in line]
    failed, found.failed = found.failed, found.rows("SELECT count(*) FROM inbox WHERE state = 'failed'")[0][0]
    assert found.failed == failed + found.failed_on_purpose, raised[-3:]
    found.failed_on_purpose = 0
    for alarm in ("Traceback", "request failed", "receive_failed", "delivery_raised", "tick_failed"):
        assert alarm not in log, next(line for line in log.splitlines() if alarm in line)
    for canary in found.canaries():
        assert canary not in log, next(line for line in log.splitlines() if canary in line)[:500]


@pytest.fixture
def memory(served: tuple[Station, "subprocess.Popen[bytes]"]) -> int:
    """Resident kilobytes of the server now."""
    found, process = served
    return found.memory(process.pid)
