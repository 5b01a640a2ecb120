"""Learning by night, and taking over what was learned, in a process that serves.

Training is a process of its own with the lowest priority: here it would hold up every message. Whoever first notes the
night in the table of model events trains in it; the others, and a restart, find the note.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, time
from typing import Final

import structlog

from nlp.classify import Classifier
from nlp.model import ModelError
from nlp.model_bytes import from_bytes
from routing.champion import note
from routing.ports import Clock, Reader, UnitOfWork, Writer
from routing.suggestion import Understanding
from routing.trained import PACKAGED, ModelStep
from routing.working_days import LOCAL

log = structlog.get_logger(__name__)

#: The county's own time. A process that was away at the beginning may still begin before the end.
BEGIN: Final = time(3, 30)
END: Final = time(5, 30)
WHO: Final = "night"


class NightTraining:
    """Starts `train` once a night, over all processes of a database. It returns 0 when it went well."""

    def __init__(self, writer: Writer, clock: Clock, train: Callable[[], Awaitable[int]]) -> None:
        self._writer = writer
        self._clock = clock
        self._train = train
        self._done: date | None = None

    async def look(self) -> bool:
        """Train if it is time and nobody else does; returns whether it was begun here. Raises `StorageUnavailable`."""
        local = self._clock().astimezone(LOCAL)
        if not BEGIN <= local.time() < END or self._done == local.date():
            return False
        night = local.date().isoformat()
        mine = await self._writer.run(lambda uow: _claim(uow, night))
        self._done = local.date()
        if not mine:
            return False
        log.info("night_training_begins", night=night)
        code = await self._train()
        if code:
            log.error("night_training_failed", night=night, code=code)
            await self._writer.run(lambda uow: note(uow, ModelStep.FAILED, WHO, data={"code": code}))
        else:
            log.info("night_training_ended", night=night)
        return True


def _claim(uow: UnitOfWork, night: str) -> bool:
    # A clash with another process is a conflict; the writer asks again and finds that one's note.
    if uow.models.night(night) is not None:
        return False
    note(uow, ModelStep.BEGAN, WHO, night=night)
    return True


class ModelWatch:
    """Has `understanding` suggest with the champion of the database, whoever promoted it."""

    def __init__(self, reader: Reader, understanding: Understanding) -> None:
        self._reader = reader
        self._understanding = understanding
        self._packaged: Classifier = understanding.classifier
        self._seen: str = PACKAGED

    async def look(self) -> None:
        """Take over another champion. One that can't be used is refused in the log, and the packaged model suggests.

        Raises `StorageUnavailable`.
        """
        wanted = await self._reader.run(_champion)
        if wanted == self._seen:
            return
        classifier = self._packaged
        if wanted != PACKAGED:
            content = await self._reader.run(lambda uow: uow.models.content(wanted))
            try:
                classifier = await asyncio.to_thread(with_content, self._packaged, content)
            except ModelError as error:
                log.error("model_refused", model=wanted, reason=str(error), instead=PACKAGED)
        self._understanding.use(classifier)
        self._seen = wanted
        log.info("model_in_use", model=classifier.model.id)


def with_content(packaged: Classifier, content: bytes | None) -> Classifier:
    """The classifier with a kept model. Raises `ModelError` in one sentence where it can't be used."""
    if content is None:
        raise ModelError("its file is gone")
    return packaged.with_model(from_bytes(content, packaged.taxonomy))


def _champion(uow: UnitOfWork) -> str:
    champion = uow.models.champion()
    return PACKAGED if champion is None else champion.id
