"""The harness of the WeCom channel: on a real uvicorn, against the fake platform."""

import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import ClassVar

from bot.channels.envelope import Envelope
from bot.channels.wecom import PATH, WeCom
from bot.channels.wecom_api import WeComApi
from bot.http import HttpClient
from bot.message import OutboundMessage
from routing.ports import Clock
from storage.store import Store
from tests.bot.channels.cgi_harness import NOW, CgiHarness
from tests.bot.channels.envelopes import Sealed
from tests.bot.channels.harness import Fault, Inbound, Receipt, Seen
from tests.bot.channels.telegram_harness import load
from tests.fakes.web import open_store
from tests.fakes.wecom import AES_KEY, AGENT_ID, CORP_ID, SECRET, TOKEN, FakeWeCom
from tests.fakes.wecom_app import Seen as Shown
from tests.fakes.wecom_member import Member

APP = Sealed(TOKEN, AES_KEY, CORP_ID)


class Whole(WeCom):
    """Sends a message in its parts, as delivery does for a channel that counts."""

    async def send(self, user_id: str, message: OutboundMessage) -> str:
        last = ""
        for part in self.parts(message):
            last = await super().send(user_id, part)
        return last


class WeComHarness(CgiHarness[FakeWeCom]):
    people = ("LinQiu", "chen.jing_2")
    kinds = frozenset({"text", "button", "photo", "voice", "file", "location", "blocked", "unsupported"})
    account = APP
    codes: ClassVar = {Fault.BLOCKED: 81013, Fault.UNKNOWN_RECIPIENT: 60111, Fault.REFUSED: 45002}

    def __init__(self, channel: WeCom, fake: FakeWeCom) -> None:
        super().__init__(fake)
        self.channel: WeCom = channel
        for person in self.people:
            fake.member(person)

    def sender(self, user_id: str) -> Member:
        return self.fake.member(user_id)

    def xml(self, inbound: Inbound) -> str:
        member = self.fake.member(inbound.user_id)
        add = self.fake.account.add_media
        match inbound.kind:
            case "text":
                return member.message("text", f"<Content><![CDATA[{inbound.text}]]></Content>")
            case "photo":
                return member.message("image", f"<MediaId>{add(inbound.content, inbound.mime)}</MediaId>")
            case "voice":
                return member.message("voice", f"<MediaId>{add(inbound.content, inbound.mime)}</MediaId>")
            case "file":
                media_id = add(inbound.content, inbound.mime)
                return member.message("file", f"<MediaId>{media_id}</MediaId><FileName>{inbound.name}</FileName>")
            case "location":
                lat, lon = inbound.location
                return member.message("location", f"<Location_X>{lat}</Location_X><Location_Y>{lon}</Location_Y>")
            case "unsupported":
                return member.message("sticker", "")
            case "blocked":
                return member.event("unsubscribe", "")
        raise ValueError(inbound.kind)

    async def press(self, user_id: str, label: str) -> Receipt:
        member = self.fake.member(user_id)
        return self.hand(user_id, member.pressing(member.screen[-1], label))

    async def seen(self, user_id: str) -> list[Seen]:
        screen = self.fake.member(user_id).screen
        return [_seen(shown, screen[:at]) for at, shown in enumerate(screen)]

    async def message_id(self, user_id: str) -> str:
        return self.fake.member(user_id).screen[-1].id

    def wrong_shapes(self) -> Sequence[bytes]:
        good = self.xml(Inbound("text", "LinQiu", text="x"))
        return [
            b"<xml/>", b"<xml>text</xml>", b"<html><MsgType>text</MsgType></html>",
            good.replace("FromUserName", "From").encode(),
            good.replace("<MsgType>", "<Kind>").replace("</MsgType>", "</Kind>").encode(),
            good.replace("LinQiu", "Lin Qiu").encode(), good.replace("LinQiu", "林秋").encode(),
            good.replace("LinQiu", "").encode(), good.replace("LinQiu", "l" * 65).encode(),
            good.replace(str(AGENT_ID), "1000003").encode(),
            f"<!DOCTYPE xml [<!ENTITY e 'x'>]>{good.replace('x]]>', '&e;')}".encode(),
        ]  # fmt: skip


def _seen(shown: Shown, above: Sequence[Shown]) -> Seen:
    """A card that stands under its text repeats how that begins; it says nothing more."""
    repeats = shown.kind == "card" and any(text.text.startswith(shown.title) for text in above if text.kind == "text")
    said = "".join(shown.text.split("\n")) if shown.kind == "card" else shown.text
    return Seen("" if repeats else said, list(shown.buttons), shown.content)


def channel_of(fake: FakeWeCom, store: Store, http: HttpClient, clock: Clock, *, timeout: float = 0.3) -> Whole:
    """The channel, not started. `timeout` is seconds for a call."""
    api = WeComApi(
        http, CORP_ID, str(AGENT_ID), SECRET, fake.url, writer=store.writer, clock=clock, timeout=timeout,
        transfer_timeout=2 * timeout,
    )  # fmt: skip
    envelope = Envelope(token=TOKEN, aes_key=AES_KEY, receiver=CORP_ID, clock=clock)
    return Whole(api=api, envelope=envelope, clock=clock, load=load)


@contextlib.asynccontextmanager
async def wecom(folder: Path) -> AsyncIterator[WeComHarness]:
    """A started channel with a fake platform; times are short."""
    store, http = open_store(folder), HttpClient()
    async with FakeWeCom(lambda: NOW) as fake:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            fake.callback = f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}"
            harness = WeComHarness(channel_of(fake, store, http, lambda: NOW), fake)
            async with harness.listening(listener):
                yield harness
            await http.close()
            await store.aclose()
