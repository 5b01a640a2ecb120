"""Calls to Telegram's Bot API over the shared client, and what its refusals mean for a message.

Both libraries send through here, so an answer is judged once and the same for both, and before either library sees
it: they take a proxy's 403 page for a blocked bot, log the whole body of an answer they can't read, and trip over a
`retry_after` of 0 or a missing description.
"""

import asyncio
import logging
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

from bot.channel import (
    AttachmentGone,
    DeliveryError,
    PermanentFailure,
    RateLimited,
    RecipientBlocked,
    RecipientMoved,
    TemporaryFailure,
)
from bot.http import HttpClient, read_within
from bot.lines import Unreadable

log = logging.getLogger(__name__)

#: A form ready to send, a form with files, or fields that go as JSON.
Body = bytes | aiohttp.FormData | dict[str, Any]
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
ANSWER_LIMIT = 16 * 1024 * 1024
#: Seconds.
LONGEST_WAIT = 24 * 3600.0
# Answers to a send that mean: this chat is not, or no longer, open to us (https://core.telegram.org/bots/api).
OUT_OF_REACH = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "user_is_deactivated",
    "group chat was deactivated",
    "not enough rights",
    "have no rights",
    "chat_write_forbidden",
)


class ApiRefusal(Exception):
    """The Bot API answered `ok: false`. `description` is the platform's and holds nothing of a message."""

    def __init__(self, status: int, description: str, parameters: dict[str, Any]) -> None:
        super().__init__(f"{status} {description}")
        self.status = status
        self.description = description
        self.parameters = parameters


class BotApi:
    """One token at one API server. `timeout` is seconds for a call, `transfer_timeout` for one with a
    file. Raises `ValueError` for a `base` that is no address."""

    def __init__(
        self, http: HttpClient, token: str, base: str, *, timeout: float = 10.0, transfer_timeout: float = 60.0
    ) -> None:
        self._http = http
        self._token = token
        self._lines = http.lines_to(base, limit=ANSWER_LIMIT)
        self.base = base.rstrip("/")
        self.timeout = timeout
        self._transfer_timeout = transfer_timeout

    async def call(self, method: str, body: Body, *, wait: float = 0.0) -> Any:
        """The `result` of a call, as plain JSON. `wait` is seconds that a long poll may take more.

        Raises `ApiRefusal`, or `TemporaryFailure` for whatever is not the Bot API's own word.
        """
        return (await self._ask(method, body, wait))[1]

    async def answer(self, method: str, body: Body) -> bytes:
        """The whole answer as it came, which is JSON and says `ok: true`. Raises as `call` does."""
        return (await self._ask(method, body, 0.0))[0]

    async def _ask(self, method: str, body: Body, wait: float) -> tuple[bytes, Any]:
        try:
            if isinstance(body, aiohttp.FormData):
                status, raw = await self._upload(method, body)
            else:
                kind, content = (JSON, orjson.dumps(body)) if isinstance(body, dict) else (FORM, body)
                path = f"/bot{self._token}/{method}"
                status, raw = await self._lines.post(path, kind, content, seconds=self.timeout + wait)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, Unreadable) as error:
            # `from None`: the exception quotes the address, and that holds the token.
            raise TemporaryFailure(f"{method}: {type(error).__name__}") from None
        if status == 413:
            raise ApiRefusal(status, "request entity too large", {})
        answer = _object(raw)
        if answer is None or not isinstance(answer.get("ok"), bool) or (answer["ok"] and "result" not in answer):
            raise TemporaryFailure(f"{method}: status {status} with an answer that is not the Bot API's")
        if answer["ok"] and 200 <= status < 300:
            return raw, answer["result"]
        parameters = answer.get("parameters")
        description = str(answer.get("description") or "")
        raise ApiRefusal(status, description, parameters if isinstance(parameters, dict) else {})

    async def _upload(self, method: str, form: aiohttp.FormData) -> tuple[int, bytes]:
        async with self._http.session.post(
            f"{self.base}/bot{self._token}/{method}",
            data=form,
            timeout=aiohttp.ClientTimeout(total=self._transfer_timeout),
            allow_redirects=False,
        ) as response:
            return response.status, await read_within(response, ANSWER_LIMIT)

    async def download(self, path: str, limit: int) -> bytes:
        """A file that getFile named, of at most `limit` bytes. Raises `AttachmentGone` or `TemporaryFailure`."""
        try:
            async with self._http.session.get(
                f"{self.base}/file/bot{self._token}/{quote(path)}",
                timeout=aiohttp.ClientTimeout(total=self._transfer_timeout),
                allow_redirects=False,
            ) as response:
                if response.status in (400, 404, 410):
                    raise AttachmentGone(f"status {response.status}")
                if response.status != 200:
                    raise TemporaryFailure(f"download: status {response.status}")
                return await read_within(response, limit)
        except Unreadable:
            raise AttachmentGone(f"larger than {limit} bytes") from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise TemporaryFailure(f"download: {type(error).__name__}") from None


def delivery_error(refusal: ApiRefusal) -> DeliveryError:
    """What a refusal means for the message that was to be sent."""
    status, said = refusal.status, refusal.description.lower()
    if moved := refusal.parameters.get("migrate_to_chat_id"):
        return RecipientMoved(str(moved))
    if status in (420, 429):
        return RateLimited(_seconds(refusal.parameters.get("retry_after")))
    if status == 403 or (status == 400 and any(words in said for words in OUT_OF_REACH)):
        return RecipientBlocked(f"status {status}")
    if status in (401, 404):
        # A mistyped or revoked token is ours to mend: it must not use up what citizens are waiting for.
        log.error("telegram.token_refused status=%d: check the bot's token", status)
        return TemporaryFailure(f"status {status}: the token is refused")
    if status in (400, 413):
        return PermanentFailure(f"status {status}")
    return TemporaryFailure(f"status {status}")


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None


def _seconds(value: object) -> float:
    """A wait in seconds; a flood answer without one (or with 0) still means: not now. More than a day is no wait any
    more but a garbled answer, and would silence the bot until somebody notices."""
    return min(float(value), LONGEST_WAIT) if isinstance(value, int | float) and value >= 1 else 1.0


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Sleep, but no longer than until `stop`."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
