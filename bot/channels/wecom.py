"""The work app in WeCom (企业微信), for deputies, officers and staff: `GET` and `POST /wecom`.

WeCom waits five seconds for an answer, asks three times, and then gives the message up. It is answered with "success"
once the message is durable; what there is to say is sent. Somebody becomes a member by typing the code of an
invitation; an app's chat has no address that could carry one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from starlette.routing import BaseRoute

from bot.channel import Capabilities, DeliveryError, Receive
from bot.channels.callback import Callback
from bot.channels.cgi_errors import CgiRefusal
from bot.channels.cgi_media import fetch_media
from bot.channels.envelope import Envelope, Refused
from bot.channels.intake import Intake
from bot.channels.wecom_api import WeComApi
from bot.channels.wecom_parsing import ACCOUNT, CHANNEL, Press, WeComReader, press_of
from bot.channels.wecom_sending import TEXT_LIMIT, WINDOWS, WeComSending
from bot.channels.xml_messages import text_of
from bot.message import Attachment, Audience
from routing.errors import StorageUnavailable
from routing.ports import Clock

log = logging.getLogger(__name__)

PATH: Final = "/wecom"
#: Seconds for the handling of a message: of WeCom's five, the rest is for the disk, the network and a busy machine.
ANSWER_WITHIN: Final = 3.0


class WeCom(WeComSending):
    """`bot.channel.CountedChannel`. `load` reads a stored file by its name."""

    name = CHANNEL
    account = ACCOUNT
    audience: Audience = "work"
    capabilities = Capabilities(
        text_limit=TEXT_LIMIT, text_unit="bytes", answer_within=ANSWER_WITHIN, redelivers=False, windows=WINDOWS
    )

    def __init__(
        self, *, api: WeComApi, envelope: Envelope, clock: Clock, load: Callable[[str], Awaitable[bytes]]
    ) -> None:
        super().__init__(api, load)
        self._clock = clock
        self._reader = WeComReader(clock)
        self._intake = Intake()
        self._callback = Callback(PATH, envelope, envelope.echo_sealed, self._take)
        self._showing: set[asyncio.Task[None]] = set()

    def routes(self) -> Sequence[BaseRoute]:
        return [self._callback.route]

    async def start(self, receive: Receive) -> None:
        self._intake.start(receive)

    async def stop(self) -> None:
        await self._intake.stop()
        while self._showing:
            await asyncio.wait(self._showing)

    async def fetch(self, attachment: Attachment) -> bytes:
        return await fetch_media(self._api, attachment, self.capabilities.attachment_limit, self._clock)

    def link(self, payload: str) -> str | None:
        """None: no address opens an app's chat with something in it."""
        return None

    async def _take(self, xml: Element) -> None:
        """Returns once the message is durable. Raises `Refused` and `StorageUnavailable`."""
        if text_of(xml, "AgentID") not in ("", self._api.agent_id):
            # Two apps that were given one token and one key by hand.
            raise Refused(403, "agent")
        message = self._reader.read(xml)
        if message is None:
            return
        await self._intake.take(message)
        if (press := press_of(xml)) is not None:
            task = asyncio.create_task(self._show(press))
            self._showing.add(task)
            task.add_done_callback(self._showing.discard)

    async def _show(self, press: Press) -> None:
        """Show on the card what was pressed. It changes nothing: where it fails, the card stays as it was."""
        try:
            await self._api.replace_card(press.user_id, press.response_code, press.card.template())
        except (CgiRefusal, DeliveryError, StorageUnavailable) as error:
            # After a repeat the code was used already.
            log.info("wecom.card_not_updated error=%s", error)
