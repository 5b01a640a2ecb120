"""The whole of it, on both databases: people tell, staff correct, a night learns, and suggestions are others."""

import json

import pytest

import cli.learning
from cli.learning import as_json
from routing import casework
from routing.night import WHO, ModelWatch
from routing.suggestion import Understanding
from routing.trained import ModelStep
from storage.store import Store
from tests.conftest import Clock
from tests.routing.county import COLLEAGUE, STAFF, County, understanding
from tests.routing.school import HABIT, learner, sentences

#: Never told in the lessons below.
NEW = [pair for pair in sentences() if pair[1] in HABIT][::6]


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the words once: it takes a second."""
    monkeypatch.setattr(cli.learning, "Classifier", lambda taxonomy: learner().packaged)


@pytest.fixture
def county(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> County:
    """A county where street lamps are the roads' matter, and two hundred people told of something."""
    county = County(store, clock).found()
    moved = [pair for pair in sentences() if pair[1] in HABIT and pair not in NEW]
    told = moved + [pair for pair in sentences() if pair[1] not in HABIT][:: len(sentences()) // 150]
    # A case's id hangs on the clock, and which part it is in on its id: here it is every tenth.
    part: dict[int, int] = {}
    monkeypatch.setattr("routing.examples.part_of", lambda case_id: part[case_id])
    with county.work() as uow:
        for at, (text, code) in enumerate(told):
            number = county.report(text, who=f"群众{at}", deputy=None)
            case = uow.cases.by_number(number)
            assert case is not None
            part[case.id] = at % 10
            if not case.sealed:
                right = HABIT.get(code, code)
                county.does(casework.reclassify, STAFF, number, right)
                county.does(casework.reclassify, COLLEAGUE, number, right)
    return county


def moved(chosen: Understanding) -> float:
    """The share of new texts that are suggested as this county would classify them."""
    found = [chosen.classifier.chances(text) for text, _ in NEW]
    return sum(max(of, key=of.__getitem__) == HABIT[code] for of, (_, code) in zip(found, NEW, strict=True)) / len(NEW)


async def test_a_county_s_habit_is_learned_by_night_and_suggested_by_day(county: County, store: Store) -> None:
    chosen = Understanding(understanding().classifier)
    before = moved(chosen)

    outcome = cli.learning._train(store, nightly=True)
    assert (outcome["trained"], outcome["better"], outcome["promoted"]) == (True, True, True), outcome["scores"]
    await ModelWatch(store.reader, chosen).look()

    assert before < 0.2
    assert moved(chosen) > 0.4
    with store.transaction() as uow:
        model = uow.models.champion()
        assert model is not None
        assert (model.id, model.promoted_by) == (chosen.classifier.model.id, WHO)
        kept = json.dumps(as_json(model), ensure_ascii=False)
        assert {event.step for event in uow.models.events()} == {ModelStep.TRAINED, ModelStep.PROMOTED}
    assert not any("\u4e00" <= character <= "\u9fff" for character in kept), "no words of anybody"

    again = cli.learning._train(store, nightly=True)
    assert not again["trained"], "nothing is new"
    by_hand = cli.learning._train(store, nightly=False)
    assert not by_hand["promoted"], "the same lessons give the same model"


async def test_a_county_without_lessons_learns_nothing_and_says_so(store: Store) -> None:
    assert cli.learning._train(store, nightly=False) == {
        "trained": False,
        "why": "0 lessons; at least 50 are needed",
        "lessons": 0,
    }
    with store.transaction() as uow:
        assert [event.step for event in uow.models.events()] == [ModelStep.TOO_FEW]
        assert uow.models.all() == []
