"""The harness of the DingTalk robot: its SDK's thread, against the fake platform's gateway and API on loopback."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from unittest.mock import patch

import dingtalk_stream.stream

from bot.channels.dingtalk import DingTalk
from bot.channels.dingtalk_api import DingTalkApi
from bot.channels.tokens import TokenRefused
from bot.http import HttpClient
from bot.message import InboundMessage
from tests.bot.channels.harness import RETRY_AFTER, Fault, Harness, Inbound, Receipt, Seen, until
from tests.fakes.dingtalk import FakeApp, FakeDingTalk, Staff
from tests.fakes.dingtalk_messages import Json

CLIENT_ID, SECRET = "dingcanaryclient01", "canary-secret-of-the-app-0123456789"
NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


class Hurried(ModuleType):
    """asyncio for the SDK, whose waits of 3 and 10 seconds after trouble are a hundredth of that here."""

    def __init__(self) -> None:
        super().__init__("asyncio")

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds if seconds >= 60 else seconds / 100)


class PlainTokens:
    """One process's token, fetched when it is wanted, and once more when it was refused."""

    def __init__(self, api: DingTalkApi) -> None:
        self._api = api
        self._token = ""

    async def use(self, call: Callable[[str], Awaitable[Json]]) -> Json:
        if self._token:
            with contextlib.suppress(TokenRefused):
                return await call(self._token)
        self._token, _ = await self._api.fetch_token()
        return await call(self._token)


async def load(name: str) -> bytes:
    """A store that has every file except "gone"."""
    if name.startswith("gone"):
        raise FileNotFoundError(name)
    return b"content of " + name.encode()


class DingTalkReceipt(Receipt):
    def __init__(self, app: FakeApp, data: Json, message_id: str) -> None:
        self.app = app
        self.data = data
        self.message_id = message_id

    @property
    def acknowledged(self) -> bool:
        return self.message_id not in self.app.pending


class DingTalkHarness(Harness):
    people = ("0123456789", "manager42")
    kinds = frozenset({"text", "button", "photo", "voice", "file", "unsupported"})
    features = frozenset({"reply", "groups", "gone"})
    # What a refused token means is the token holder's to say: test_dingtalk_api.py
    faults = frozenset(Fault) - {Fault.MOVED, Fault.WRONG_TOKEN}

    def __init__(self, channel: DingTalk, fake: FakeDingTalk, app: FakeApp) -> None:
        super().__init__()
        self.channel: DingTalk = channel
        self.fake = fake
        self.app = app

    def message(self, inbound: Inbound) -> Json:
        who = Staff(inbound.user_id, group=not inbound.private)
        code = self.app.add_file(inbound.content)
        match inbound.kind:
            case "text" if inbound.reply_to is not None:
                return who.reply(inbound.text, inbound.reply_to)
            case "text":
                return who.text(inbound.text)
            case "photo":
                return who.picture(code)
            case "voice":
                return who.audio(code)
            case "file":
                return who.file(code, inbound.name)
            case "unsupported":
                return who.records()
        raise ValueError(inbound.kind)

    async def deliver(self, inbound: Inbound) -> Receipt:
        return self.push(self.message(inbound))

    def push(self, message: Json) -> DingTalkReceipt:
        message_id = self.app.push(message)
        return DingTalkReceipt(self.app, message, message_id)

    async def repeat(self, receipt: Receipt) -> Receipt:
        assert isinstance(receipt, DingTalkReceipt)
        return self.push(receipt.data)

    async def press(self, user_id: str, label: str) -> Receipt:
        return DingTalkReceipt(self.app, {}, self.app.press(user_id, label))

    async def seen(self, user_id: str) -> list[Seen]:
        return [
            Seen(sent.shown.text, list(sent.shown.buttons), self.app.media.get(sent.shown.media_id or ""))
            for sent in self.app.sent_to(user_id)
        ]

    async def message_id(self, user_id: str) -> str:
        return self.app.sent_to(user_id)[-1].key

    def inject(self, fault: Fault) -> None:
        kinds = {
            Fault.BLOCKED: "gone",
            Fault.UNKNOWN_RECIPIENT: "not_existed",
            Fault.RATE_LIMITED: "rate_limit",
            Fault.SERVER_ERROR: "server_error",
            Fault.PROXY_REFUSAL: "proxy_refusal",
            Fault.HANG: "hang",
            Fault.RESET: "reset",
            Fault.MALFORMED: "malformed",
            Fault.REFUSED: "refused",
        }
        self.app.fail(kinds[fault], retry_after=int(RETRY_AFTER))

    def lose_files(self) -> None:
        self.app.files.clear()

    async def hostile(self, body: bytes, *, authentic: bool = True) -> int | None:
        """The body as the data of a frame: what comes down the stream was asked for with the app's secret."""
        if authentic:
            frame = self.app.frame(f"h{next(self.app.ids)}", body.decode("utf-8", "surrogateescape"))
            await until(lambda: self.app.connections > 0)
            await self.fake.raw(json.dumps(frame))
            await self.settled()
        return None

    async def settled(self) -> None:
        """Until what was put on the wire before was read, even where the connection broke over it."""
        while True:
            await until(lambda: self.app.connections > 0)
            ping = await self.fake.system(self.app, "ping")
            with contextlib.suppress(TimeoutError):
                await until(lambda ping=ping: ping in self.app.answers, 0.5)  # type: ignore[misc]
                return

    def body(self, inbound: Inbound) -> bytes:
        return json.dumps(self.message(inbound)).encode()

    def wrong_shapes(self) -> list[bytes]:
        good = Staff(self.people[0]).text("x")
        odd: list[Any] = [None, 1, 1.5, True, [], {}, [{}], ""]
        changes: list[Json] = [
            *({name: value} for name in ("msgId", "msgtype", "conversationType") for value in odd),
            *({"senderStaffId": value} for value in (1, 1.5, True, [1], {"a": 1}, "a b", "\n", "x" * 300)),
            *({"senderStaffId": None, "senderId": value} for value in odd),
            *({"text": value} for value in (*odd, {"content": 1}, {"content": None}, {"content": ["x"]})),
            *({"originalProcessQueryKey": value} for value in (1, [], {})),
            *(
                {"msgtype": kind, "content": value}
                for kind in ("picture", "audio", "video", "file", "richText")
                for value in (*odd, "{", "[]", {"downloadCode": 5}, {"richText": 1}, {"richText": [1]})
            ),
            {"msgtype": "richText", "content": {"richText": [{"type": "picture"}]}},
            {"msgtype": "file", "content": {"downloadCode": "x", "fileName": 1}},
            {"msgtype": "picture", "content": {"downloadCode": "x" * 10_000}},
        ]
        return [json.dumps({**good, **change}).encode() for change in changes]


@contextlib.asynccontextmanager
async def dingtalk(
    *, secret: str = SECRET, retry: float = 0.4, hurried: bool = True, **options: Any
) -> AsyncIterator[DingTalkHarness]:
    """A started channel with a fake platform; times are short, the SDK's own as well if it is `hurried`."""
    http = HttpClient()
    async with FakeDingTalk() as fake:
        app = fake.app(CLIENT_ID, SECRET, retry=retry, now=lambda: NOW, staff=set(DingTalkHarness.people))
        api = DingTalkApi(http, CLIENT_ID, secret, fake.url, timeout=0.3, transfer_timeout=0.6)
        api.tokens = PlainTokens(api)
        settings: dict[str, Any] = {"backoff": (0.001, 0.004), **options}
        channel = DingTalk(api=api, clock=lambda: NOW, load=load, **settings)
        harness = DingTalkHarness(channel, fake, app)
        with patch.object(dingtalk_stream.stream, "asyncio", Hurried() if hurried else asyncio):
            await channel.start(harness.receive)
            try:
                yield harness
            finally:
                harness.receive.release()
                await channel.stop()
                await http.close()


def only(harness: DingTalkHarness) -> InboundMessage:
    [message] = harness.receive.messages
    return message
