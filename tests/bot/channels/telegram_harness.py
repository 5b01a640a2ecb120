"""The harness of both Telegram bots, by webhook (on a real uvicorn) and by polling, against the fake Bot API."""

import asyncio
import contextlib
import io
import json
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import uvicorn
from starlette.applications import Starlette

from bot.channel import Channel
from bot.channels.telegram_channel import TelegramChannel
from bot.http import HttpClient
from tests.bot.channels.harness import RETRY_AFTER, Fault, Harness, Inbound, Receipt, Seen, until
from tests.fakes.telegram import FakeBot, FakeTelegram, Person

TOKEN = "1000001:AAE-canary-token_of-a-bot"
SECRET = "canary-secret_0123456789"
NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
GROUP = -100123


async def load(name: str) -> bytes:
    """A store that has every file except "gone"."""
    if name.startswith("gone"):
        raise FileNotFoundError(name)
    return b"not a picture" if name.startswith("odd") else b"content of " + name.encode()


class _Server(uvicorn.Server):
    """uvicorn takes tenths of a second to notice that it should go and to go; hundreds of tests would wait for that."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.leave = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def serve(channel: Channel, listener: socket.socket) -> AsyncIterator[None]:
    """The channel's routes on a real server, stopped without waiting for anybody."""
    app = Starlette(routes=list(channel.routes()))
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started)
    try:
        yield
    finally:
        server.force_exit = True
        server.leave.set()
        await task


class TelegramReceipt(Receipt):
    def __init__(self, bot: FakeBot, update_id: int) -> None:
        self.bot = bot
        self.update_id = update_id
        self.update = bot.pending[update_id]

    @property
    def acknowledged(self) -> bool:
        return self.update_id not in self.bot.pending


class TelegramHarness(Harness):
    people = ("42", "43")
    kinds = frozenset({"text", "start", "button", "photo", "voice", "file", "location", "blocked", "unsupported"})
    features = frozenset({"caption", "edited", "forwarded", "reply", "groups", "gone"})
    faults = frozenset(Fault)
    moved_to = "-1009876543210"

    def __init__(self, channel: TelegramChannel, bot: FakeBot, entrance: str | None) -> None:
        super().__init__()
        self.channel: TelegramChannel = channel
        self.bot = bot
        self.entrance = entrance

    def update(self, inbound: Inbound) -> dict[str, Any]:
        who = Person(int(inbound.user_id)) if inbound.private else Person(42, group=int(inbound.user_id))
        file_id, size = self.bot.add_file(inbound.content), len(inbound.content)
        match inbound.kind:
            case "text":
                update = who.text(inbound.text)
                if inbound.edited:
                    update = who.edited(inbound.text)
                elif inbound.forwarded:
                    update = who.forwarded(inbound.text)
                elif inbound.reply_to is not None:
                    [card] = [sent for sent in self.bot.sent if str(sent.message_id) == inbound.reply_to]
                    update = who.text(inbound.text, reply_to_message=self.bot.describe(card))
            case "start":
                update = who.start(inbound.code)
            case "photo":
                update = who.photo(file_id, size, inbound.text)
            case "voice":
                update = who.voice(file_id, size, inbound.text)
            case "file":
                update = who.document(file_id, size, inbound.name, inbound.mime, inbound.text)
            case "location":
                update = who.location(*inbound.location)
            case "blocked":
                update = who.membership("kicked", self.bot.user)
            case "unsupported":
                update = who.sticker()
            case kind:
                raise ValueError(kind)
        return update

    async def deliver(self, inbound: Inbound) -> Receipt:
        return TelegramReceipt(self.bot, self.bot.push(self.update(inbound)))

    async def repeat(self, receipt: Receipt) -> Receipt:
        assert isinstance(receipt, TelegramReceipt)
        self.bot.put(receipt.update)
        return TelegramReceipt(self.bot, receipt.update_id)

    async def press(self, user_id: str, label: str) -> Receipt:
        return TelegramReceipt(self.bot, self.bot.press(self.bot.sent_to(int(user_id))[-1], label))

    async def seen(self, user_id: str) -> list[Seen]:
        return [
            Seen(sent.text, [button["text"] for button in sent.buttons], sent.content)
            for sent in self.bot.sent_to(int(user_id))
        ]

    async def message_id(self, user_id: str) -> str:
        return str(self.bot.sent_to(int(user_id))[-1].message_id)

    def inject(self, fault: Fault) -> None:
        kinds = {
            Fault.BLOCKED: "blocked",
            Fault.UNKNOWN_RECIPIENT: "chat_not_found",
            Fault.MOVED: "migrate",
            Fault.RATE_LIMITED: "rate_limit",
            Fault.SERVER_ERROR: "server_error",
            Fault.PROXY_REFUSAL: "proxy_refusal",
            Fault.HANG: "hang",
            Fault.RESET: "reset",
            Fault.MALFORMED: "malformed",
            Fault.REFUSED: "refused",
            Fault.WRONG_TOKEN: "unauthorized",
        }
        self.bot.fail(kinds[fault], retry_after=int(RETRY_AFTER), moved_to=int(self.moved_to))

    def lose_files(self) -> None:
        self.bot.expired = True

    async def hostile(self, body: bytes, *, authentic: bool = True) -> int | None:
        if self.entrance is None:
            if not authentic:
                return None
            raw = self.bot.fail("raw", method="getUpdates", body=body)
            # Ends the request that waits, so that the next one meets the body.
            self.bot.fail("raw", method="getUpdates", body=b'{"ok":true,"result":[' + body + b"]}")
            self.bot.wake()
            await until(lambda: raw.times == 0 and self.bot.faults[-1].times == 0)
            return None
        headers = {"Content-Type": "application/json"}
        headers["X-Telegram-Bot-Api-Secret-Token"] = SECRET if authentic else SECRET[:-1] + "8"
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.entrance, data=io.BytesIO(body), headers=headers) as response,
        ):
            assert await response.read() == b""
            return response.status

    def body(self, inbound: Inbound) -> bytes:
        kind, content = next(iter(self.update(inbound).items()))
        # Below those that the fake gives: polling past it must not confirm what the fake sends next.
        return json.dumps({"update_id": 600_000_001, kind: {"message_id": 1, "date": 1, **content}}).encode()

    def wrong_shapes(self) -> list[bytes]:
        good = json.loads(self.body(Inbound("text", "42", text="hi")))
        message = good["message"]
        chat = message["chat"]
        values: dict[str, list[Any]] = {
            "chat": [None, 1, {}, []],
            "text": [1, [], {}, ["x"]],
            "from": [1, "x", []],
            "date": ["x", [], {}],
            "photo": ["x", [1], {"file_id": "x"}],
        }
        ids: list[Any] = [None, [], {}, 1.5, 10**30]
        updates: list[Any] = [None, "1", 1.5, True, [], {}, 10**30, -(10**30)]
        messages: list[Any] = ["text", 1, [], [[]], {}, True]
        changes: list[dict[str, Any]] = [
            *({"update_id": value} for value in updates),
            *({"message": value} for value in messages),
            *({"message": {**message, field: value}} for field, wrong in values.items() for value in wrong),
            *({"message": {**message, "chat": {**chat, "id": value}}} for value in ids),
            {"message": {**message, "text": None, "photo": [{"file_id": 5, "width": 1, "height": 1}]}},
            {"message": {**message, "location": {"latitude": "x", "longitude": []}}},
            {"message": {**message, "location": {"latitude": 1e300, "longitude": 0}}},
            {"message": None, "callback_query": 1},
            {"message": None, "callback_query": {"id": 1}},
            {"message": None, "my_chat_member": {}},
            {"message": None, "edited_message": {"message_id": 1}},
        ]
        return [json.dumps({**good, **change}).encode() for change in changes]


@contextlib.asynccontextmanager
async def telegram(kind: type[TelegramChannel], *, webhook: bool, **options: Any) -> AsyncIterator[TelegramHarness]:
    """A started channel of `kind` with a fake platform; times are short."""
    settings: dict[str, Any] = {
        "timeout": 0.3,
        "transfer_timeout": 0.6,
        "poll_timeout": 5.0,
        "backoff": (0.001, 0.004),
        **options,
    }
    listener = socket.create_server(("127.0.0.1", 0))
    public_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    if webhook:
        settings |= {"webhook_secret": SECRET, "public_url": public_url}
    http = HttpClient()
    async with FakeTelegram(webhook_retry=0.02) as fake:
        bot = fake.bot(TOKEN, "mashang_test_bot")
        channel = kind(http=http, token=TOKEN, api_base=fake.url, clock=lambda: NOW, load=load, **settings)
        harness = TelegramHarness(channel, bot, f"{public_url}/telegram/{channel.account}" if webhook else None)
        async with contextlib.AsyncExitStack() as stack:
            if webhook:
                await stack.enter_async_context(serve(channel, listener))
            await channel.start(harness.receive)
            try:
                yield harness
            finally:
                harness.receive.release()
                await channel.stop()
                await http.close()
    listener.close()
