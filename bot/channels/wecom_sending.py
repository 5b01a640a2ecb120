"""What goes to a member on WeCom: texts, cards with buttons, files. Each counts: WeCom takes 30 a minute and 1,000 an
hour for a member and an app, and drops the rest without a word."""

import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.channel import PermanentFailure, TemporaryFailure
from bot.channels.wecom_api import WeComApi
from bot.channels.wecom_cards import card_of, shared_out
from bot.message import OutboundMessage, Picture
from bot.text import encodable, split
from routing.errors import StorageUnavailable
from routing.windows import Window, Windows

log = logging.getLogger(__name__)

#: Bytes of a text; what is longer is cut off without a word.
TEXT_LIMIT: Final = 2048
#: (https://developer.work.weixin.qq.com/document/path/90312, 发送应用消息)
WINDOWS: Final = Windows(rates=(Window(30, 60), Window(1000, 3600)))
#: What is shown as what it is, and up to how many bytes; everything else is a file
#: (https://developer.work.weixin.qq.com/document/path/90253).
MEDIA: Final[dict[str, tuple[str, int]]] = {
    "image/jpeg": ("image", 10 * 1024 * 1024),
    "image/png": ("image", 10 * 1024 * 1024),
    "audio/amr": ("voice", 2 * 1024 * 1024),
}
FILE_LIMIT: Final = 20 * 1024 * 1024
#: The one mark that a text may hold: a link with other words than its address.
_ANCHOR = re.compile(r"<(?=\s*/?\s*a\b)", re.IGNORECASE)


class WeComSending:
    """The sending half of a WeCom channel (`bot.channel.CountedChannel`). `load` reads a stored file by its name."""

    def __init__(self, api: WeComApi, load: Callable[[str], Awaitable[bytes]]) -> None:
        self._api = api
        self._load = load

    def parts(self, message: OutboundMessage) -> Sequence[OutboundMessage]:
        """Files, then the text in pieces, then its buttons: what is to be pressed stands last."""
        parts = [replace(message, text="", buttons=(), pictures=(picture,)) for picture in message.pictures]
        text = _plain(message.text)
        cards = shared_out(message.buttons) if message.buttons else []
        if cards and card_of(text, cards[0]).fits:
            parts.append(replace(message, text=text, buttons=cards.pop(0), pictures=()))
        else:
            pieces = [piece for piece in split(text, TEXT_LIMIT, "bytes") if piece.strip()]
            parts += [replace(message, text=piece, buttons=(), pictures=()) for piece in pieces]
        parts += [replace(message, text=card_of(text, ()).title, buttons=more, pictures=()) for more in cards]
        return parts or [message]

    async def send(self, user_id: str, message: OutboundMessage) -> str:
        """One of the `parts`. Raises `DeliveryError`."""
        if message.pictures:
            return await self._send_file(user_id, message.pictures[0])
        if message.buttons:
            # A new id each time: a repeated one is refused, whatever became of the first.
            template = {**card_of(message.text, message.buttons).template(), "task_id": f"m{secrets.token_hex(16)}"}
            return await self._api.send_to(user_id, {"msgtype": "template_card", "template_card": template})
        return await self._api.send_to(user_id, {"msgtype": "text", "text": {"content": message.text}})

    async def _send_file(self, user_id: str, picture: Picture) -> str:
        """The words must arrive all the same, so a file that is not to be had, or not taken, holds up nothing."""
        mime = picture.mime.partition(";")[0]
        try:
            content = await self._load(picture.name)
            kind, most = MEDIA.get(mime, ("file", FILE_LIMIT))
            if len(content) > most:
                kind = "file"
            if len(content) > FILE_LIMIT:
                raise PermanentFailure("larger than the platform takes")
            media_id = await self._api.upload(kind, picture.name, mime, content)
            body: dict[str, Any] = {"msgtype": kind, kind: {"media_id": media_id}}
            return await self._api.send_to(user_id, body)
        except (FileNotFoundError, PermanentFailure) as error:
            log.warning("wecom.file_left_out error=%s", type(error).__name__)
            return ""
        except (OSError, StorageUnavailable) as error:
            raise TemporaryFailure(f"file: {type(error).__name__}") from None

    def announces(self, kind: str) -> bool:
        """False: nobody has to write first here."""
        return False

    async def announce(self, user_id: str, kind: str, fields: Mapping[str, str]) -> None:
        raise PermanentFailure("WeCom has no templates")


def _plain(text: str) -> str:
    """What somebody wrote must not become a link that hides where it leads."""
    return _ANCHOR.sub("＜", encodable(text))
