"""PostgreSQL stops, or answers nothing, under 50 messages a second: refused at once, repeated, and nothing is lost.

MASHANG_ENDURANCE_AWAY=60 keeps it away for so many seconds (3 otherwise). The server is the test's own.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.engine import PATIENCE_SECONDS
from tests.endurance.outage import SENTENCE, Outcome, Plan, outage
from tests.endurance.own_postgresql import CannotRun, OwnPostgresql, own_postgresql

AWAY = float(os.environ.get("MASHANG_ENDURANCE_AWAY", "3"))


@pytest.fixture
def server() -> Iterator[OwnPostgresql]:
    try:
        with own_postgresql() as running:
            yield running
    except CannotRun as why:
        pytest.skip(str(why))


def nothing_is_lost(outcome: Outcome) -> None:
    assert outcome.lost == []
    assert outcome.doubled == []
    assert outcome.sent_twice == []
    assert outcome.unsent == {}
    assert "Traceback" not in outcome.log


def the_page_says_so(outcome: Outcome) -> None:
    *refused, taken = outcome.page
    assert refused, "nobody wrote while it was away"
    assert {status for status, _, _ in refused} == {503}
    assert all(SENTENCE in sentence for _, _, sentence in refused)
    assert taken[0] == 200


def test_it_stops_and_comes_back(server: OwnPostgresql, tmp_path: Path) -> None:
    outcome = asyncio.run(outage(Plan(server.url, tmp_path, server.stop, server.start, AWAY)))
    print(outcome.table())
    nothing_is_lost(outcome)
    the_page_says_so(outcome)
    assert outcome.statuses.keys() == {503}
    assert outcome.percentile(0.99) < 2.0
    assert {status for status, _ in outcome.health} == {503}
    assert outcome.first < 5.0


def test_it_freezes_and_goes_on(server: OwnPostgresql, tmp_path: Path) -> None:
    """No connection breaks and nothing is answered: only time says that it is away."""
    seconds = max(AWAY, 12.0)
    outcome = asyncio.run(outage(Plan(server.url, tmp_path, server.freeze, server.thaw, seconds)))
    print(outcome.table())
    nothing_is_lost(outcome)
    the_page_says_so(outcome)
    assert outcome.statuses.keys() <= {503}
    assert outcome.percentile(1) < PATIENCE_SECONDS + 3
    assert outcome.first < 5.0
