"""The outbox outside the transaction: a fault that two harnesses must notice, in this process or in one of its own."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.delivery import Delivery
from routing.notice import Notice
from routing.ports import UnitOfWork
from storage.outbox import Outbox
from storage.writer import GroupWriter

Put = Callable[[type, str, Any], None]
Write = Callable[[], Awaitable[object]]


def break_outbox(put: Put, afterwards: Callable[[Write], Awaitable[object]]) -> None:
    """Replace by `put` (setattr, or a monkeypatch's) what keeps notices in the transaction that makes them. They are
    written by `afterwards`, which is given the writing once that transaction is committed."""
    run, add = GroupWriter.run, Outbox.add
    aside: list[list[Notice]] = []

    async def run_and_add_later(self: GroupWriter, fn: Callable[[UnitOfWork], Any], *more: Any, **others: Any) -> Any:
        mine: list[Notice] = []

        def keep_aside(uow: UnitOfWork) -> Any:
            mine.clear()
            aside.append(mine)
            try:
                return fn(uow)
            finally:
                aside.pop()

        done = await run(self, keep_aside, *more, **others)
        if mine:
            await afterwards(lambda: run(self, lambda uow: [add(uow.notices, notice) for notice in mine]))  # type: ignore[arg-type]
        return done

    put(GroupWriter, "run", run_and_add_later)
    put(Outbox, "add", lambda self, notice: aside[-1].append(notice) if aside else add(self, notice))
    # Nor are they sent straight from memory, which would hide it most of the time.
    put(Delivery, "reserve", lambda *_: [])
