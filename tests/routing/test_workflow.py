"""The table of transitions, walked: every state, every action, every role."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from routing.case import OPEN_STATES, Case, CaseState
from routing.errors import Forbidden, Refused
from routing.people import Role
from routing.workflow import SYSTEM, TRANSITIONS, Action, Actor, allowed, find_transition, perform, remark

S, A = CaseState, Action
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
STAFF, DEPUTY, OFFICER = Role.STAFF, Role.DEPUTY, Role.OFFICER
CITIZEN, SYS, INTEGRITY = Role.CITIZEN, Role.SYSTEM, Role.INTEGRITY

#: The life of a case as the design draws it, written down a second time: (from, action, to or None for back, who).
LIFE: list[tuple[CaseState, Action, CaseState | None, set[Role]]] = [
    (S.RECEIVED, A.ACCEPT, S.ACCEPTED, {STAFF}),
    (S.RECEIVED, A.HEAR, S.ACCEPTED, {DEPUTY}),
    (S.RECEIVED, A.DECLINE, S.DECLINED, {STAFF}),
    (S.RECEIVED, A.SEAL, S.SEALED, {SYS, STAFF}),
    (S.ACCEPTED, A.PROPOSE, S.PROPOSED, {STAFF}),
    (S.PROPOSED, A.PROPOSE, S.PROPOSED, {STAFF}),
    (S.ASSIGNED, A.PROPOSE, S.PROPOSED, {STAFF}),
    (S.PROPOSED, A.RETURN, S.ACCEPTED, {OFFICER}),
    (S.PROPOSED, A.CONFIRM, S.ASSIGNED, {OFFICER, STAFF}),
    (S.ACCEPTED, A.ASK, S.NEEDS_INFO, {STAFF, DEPUTY, OFFICER}),
    (S.ASSIGNED, A.ASK, S.NEEDS_INFO, {STAFF, DEPUTY, OFFICER}),
    (S.NEEDS_INFO, A.INFORM, None, {CITIZEN}),
    (S.NEEDS_INFO, A.INFO_EXPIRED, None, {SYS}),
    (S.ACCEPTED, A.ANSWER, S.ANSWERED, {OFFICER, STAFF}),
    (S.ASSIGNED, A.ANSWER, S.ANSWERED, {OFFICER, STAFF}),
    (S.ANSWERED, A.RATE, S.CLOSED, {CITIZEN}),
    (S.ANSWERED, A.RATING_EXPIRED, S.CLOSED, {SYS}),
    (S.ANSWERED, A.OBJECT, S.REVIEW, {CITIZEN}),
    (S.CLOSED, A.OBJECT, S.REVIEW, {CITIZEN}),
    (S.REVIEW, A.REDO, S.ASSIGNED, {STAFF}),
    (S.REVIEW, A.SUPERVISE, S.ASSIGNED, {STAFF}),
    (S.REVIEW, A.UPHOLD, S.CLOSED, {STAFF}),
    (S.SEALED, A.TRANSFER, S.TRANSFERRED, {INTEGRITY}),
    *((state, A.WITHDRAW, S.WITHDRAWN, {CITIZEN}) for state in OPEN_STATES),
    *((state, A.MERGE, S.MERGED, {STAFF}) for state in OPEN_STATES),
]
ALLOWED = {(state, action): (target, roles) for state, action, target, roles in LIFE}


def case_in(state: CaseState) -> Case:
    resume = S.ASSIGNED if state is S.NEEDS_INFO else None
    return Case("HB-261123-001", 1, 1, "plain", NOW, NOW, state=state, resume_state=resume)


def test_the_table_is_the_one_of_the_design() -> None:
    assert {(row.source, row.action): (row.target, row.roles) for row in TRANSITIONS} == ALLOWED
    assert len(TRANSITIONS) == len(ALLOWED), "a state and an action have one row"


@pytest.mark.parametrize("state", CaseState)
def test_every_action_of_every_role_in_a_state(state: CaseState) -> None:
    for action, role in product(Action, Role):
        case = case_in(state)
        before = asdict(case)
        target, roles = ALLOWED.get((state, action), (None, set()))
        assert allowed(case, action, role) == (role in roles), (action, role)
        if role in roles:
            event = perform(case, action, Actor(role, 7), NOW)
            assert case.state is (target or S.ASSIGNED)
            assert (event.kind, event.from_state, event.to_state) == (action, state, case.state)
            assert (event.actor_role, event.actor_id, event.seq, case.event_count) == (role, 7, 1, 1)
            continue
        with pytest.raises(Refused) as refused:
            perform(case, action, Actor(role, 7), NOW)
        assert asdict(case) == before, "what is refused leaves the case untouched"
        if find_transition(state, action) is None:
            assert (refused.value.key, refused.value.params["number"]) == ("error.state", case.number)
        else:
            assert isinstance(refused.value, Forbidden)
            assert refused.value.key == "error.role"


def test_no_row_lets_a_deputy_order_or_decide() -> None:
    """Deputies Law 2025, Arts. 31 and 59: they listen and ask; they do not handle the matter."""
    assert {row.action for row in TRANSITIONS if Role.DEPUTY in row.roles} == {A.HEAR, A.ASK}


def test_every_state_is_reached_and_left_or_final() -> None:
    reached = {row.target for row in TRANSITIONS if row.target} | {S.RECEIVED}
    left = {row.source for row in TRANSITIONS}
    assert reached == set(CaseState)
    assert set(CaseState) - left == {S.DECLINED, S.WITHDRAWN, S.MERGED, S.TRANSFERRED}


@pytest.mark.parametrize("source", [S.ACCEPTED, S.ASSIGNED])
@pytest.mark.parametrize("way_back", [A.INFORM, A.INFO_EXPIRED])
def test_after_a_question_a_case_goes_on_where_it_was(source: CaseState, way_back: Action) -> None:
    case = case_in(source)
    perform(case, A.ASK, Actor(STAFF, 1), NOW)
    assert (case.state, case.resume_state) == (S.NEEDS_INFO, source)
    perform(case, way_back, SYSTEM if way_back is A.INFO_EXPIRED else Actor(CITIZEN, 1), NOW)
    assert (case.state, case.resume_state) == (source, None)


def test_a_case_that_forgot_where_it_came_from_stays() -> None:
    case = case_in(S.NEEDS_INFO)
    case.resume_state = None
    with pytest.raises(Refused, match=r"error\.state"):
        perform(case, A.INFORM, Actor(CITIZEN, 1), NOW)
    assert (case.state, case.event_count) == (S.NEEDS_INFO, 0)


def test_a_remark_adds_to_the_history_and_moves_nothing() -> None:
    case = case_in(S.CLOSED)
    event = remark(case, "note", Actor(STAFF, 3), NOW + timedelta(hours=1), {"text": "灯杆也歪了"})
    assert (case.state, event.from_state, event.to_state) == (S.CLOSED, "closed", "closed")
    assert (event.kind, event.data, case.event_count) == ("note", {"text": "灯杆也歪了"}, 1)
