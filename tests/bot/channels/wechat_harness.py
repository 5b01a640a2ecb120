"""The harness of the WeChat channel: on a real uvicorn, against the fake platform."""

import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import ClassVar

from bot.channels.envelope import Envelope
from bot.channels.wechat import PATH, WeChat
from bot.channels.wechat_api import WeChatApi
from bot.http import HttpClient
from bot.message import OutboundMessage
from tests.bot.channels.cgi_harness import NOW, CgiHarness
from tests.bot.channels.envelopes import Sealed
from tests.bot.channels.harness import Fault, Inbound, Receipt, Seen
from tests.bot.channels.telegram_harness import load
from tests.fakes.web import open_store
from tests.fakes.wechat import AES_KEY, APP_ID, SECRET, TOKEN, FakeWeChat
from tests.fakes.wechat_person import Citizen

ACCOUNT = Sealed(TOKEN, AES_KEY, APP_ID)


class Whole(WeChat):
    """Sends a message in its parts, as delivery does for a channel that counts."""

    async def send(self, user_id: str, message: OutboundMessage) -> str:
        last = ""
        for part in self.parts(message):
            last = await super().send(user_id, part)
        return last


class WeChatHarness(CgiHarness[FakeWeChat]):
    people = ("o-ming_1", "o-hong_2")
    # A video has no name and no caption; tests of our own send one.
    kinds = frozenset({"text", "start", "photo", "voice", "location", "blocked", "unsupported"})
    account = ACCOUNT
    codes: ClassVar = {Fault.BLOCKED: 43004, Fault.UNKNOWN_RECIPIENT: 40003, Fault.REFUSED: 45002}

    def __init__(self, channel: WeChat, fake: FakeWeChat) -> None:
        super().__init__(fake)
        self.channel: WeChat = channel
        for person in self.people:
            self.follow(person)

    def sender(self, user_id: str) -> Citizen:
        return self.fake.citizen(user_id)

    def follow(self, person: str) -> None:
        follower = self.fake.citizen(person).follower
        follower.following = True
        self.fake.account.opens(person, "message")

    def xml(self, inbound: Inbound) -> str:
        citizen = self.fake.citizen(inbound.user_id)
        add = self.fake.account.add_media
        match inbound.kind:
            case "text":
                kind, fields = "text", f"<Content><![CDATA[{inbound.text}]]></Content>"
            case "photo":
                kind, fields = "image", f"<MediaId>{add(inbound.content, inbound.mime)}</MediaId>"
            case "voice":
                kind, fields = "voice", f"<MediaId>{add(inbound.content, inbound.mime)}</MediaId>"
            case "location":
                lat, lon = inbound.location
                kind, fields = "location", f"<Location_X>{lat}</Location_X><Location_Y>{lon}</Location_Y>"
            case "unsupported":
                kind, fields = "sticker", ""
            case "start":
                key = f"qrscene_{inbound.code}" if inbound.code else ""
                return citizen.xml("event", f"<Event>subscribe</Event><EventKey>{key}</EventKey>")
            case "blocked":
                return citizen.xml("event", "<Event>unsubscribe</Event><EventKey></EventKey>")
            case other:
                raise ValueError(other)
        return citizen.xml(kind, f"{fields}<MsgId>{self.fake.account.next_message_id()}</MsgId>")

    async def press(self, user_id: str, label: str) -> Receipt:
        (line,) = [line for line in (await self.seen(user_id))[-1].text.splitlines() if line.endswith(f". {label}")]
        return await self.deliver(Inbound("text", user_id, text=line.partition(".")[0]))

    async def seen(self, user_id: str) -> list[Seen]:
        screen = self.fake.citizen(user_id).screen
        return [Seen(seen.text, picture=seen.content) for seen in screen if seen.way in ("passive", "custom")]

    async def message_id(self, user_id: str) -> str:
        return ""  # the platform gives messages none

    def wrong_shapes(self) -> Sequence[bytes]:
        good = self.xml(Inbound("text", "o1", text="x"))
        return [
            b"<xml/>", b"<xml>text</xml>", b"<html><MsgType>text</MsgType></html>",
            good.replace("FromUserName", "From").encode(),
            good.replace("<MsgType>", "<Kind>").replace("</MsgType>", "</Kind>").encode(),
            good.replace("o1", "o 1").encode(), good.replace("o1", "ö").encode(), good.replace("o1", "").encode(),
            good.replace("o1", "o" * 65).encode(), b'<?xml version="1.0" encoding="utf-16"?>' + good.encode()[:40],
            f"<!DOCTYPE xml [<!ENTITY e 'x'>]>{good.replace('x]]>', '&e;')}".encode(),
        ]  # fmt: skip


@contextlib.asynccontextmanager
async def wechat(folder: Path) -> AsyncIterator[WeChatHarness]:
    """A started channel with a fake platform; times are short."""
    store, http = open_store(folder), HttpClient()
    async with FakeWeChat(lambda: NOW) as fake:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            fake.callback = f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}"
            api = WeChatApi(
                http, APP_ID, SECRET, fake.url, writer=store.writer, clock=lambda: NOW, timeout=0.3,
                transfer_timeout=0.6,
            )  # fmt: skip
            envelope = Envelope(token=TOKEN, aes_key=AES_KEY, receiver=APP_ID, clock=lambda: NOW)
            harness = WeChatHarness(Whole(api=api, envelope=envelope, clock=lambda: NOW, load=load), fake)
            async with harness.listening(listener):
                yield harness
            await http.close()
            await store.aclose()
