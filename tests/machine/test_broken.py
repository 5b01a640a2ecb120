"""The machine goes red: each promise of the program is broken once, in this process, and must be noticed."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import bindparam, or_, select

from bot.message import InboundMessage, OutboundMessage
from bot.reception import Reception
from routing import casework
from routing.inbox import InboxRecord
from storage import outbox
from storage.inbox import Inbox
from storage.schema import notices
from storage.types import UtcTime
from tests.fakes.broken_outbox import Write, break_outbox
from tests.machine.beginning import Beginning
from tests.machine.machine import DeskMachine


def acknowledged_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    receive = Reception.receive
    tasks = set()

    async def early(self: Reception, message: InboundMessage) -> Sequence[OutboundMessage]:
        tasks.add(asyncio.ensure_future(receive(self, message)))
        return []

    patch.setattr(Reception, "receive", early)


def repeats_taken_for_new(patch: pytest.MonkeyPatch) -> None:
    add = Inbox.add

    def add_anyway(self: Inbox, record: InboxRecord) -> None:
        record.external_id += secrets.token_hex(4)
        add(self, record)

    patch.setattr(Inbox, "add", add_anyway)


def outbox_outside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    async def at_once(write: Write) -> None:
        await write()

    break_outbox(patch.setattr, at_once)


def follow_ups_not_cancelled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(casework, "cancel", lambda *_: None)


def order_of_a_person_broken(patch: pytest.MonkeyPatch) -> None:
    """A notice no longer waits for the earlier one that is to be tried again."""
    now = bindparam("now", type_=UtcTime)
    free = or_(notices.c.lease_until.is_(None), notices.c.lease_until <= now)
    claimable = select(notices.c.id).where(notices.c.state == "pending", notices.c.due_at <= now, free)
    any_order = claimable.order_by(notices.c.priority, notices.c.id).limit(bindparam("limit"))
    patch.setattr(outbox, "_CLAIM_ALONE", outbox._LEASE.where(notices.c.id.in_(any_order)))


@pytest.mark.parametrize(
    "breaks",
    [
        acknowledged_before_the_commit,
        repeats_taken_for_new,
        outbox_outside_the_transaction,
        follow_ups_not_cancelled,
        order_of_a_person_broken,
    ],
)
def test_the_machine_notices(
    breaks: Callable[[pytest.MonkeyPatch], None], beginning: Beginning, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            lambda: DeskMachine(beginning, Counter()),  # type: ignore[arg-type]  # it only calls it
            settings=settings(
                max_examples=60, stateful_step_count=30, derandomize=True, database=None, deadline=None,
                phases=(Phase.generate,), report_multiple_bugs=False, print_blob=False,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
