"""A stage where members work in WeCom, its platform at the wire, and citizens write in the web chat.

WeCom drops what is more than 30 messages a minute for one member: none may be, or the play fails.
"""

import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.gcj02 import _offset
from cli.stage import MovableClock, listen, serving
from cli.transcript import PICTURE, Chat, Heard
from cli.webstage import BrowserStage, WebPerson, photograph
from cli.wiring import Desk
from routing.invitations import Issued
from tests.fakes.wecom import FakeWeCom
from tests.fakes.wecom_app import Seen
from tests.fakes.wecom_member import Member, Receipt

#: Between two things that somebody does.
PAUSE = timedelta(seconds=2)
_NUMBER = re.compile(r"[A-Z]{2,6}-\d{6}-[0-9A-Z]{3,6}")


class WeComPerson:
    """Somebody in the web chat, until they write to the work app in WeCom."""

    def __init__(self, member: Member, web: WebPerson, clock: MovableClock) -> None:
        self._who = member
        self._web = web
        self._clock = clock
        self._at_work = False
        self._read = 0

    @property
    def member(self) -> Member:
        self._clock.now += PAUSE
        return self._who

    async def scan(self, code: str) -> None:
        await self._web.scan(code)

    async def join(self, secret: str) -> None:
        """Type the code as it stands on the invitation."""
        self._at_work = True
        await self.say(Issued(secret, self._clock.now).shown)

    async def open_desk(self) -> None:
        self._at_work = True
        _taken(await self.member.enter())

    async def say(self, text: str, reply_to: str | None = None) -> None:
        if not self._at_work:
            await self._web.say(text, reply_to)
            return
        if reply_to is not None:
            # WeCom does not tell what a message replies to: the number that stands there is typed.
            command, _, rest = text.partition(" ")
            text = f"{command} {self._number_beside(reply_to)} {rest}".strip()
        _taken(await self.member.text(text))

    async def press(self, label: str) -> None:
        if not self._at_work:
            await self._web.press(label)
        else:
            _taken(await self.member.press(label))

    async def photo(self) -> None:
        if not self._at_work:
            await self._web.photo()
        else:
            _taken(await self.member.image(photograph()))

    async def place(self, lat: float, lon: float) -> None:
        if not self._at_work:
            await self._web.place(lat, lon)
            return
        # Their map is drawn aside.
        north, east = _offset(lat, lon)
        fields = f"<Location_X>{lat + north}</Location_X><Location_Y>{lon + east}</Location_Y>"
        _taken(await self.member.deliver(self._who.message("location", fields)))

    async def unread(self) -> list[Heard]:
        if not self._at_work:
            return await self._web.unread()
        screen = self._who.screen
        came, self._read = screen[self._read :], len(screen)
        return _heard(came)

    async def close(self) -> None:
        await self._web.close()

    def _number_beside(self, words: str) -> str:
        for seen in reversed(self._who.screen):
            if words in seen.text and (found := _NUMBER.search(seen.text)):
                return found[0]
        raise LookupError(f"no message with {words!r}")


def _taken(receipt: Receipt) -> None:
    assert [attempt.status for attempt in receipt.tries] == [200]


def _heard(came: Sequence[Seen]) -> list[Heard]:
    """A message's pictures stand above it, and its buttons, if it is long, on cards under it: they are heard as one."""
    heard, pictures = list[Heard](), list[str]()
    for seen in came:
        if seen.kind == "image":
            assert seen.content is not None
            assert seen.content.startswith(b"\xff\xd8"), "a photo goes out as the JPEG that it is"
            pictures.append(PICTURE)
        elif seen.kind == "card" and seen.text == seen.title and heard and heard[-1].text.startswith(seen.title):
            heard[-1] = Heard(heard[-1].text, (*heard[-1].buttons, *seen.buttons))
        else:
            heard.append(Heard("\n".join([seen.text, *pictures]), tuple(seen.buttons)))
            pictures = []
    return heard


class WeComStage(BrowserStage):
    def __init__(self, desk: Desk, clock: MovableClock, fake: FakeWeCom, base: str) -> None:
        super().__init__(desk, clock, base)
        self.fake = fake
        self.people: dict[str, WeComPerson] = {}
        self._numbers = itertools.count(501)

    def person(self, who: str) -> Chat:
        if who not in self.people:
            member = self.fake.member(f"Member{next(self._numbers)}")
            self.people[who] = WeComPerson(member, WebPerson(self._base), self.clock)
        return self.people[who]

    async def close(self) -> None:
        for person in self.people.values():
            await person.close()
        await super().close()


@contextlib.asynccontextmanager
async def wecom_stage(build: Callable[[dict[str, str]], Desk], clock: MovableClock) -> AsyncIterator[WeComStage]:
    """`build` makes a desk with these settings on top of its own."""
    listening, base = listen()
    # Looking at the time must not make it go on: what is signed now is still fresh.
    async with FakeWeCom(lambda: clock.now) as fake:
        fake.callback = f"{base}/wecom"
        desk = build(fake.settings)
        for channel in desk.channels:
            if channel.name == "wecom":
                # Nothing here waits for real time, and the pace of sending is tested elsewhere.
                channel.capabilities = replace(channel.capabilities, per_second=0.0)
        async with serving(desk, listening):
            stage = WeComStage(desk, clock, fake, base)
            try:
                yield stage
            finally:
                await stage.close()
            assert fake.account.dropped == []
            assert fake.account.violations == []
