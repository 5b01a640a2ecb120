"""One process of the program on a folder, which can die at a chosen moment and leave only its files."""

import asyncio
import functools
import shutil
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.delivery import Delivery
from bot.reception import Reception
from bot.registry import Channels
from bot.wording import Wording
from routing.errors import StorageUnavailable
from routing.schedule import FollowUps
from storage.sealer import AesSealer
from storage.store import Store
from tests.conftest import Clock
from tests.machine.platform import Door, Platform
from tests.routing.county import KEY, understanding

DATABASE = "mashang.db"


@functools.cache
def wording() -> Wording:
    """Reading the sentences takes a tenth of a second, and processes are started by the thousand here."""
    return Wording()


@dataclass
class Death:
    """Where a process dies: at the `count`th commit or send from here."""

    moment: Literal["before commit", "after commit", "in mid-send"]
    count: int = 1


class Process:
    """The program's real parts around a store in `folder`. What it leaves when it dies is copied to `legacy`."""

    def __init__(self, folder: Path, legacy: Path, clock: Clock, platform: Platform) -> None:
        self.folder, self.legacy = folder, legacy
        self.death: Death | None = None
        #: Whether it died; `_end` tells those who wait for that.
        self.dead = False
        self._end = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        url = f"sqlite:///{folder / DATABASE}"
        self.store = Store(url, clock=clock, sealer=AesSealer(KEY), data_dir=folder / "data")
        doors = [Door(platform, account, lambda: self.dead, self._sent) for account in ("citizen", "desk")]
        channels, writer = Channels(doors), self.store.writer
        self.delivery = Delivery(writer, channels, understanding(), wording(), clock, poll_seconds=0.001)
        self.reception = Reception(
            writer, self.store.files, channels, understanding(), wording(), delivery=self.delivery
        )
        self.follow_ups = FollowUps(writer, understanding(), lambda: None)
        transaction = writer._transaction
        self._commit, transaction.commit = transaction.commit, self._committing  # type: ignore[method-assign]

    # ── dying ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _comes(self, moment: str) -> bool:
        if self.death is None or self.death.moment != moment:
            return False
        self.death.count -= 1
        return self.death.count == 0

    def _committing(self) -> None:
        """The commit, in the writer's thread."""
        if self._comes("before commit"):
            self.die()
        else:
            self._commit()
            if not self._comes("after commit"):
                return
            self.die()
        raise StorageUnavailable("the process is dead")

    def _sent(self) -> None:
        if self._comes("in mid-send"):
            self.die()

    def die(self) -> None:
        """What lies on the disk now is all that the next process finds: the file and the log beside it."""
        self.legacy.mkdir()
        for name in (DATABASE, f"{DATABASE}-wal"):
            if (self.folder / name).exists():
                shutil.copyfile(self.folder / name, self.legacy / name)
        self.dead = True
        self._loop.call_soon_threadsafe(self._end.set)

    # ── living ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def live(self, work: Awaitable[object]) -> bool:
        """Do something and everything that it begins; False when the process died of it. Raises what `work` raises."""
        task = asyncio.ensure_future(self._whole(work))
        end = asyncio.ensure_future(self._end.wait())
        await asyncio.wait({task, end}, return_when=asyncio.FIRST_COMPLETED)
        end.cancel()
        if not self.dead:
            task.result()
            return True
        if task.done():
            task.exception()  # nobody is left to hear of it
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for each in rest:
            each.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        return False

    async def _whole(self, work: Awaitable[object]) -> None:
        await work
        while under_way := self.delivery._under_way:
            await asyncio.wait(under_way)

    async def send_all(self) -> None:
        """Send until nothing is due."""
        while await self.delivery.deliver_due():
            pass

    def let_go(self) -> None:
        """What a start does where nobody else can be serving the file: every lease was a dead process's."""
        with self.store.transaction() as uow:
            uow.notices.release()

    async def close(self) -> None:
        await self.store.aclose()
