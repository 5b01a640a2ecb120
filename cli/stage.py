"""A desk on a stage: a clock that can be moved, a real HTTP server on loopback, the roster at hand."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TypeVar

import uvicorn
from starlette.applications import Starlette

from cli.serve import web_app
from cli.wiring import Desk
from routing.invitations import invite
from routing.people import Role
from routing.ports import UnitOfWork

T = TypeVar("T")


class MovableClock:
    """Stands still but for a millisecond at each look, so that what happens later is later. `now` moves it."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


class DeskStage:
    """What a stage does alike on every channel. The ticks stay still: `wait` and `settle` do what is due."""

    def __init__(self, desk: Desk, clock: MovableClock) -> None:
        self.desk = desk
        self.clock = clock

    @property
    def now(self) -> datetime:
        return self.clock.now

    async def code(self, station: str, deputy: str | None) -> str:
        return await self.desk.store.writer.run(lambda uow: find_code(uow, station, deputy))

    async def invitation(self, role: str, name: str) -> str:
        return await self.desk.store.writer.run(lambda uow: make_secret(uow, role, name))

    async def away(self, deputy: str, days: int) -> None:
        await self.desk.store.writer.run(lambda uow: send_away(uow, deputy, uow.now + timedelta(days=days)))

    async def wait(self, seconds: float) -> None:
        """Go from one due time to the next, so that each thing is done when it is due and not all at the end."""
        until = self.clock.now + timedelta(seconds=seconds)
        while (due := await self._next_due(until)) is not None:
            self.clock.now = max(self.clock.now, due)
            await self.settle()
        self.clock.now = max(self.clock.now, until)
        await self.settle()

    async def _next_due(self, until: datetime) -> datetime | None:
        def look(uow: UnitOfWork) -> datetime | None:
            return next((follow_up.due_at for follow_up in uow.follow_ups.due(until, 1)), None)

        return await self.desk.store.writer.run(look)

    async def settle(self) -> None:
        await self.desk.follow_ups.run_due()
        while await self.desk.delivery.deliver_due():
            pass


def _one(found: list[T], what: str) -> T:
    if len(found) != 1:
        raise LookupError(f"{len(found)} of {what}")
    return found[0]


def find_code(uow: UnitOfWork, station: str, deputy: str | None) -> str:
    """The valid code of a station, or of a deputy there. Raises `LookupError` unless there is just one."""
    directory = uow.directory
    at = _one([s for s in directory.stations.values() if s.prefix == station], f"station {station}")
    who = _one([d for d in directory.deputies_of(at.id) if d.number == deputy], f"deputy {deputy}") if deputy else None
    wanted = (at.id, who.id if who else None)
    codes = [c for c in uow.codes.all() if (c.station_id, c.deputy_id) == wanted and not c.revoked_at]
    return _one(codes, f"code of {station} {deputy}").code


def make_secret(uow: UnitOfWork, role: str, name: str) -> str:
    """A fresh invitation for somebody of the roster. Raises `LookupError` when they are not on it."""
    members = uow.directory.members.values()
    found = [m for m in members if m.role is Role(role) and m.name == name and m.active]
    return invite(uow, _one(found, f"{role} {name}")).secret


def send_away(uow: UnitOfWork, number: str, until: datetime) -> None:
    """Mark a deputy of the roster as away. Raises `LookupError` when there is none."""
    found = _one([d for d in uow.directory.deputies.values() if d.number == number], f"deputy {number}")
    deputy = uow.stations.deputy(found.id)
    assert deputy is not None, "the directory lists only stored deputies"
    deputy.status, deputy.away_until = "away", until


class _Server(uvicorn.Server):
    """uvicorn that says when it serves."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
        self.serving = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()


def listen() -> tuple[socket.socket, str]:
    """A listening socket on a free loopback port, and its URL."""
    # With the protocol named, asyncio turns Nagle's algorithm off; else each answer would take 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextlib.asynccontextmanager
async def serving(desk: Desk, listening: socket.socket) -> AsyncIterator[None]:
    """Serve a desk's pages and webhooks, its channels started; afterwards they are stopped, the desk left open."""
    server = _Server(web_app(desk, started=True))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await server.serving.wait()
        for channel in desk.channels:
            await channel.start(desk.metrics.counting(desk.reception.receive))
        await desk.ready()
        yield
    finally:
        for channel in desk.channels:
            await channel.stop()
        server.should_exit = True
        await running
