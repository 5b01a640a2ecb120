"""One served station for all of these tests; after each, its log, its inbox and its memory are looked at."""

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from benchmarks.soak_program import ROOT, free_port
from tests.hostile import server
from tests.hostile.station import KEY, SECRET, TOKENS, FakePlatform, Station
from tests.hostile.tally import PROPERTY, Tally
from tests.hostile.tally import served as served_by

#: Kilobytes that the server may grow by, uploads and bombs included.
MOST_GROWTH = 50 * 1024


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
        station = Station(url, folder, json.loads(said), platform, log, process.pid)
        asyncio.run(station.warm_up())
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
            with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
                if b'"starting"' not in answer.read():
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    """What this test counts by itself."""
    counted = Tally()
    yield counted
    record_property(PROPERTY, {"cases": dict(counted.cases), "growth": counted.growth})


@pytest.fixture
async def station(served: tuple[Station, "subprocess.Popen[bytes]"], tally: Tally) -> AsyncIterator[Station]:
    found, process = served
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as found.visitor:
        yield found
    assert process.poll() is None, "the server died"
    # A message whose handling raised was answered kindly; it is a fault all the same.
    log = found.logged()
    tally.cases += served_by(log)
    raised = [line for line in log.splitlines() if "message_failed" in line]
    failed, found.failed = found.failed, found.rows("SELECT count(*) FROM inbox WHERE state = 'failed'")[0][0]
    assert found.failed == failed + found.failed_on_purpose, raised[-3:]
    found.failed_on_purpose = 0
    for alarm in ("Traceback", "request failed", "receive_failed", "delivery_raised", "tick_failed"):
        assert alarm not in log, next(line for line in log.splitlines() if alarm in line)
    for canary in found.canaries():
        assert canary not in log, next(line for line in log.splitlines() if canary in line)[:500]
    growth = await found.growth()
    tally.growth.append(growth)
    assert growth < MOST_GROWTH, f"{growth} KB more than after the first requests"
