"""Four processes on one PostgreSQL share what is due: each notice is sent once, and again only if its sender died.

MASHANG_ENDURANCE_ROUNDS=20 plays the long form (2 rounds otherwise) of 1,000 due rows each.
"""

import asyncio
import os

import pytest

from tests.conftest import emptied
from tests.endurance.crowd import Outcome, Plan, crowd

ROUNDS = int(os.environ.get("MASHANG_ENDURANCE_ROUNDS", "2"))
pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def played(postgresql_database: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Outcome]:
    """All rounds; what each test looks at."""
    plan = Plan(emptied(postgresql_database), tmp_path_factory.mktemp("crowd"), ROUNDS)
    return plan, asyncio.run(crowd(plan))


def test_each_of_a_thousand_due_notices_is_sent_exactly_once(played: tuple[Plan, Outcome]) -> None:
    plan, outcome = played
    assert len(outcome.rounds) == ROUNDS
    for number, round in enumerate(outcome.rounds, start=1):
        print(f"round {number}: {round.seconds:.1f} s, {len(round.senders)} processes, {round.heard.total()} messages")
        assert round.heard == dict.fromkeys(plan.chats, 1), f"round {number}"
    everybody = set.union(*(round.senders for round in outcome.rounds))
    assert len(everybody) == plan.processes, "all took part"


def test_what_a_killed_process_was_sending_is_sent_again_within_its_lease_and_five_seconds(
    played: tuple[Plan, Outcome],
) -> None:
    plan, outcome = played
    death = outcome.death
    assert death is not None
    heard = death.round.heard
    twice = {chat for chat, times in heard.items() if times > 1}
    print(f"held {len(death.held)}, sent twice {len(twice)}, the last {death.last_after:.1f} s after the death")
    assert heard.keys() == set(plan.chats)
    assert twice <= death.held, "only what the dead process had in hand"
    assert max(heard.values()) <= 2
    assert death.last_after <= plan.lease + 5


def test_nothing_is_left_and_nothing_went_wrong_on_the_way(played: tuple[Plan, Outcome]) -> None:
    plan, outcome = played
    assert outcome.states == {"sent": plan.rows * (plan.rounds + 1)}
    for alarm in ("follow_up_failed", "tick_failed", "outbox_not_claimed", "delivery_raised", "Traceback"):
        assert alarm not in outcome.log
