"""A stage of web chats over real HTTP on loopback, with a clock that can be moved."""

import asyncio
import contextlib
import io
import socket
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import uvicorn
from PIL import Image

from cli.serve import web_app
from cli.transcript import Chat, Heard
from cli.wiring import Desk
from routing.invitations import invite
from routing.people import Role
from routing.ports import UnitOfWork


class MovableClock:
    """Runs with the real clock, ahead of it by as much as it was moved."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        # Strictly rising, so that what happens later is later.
        self.now += timedelta(milliseconds=1)
        return self.now


class WebPerson:
    """One browser: a citizen's chat, or a member's desk once they joined."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._chat = "/chat"
        self._jar = aiohttp.CookieJar(unsafe=True)
        self._session = aiohttp.ClientSession(base, cookie_jar=self._jar, headers={"Origin": base})
        self._seq = 0
        self._sent = 0
        self._tokens: dict[str, str] = {}

    async def scan(self, code: str) -> None:
        await (await self._session.get(f"/c/{code}")).read()
        await self._post("/chat", {"code": code})

    async def join(self, secret: str) -> None:
        async with self._session.post(f"/join/{secret}", allow_redirects=False) as response:
            if response.status != 303:
                raise LookupError(f"the invitation was refused with {response.status}")
            self._chat = response.headers["Location"]
        self._seq = 0

    async def say(self, text: str) -> None:
        await self._post(f"{self._chat}/messages", {"id": self._id(), "text": text})

    async def press(self, label: str) -> None:
        if label not in self._tokens:
            raise LookupError(f"no button {label!r}; there are {sorted(self._tokens)}")
        await self._post(f"{self._chat}/messages", {"id": self._id(), "button": self._tokens[label]})

    async def photo(self) -> None:
        picture = io.BytesIO()
        Image.new("RGB", (64, 48), (120, 130, 140)).save(picture, "JPEG")
        form = aiohttp.FormData()
        form.add_field("id", self._id())
        form.add_field("file", picture.getvalue(), filename="photo.jpg", content_type="image/jpeg")
        async with self._session.post(f"{self._chat}/messages", data=form) as response:
            response.raise_for_status()

    async def place(self, lat: float, lon: float) -> None:
        await self._post(f"{self._chat}/messages", {"id": self._id(), "location": {"lat": lat, "lon": lon}})

    async def unread(self) -> list[Heard]:
        heard = []
        async with self._session.get(f"{self._chat}/messages", params={"after": self._seq}) as response:
            if response.status == 401:
                return []
            for message in (await response.json())["messages"]:
                self._seq = message["seq"]
                labels = tuple(button["label"] for button in message["buttons"])
                self._tokens.update({button["label"]: button["data"] for button in message["buttons"]})
                heard.append(Heard(message["text"], labels))
        return heard

    async def close(self) -> None:
        await self._session.close()

    def _id(self) -> str:
        self._sent += 1
        return f"m{self._sent}"

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        async with self._session.post(path, json=body) as response:
            if response.status >= 500:
                raise LookupError(f"{path} answered {response.status}")


class WebStage:
    """A running desk, its HTTP server, and a browser for each person."""

    def __init__(self, desk: Desk, clock: MovableClock, base: str) -> None:
        self.desk = desk
        self.clock = clock
        self.base = base
        self._people: dict[str, WebPerson] = {}

    def chat(self, who: str) -> Chat:
        if who not in self._people:
            self._people[who] = WebPerson(self.base)
        return self._people[who]

    async def code(self, station: str, deputy: str | None) -> str:
        return await self.desk.store.writer.run(lambda uow: find_code(uow, station, deputy))

    async def invitation(self, role: str, name: str) -> str:
        return await self.desk.store.writer.run(lambda uow: make_secret(uow, role, name))

    async def wait(self, seconds: float) -> None:
        self.clock.now += timedelta(seconds=seconds)
        await self.settle()

    async def settle(self) -> None:
        await self.desk.follow_ups.run_due()
        while await self.desk.delivery.deliver_due():
            pass

    async def close(self) -> None:
        for person in self._people.values():
            await person.close()


def find_code(uow: UnitOfWork, station: str, deputy: str | None) -> str:
    """The valid code of a station, or of a deputy there."""
    at = next(s for s in uow.directory.stations.values() if s.prefix == station)
    who = next((d for d in uow.directory.deputies_of(at.id) if d.number == deputy), None)
    wanted = who.id if who else None
    return next(c.code for c in uow.codes.all() if c.station_id == at.id and c.deputy_id == wanted and not c.revoked_at)


def make_secret(uow: UnitOfWork, role: str, name: str) -> str:
    """A fresh invitation for somebody of the roster."""
    member = next(m for m in uow.directory.members.values() if m.role is Role(role) and m.name == name and m.active)
    return invite(uow, member).secret


@contextlib.asynccontextmanager
async def web_stage(desk: Desk, clock: MovableClock) -> AsyncIterator[WebStage]:
    """Serve a desk on a free loopback port. Its ticks stay still: `wait` and `settle` do what is due."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    for channel in desk.channels:
        await channel.start(desk.metrics.counting(desk.reception.receive))
    app = web_app(desk, started=True)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    stage = WebStage(desk, clock, base)
    try:
        yield stage
    finally:
        await stage.close()
        server.should_exit = True
        desk.close_streams()
        await running
