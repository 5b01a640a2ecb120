"""Which model suggests: keeping, promoting, rolling back. Every step is noted with who and when."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from routing.examples import Example
from routing.learning import Challenger
from routing.ports import UnitOfWork
from routing.trained import PACKAGED, ModelEvent, ModelState, ModelStep, TrainedModel

#: Models that are kept beside the champion and the one before it, the newest.
KEPT: Final = 5
#: New lessons, or such as went away, for which a night's training is worth it.
WORTH: Final = 50
#: What was erased or withdrawn stays in no model for longer than this and a night.
FORGET: Final = timedelta(days=30)


class ModelRefused(Exception):
    """A model can't be promoted or rolled back; the text says why, in one sentence."""


def keep(uow: UnitOfWork, challenger: Challenger, who: str) -> bool:
    """Store a challenger and let it take over if it may; returns whether it did. The same model is stored once.

    After a person has rolled back, nothing takes over by itself until a person promotes again: the next night would
    only bring back what they did not want.
    """
    model = challenger.model
    if uow.models.get(model.id) is not None:
        return False
    uow.models.add(model, challenger.content)
    note(uow, ModelStep.TRAINED, who, model.id, {name: model.data[name] for name in ("lessons", "until")})
    taken_over = challenger.better and not held(uow)
    if taken_over:
        _promote(uow, model, who)
    prune(uow)
    return taken_over


def held(uow: UnitOfWork) -> bool:
    """Whether somebody rolled back and nobody has promoted since: no model takes over by itself."""
    switched = uow.models.last(ModelStep.PROMOTED, ModelStep.ROLLED_BACK)
    return switched is not None and switched.step is ModelStep.ROLLED_BACK


def promote(uow: UnitOfWork, model_id: str, who: str) -> None:
    """Let a kept model suggest from now on. Raises `ModelRefused`."""
    model = uow.models.get(model_id)
    if model is None:
        raise ModelRefused(f"There is no model {model_id}; `main.py model list` shows those that are kept.")
    if model.state is ModelState.CHAMPION:
        raise ModelRefused(f"Model {model_id} is the champion already.")
    _promote(uow, model, who)


def rollback(uow: UnitOfWork, who: str) -> str:
    """Go back to the champion before; returns its id, or `PACKAGED`. Raises `ModelRefused`."""
    champion = uow.models.champion()
    if champion is None:
        raise ModelRefused("The packaged model suggests; there is none before it.")
    before = uow.models.get(champion.previous) if champion.previous else None
    champion.state = ModelState.RETIRED
    # One champion at a time: the table refuses a second.
    uow.models.all()
    if before is not None:
        before.state = ModelState.CHAMPION
    found = before.id if before is not None else PACKAGED
    note(uow, ModelStep.ROLLED_BACK, who, found, {"from": champion.id})
    return found


def _promote(uow: UnitOfWork, model: TrainedModel, who: str) -> None:
    champion = uow.models.champion()
    if champion is not None:
        champion.state = ModelState.RETIRED
        uow.models.all()
    model.previous = champion.id if champion is not None else None
    model.state, model.promoted_at, model.promoted_by = ModelState.CHAMPION, uow.now, who
    note(uow, ModelStep.PROMOTED, who, model.id, {"from": champion.id if champion is not None else PACKAGED})


def note(
    uow: UnitOfWork,
    step: ModelStep,
    who: str,
    model_id: str | None = None,
    data: dict[str, Any] | None = None,
    *,
    night: str | None = None,
) -> None:
    """Write down what was done."""
    uow.models.add_event(ModelEvent(uow.now, step, who, model_id, night, data or {}))


def prune(uow: UnitOfWork) -> None:
    """Forget all but the champion, the one before it, and the newest."""
    models = uow.models.all()
    champion = uow.models.champion()
    kept = {model.id for model in models[:KEPT]}
    if champion is not None:
        kept |= {champion.id, champion.previous or ""}
    if old := [model.id for model in models if model.id not in kept]:
        uow.models.remove(old)


def worth_training(uow: UnitOfWork, examples: Sequence[Example], base: str) -> bool:
    """Whether enough changed since the last training: lessons that came or went, or another packaged model."""
    newest = next(iter(uow.models.all()), None)
    if newest is None or newest.base != base:
        return len(examples) >= WORTH
    until = datetime.fromisoformat(newest.data["until"])
    came = sum(example.lesson.at > until for example in examples)
    went = max(0, int(newest.data["lessons"]) - (len(examples) - came))
    return came + went >= WORTH or (went > 0 and uow.now - newest.made_at >= FORGET)
