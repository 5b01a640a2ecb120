"""The public bot, for citizens, on aiogram's `Bot`.

Neither its dispatcher nor its polling: those confirm an update even when handling it failed.
"""

from functools import cache
from io import BytesIO
from typing import Any, cast
from urllib.parse import urlencode

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, InputFile
from aiohttp import ClientSession, FormData
from pydantic import TypeAdapter

from bot.channels.telegram_api import Body, BotApi
from bot.channels.telegram_channel import TelegramChannel
from bot.channels.telegram_parsing import ALLOWED_UPDATES
from bot.channels.telegram_sending import Part
from bot.http import HttpClient
from bot.message import Audience, Button


class TelegramCitizen(TelegramChannel):
    """See `TelegramChannel` for the arguments."""

    account = "citizen"
    audience: Audience = "citizen"

    def _open(self, http: HttpClient, token: str) -> None:
        self._bot = Bot(token, session=_Session(http, self._api))

    async def _send_part(self, chat_id: int, part: Part) -> int:
        if part.file is None:
            return await self._send_text(chat_id, part)
        markup = _markup(part.rows)
        upload = BufferedInputFile(part.file.content, part.file.name)
        caption = part.text or None
        match part.file.method:
            case "photo":
                sent = await self._bot.send_photo(chat_id, upload, caption=caption, reply_markup=markup)
            case "voice":
                sent = await self._bot.send_voice(chat_id, upload, caption=caption, reply_markup=markup)
            case "document":
                sent = await self._bot.send_document(chat_id, upload, caption=caption, reply_markup=markup)
        return sent.message_id

    async def _send_text(self, chat_id: int, part: Part) -> int:
        """A text, which is nearly all that is sent, goes past aiogram: making its `SendMessage` of what we have, taking
        it apart and reading the answer's hundred fields costs twice what the rest of a send does."""
        fields: dict[str, Any] = {"chat_id": chat_id, "text": part.text, "link_preview_options": {"is_disabled": True}}
        if part.rows:
            fields["reply_markup"] = {
                "inline_keyboard": [
                    [{"text": button.label, "callback_data": button.data} for button in row] for row in part.rows
                ]
            }
        return int((await self._api.call("sendMessage", fields))["message_id"])

    async def _get_file(self, file_id: str) -> str | None:
        return (await self._bot.get_file(file_id)).file_path

    async def _get_username(self) -> str | None:
        return (await self._bot.get_me()).username

    async def _set_webhook(self, url: str, secret: str, max_connections: int) -> None:
        await self._bot.set_webhook(
            url, secret_token=secret, max_connections=max_connections, allowed_updates=ALLOWED_UPDATES
        )

    async def _delete_webhook(self) -> None:
        await self._bot.delete_webhook()

    async def _answer_callback(self, query_id: str) -> None:
        await self._bot.answer_callback_query(query_id)


class _Session(AiohttpSession):
    """aiogram's calls through the shared session and `BotApi`, which raises before aiogram judges an answer."""

    def __init__(self, http: HttpClient, api: BotApi) -> None:
        super().__init__(api=TelegramAPIServer.from_base(api.base))
        self._http = http
        self._bot_api = api

    async def create_session(self) -> ClientSession:
        return self._http.session

    async def close(self) -> None:
        """The session is shared; its owner closes it."""

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's
    ) -> TelegramType:
        result = await self._bot_api.call(method.__api_method__, self._body(bot, method))
        return cast(TelegramType, _reader(method.__returning__).validate_python(result, context={"bot": bot}))

    def _body(self, bot: Bot, method: TelegramMethod[TelegramType]) -> Body:
        files: dict[str, InputFile] = {}
        fields: dict[str, str] = {}
        for name, value in method.model_dump(warnings=False).items():
            prepared = self.prepare_value(value, bot=bot, files=files)
            if prepared:
                fields[name] = prepared
        if not files:
            return urlencode(fields).encode()
        form = FormData(fields, quote_fields=False)
        for name, file in files.items():
            form.add_field(name, _content(file), filename=file.filename or name)
        return form


@cache
def _reader(returning: Any) -> TypeAdapter[Any]:
    """Reads one kind of result. aiogram's own way sets up a generic model for every answer."""
    return TypeAdapter(returning)


def _content(file: InputFile) -> BytesIO:
    """The upload as a stream: aiohttp warns of large `bytes`, which it would write in one go."""
    if not isinstance(file, BufferedInputFile):
        raise TypeError(f"only files in memory are uploaded, not {type(file).__name__}")
    return BytesIO(file.data)


def _markup(rows: tuple[tuple[Button, ...], ...]) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=button.label, callback_data=button.data) for button in row] for row in rows
        ]
    )
