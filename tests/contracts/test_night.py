"""Learning by night, once over all processes, and taking over what was learned while messages come in."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from nlp.model_bytes import packaged_arrays, to_bytes
from routing import night
from routing.champion import promote, rollback
from routing.night import ModelWatch, NightTraining
from routing.suggestion import Understanding
from routing.trained import PACKAGED, ModelStep, TrainedModel
from storage.sealer import AesSealer
from storage.store import Store
from tests.conftest import Clock
from tests.routing.county import understanding

WHO = "root (command line)"
#: 3:40 on the 24th in the county.
BY_NIGHT = datetime(2026, 11, 23, 19, 40, tzinfo=UTC)
LAMP = "路灯不亮"


class Training:
    """Counts how often it was asked to train."""

    def __init__(self, code: int = 0) -> None:
        self.times = 0
        self.code = code

    async def __call__(self) -> int:
        self.times += 1
        await asyncio.sleep(0)
        return self.code


@pytest.fixture
async def other(store: Store, store_url: str, clock: Clock, tmp_path: Path) -> AsyncIterator[Store]:
    """Another process on the same database."""
    opened = Store(store_url, clock=clock, sealer=AesSealer("test key"), data_dir=tmp_path / "data")
    yield opened
    await opened.aclose()


def steps(store: Store) -> list[ModelStep]:
    with store.transaction() as uow:
        return [event.step for event in uow.models.events()]


@pytest.mark.parametrize(
    ("hour", "minute", "trains"), [(19, 29, False), (19, 30, True), (21, 29, True), (21, 30, False), (3, 40, False)]
)
async def test_it_is_night_where_the_county_is(
    store: Store, clock: Clock, hour: int, minute: int, trains: bool
) -> None:
    clock.now = BY_NIGHT.replace(hour=hour, minute=minute)
    assert await NightTraining(store.writer, clock, Training()).look() == trains


async def test_a_night_has_one_training_however_often_it_is_looked(store: Store, clock: Clock) -> None:
    clock.now = BY_NIGHT
    training = Training()
    nightly = NightTraining(store.writer, clock, training)
    assert [await nightly.look() for _ in range(3)] == [True, False, False]
    clock.move(days=1)
    assert await nightly.look()
    assert training.times == 2


async def test_a_restart_in_the_night_does_not_train_again(store: Store, clock: Clock) -> None:
    clock.now = BY_NIGHT
    await NightTraining(store.writer, clock, Training()).look()
    assert not await NightTraining(store.writer, clock, Training()).look()


async def test_of_several_processes_one_trains(store: Store, other: Store, clock: Clock) -> None:
    clock.now = BY_NIGHT
    training = Training()
    both = [NightTraining(each.writer, clock, training) for each in (store, other)]
    assert sorted(await asyncio.gather(*(nightly.look() for nightly in both))) == [False, True]
    assert training.times == 1
    assert steps(store) == [ModelStep.BEGAN]


async def test_a_failure_is_noted_and_hurts_nothing(store: Store, clock: Clock) -> None:
    clock.now = BY_NIGHT
    assert await NightTraining(store.writer, clock, Training(code=1)).look()
    assert set(steps(store)) == {ModelStep.BEGAN, ModelStep.FAILED}
    with store.transaction() as uow:
        failed = uow.models.last(ModelStep.FAILED)
        assert failed is not None
        assert failed.data == {"code": 1}


# --- taking over -------------------------------------------------------------------------------------------------


def model_that_says(code: str, name: str) -> bytes:
    """A model for which everything is `code`."""
    arrays = dict(packaged_arrays())
    header = str(arrays["header"])
    start = header.index('"id": "') + len('"id": "')
    arrays["header"] = np.array(header[:start] + name + header[header.index('"', start) :])
    arrays["weights"] = np.zeros_like(arrays["weights"])
    arrays["bias"] = np.where(arrays["columns"] == code, 50, -50).astype(np.float32)
    return to_bytes(arrays)


def add(store: Store, name: str, content: bytes) -> None:
    with store.transaction() as uow:
        uow.models.add(TrainedModel(name, uow.now, "shipped"), content)
        promote(uow, name, WHO)


def first(chosen: Understanding) -> str:
    chances = chosen.classifier.chances(LAMP)
    return max(chances, key=chances.__getitem__)


@pytest.fixture
def chosen() -> Understanding:
    return Understanding(understanding().classifier)


async def test_a_promoted_model_suggests_and_a_rolled_back_one_no_longer(
    store: Store, other: Store, chosen: Understanding
) -> None:
    watch = ModelWatch(store.reader, chosen)
    await watch.look()
    assert first(chosen) == "CG04"
    add(other, "a", model_that_says("ZW01", "a"))
    await watch.look()
    assert first(chosen) == "ZW01"
    assert chosen.classifier.model.id == "a"
    with other.transaction() as uow:
        assert rollback(uow, WHO) == PACKAGED
    await watch.look()
    assert first(chosen) == "CG04"


async def test_an_unchanged_champion_is_read_once(
    store: Store, chosen: Understanding, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "a", model_that_says("ZW01", "a"))
    watch = ModelWatch(store.reader, chosen)
    await watch.look()
    monkeypatch.setattr(night, "with_content", None)
    await watch.look()
    assert first(chosen) == "ZW01"


@pytest.mark.parametrize("content", [b"broken", model_that_says("ZW01", "a")[:1000]], ids=["text", "cut"])
async def test_a_broken_model_is_refused_and_the_packaged_one_goes_on(
    store: Store, chosen: Understanding, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    add(store, "good", model_that_says("ZW01", "good"))
    add(store, "broken", content)
    watch = ModelWatch(store.reader, chosen)
    await watch.look()
    assert first(chosen) == "CG04"
    assert "model_refused" in capsys.readouterr().out
    with store.transaction() as uow:
        promote(uow, "good", WHO)
    await watch.look()
    assert first(chosen) == "ZW01"


async def test_a_model_of_other_categories_is_refused(store: Store, chosen: Understanding) -> None:
    arrays = dict(packaged_arrays())
    arrays["columns"] = np.array([f"X{at}" for at in range(len(arrays["columns"]))])
    add(store, "foreign", to_bytes(arrays))
    await ModelWatch(store.reader, chosen).look()
    assert first(chosen) == "CG04"


async def test_what_is_being_understood_ends_with_the_model_it_began_with(chosen: Understanding) -> None:
    before = chosen.classifier
    reading = chosen._read(LAMP)
    chosen.use(understanding().classifier.with_model(before.model))
    assert before.judge(reading).categories[0].code == "CG04"
    assert chosen.classifier is not before
    assert first(chosen) == "CG04"
