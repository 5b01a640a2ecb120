"""A station that asks Telegram for its updates, and a Telegram that answers with whatever it likes."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.fakes.telegram_bot import Fault
from tests.fakes.telegram_updates import Json
from tests.hostile.station import Station


class PolledStation(Station):
    """`given` counts the updates and answers that it was given."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.given = 0

    async def tell(self, content: Json, account: str = "citizen") -> Json:
        update = self.update(content)
        await self.deliver([update], account)
        return update

    async def deliver(self, updates: Sequence[Json], account: str) -> None:
        """Whole updates, as the next answers hold them; returns when all are confirmed."""
        bot = self.bots[account]
        self.given += len(updates)

        def put() -> None:
            for update in updates:
                bot.put(update)

        self.platform.do(put)
        await self._until(lambda: not any(update["update_id"] in bot.pending for update in updates))

    async def answer(self, account: str, faults: Sequence[Fault]) -> None:
        """What the next requests meet, in order; returns once it asks again after the last."""
        bot = self.bots[account]
        times = sum(fault.times for fault in faults)
        self.given += times
        before = len(bot.calls)

        def meet() -> None:
            bot.faults[:] = faults
            bot.wake()

        def asked() -> int:
            return sum(call.method == "getUpdates" for call in bot.calls[before:])

        self.platform.do(meet)
        await self._until(lambda: asked() > times)
        assert not any(fault.times for fault in faults)

    async def _until(self, done: Callable[[], bool]) -> None:
        give_up = time.monotonic() + 60
        while not done():
            assert time.monotonic() < give_up, "the poller stopped"
            await asyncio.sleep(0.005)

    def offsets(self, account: str) -> list[int]:
        """Those that it confirmed with since the test's beginning, in order."""
        return [int(call.params["offset"]) for call in self.bots[account].calls if "offset" in call.params]

    def taken(self, update: Json) -> int:
        """How often an update stands in the inbox as handled."""
        found = self.rows(
            "SELECT count(*) FROM inbox WHERE external_id = ? AND state = 'handled'", str(update["update_id"])
        )
        return int(found[0][0])
