"""Trained models and what was done with them."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, insert, select

from routing.trained import ModelEvent, ModelState, ModelStep, TrainedModel
from storage.schema import model_contents, model_events, models
from storage.work import Work

_ALL = select(models).order_by(models.c.made_at.desc(), models.c.id.desc())
_CHAMPION = select(models).where(models.c.state == ModelState.CHAMPION)
_NEWEST = select(model_events).order_by(model_events.c.at.desc(), model_events.c.id.desc()).limit(bindparam("limit"))
_LAST = _NEWEST.where(model_events.c.step.in_(bindparam("steps", expanding=True)))
_NIGHT = select(model_events).where(model_events.c.night == bindparam("night"))
_CONTENT = select(model_contents.c.content).where(model_contents.c.model_id == bindparam("model"))


class Models:
    """`routing.trained.ModelRepository`. The files are read and written by themselves: they have megabytes."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._models = work.map(work.tables.models)
        self._events = work.map(work.tables.model_events)

    def all(self) -> Sequence[TrainedModel]:
        return self._models.select(_ALL)

    def get(self, model_id: str) -> TrainedModel | None:
        return self._models.get(model_id)

    def champion(self) -> TrainedModel | None:
        found = self._models.select(_CHAMPION)
        return found[0] if found else None

    def add(self, model: TrainedModel, content: bytes) -> None:
        self._models.add(model)
        self._models.flush()
        self._work.session.run(insert(model_contents).values(model_id=model.id, content=content))

    def content(self, model_id: str) -> bytes | None:
        rows = self._work.session.select(_CONTENT, {"model": model_id})
        return bytes(rows[0][0]) if rows else None

    def remove(self, model_ids: Sequence[str]) -> None:
        self._models.flush()
        self._work.session.run(delete(model_contents).where(model_contents.c.model_id.in_(model_ids)))
        self._work.session.run(delete(models).where(models.c.id.in_(model_ids)))

    def add_event(self, event: ModelEvent) -> None:
        self._events.add(event)

    def events(self, limit: int = 20) -> Sequence[ModelEvent]:
        return self._events.select(_NEWEST, {"limit": limit})

    def last(self, *steps: ModelStep) -> ModelEvent | None:
        found = self._events.select(_LAST, {"steps": list(steps), "limit": 1})
        return found[0] if found else None

    def night(self, night: str) -> ModelEvent | None:
        found = self._events.select(_NIGHT, {"night": night})
        return found[0] if found else None
