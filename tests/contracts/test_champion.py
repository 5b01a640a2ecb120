"""Which model suggests: keeping, promoting and rolling back, on both databases."""

from datetime import timedelta

import pytest

from routing import champion
from routing.champion import ModelRefused, keep, promote, rollback, worth_training
from routing.examples import Example
from routing.learning import Challenger
from routing.lesson import How, Lesson
from routing.trained import PACKAGED, ModelState, ModelStep, TrainedModel
from storage.store import Store
from tests.conftest import Clock

WHO = "root (command line)"


def challenger(store: Store, name: str, *, better: bool = True, lessons: int = 60) -> Challenger:
    now = store.clock()
    data = {"lessons": lessons, "until": now.isoformat()}
    return Challenger(TrainedModel(name, now, "shipped", data=data), name.encode(), better)


def kept(store: Store, clock: Clock, name: str, *, better: bool = True) -> bool:
    clock.move(days=1)
    with store.transaction() as uow:
        return keep(uow, challenger(store, name, better=better), "night")


def suggests(store: Store) -> str:
    with store.transaction() as uow:
        found = uow.models.champion()
        return found.id if found else PACKAGED


def states(store: Store) -> dict[str, str]:
    with store.transaction() as uow:
        return {model.id: model.state.value for model in uow.models.all()}


def test_a_better_challenger_takes_over(store: Store, clock: Clock) -> None:
    assert kept(store, clock, "a")
    assert kept(store, clock, "b")
    assert states(store) == {"b": "champion", "a": "retired"}
    with store.transaction() as uow:
        model = uow.models.get("b")
        assert model is not None
        assert (model.previous, model.promoted_by, model.promoted_at) == ("a", "night", clock.now)


def test_one_that_is_not_better_is_kept_with_its_scores(store: Store, clock: Clock) -> None:
    assert not kept(store, clock, "a", better=False)
    assert suggests(store) == PACKAGED
    assert states(store) == {"a": "challenger"}


def test_the_same_model_is_kept_once(store: Store, clock: Clock) -> None:
    kept(store, clock, "a")
    assert not kept(store, clock, "a")
    with store.transaction() as uow:
        assert [event.step for event in uow.models.events()] == [ModelStep.PROMOTED, ModelStep.TRAINED]


def test_every_step_says_who_and_when(store: Store, clock: Clock) -> None:
    kept(store, clock, "a", better=False)
    clock.move(hours=1)
    with store.transaction() as uow:
        promote(uow, "a", WHO)
    with store.transaction() as uow:
        event = uow.models.events(1)[0]
        assert (event.step, event.who, event.at, event.model_id) == (ModelStep.PROMOTED, WHO, clock.now, "a")
        assert event.data == {"from": PACKAGED}


def test_rolling_back_goes_from_champion_to_champion_and_ends_at_the_packaged_one(store: Store, clock: Clock) -> None:
    for name in ("a", "b", "c"):
        kept(store, clock, name)
    found = []
    for _ in range(3):
        with store.transaction() as uow:
            found.append(rollback(uow, WHO))
    assert found == ["b", "a", PACKAGED]
    assert suggests(store) == PACKAGED
    with pytest.raises(ModelRefused, match="packaged"), store.transaction() as uow:
        rollback(uow, WHO)


def test_after_a_rollback_nothing_takes_over_by_itself_until_a_person_promotes(store: Store, clock: Clock) -> None:
    kept(store, clock, "a")
    with store.transaction() as uow:
        rollback(uow, WHO)
    assert not kept(store, clock, "b")
    assert suggests(store) == PACKAGED
    with store.transaction() as uow:
        promote(uow, "b", WHO)
    assert kept(store, clock, "c")
    assert suggests(store) == "c"


@pytest.mark.parametrize(("name", "why"), [("a", "champion already"), ("zzz", "There is no model zzz")])
def test_what_cannot_be_promoted_is_refused(store: Store, clock: Clock, name: str, why: str) -> None:
    kept(store, clock, "a")
    with pytest.raises(ModelRefused, match=why), store.transaction() as uow:
        promote(uow, name, WHO)
    assert suggests(store) == "a"


def test_old_models_go_but_for_the_champion_and_the_one_before(store: Store, clock: Clock) -> None:
    for name in ("a", "b", "c"):
        kept(store, clock, name)
    for number in range(8):
        kept(store, clock, f"x{number}", better=False)
    assert set(states(store)) == {"c", "b", *(f"x{number}" for number in range(3, 8))}
    with store.transaction() as uow:
        assert uow.models.content("a") is None
        assert uow.models.content("b") == b"b"
        assert rollback(uow, WHO) == "b"
    with store.transaction() as uow:
        assert rollback(uow, WHO) == PACKAGED, "the one before that is gone"


def examples(store: Store, count: int, *, ago: int = 0) -> list[Example]:
    at = store.clock() - timedelta(days=ago)
    return [Example(Lesson(n, n, "CG04", How.CORRECTED, 1, at), "路灯") for n in range(count)]


def worth(store: Store, lessons: list[Example], base: str = "shipped") -> bool:
    with store.transaction() as uow:
        return worth_training(uow, lessons, base)


def test_a_first_model_wants_enough_lessons(store: Store) -> None:
    assert not worth(store, examples(store, champion.WORTH - 1))
    assert worth(store, examples(store, champion.WORTH))


def test_a_further_model_wants_enough_new_lessons(store: Store, clock: Clock) -> None:
    old = examples(store, 60)
    kept(store, clock, "a")
    clock.move(days=1)
    assert not worth(store, old)
    assert not worth(store, old + examples(store, champion.WORTH - 1))
    assert worth(store, old + examples(store, champion.WORTH))


def test_lessons_that_went_are_a_reason_too(store: Store, clock: Clock) -> None:
    old = examples(store, 60)
    kept(store, clock, "a")
    clock.move(days=1)
    assert worth(store, old[: 60 - champion.WORTH])


def test_one_lesson_that_went_is_forgotten_within_a_month(store: Store, clock: Clock) -> None:
    old = examples(store, 60)
    kept(store, clock, "a")
    clock.move(days=29)
    assert not worth(store, old[1:])
    clock.move(days=1)
    assert worth(store, old[1:])
    assert not worth(store, old), "nothing came or went"


def test_another_packaged_model_is_a_reason_too(store: Store, clock: Clock) -> None:
    old = examples(store, 60)
    kept(store, clock, "a")
    assert worth(store, old, base="newer")


def test_whoever_is_promoted_there_is_one_champion(store: Store, clock: Clock) -> None:
    for name in ("a", "b", "c"):
        kept(store, clock, name, better=False)
    for name in ("a", "b", "c", "a"):
        with store.transaction() as uow:
            promote(uow, name, WHO)
        assert list(states(store).values()).count(ModelState.CHAMPION) == 1
        assert suggests(store) == name
