"""A served station in a process of its own, and how it is looked at after a test: its log, its inbox, its memory."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeAlias

import aiohttp

from benchmarks.soak_program import ROOT, free_port
from tests.hostile import server, tally
from tests.hostile.station import KEY, SECRET, TOKENS, FakePlatform, Station
from tests.hostile.tally import Tally

Served: TypeAlias = tuple[Station, "subprocess.Popen[bytes]"]
#: Kilobytes that the server may grow by, uploads and bombs included: 20 MB alone, 36 to 51 beside the other tests.
MOST_GROWTH = 60 * 1024


@contextmanager
def serving(folder: Path, kind: type[Station] = Station, **more: str) -> Iterator[Served]:
    """A warm server with its data in the folder; `more` are settings and variables of its environment by full name."""
    platform = FakePlatform()
    url = f"http://127.0.0.1:{free_port()}"
    settings = {
        "DATA_DIR": str(folder), "HOST": "127.0.0.1", "PORT": url.rpartition(":")[2], "PUBLIC_URL": url,
        "SECRET_KEY": KEY, "TELEGRAM_CITIZEN_TOKEN": TOKENS["citizen"], "TELEGRAM_DESK_TOKEN": TOKENS["desk"],
        "TELEGRAM_API_BASE": platform.url, "TELEGRAM_WEBHOOK_SECRET": SECRET,
        # Nobody here knows their tokens, so nothing is ever sent there: `test_wechat.py` and `test_wecom.py` do.
        "WECHAT_APP_ID": "wx5f2e1c9a7b30d468", "WECHAT_APP_SECRET": "0" * 32, "WECHAT_TOKEN": "nobody0knows0this",
        "WECHAT_AES_KEY": "k" * 43, "WECHAT_API_BASE": "http://127.0.0.1:9",
        "WECOM_CORP_ID": "ww5f2e1c9a7b30d468", "WECOM_AGENT_ID": "1000002", "WECOM_SECRET": "0" * 43,
        "WECOM_TOKEN": "nobody0knows0this", "WECOM_AES_KEY": "k" * 43, "WECOM_API_BASE": "http://127.0.0.1:9",
    }  # fmt: skip
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MASHANG_")}
    ours = {f"MASHANG_{name}": value for name, value in settings.items()}
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, Path(server.__file__)], env={**inherited, "PYTHONPATH": str(ROOT), **ours, **more},
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said, log.read_text()
        _wait(url, process, log)
        station = kind(url, folder, json.loads(said), platform, log, process.pid)
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


#: Its microseconds may be anybody's number.
_TIMESTAMP = re.compile(r'"timestamp":"[^"]*"')


@asynccontextmanager
async def watched(served: Served, counted: Tally) -> AsyncIterator[Station]:
    """The station for one test, which is looked at afterwards."""
    found, process = served
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as found.visitor:
        yield found
    assert process.poll() is None, "the server died"
    # A message whose handling raised was answered kindly; it is a fault all the same.
    log = found.logged()
    counted.cases += tally.served(log)
    raised = [line for line in log.splitlines() if "message_failed" in line]
    failed, found.failed = found.failed, found.rows("SELECT count(*) FROM inbox WHERE state = 'failed'")[0][0]
    assert found.failed == failed + found.failed_on_purpose, raised[-3:]
    found.failed_on_purpose = 0
    for alarm in ("Traceback", "request failed", "receive_failed", "delivery_raised", "tick_failed"):
        assert alarm not in log, next(line for line in log.splitlines() if alarm in line)
    log = _TIMESTAMP.sub("", log)
    for canary in found.canaries():
        assert canary not in log, next(line for line in log.splitlines() if canary in line)[:500]
    growth = await found.growth()
    counted.growth.append(growth)
    assert growth < MOST_GROWTH, f"{growth} KB more than after the first requests"
