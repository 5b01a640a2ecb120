"""The WeChat Official Account (公众号), for citizens: `GET` and `POST /wechat`.

WeChat waits five seconds for an answer. What was said is answered in it, in one text; what does not fit, what took
longer and what comes later goes out as customer-service messages, which the platform counts (`wechat_sending`).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from starlette.routing import BaseRoute

from bot.channel import Capabilities, Receive
from bot.channels.callback import Callback
from bot.channels.cgi_media import fetch_media
from bot.channels.envelope import Envelope
from bot.channels.intake import Intake
from bot.channels.safe_xml import cdata
from bot.channels.wechat_api import WeChatApi
from bot.channels.wechat_parsing import ACCOUNT, CHANNEL, WeChatReader
from bot.channels.wechat_sending import TEXT_LIMIT, WINDOWS, WeChatSending
from bot.channels.wechat_templates import Templates
from bot.message import Attachment, Audience
from bot.text import joined
from routing.ports import Clock

PATH: Final = "/wechat"
#: Seconds for the handling of a message: of WeChat's five, the rest is for the disk, the network and a busy machine.
ANSWER_WITHIN: Final = 3.0


class WeChat(WeChatSending):
    """`bot.channel.CountedChannel`. `load` reads a stored file by its name."""

    name = CHANNEL
    account = ACCOUNT
    audience: Audience = "citizen"
    capabilities = Capabilities(
        text_limit=TEXT_LIMIT, text_unit="bytes", buttons=False, answer_limit=TEXT_LIMIT, answer_within=ANSWER_WITHIN,
        redelivers=False, windows=WINDOWS,
    )  # fmt: skip

    def __init__(
        self,
        *,
        api: WeChatApi,
        envelope: Envelope,
        clock: Clock,
        load: Callable[[str], Awaitable[bytes]],
        templates: Templates | None = None,
    ) -> None:
        super().__init__(api, clock, load, templates)
        self._intake = Intake()
        self._reader = WeChatReader(clock)
        self._callback = Callback(PATH, envelope, envelope.echo, self._take)

    def routes(self) -> Sequence[BaseRoute]:
        return [self._callback.route]

    async def start(self, receive: Receive) -> None:
        self._intake.start(receive)

    async def stop(self) -> None:
        await self._intake.stop()

    async def fetch(self, attachment: Attachment) -> bytes:
        return await fetch_media(self._api, attachment, self.capabilities.attachment_limit, self._clock)

    def link(self, payload: str) -> str | None:
        """None: a chat with an official account is opened by its parametric code, not by an address."""
        return None

    async def _take(self, xml: Element) -> str | None:
        """The XML of the answer; None for no answer. Raises `Refused` and `StorageUnavailable`."""
        message = self._reader.read(xml)
        if message is None:
            return None
        text = joined(await self._intake.take(message))
        return self._reply(xml, text) if text.strip() else None

    def _reply(self, xml: Element, text: str) -> str:
        to, sender = xml.findtext("FromUserName", ""), xml.findtext("ToUserName", "")
        return (
            f"<xml><ToUserName>{cdata(to)}</ToUserName><FromUserName>{cdata(sender)}</FromUserName>"
            f"<CreateTime>{int(self._clock().timestamp())}</CreateTime><MsgType>{cdata('text')}</MsgType>"
            f"<Content>{cdata(text)}</Content></xml>"
        )
