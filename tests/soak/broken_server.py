"""`main.py serve` with one of its promises broken, so that the soak can be seen to go red.

early     acknowledges a message a moment before it is kept
unsynced  commits to SQLite without waiting for the disk
twice     takes a repeat for a new message
outside   puts replies into the outbox after the transaction instead of in it
"""

import asyncio
import secrets
import sys
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, event

import storage.engine
from bot.message import InboundMessage, OutboundMessage
from bot.reception import Reception
from cli.serve import serve
from cli.settings import load_settings
from routing.inbox import InboxRecord
from storage.inbox import Inbox
from tests.fakes.broken_outbox import break_outbox

MOMENT = 0.3
_tasks: set["asyncio.Task[None]"] = set()


def _in_a_moment(work: Callable[[], object]) -> None:
    async def run() -> None:
        await asyncio.sleep(MOMENT)
        done = work()
        if asyncio.iscoroutine(done):
            await done

    task = asyncio.get_running_loop().create_task(run())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def early() -> None:
    receive = Reception.receive

    async def acknowledge(self: Reception, message: InboundMessage) -> Sequence[OutboundMessage]:
        _in_a_moment(lambda: receive(self, message))
        return []

    Reception.receive = acknowledge


def unsynced() -> None:
    sqlite = storage.engine._sqlite

    def hasty(*arguments: Any, **more: Any) -> Engine:
        engine = sqlite(*arguments, **more)
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
        return engine

    storage.engine._sqlite = hasty


def twice() -> None:
    get, add = Inbox.get, Inbox.add

    def add_anyway(self: Inbox, record: InboxRecord) -> None:
        if get(self, record.channel, record.account, record.external_id) is not None:
            record.external_id += secrets.token_hex(4)
        add(self, record)

    Inbox.get = lambda *_: None
    Inbox.add = add_anyway


def outside() -> None:
    async def later(write: Callable[[], object]) -> None:
        _in_a_moment(write)

    break_outbox(setattr, later)


if __name__ == "__main__":
    {"early": early, "unsynced": unsynced, "twice": twice, "outside": outside}[sys.argv[1]]()
    serve(load_settings())
