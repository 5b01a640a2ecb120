"""The soak of `benchmarks/soak.py` in short: the real program is killed while people write to it.

A long one: `python -m benchmarks.soak --database postgresql --deliveries 10000 --kills 180`.
"""

import asyncio
import contextlib
import copy
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.soak import Outcome, Plan, soak
from benchmarks.soak_check import Findings, check
from storage.sealer import AesSealer
from storage.store import Store

BROKEN = Path(__file__).parent / "broken_server.py"


def short(url: str, folder: Path) -> Plan:
    return Plan(url, folder, deliveries=120, kills=3, clients=8, hurry=True, drain_seconds=60)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Outcome]:
    """One run on SQLite; its folder stays for those who look at it again."""
    folder = tmp_path_factory.mktemp("soak")
    plan = short(f"sqlite:///{folder / 'mashang.db'}", folder)
    return plan, asyncio.run(soak(plan))


def test_nothing_is_lost_or_doubled_by_kills_on_sqlite(run: tuple[Plan, Outcome]) -> None:
    _, outcome = run
    assert not outcome.findings.wrong(), outcome.table()
    assert outcome.kills == 3
    assert outcome.ledger.repeats > 0
    assert {"telegram", "webchat"} == {conversation.channel for conversation in outcome.ledger.conversations}
    assert any("Error" in answer for answer in outcome.ledger.answers), "the kills met nobody"


@pytest.mark.postgresql
def test_nothing_is_lost_or_doubled_by_kills_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    outcome = asyncio.run(soak(short(postgresql_url, tmp_path)))
    assert not outcome.findings.wrong(), outcome.table()
    assert outcome.kills == 3


# ── the harness can go red ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("promise", "kills", "noticed"),
    [
        pytest.param("early", 1, {"messages_lost"}, id="acknowledges_before_the_commit"),
        pytest.param("twice", 0, {"texts_doubled"}, id="takes_repeats_for_new"),
        pytest.param("outside", 1, {"replies_missing"}, id="outbox_outside_the_transaction"),
    ],
)
def test_a_server_that_breaks_a_promise_is_caught(
    promise: str, kills: int, noticed: set[str], sqlite_url: str, tmp_path: Path
) -> None:
    command = (sys.executable, str(BROKEN), promise)
    plan = Plan(sqlite_url, tmp_path, 60, kills, clients=6, web=0, desk=False, hurry=True, command=command,
                drain_seconds=15)  # fmt: skip
    outcome = asyncio.run(soak(plan))
    assert noticed <= outcome.findings.wrong().keys(), outcome.table()


#: How a store may be damaged behind our back, and what must be said of it then.
DAMAGES = {
    "messages_lost": "DELETE FROM submission_parts WHERE id = (SELECT max(id) FROM submission_parts)",
    "texts_doubled": "INSERT INTO submission_parts SELECT submission_id, 99, kind, at, text, sealed_text, file_id, lat,"
    " lon, author, 1, version FROM submission_parts WHERE id = (SELECT max(id) FROM submission_parts)",
    "messages_failed": "UPDATE inbox SET state = 'failed' WHERE id = (SELECT max(id) FROM inbox)",
    "cases_missing": "UPDATE submissions SET case_id = NULL WHERE id = (SELECT max(id) FROM submissions)",
    "cases_doubled": "UPDATE submissions SET address_id = (SELECT min(address_id) FROM submissions)",
    "histories_broken": "UPDATE case_events SET kind = 'accept' WHERE id = (SELECT max(id) FROM case_events)",
    "notices_unfinished": "UPDATE notices SET state = 'pending' WHERE id = (SELECT max(id) FROM notices)",
    "notices_never_arrived": "UPDATE notices SET state = 'failed' WHERE id = (SELECT max(id) FROM notices)",
    "replies_missing": "DELETE FROM mailbox",
}


def judged(plan: Plan, outcome: Outcome, folder: Path, damage: str = "", kills: int | None = None) -> Findings:
    """The check on a copy of the run's database after `damage`."""
    source = plan.url.removeprefix("sqlite:///")
    target = folder / "damaged.db"
    # By SQLite's own copying: what was written last may still stand in the log beside the file.
    with contextlib.closing(sqlite3.connect(source)) as original, contextlib.closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
    if damage:
        with sqlite3.connect(target) as connection:
            for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
            connection.execute(damage)
        connection.close()
    url = f"sqlite:///{target}"
    store = Store(url, sealer=AesSealer("test key"), data_dir=folder)
    try:
        told = outcome.kills if kills is None else kills
        return check(store, url, outcome.ledger, outcome.shown, outcome.members, told)
    finally:
        store.close()


@pytest.mark.parametrize("noticed", DAMAGES)
def test_a_damaged_store_is_noticed(noticed: str, run: tuple[Plan, Outcome], tmp_path: Path) -> None:
    plan, outcome = run
    assert not judged(plan, outcome, tmp_path).wrong()
    assert noticed in judged(plan, outcome, tmp_path, DAMAGES[noticed]).wrong()


def _forget_a_receipt(outcome: Outcome) -> None:
    chat = outcome.shown["citizen"][0].chat_id
    outcome.shown["citizen"] = [sent for sent in outcome.shown["citizen"] if sent.chat_id != chat]


def _forget_a_card(outcome: Outcome) -> None:
    outcome.shown["desk"].pop()


def _send_again_and_again(outcome: Outcome) -> None:
    last = outcome.shown["desk"][-1]
    outcome.shown["desk"] += [replace(last, message_id=10**9 + n) for n in range(outcome.kills + 1)]


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        (_forget_a_receipt, "replies_missing"),
        (_forget_a_card, "notices_never_arrived"),
        (_send_again_and_again, "notices_doubled_too_often"),
    ],
)
def test_a_platform_that_saw_something_else_is_noticed(
    change: Callable[[Outcome], None], noticed: str, run: tuple[Plan, Outcome], tmp_path: Path
) -> None:
    plan, outcome = run
    changed = copy.copy(outcome)
    changed.shown = {account: list(sent) for account, sent in outcome.shown.items()}
    change(changed)
    assert noticed in judged(plan, changed, tmp_path).wrong()
