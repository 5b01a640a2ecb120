"""Trained models, on both databases."""

import pytest

from routing.case import PartKind, Submission, SubmissionPart
from routing.casework import actor, reclassify
from routing.champion import note
from routing.errors import Conflict
from routing.lesson import RECLASSIFY
from routing.people import Member, Role
from routing.trained import ModelEvent, ModelState, ModelStep, TrainedModel
from routing.workflow import remark
from storage.store import Store
from tests.conftest import Clock
from tests.contracts.rows import case_of, somebody


def model(name: str, clock: Clock, state: ModelState = ModelState.CHALLENGER) -> TrainedModel:
    return TrainedModel(name, clock.now, "shipped", state, {"lessons": 3}, {"first": 0.5})


def test_a_model_comes_back_with_its_file(store: Store, clock: Clock) -> None:
    content = bytes(range(256)) * 1000
    made = model("261123-aaaa", clock)
    with store.transaction() as unit:
        unit.models.add(made, content)
    with store.transaction() as unit:
        assert unit.models.get(made.id) == made
        assert unit.models.content(made.id) == content
        assert unit.models.get("other") is None
        assert unit.models.content("other") is None
        assert unit.models.champion() is None


def test_the_newest_model_comes_first(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        for name in ("a", "b", "c"):
            unit.models.add(model(name, clock), b"")
            clock.move(minutes=1)
        assert [one.id for one in unit.models.all()] == ["c", "b", "a"]


def test_there_is_one_champion(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        unit.models.add(model("a", clock, ModelState.CHAMPION), b"")
        champion = unit.models.champion()
        assert champion is not None
        assert champion.id == "a"
    with pytest.raises(Conflict), store.transaction() as unit:
        unit.models.add(model("b", clock, ModelState.CHAMPION), b"")


def test_a_removed_model_takes_its_file_along(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        for name in ("a", "b"):
            unit.models.add(model(name, clock), b"x")
    with store.transaction() as unit:
        unit.models.remove(["a"])
    with store.transaction() as unit:
        assert [one.id for one in unit.models.all()] == ["b"]
        assert unit.models.content("a") is None
        assert unit.models.content("b") == b"x"


def test_what_was_done_is_told_newest_first(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        note(unit, ModelStep.TRAINED, "night", "a", {"lessons": 60})
    clock.move(hours=1)
    with store.transaction() as unit:
        note(unit, ModelStep.PROMOTED, "root (command line)", "a")
        assert [event.step for event in unit.models.events()] == [ModelStep.PROMOTED, ModelStep.TRAINED]
        assert len(unit.models.events(1)) == 1
        last = unit.models.last(ModelStep.TRAINED, ModelStep.FAILED)
        assert last is not None
        assert last.data == {"lessons": 60}
        assert unit.models.last(ModelStep.FAILED) is None


def test_a_night_is_given_once(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        assert unit.models.night("2026-11-24") is None
        unit.models.add_event(ModelEvent(clock.now, ModelStep.BEGAN, "night", night="2026-11-24"))
        unit.models.add_event(ModelEvent(clock.now, ModelStep.FAILED, "night"))
        unit.models.add_event(ModelEvent(clock.now, ModelStep.TOO_FEW, "night"))
    with store.transaction() as unit:
        begun = unit.models.night("2026-11-24")
        assert begun is not None
        assert begun.step is ModelStep.BEGAN
    with pytest.raises(Conflict), store.transaction() as unit:
        unit.models.add_event(ModelEvent(clock.now, ModelStep.BEGAN, "night", night="2026-11-24"))


def test_a_history_has_the_words_of_the_beginning_and_the_steps_that_teach(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        member = Member(Role.STAFF, "陈静", unit.now, station_id=who.station.id)
        unit.members.add(member)
        case = case_of(unit, who, "HP-1")
        case.suggestion = {"categories": [{"code": "CG04"}, {"code": "CG05"}]}
        told = Submission(who.contact.id, who.address.id, who.station.id, unit.now, case_id=case.id)
        told.submitted_at = clock.now
        unit.submissions.add(told)
        for seq, text in enumerate(["路灯", "不亮"], start=1):
            unit.submissions.add_part(SubmissionPart(told.id, seq, PartKind.TEXT, clock.now, text=text))
        clock.move(minutes=1)
        unit.submissions.add_part(SubmissionPart(told.id, 3, PartKind.TEXT, clock.now, text="后来"))
        untouched = case_of(unit, who, "HP-2")
        unit.cases.add_event(remark(case, "follow", actor(member), unit.now))
        reclassify(unit, member, case, "CG05")
    with store.transaction() as unit:
        (history,) = unit.histories.below(1 << 62, 10)
        assert history.case_id == case.id
        assert history.reporter_id == who.contact.id
        assert history.suggested == ("CG04", "CG05")
        assert history.text == "路灯\n不亮"
        assert [event.kind for event in history.events] == [RECLASSIFY]
        assert unit.histories.below(case.id, 10) == []
        assert untouched.id != case.id
