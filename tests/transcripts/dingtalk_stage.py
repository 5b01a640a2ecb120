"""A stage where members work on DingTalk, its platform at the wire, and citizens write in the web chat."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from cli.stage import MovableClock, listen, serving
from cli.transcript import PICTURE, Chat, Heard
from cli.webstage import BrowserStage, WebPerson, photograph
from cli.wiring import Desk
from routing.invitations import Issued
from tests.fakes.dingtalk import FakeApp, FakeDingTalk, Staff
from tests.fakes.dingtalk_app import Sent

CLIENT_ID, SECRET = "dingcanaryclient01", "canary-secret-of-the-app-0123456789"


class DingTalkPerson:
    """Somebody in the web chat, until they write to the work robot on DingTalk."""

    def __init__(self, app: FakeApp, web: WebPerson, number: int) -> None:
        self._app = app
        self._web = web
        self._who = Staff(f"staff{number}")
        self.staff_id = self._who.id
        self._at_work = False
        self._read = 0
        app.staff.add(self._who.id)

    async def scan(self, code: str) -> None:
        await self._web.scan(code)

    async def join(self, secret: str) -> None:
        """Type the code as it stands on the invitation."""
        self._at_work = True
        await self.say(Issued(secret, self._app.now()).shown)

    async def open_desk(self) -> None:
        self._at_work = True
        await self.say("你好")

    async def say(self, text: str, reply_to: str | None = None) -> None:
        if not self._at_work:
            await self._web.say(text, reply_to)
        elif reply_to is None:
            await self._push(self._who.text(text))
        else:
            card = self._newest(lambda sent: bool(sent.key) and reply_to in sent.shown.text, reply_to)
            await self._push(self._who.reply(text, card.key))

    async def press(self, label: str) -> None:
        if not self._at_work:
            await self._web.press(label)
            return
        self._newest(lambda sent: label in sent.shown.buttons, label)
        await self._app.wait_acknowledged(self._app.press(self._who.id, label))

    async def photo(self) -> None:
        if not self._at_work:
            await self._web.photo()
        else:
            await self._push(self._who.picture(self._app.add_file(photograph())))

    async def place(self, lat: float, lon: float) -> None:
        if self._at_work:
            raise LookupError("a robot on DingTalk is sent no places")
        await self._web.place(lat, lon)

    async def unread(self) -> list[Heard]:
        if not self._at_work:
            return await self._web.unread()
        came = self._app.sent_to(self._who.id)
        came, self._read = came[self._read :], len(came)
        # A robot's text holds no pictures: they stand right above it, and are heard as one with it.
        heard, pictures = list[Heard](), list[str]()
        for sent in came:
            if sent.msg_key == "sampleImageMsg":
                content = self._app.media[sent.shown.media_id or ""]
                assert content.startswith(b"\xff\xd8"), "a photo goes out as the JPEG that it is"
                pictures.append(PICTURE)
            else:
                heard.append(Heard("\n".join([sent.shown.text, *pictures]), tuple(sent.shown.buttons)))
                pictures = []
        return heard

    async def close(self) -> None:
        await self._web.close()

    async def _push(self, message: dict[str, object]) -> None:
        await self._app.wait_acknowledged(self._app.push(message))

    def _newest(self, fits: Callable[[Sent], bool], wanted: str) -> Sent:
        for sent in reversed(self._app.sent_to(self._who.id)):
            if fits(sent):
                return sent
        raise LookupError(f"no message with {wanted!r}")


class DingTalkStage(BrowserStage):
    def __init__(self, desk: Desk, clock: MovableClock, app: FakeApp, base: str) -> None:
        super().__init__(desk, clock, base)
        self.app = app
        self._people: dict[str, DingTalkPerson] = {}
        self._numbers = itertools.count(501)

    def person(self, who: str) -> Chat:
        if who not in self._people:
            self._people[who] = DingTalkPerson(self.app, WebPerson(self._base), next(self._numbers))
        return self._people[who]

    def staff_id(self, who: str) -> str:
        """By which DingTalk knows somebody who is on the stage."""
        return self._people[who].staff_id

    async def close(self) -> None:
        for person in self._people.values():
            await person.close()
        await super().close()


@contextlib.asynccontextmanager
async def dingtalk_stage(build: Callable[[dict[str, str]], Desk], clock: MovableClock) -> AsyncIterator[DingTalkStage]:
    """`build` makes a desk with these settings on top of its own."""
    listening, base = listen()
    async with FakeDingTalk() as fake:
        app = fake.app(CLIENT_ID, SECRET, now=lambda: clock.now, per_second=0)
        settings = {
            "dingtalk_client_id": CLIENT_ID, "dingtalk_client_secret": SECRET, "dingtalk_api_base": fake.url,
        }  # fmt: skip
        desk = build(settings)
        for channel in desk.channels:
            if channel.name == "dingtalk":
                # Nothing here waits for real time, and the pace of sending is tested elsewhere.
                channel.capabilities = replace(channel.capabilities, per_second=0.0)
        async with serving(desk, listening):
            stage = DingTalkStage(desk, clock, app, base)
            try:
                yield stage
            finally:
                await stage.close()
            assert not app.pending
            assert {code for codes in app.answers.values() for code in codes} <= {200}
