"""The work bot, for deputies, officers and staff, on python-telegram-bot's `Bot`.

Not its `Application`: its updater confirms an update as soon as it is queued.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions

from bot.channels.ptb_request import Carried, SharedRequest
from bot.channels.telegram_channel import TelegramChannel
from bot.channels.telegram_parsing import ALLOWED_UPDATES
from bot.channels.telegram_sending import Part
from bot.http import HttpClient, quiet
from bot.message import Audience, Button

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class TelegramDesk(TelegramChannel):
    """See `TelegramChannel` for the arguments."""

    account = "desk"
    audience: Audience = "work"

    def _open(self, http: HttpClient, token: str) -> None:
        # At DEBUG it logs its base URL, which holds the token, and the text of every message.
        quiet("telegram", "httpx", "httpcore")
        request = SharedRequest(self._api)
        self._bot = Bot(
            token,
            base_url=f"{self._api.base}/bot",
            base_file_url=f"{self._api.base}/file/bot",
            request=request,
            get_updates_request=request,
        )

    async def _send_part(self, chat_id: int, part: Part) -> int:
        markup = _markup(part.rows)
        with _own_errors():
            if part.file is None:
                sent = await self._bot.send_message(
                    chat_id, part.text, reply_markup=markup, link_preview_options=_NO_PREVIEW
                )
                return sent.message_id
            caption = part.text or None
            content, name = part.file.content, part.file.name
            match part.file.method:
                case "photo":
                    sent = await self._bot.send_photo(chat_id, content, caption, filename=name, reply_markup=markup)
                case "voice":
                    sent = await self._bot.send_voice(
                        chat_id, content, caption=caption, filename=name, reply_markup=markup
                    )
                case "document":
                    sent = await self._bot.send_document(
                        chat_id, content, caption=caption, filename=name, reply_markup=markup
                    )
            return sent.message_id

    async def _get_file(self, file_id: str) -> str | None:
        with _own_errors():
            path = (await self._bot.get_file(file_id)).file_path
        # The library makes an address of it, which holds the token.
        return path.partition(f"/file/bot{self._bot.token}/")[2] if path else None

    async def _get_username(self) -> str | None:
        with _own_errors():
            return (await self._bot.get_me()).username

    async def _set_webhook(self, url: str, secret: str, max_connections: int) -> None:
        with _own_errors():
            await self._bot.set_webhook(
                url, secret_token=secret, max_connections=max_connections, allowed_updates=ALLOWED_UPDATES
            )

    async def _delete_webhook(self) -> None:
        with _own_errors():
            await self._bot.delete_webhook()

    async def _answer_callback(self, query_id: str) -> None:
        with _own_errors():
            await self._bot.answer_callback_query(query_id)


@contextmanager
def _own_errors() -> Iterator[None]:
    try:
        yield
    except Carried as carried:
        raise carried.error from None


def _markup(rows: tuple[tuple[Button, ...], ...]) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(button.label, callback_data=button.data) for button in row] for row in rows]
    )
