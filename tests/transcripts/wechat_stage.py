"""A stage where citizens write to the Official Account, at WeChat's wire, and members sit at their web desks.

A citizen who is told by a subscription notice that something waits for them taps the menu, as people do; what waited
comes then. Everything else comes within the platform's windows and counts, or the play fails.
"""

import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.gcj02 import _offset
from cli.stage import MovableClock, listen, serving
from cli.transcript import PICTURE, Chat, Heard
from cli.webstage import BrowserStage, WebPerson, photograph
from cli.wiring import Desk
from tests.fakes.wechat import FakeWeChat
from tests.fakes.wechat_account import Seen
from tests.fakes.wechat_person import Citizen, Receipt

_NUMBERED = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)
TEMPLATE = "waiting-news"


class WeChatPerson:
    """A citizen with WeChat, until they follow an invitation's link: members work in the browser."""

    def __init__(self, citizen: Citizen, base: str, clock: MovableClock) -> None:
        self._phone = citizen
        self._clock = clock
        self._desk = WebPerson(base)
        self._at_desk = False
        self._read = 0

    @property
    def screen(self) -> list[Seen]:
        """All that came to their phone."""
        return self._phone.screen

    def unsubscribe_notices(self) -> None:
        """Take back what they agreed to: no template reaches them."""
        self._phone.follower.subscribed.clear()

    @property
    def _citizen(self) -> Citizen:
        """Nobody does two things in one second, which is all that WeChat says of when something was said."""
        self._clock.now += timedelta(seconds=1)
        return self._phone

    async def scan(self, code: str) -> None:
        _taken(await self._citizen.scan(code))

    async def join(self, secret: str) -> None:
        self._at_desk = True
        await self._desk.join(secret)

    async def open_desk(self) -> None:
        self._at_desk = True
        await self._desk.open_desk()

    async def say(self, text: str, reply_to: str | None = None) -> None:
        if self._at_desk:
            await self._desk.say(text, reply_to)
            return
        if not self._phone.follower.following:
            _taken(await self._citizen.subscribe())
        _taken(await self._citizen.text(text))

    async def press(self, label: str) -> None:
        """Type its number, as it stands under what was shown last."""
        if self._at_desk:
            await self._desk.press(label)
            return
        for seen in reversed(self._phone.screen):
            if choices := _NUMBERED.findall(seen.text):
                numbers = {text: number for number, text in choices}
                if label not in numbers:
                    raise LookupError(f"{label!r} is not among what was offered last: {', '.join(numbers)}")
                _taken(await self._citizen.text(numbers[label]))
                return
        raise LookupError(f"nothing was offered, so not {label!r}")

    async def photo(self) -> None:
        if self._at_desk:
            await self._desk.photo()
        else:
            _taken(await self._citizen.image(photograph()))

    async def place(self, lat: float, lon: float) -> None:
        if self._at_desk:
            await self._desk.place(lat, lon)
        else:
            # Their map is drawn aside.
            north, east = _offset(lat, lon)
            _taken(await self._citizen.location(lat + north, lon + east))

    async def unread(self) -> list[Heard]:
        if self._at_desk:
            return await self._desk.unread()
        screen = self._phone.screen
        came, self._read = screen[self._read :], len(screen)
        return [heard for seen in came if seen.way != "template" for heard in _heard(seen)]

    async def look(self) -> bool:
        """Tap the menu where a notice says that something waits; whether there was one."""
        screen = self._phone.screen
        if not any(seen.way == "template" for seen in screen[self._read :]):
            return False
        screen[self._read :] = [seen for seen in screen[self._read :] if seen.way != "template"]
        _taken(await self._citizen.click("say_it"))
        return True

    async def close(self) -> None:
        await self._desk.close()


def _taken(receipt: Receipt) -> None:
    assert [attempt.status for attempt in receipt.tries] == [200]
    if receipt.passive is not None:
        assert receipt.kind == "text"


def _heard(seen: Seen) -> list[Heard]:
    """What the desk said, each for itself: an answer holds several, parted by an empty line."""
    assert seen.way in ("passive", "custom"), seen.text
    if seen.kind == "image":
        return [Heard(PICTURE)]
    said = seen.text.split("\n\n") if seen.way == "passive" else [seen.text]
    return [Heard(text, tuple(label for _, label in _NUMBERED.findall(text))) for text in said]


class WeChatStage(BrowserStage):
    def __init__(self, desk: Desk, clock: MovableClock, fake: FakeWeChat, base: str) -> None:
        super().__init__(desk, clock, base)
        self.platform = fake
        self.people: dict[str, WeChatPerson] = {}
        self.tapped: Callable[[str], None] = lambda who: None
        """Told who tapped the menu because of a notice."""
        self._numbers = itertools.count(1)

    def person(self, who: str) -> Chat:
        if who not in self.people:
            citizen = self.platform.citizen(f"o-citizen-{next(self._numbers)}")
            citizen.follower.subscribed[TEMPLATE] = None
            self.people[who] = WeChatPerson(citizen, self._base, self.clock)
        return self.people[who]

    async def settle(self) -> None:
        await super().settle()
        while looked := [who for who, person in self.people.items() if await person.look()]:
            for who in looked:
                self.tapped(who)
            await super().settle()


def _templates(folder: Path) -> Path:
    """Whatever must wait for a citizen to write is announced by one template."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "templates.yaml"
    path.write_text(f'"*": {{template: {TEMPLATE}, fields: {{thing1: 有新消息等您看}}}}', "utf-8")
    return path


@contextlib.asynccontextmanager
async def wechat_stage(
    build: Callable[[dict[str, str]], Desk], clock: MovableClock, folder: Path
) -> AsyncIterator[WeChatStage]:
    """`build` makes a desk with these settings on top of its own."""
    listening, base = listen()
    templates = _templates(folder)
    # Looking at the time must not make it go on: what is signed now is still fresh.
    async with FakeWeChat(lambda: clock.now) as fake:
        fake.callback = f"{base}/wechat"
        fake.account.templates[TEMPLATE] = ("thing1",)
        desk = build({**fake.settings, "wechat_templates": str(templates)})
        for channel in desk.channels:
            if channel.name == "wechat":
                # Nothing here waits for real time, and the pace of sending is tested elsewhere.
                channel.capabilities = replace(channel.capabilities, per_second=0.0)
        async with serving(desk, listening):
            stage = WeChatStage(desk, clock, fake, base)
            yield stage
            for person in stage.people.values():
                await person.close()
            await stage.close()
            assert fake.account.violations == []
