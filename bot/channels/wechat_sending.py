"""What goes to a citizen on WeChat outside the answer to their own message: customer-service messages (客服消息) within
the platform's windows, and subscription notices (订阅通知) outside of them."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.channel import PermanentFailure, WindowClosed
from bot.channels.cgi_errors import CgiRefusal, Policy, delivery_error
from bot.channels.wechat_api import WeChatApi
from bot.channels.wechat_templates import Templates, filled
from bot.message import OutboundMessage, Picture
from bot.text import number_choices, split
from routing.ports import Clock
from routing.windows import Window, Windows

log = logging.getLogger(__name__)

#: Bytes of a text, in an answer and in a customer-service message alike.
TEXT_LIMIT: Final = 2048
#: After somebody wrote, 5 within 48 hours; after they followed, scanned a code or tapped the menu, 3 within a minute
#: (https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html). Ours close
#: somewhat earlier: a message that was begun in time must arrive in time.
WINDOWS: Final = Windows(MappingProxyType({"message": Window(5, 48 * 3600 - 60), "tap": Window(3, 45)}))
#: What the platform takes as a temporary medium, and up to how many bytes
#: (https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/New_temporary_materials.html).
MEDIA: Final[dict[str, tuple[str, int]]] = {
    "image/jpeg": ("image", 10 * 1024 * 1024),
    "image/png": ("image", 10 * 1024 * 1024),
    "image/gif": ("image", 10 * 1024 * 1024),
    "audio/amr": ("voice", 2 * 1024 * 1024),
    "audio/mpeg": ("voice", 2 * 1024 * 1024),
}


class WeChatSending:
    """The sending half of a WeChat channel (`bot.channel.CountedChannel`). `load` reads a stored file by its name."""

    def __init__(
        self, api: WeChatApi, clock: Clock, load: Callable[[str], Awaitable[bytes]], templates: Templates | None = None
    ) -> None:
        self._api = api
        self._clock = clock
        self._load = load
        self._templates = templates or Templates()

    def parts(self, message: OutboundMessage) -> Sequence[OutboundMessage]:
        """The text in pieces, the words first: a picture may find the window used up."""
        # What still holds half a character would be refused as a whole.
        text = number_choices(message.text, message.buttons).encode("utf-8", "replace").decode()
        pieces = [piece for piece in split(text, TEXT_LIMIT, "bytes") if piece.strip()]
        shown = [picture for picture in message.pictures if picture.mime.partition(";")[0] in MEDIA]
        if len(shown) < len(message.pictures):
            log.warning("wechat.files_not_shown count=%d", len(message.pictures) - len(shown))
        parts = [replace(message, text=piece, buttons=(), pictures=()) for piece in pieces]
        parts += [replace(message, text="", buttons=(), pictures=(picture,)) for picture in shown]
        return parts or [message]

    async def send(self, user_id: str, message: OutboundMessage) -> str:
        """One of the `parts`. The platform gives messages no id. Raises `DeliveryError`."""
        if message.pictures:
            await self._send_picture(user_id, message.pictures[0])
        else:
            await self._send({"touser": user_id, "msgtype": "text", "text": {"content": message.text}})
        return ""

    async def _send_picture(self, user_id: str, picture: Picture) -> None:
        """The words are with them already, so a picture that is not to be had, or not taken, holds up nothing."""
        mime = picture.mime.partition(";")[0]
        kind, most = MEDIA[mime]
        try:
            content = await self._load(picture.name)
            if len(content) > most:
                raise PermanentFailure("larger than the platform takes")
            media_id = await self._api.upload(kind, picture.name, mime, content)
            await self._send({"touser": user_id, "msgtype": kind, kind: {"media_id": media_id}})
        except (FileNotFoundError, PermanentFailure) as error:
            log.warning("wechat.picture_left_out error=%s", type(error).__name__)

    async def _send(self, body: dict[str, object]) -> None:
        await self._api.send("message/custom/send", body)

    def announces(self, kind: str) -> bool:
        return self._templates.of(kind) is not None

    async def announce(self, user_id: str, kind: str, fields: Mapping[str, str]) -> None:
        """Send the subscription notice of `kind`. Raises `DeliveryError`; `WindowClosed` where they did not subscribe,
        `PermanentFailure` where the template can't be filled."""
        template = self._templates.of(kind)
        data = filled(template, fields, self._clock()) if template else None
        if template is None or data is None:
            log.warning("wechat.not_announced kind=%s: a field of its template can't be filled", kind)
            raise PermanentFailure("a field of the template can't be filled")
        body: dict[str, object] = {"touser": user_id, "template_id": template.id, "data": data}
        if template.page:
            body["page"] = template.page
        try:
            await self._api.call("message/subscribe/bizsend", body)
        except CgiRefusal as refusal:
            if refusal.policy is Policy.MIDNIGHT:
                # These have a quota of their own; customer-service messages go on.
                raise WindowClosed(str(refusal)) from None
            raise delivery_error(refusal, self._clock()) from None
