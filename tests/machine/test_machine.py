"""People, crashes and time in any order, against a small model of what the desk ought to do.

`MASHANG_MACHINE=examples,steps` runs it longer, and each time with other examples: `MASHANG_MACHINE=500,60`.
"""

import os
from collections import Counter

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.beginning import Beginning
from tests.machine.machine import DeskMachine

LONGER = os.environ.get("MASHANG_MACHINE")
EXAMPLES, STEPS = (int(number) for number in (LONGER or "16,30").split(","))


def test_whatever_happens_in_whatever_order_the_store_is_as_the_model(beginning: Beginning) -> None:
    happened: Counter[str] = Counter()
    run_state_machine_as_test(
        lambda: DeskMachine(beginning, happened),  # type: ignore[arg-type]  # it only calls it
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, derandomize=LONGER is None, database=None, deadline=None,
            phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    print(*(f"{count:6} {what}" for what, count in happened.most_common()), sep="\n")
    for what in ("dies before commit", "dies after commit", "dies in mid-send", "redelivered", "reordered", "rate",
                 "follow-ups", "answer", "trouble", "leave"):  # fmt: skip
        assert happened[what], f"{what} never happened in this run"
