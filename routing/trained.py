"""Trained models: which one suggests, which are kept, and who changed that."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from routing.ids import new_id

#: What the model that came with the program is called where a trained one is named.
PACKAGED: Final = "packaged"


class ModelState(StrEnum):
    CHALLENGER = "challenger"
    CHAMPION = "champion"
    RETIRED = "retired"


class ModelStep(StrEnum):
    BEGAN = "began"
    TRAINED = "trained"
    TOO_FEW = "too_few"
    NOTHING_NEW = "nothing_new"  # a night without enough that came or went
    FAILED = "failed"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"


@dataclass(slots=True)
class TrainedModel:
    """A model that learned from lessons; its file is kept beside it.

    `base` is the id of the packaged model that it adapts. `data`: what it learned from (`hash`, counts, `until`).
    `scores`: how it did on the cases that no model learns from, beside the champion of that day (`routing.learning`).
    `previous` is the champion that it replaced; None: the packaged model.
    """

    id: str
    made_at: datetime
    base: str
    state: ModelState = ModelState.CHALLENGER
    data: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    previous: str | None = None
    promoted_at: datetime | None = None
    promoted_by: str | None = None
    version: int = 0


@dataclass(slots=True)
class ModelEvent:
    """What was done with models. Appended, never edited. `night` (ISO date) is given once, to whoever trains then.

    `who` is a user of the machine, or the nightly training.
    """

    at: datetime
    step: ModelStep
    who: str
    model_id: str | None = None
    night: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    id: int = field(default_factory=new_id)


class ModelRepository(Protocol):
    def all(self) -> Sequence[TrainedModel]:
        """Newest first."""
        ...

    def get(self, model_id: str) -> TrainedModel | None: ...
    def champion(self) -> TrainedModel | None:
        """The one that suggests; None: the packaged one does."""
        ...

    def add(self, model: TrainedModel, content: bytes) -> None: ...
    def content(self, model_id: str) -> bytes | None:
        """The model's file (`nlp.model_bytes`)."""
        ...

    def remove(self, model_ids: Sequence[str]) -> None: ...
    def add_event(self, event: ModelEvent) -> None: ...
    def events(self, limit: int = 20) -> Sequence[ModelEvent]:
        """Newest first."""
        ...

    def last(self, *steps: ModelStep) -> ModelEvent | None:
        """The newest event of one of these steps."""
        ...

    def night(self, night: str) -> ModelEvent | None:
        """Who trained, or trains, in a night."""
        ...
