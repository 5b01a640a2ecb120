"""The history of a case is a chain: a changed, missing or cut line shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routing.case import OPEN_STATES, SEALED_STATES, Case, CaseEvent, CaseState, append_event, verify_chain

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def history(length: int = 5) -> tuple[Case, list[CaseEvent]]:
    case = Case("HB-261123-001", 1, 1, "plain", NOW, NOW)
    events = []
    for step in range(length):
        at, data = NOW + timedelta(minutes=step), {"text": f"第{step}步 \u202e😀", "count": step, "none": None}
        who = {"actor_role": "staff", "actor_id": step or None}
        events.append(append_event(case, at=at, kind="note", from_state=None, data=data, **who))
    return case, events


@pytest.mark.parametrize("length", [0, 1, 5])
def test_a_whole_history_is_whole(length: int) -> None:
    case, events = history(length)
    assert verify_chain(case, events) is None


@pytest.mark.parametrize(
    "change",
    [
        {"at": NOW}, {"kind": "urge"}, {"actor_role": "citizen"}, {"actor_id": 99}, {"from_state": "received"},
        {"to_state": "closed"}, {"data": {"text": "另一句"}}, {"data": {}}, {"case_id": 1}, {"hash": "0" * 64},
        {"previous_hash": ""},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
@pytest.mark.parametrize("position", [1, 4])
def test_a_changed_line_shows(change: dict[str, Any], position: int) -> None:
    case, events = history()
    events[position] = replace(events[position], **change)
    assert verify_chain(case, events) == f"event {position + 1} was changed"


def test_a_line_changed_together_with_its_own_hash_shows_in_the_next() -> None:
    case, events = history()
    events[2].data = {"text": "另一句"}
    events[2].hash = events[2].compute_hash()
    assert verify_chain(case, events) == "event 4 was changed"


def test_a_last_line_changed_together_with_its_own_hash_shows_on_the_case() -> None:
    case, events = history()
    events[-1].data = {}
    events[-1].hash = events[-1].compute_hash()
    assert verify_chain(case, events) == "the last events are missing"


@pytest.mark.parametrize("position", [0, 2])
def test_a_missing_line_shows(position: int) -> None:
    case, events = history()
    del events[position]
    assert verify_chain(case, events) == f"event {position + 1} is missing"


@pytest.mark.parametrize("kept", [0, 3, 4])
def test_a_cut_history_shows(kept: int) -> None:
    case, events = history()
    assert verify_chain(case, events[:kept]) == "the last events are missing"


def test_two_lines_in_the_wrong_order_show() -> None:
    case, events = history()
    events[1], events[2] = events[2], events[1]
    assert verify_chain(case, events) == "event 2 is missing"


def test_an_added_line_shows() -> None:
    case, events = history()
    other, _ = history()
    forged = append_event(
        other, at=NOW, kind="answer", actor_role="staff", actor_id=1, from_state=CaseState.ASSIGNED, data={}
    )
    assert verify_chain(case, [*events, forged]) is not None


def test_open_and_sealed_states_are_apart() -> None:
    assert not OPEN_STATES & SEALED_STATES
    for state in CaseState:
        case = Case("X-261123-001", 1, 1, "plain", NOW, NOW, state=state)
        assert (case.open, case.sealed) == (state in OPEN_STATES, state in SEALED_STATES)
