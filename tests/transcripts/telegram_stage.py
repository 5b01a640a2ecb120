"""A stage at Telegram's wire: citizens write to the public bot, members to the work bot, both on the real server."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from cli.stage import MovableClock, listen, serving
from cli.transcript import PICTURE, Chat, Heard
from cli.webstage import BrowserStage, photograph
from cli.wiring import Desk
from routing.invitations import PREFIX
from tests.fakes.telegram import FakeBot, FakeTelegram, Person
from tests.fakes.telegram_bot import Sent

CITIZEN_TOKEN, DESK_TOKEN = "1000001:AAE-canary-citizen-bot", "1000002:AAE-canary-desk-bot-0"
WEBHOOK_SECRET = "canary-webhook-0123456789"


class TelegramPerson:
    """Somebody's private chat: with the public bot, or with the work bot once they follow an invitation's link."""

    def __init__(self, citizen: FakeBot, desk: FakeBot, number: int) -> None:
        self._bot = citizen
        self._desk = desk
        self._who = Person(number)
        self._read = 0

    async def scan(self, code: str) -> None:
        await self._push(self._bot.push(self._who.start(code)))

    async def join(self, secret: str) -> None:
        self._bot, self._read = self._desk, 0
        await self._push(self._bot.push(self._who.start(PREFIX + secret)))

    async def open_desk(self) -> None:
        self._bot, self._read = self._desk, 0
        await self._push(self._bot.push(self._who.start()))

    async def say(self, text: str, reply_to: str | None = None) -> None:
        if reply_to is None:
            await self._push(self._bot.push(self._who.text(text)))
            return
        card = self._newest(lambda sent: reply_to in sent.text, reply_to)
        await self._push(self._bot.push(self._who.text(text, reply_to_message=self._bot.describe(card))))

    async def press(self, label: str) -> None:
        def has_button(sent: Sent) -> bool:
            return any(button["text"] == label for button in sent.buttons)

        await self._push(self._bot.press(self._newest(has_button, label), label, self._who))

    async def photo(self) -> None:
        content = photograph()
        await self._push(self._bot.push(self._who.photo(self._bot.add_file(content), len(content))))

    async def place(self, lat: float, lon: float) -> None:
        await self._push(self._bot.push(self._who.location(lat, lon)))

    async def unread(self) -> list[Heard]:
        came = self._bot.sent_to(self._who.id)
        came, self._read = came[self._read :], len(came)
        return [_heard(sent) for sent in came]

    async def _push(self, update_id: int) -> None:
        await self._bot.wait_acknowledged(update_id)

    def _newest(self, fits: Callable[[Sent], bool], wanted: str) -> Sent:
        for sent in reversed(self._bot.sent_to(self._who.id)):
            if fits(sent):
                return sent
        raise LookupError(f"no message with {wanted!r}")


def _heard(sent: Sent) -> Heard:
    lines = [sent.text] if sent.text else []
    if sent.method == "sendPhoto":
        assert sent.content is not None
        assert sent.content.startswith(b"\xff\xd8"), "a photo goes out as the JPEG that it is"
        lines.append(PICTURE)
    return Heard("\n".join(lines), tuple(button["text"] for button in sent.buttons))


class TelegramStage(BrowserStage):
    def __init__(self, desk: Desk, clock: MovableClock, fake: FakeTelegram, base: str) -> None:
        super().__init__(desk, clock, base)
        self._fake = fake
        self._people: dict[str, TelegramPerson] = {}
        self._numbers = itertools.count(501)

    def person(self, who: str) -> Chat:
        if who not in self._people:
            bots = self._fake.bots
            self._people[who] = TelegramPerson(bots[CITIZEN_TOKEN], bots[DESK_TOKEN], next(self._numbers))
        return self._people[who]


@contextlib.asynccontextmanager
async def telegram_stage(
    build: Callable[[dict[str, str]], Desk], clock: MovableClock, *, webhook: bool
) -> AsyncIterator[TelegramStage]:
    """`build` makes a desk with these settings on top of its own."""
    listening, base = listen()
    async with FakeTelegram() as fake:
        fake.bot(CITIZEN_TOKEN, "mashang_bot")
        fake.bot(DESK_TOKEN, "mashang_desk_bot")
        settings = {
            "telegram_citizen_token": CITIZEN_TOKEN, "telegram_desk_token": DESK_TOKEN, "telegram_api_base": fake.url,
        }  # fmt: skip
        if webhook:
            settings |= {"telegram_webhook_secret": WEBHOOK_SECRET, "public_url": base}
        desk = build(settings)
        for channel in desk.channels:
            if channel.name == "telegram":
                # Nothing here waits for real time, and the pace of sending is tested elsewhere.
                channel.capabilities = replace(channel.capabilities, per_second=0.0)
        async with serving(desk, listening):
            for bot in fake.bots.values():
                assert (bot.webhook is not None) == webhook
            stage = TelegramStage(desk, clock, fake, base)
            try:
                yield stage
            finally:
                await stage.close()
            for bot in fake.bots.values():
                assert not bot.pending
                assert all(status == 200 for _, status in bot.attempts)
