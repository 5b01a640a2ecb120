"""Training on a county's lessons, from the settings to what came of it."""

import getpass
from typing import Any

from cli.common import fail
from cli.settings import Settings
from cli.wiring import open_store
from nlp.classify import Classifier
from nlp.model import ModelError
from nlp.taxonomy import load_taxonomy
from routing.champion import WORTH, held, keep, note, worth_training
from routing.errors import Conflict, StorageUnavailable
from routing.examples import gather
from routing.learning import Learner, TooFew
from routing.night import WHO, with_content
from routing.trained import ModelStep, TrainedModel
from storage.store import Store

#: Why nothing was trained, and what to do.
TOO_FEW = {
    "few": "{lessons} lessons; at least 50 are needed",
    "few_held_back": "{lessons} lessons, but too few among the cases that are held back to measure with",
    "one_category": "{lessons} lessons, but of fewer than two categories",
}
NOTHING_NEW = f"fewer than {WORTH} lessons came or went since the last training"


def who() -> str:
    """Who types this: the user of the machine."""
    return f"{getpass.getuser()} (command line)"


def run_training(settings: Settings, *, nightly: bool) -> dict[str, Any]:
    """Train and keep; says what came of it. A database that is away or busy ends the command with a plain line."""
    try:
        store = open_store(settings)
        try:
            return _train(store, nightly=nightly)
        finally:
            store.close()
    except (StorageUnavailable, Conflict) as error:
        fail(f"The database can't be used: {error}")


def _train(store: Store, *, nightly: bool) -> dict[str, Any]:
    learner = Learner(Classifier(load_taxonomy()))
    by = WHO if nightly else who()
    # Read beside the writer and let go: training takes minutes, and nobody must wait for it.
    examples = store.reader.run_here(lambda uow: gather(uow, learner.leads, learner.read))
    base = learner.packaged.model.id
    if nightly and not store.reader.run_here(lambda uow: worth_training(uow, examples, base)):
        with store.transaction() as uow:
            note(uow, ModelStep.NOTHING_NEW, by, data={"lessons": len(examples)})
        return {"trained": False, "why": NOTHING_NEW, "lessons": len(examples)}
    champion = _champion(store, learner)
    outcome = learner.train(examples, champion, store.clock())
    with store.transaction() as uow:
        if isinstance(outcome, TooFew):
            note(uow, ModelStep.TOO_FEW, by, data={"why": outcome.why, "lessons": outcome.lessons})
            why = TOO_FEW[outcome.why].format(lessons=outcome.lessons)
            return {"trained": False, "why": why, "lessons": outcome.lessons}
        before = uow.models.get(outcome.model.id)
        promoted = keep(uow, outcome, by)
        waits = outcome.better and not promoted and before is None and held(uow)
    return {
        "trained": True,
        "known": before is not None,
        "better": outcome.better,
        "promoted": promoted,
        "held": waits,
        **as_json(before or outcome.model),
    }


def _champion(store: Store, learner: Learner) -> Classifier:
    """What the challenger is held against: what suggests now."""
    champion = store.reader.run_here(lambda uow: uow.models.champion())
    if champion is None:
        return learner.packaged
    content = store.reader.run_here(lambda uow: uow.models.content(champion.id))
    try:
        return with_content(learner.packaged, content)
    except ModelError:
        return learner.packaged


def as_json(model: TrainedModel) -> dict[str, Any]:
    """A model without its file."""
    return {
        "id": model.id,
        "state": model.state.value,
        "made_at": model.made_at.isoformat(),
        "base": model.base,
        "data": model.data,
        "scores": model.scores,
        "previous": model.previous,
        "promoted_at": model.promoted_at.isoformat() if model.promoted_at else None,
        "promoted_by": model.promoted_by,
    }
