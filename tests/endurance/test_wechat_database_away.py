"""PostgreSQL stops, or answers nothing, while citizens write 50 messages a second on WeChat: every one is answered in
time, none is lost, and each person's stay in order.

MASHANG_ENDURANCE_AWAY=60 keeps it away for so many seconds (3 otherwise). The server is the test's own.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endurance.own_postgresql import CannotRun, OwnPostgresql, own_postgresql
from tests.endurance.wechat_outage import Outcome, Plan, outage

AWAY = float(os.environ.get("MASHANG_ENDURANCE_AWAY", "3"))


@pytest.fixture
def server() -> Iterator[OwnPostgresql]:
    try:
        with own_postgresql() as running:
            yield running
    except CannotRun as why:
        pytest.skip(str(why))


def all_is_well(outcome: Outcome) -> None:
    print(outcome.table())
    assert outcome.calls.keys() == {200}
    assert (outcome.broken, outcome.repeated) == (0, 0)
    assert outcome.percentile(0.99) < 4.0
    assert outcome.kept > 0
    assert outcome.lost == []
    assert outcome.doubled == []
    assert outcome.disordered == []
    # One receipt is enough for several messages that were kept.
    assert outcome.states.keys() <= {"sent", "waiting", "obsolete"}
    assert outcome.violations == []


def test_it_stops_and_comes_back(server: OwnPostgresql, tmp_path: Path) -> None:
    all_is_well(asyncio.run(outage(Plan(server.url, tmp_path, server.stop, server.start, AWAY))))


def test_it_freezes_and_goes_on(server: OwnPostgresql, tmp_path: Path) -> None:
    """No connection breaks and nothing is answered: only time says that it is away."""
    all_is_well(asyncio.run(outage(Plan(server.url, tmp_path, server.freeze, server.thaw, max(AWAY, 12.0)))))
