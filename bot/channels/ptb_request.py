"""python-telegram-bot's calls over the shared client: a send through its own httpx costs twenty times as
much processor time."""

from io import BytesIO
from typing import Any

from aiohttp import FormData
from telegram.error import NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

from bot.channel import DeliveryError
from bot.channels.telegram_api import ApiRefusal, Body, BotApi


class Carried(TelegramError):
    """Takes `BotApi`'s own error through the library, which wraps whatever is not a `TelegramError`."""

    __slots__ = ("error",)

    def __init__(self, error: ApiRefusal | DeliveryError) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class SharedRequest(BaseRequest):
    """A request backend that owns nothing. Time-outs are `BotApi`'s; those of a single call are not looked at."""

    __slots__ = ("_api",)

    def __init__(self, api: BotApi) -> None:
        self._api = api

    @property
    def read_timeout(self) -> float | None:
        return self._api.timeout

    async def initialize(self) -> None:
        """Nothing to open: the session is shared."""

    async def shutdown(self) -> None:
        """Nothing to close: the session's owner does."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *timeouts: Any, **named_timeouts: Any
    ) -> tuple[int, bytes]:
        """The library's `do_request`; only what `BotApi` found to be a success comes back.

        `url` ends in the method's name. Files are downloaded by `BotApi.download`, which has a limit.
        """
        if method != "POST":
            raise NetworkError(f"{method} is not used here")
        try:
            return 200, await self._api.answer(url.rpartition("/")[2], _body(request_data))
        except (ApiRefusal, DeliveryError) as error:
            raise Carried(error) from None


def _body(data: RequestData | None) -> Body:
    if data is None:
        return b""
    if not data.contains_files:
        return data.url_encoded_parameters().encode()
    form = FormData(data.json_parameters, quote_fields=False)
    for name, (filename, content, mime) in data.multipart_data.items():
        # As a stream: aiohttp warns of large `bytes`, which it would write in one go.
        stream = BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, stream, filename=filename, content_type=mime)
    return form
