"""What repeats and hot topics are looked for in: on both databases, and never anything sealed."""

from datetime import timedelta

import pytest

from routing.case import OPEN_STATES, CaseState, PartKind, Submission, SubmissionPart
from routing.ports import UnitOfWork
from routing.told import LAST
from routing.workflow import SYSTEM, remark
from storage.store import Store
from tests.conftest import Clock
from tests.contracts.rows import Somebody, case_of, somebody

SHOWN = {*OPEN_STATES, CaseState.CLOSED}


def tell(unit: UnitOfWork, who: Somebody, number: str, *texts: str, state: CaseState = CaseState.RECEIVED) -> int:
    """A case with one message a text; returns its id."""
    case = case_of(unit, who, number, state)
    add(unit, who, case.id, *texts)
    unit.cases.add_event(remark(case, "received", SYSTEM, unit.now))
    return case.id


def add(unit: UnitOfWork, who: Somebody, case_id: int, *texts: str) -> Submission:
    told = Submission(who.contact.id, who.address.id, who.station.id, unit.now, case_id=case_id, submitted_at=unit.now)
    unit.submissions.add(told)
    for seq, text in enumerate(texts, 1):
        unit.submissions.add_part(SubmissionPart(told.id, seq, PartKind.TEXT, unit.now, text=text))
    return told


def test_the_words_of_everybody_who_told_of_a_case(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        first = somebody(unit, "u1")
        second = somebody(unit, "u2", first.station)
        case_id = tell(unit, first, "HP-1", "路灯不亮", "海珀路口\x00")
        case = unit.cases.get(case_id)
        assert case is not None
        case.department = "urban"
        case.suggestion = {"categories": [{"code": "CG04", "confidence": 0.8}, {"code": "CG05", "confidence": 0.1}]}
        add(unit, second, case_id, "走夜路害怕")
        add(unit, second, case_id, "说错了").withdrawn_at = unit.now
        staff = add(unit, first, case_id)
        unit.submissions.add_part(SubmissionPart(staff.id, 1, PartKind.TEXT, unit.now, text="值班", author="staff"))
    with store.transaction() as unit:
        (told,) = unit.told.of([case_id])
    assert told.text == "路灯不亮\n海珀路口\x00\n走夜路害怕"
    assert told.people == (first.contact.id, second.contact.id)
    assert (told.station_id, told.at, told.department) == (first.station.id, clock.now, "urban")
    assert told.topics == (("CG04", 0.8), ("CG05", 0.1))


def test_what_staff_classified_is_the_topic(store: Store) -> None:
    with store.transaction() as unit:
        case_id = tell(unit, somebody(unit), "HP-1", "路灯不亮")
        case = unit.cases.get(case_id)
        assert case is not None
        case.category, case.suggestion = "CG05", {"categories": [{"code": "CG04", "confidence": 0.8}]}
    with store.transaction() as unit:
        assert unit.told.of([case_id])[0].topics == (("CG05", 1.0),)


def test_only_open_cases_can_be_repeats_and_only_open_or_closed_ones_be_hot(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        by_state = {state: tell(unit, who, f"HP-{state}", "路灯不亮", state=state) for state in CaseState}
        silent = tell(unit, who, "HP-0")
    every = [*by_state.values(), silent]
    are_open = {by_state[state] for state in OPEN_STATES}
    shown = {by_state[state] for state in SHOWN}
    with store.transaction() as unit:
        assert {told.case_id for told in unit.told.of(every)} == are_open
        assert set(unit.told.open_below(1 << 62, 100)) == {*are_open, silent}
        assert {told.case_id for told in unit.told.between(clock.now, clock.now, 100)} == shown
        assert unit.told.shown(every) == {*shown, silent}
        assert unit.told.of([]) == []
        assert unit.told.shown([]) == set()


def test_the_history_tells_what_changed(store: Store) -> None:
    with store.transaction() as unit:
        assert unit.told.newest_change() == 0
        who = somebody(unit)
        cases = [tell(unit, who, f"HP-{number}", "路灯不亮") for number in range(3)]
    with store.transaction() as unit:
        changed = unit.told.changed(0, 10)
        assert [case_id for _, case_id in changed] == cases
        assert [event for event, _ in changed] == sorted(event for event, _ in changed)
        assert unit.told.newest_change() == changed[-1][0]
        assert unit.told.changed(changed[0][0], 1) == [changed[1]]
        assert unit.told.changed(changed[-1][0], 10) == []


def test_open_cases_are_walked_from_the_newest_back(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        cases = [tell(unit, who, f"HP-{number}", "路灯不亮") for number in range(5)]
    with store.transaction() as unit:
        assert list(unit.told.open_below(1 << 62, 2)) == [cases[4], cases[3]]
        assert list(unit.told.open_below(cases[3], 10)) == [cases[2], cases[1], cases[0]]
        assert list(unit.told.open_below(cases[0], 10)) == []


@pytest.mark.parametrize(("since", "until", "numbers"), [(-5, 0, [2, 1]), (-5, -4, [1]), (-2, -1, []), (0, 0, [2])])
def test_what_was_told_in_a_time(store: Store, clock: Clock, since: int, until: int, numbers: list[int]) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        cases = {1: tell(unit, who, "HP-1", "路灯不亮")}
    clock.move(days=5)
    with store.transaction() as unit:
        cases[2] = tell(unit, who, "HP-2", "路灯不亮")
    with store.transaction() as unit:
        found = unit.told.between(clock.now + timedelta(days=since), clock.now + timedelta(days=until), 10)
        assert [told.case_id for told in found] == [cases[number] for number in numbers]
        newest = unit.told.between(clock.now - timedelta(days=9), clock.now, 1)
        assert [told.case_id for told in newest] == [cases[2]]


def test_one_can_go_on_where_a_piece_ended(store: Store, clock: Clock) -> None:
    """Among cases of one moment, too."""
    with store.transaction() as unit:
        who = somebody(unit)
        cases = [tell(unit, who, f"HP-{number}", "路灯不亮") for number in range(5)]
    clock.move(hours=1)
    with store.transaction() as unit:
        cases.append(tell(unit, who, "HP-9", "路灯不亮"))
    with store.transaction() as unit:
        found: list[int] = []
        until, below = clock.now, LAST
        while piece := unit.told.between(clock.now - timedelta(days=1), until, 2, below):
            found += [told.case_id for told in piece]
            until, below = piece[-1].at, piece[-1].case_id
    assert found == list(reversed(cases))
