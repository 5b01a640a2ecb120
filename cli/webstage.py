"""A stage of web chats over real HTTP on loopback."""

import contextlib
import io
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
from PIL import Image

from cli.stage import DeskStage, MovableClock, listen, serving
from cli.transcript import ON_THE_WEB, PICTURE, Chat, Heard
from cli.wiring import Desk

#: A desk that nobody was given.
_NO_DESK = "/desk/AAAAAAAA"


class WebPerson:
    """One browser: a citizen's chat, or a member's desk once they joined."""

    def __init__(self, base: str) -> None:
        self._chat = "/chat"
        jar = aiohttp.CookieJar(unsafe=True)
        self._session = aiohttp.ClientSession(base, cookie_jar=jar, headers={"Origin": base})
        self._seen: list[dict[str, Any]] = []
        self._told: list[Heard] = []
        self._ids = itertools.count(1)

    async def scan(self, code: str) -> None:
        async with self._session.get(f"/c/{code}") as landing:
            landing.raise_for_status()
        await self._post("/chat", {"code": code})

    async def join(self, secret: str) -> None:
        async with self._session.post(f"/join/{secret}", allow_redirects=False) as response:
            if response.status != 303:
                raise LookupError(f"the invitation was refused with {response.status}")
            self._chat = response.headers["Location"]
        self._seen = []

    async def open_desk(self) -> None:
        self._chat = _NO_DESK
        async with self._session.get(self._chat) as page:
            self._told.append(Heard(await page.text()))

    async def say(self, text: str, reply_to: str | None = None) -> None:
        body: dict[str, Any] = {"text": text}
        if reply_to is not None:
            body["reply_to"] = self._newest(lambda message: reply_to in message["text"], reply_to)["seq"]
        await self._send(body)

    async def press(self, label: str) -> None:
        def tokens(message: dict[str, Any]) -> list[str]:
            return [button["data"] for button in message["buttons"] if button["label"] == label]

        await self._send({"button": tokens(self._newest(tokens, label))[-1]})

    async def photo(self) -> None:
        form = aiohttp.FormData({"id": f"m{next(self._ids)}"})
        form.add_field("file", photograph(), filename="photo.jpg", content_type="image/jpeg")
        async with self._session.post(f"{self._chat}/messages", data=form) as response:
            response.raise_for_status()

    async def place(self, lat: float, lon: float) -> None:
        await self._send({"location": {"lat": lat, "lon": lon}})

    async def unread(self) -> list[Heard]:
        heard, self._told = self._told, []
        after = self._seen[-1]["seq"] if self._seen else 0
        async with self._session.get(f"{self._chat}/messages", params={"after": after}) as response:
            if response.status == 401:
                return heard
            response.raise_for_status()
            messages = (await response.json())["messages"]
        for message in messages:
            self._seen.append(message)
            pictures = [PICTURE for file in message.get("files", ()) if await self._opens(file["url"])]
            labels = tuple(button["label"] for button in message["buttons"])
            heard.append(Heard("\n".join([message["text"], *pictures]), labels))
        return heard

    async def close(self) -> None:
        await self._session.close()

    def _newest(self, fits: Callable[[dict[str, Any]], object], wanted: str) -> dict[str, Any]:
        for message in self._seen[::-1]:
            if fits(message):
                return message
        raise LookupError(f"no message with {wanted!r}")

    async def _opens(self, url: str) -> bool:
        async with self._session.get(url) as response:
            return response.status == 200 and response.content_type.startswith("image/")

    async def _send(self, body: dict[str, Any]) -> None:
        await self._post(f"{self._chat}/messages", {"id": f"m{next(self._ids)}", **body})

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        async with self._session.post(path, json=body) as response:
            if response.status >= 500:
                raise LookupError(f"{path} answered {response.status}")
            if response.status >= 400:
                self._told.append(Heard((await response.json())["error"]))


def photograph() -> bytes:
    """A small JPEG."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), (120, 130, 140)).save(picture, "JPEG")
    return picture.getvalue()


class BrowserStage(DeskStage):
    """A stage on some platform, with a browser for each person whose name ends in 网页."""

    def __init__(self, desk: Desk, clock: MovableClock, base: str) -> None:
        super().__init__(desk, clock)
        self._base = base
        self._browsers: dict[str, WebPerson] = {}

    def chat(self, who: str) -> Chat:
        return self.browser(who) if who.endswith(ON_THE_WEB) else self.person(who)

    def browser(self, who: str) -> WebPerson:
        if who not in self._browsers:
            self._browsers[who] = WebPerson(self._base)
        return self._browsers[who]

    def person(self, who: str) -> Chat:
        """The chat of a person on this stage's platform; a new one at the first call."""
        return self.browser(who)

    async def close(self) -> None:
        for person in self._browsers.values():
            await person.close()


@contextlib.asynccontextmanager
async def web_stage(desk: Desk, clock: MovableClock) -> AsyncIterator[BrowserStage]:
    """Serve a desk on a free loopback port for web chats."""
    listening, base = listen()
    async with serving(desk, listening):
        stage = BrowserStage(desk, clock, base)
        try:
            yield stage
        finally:
            await stage.close()
