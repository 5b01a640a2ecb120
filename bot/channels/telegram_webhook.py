"""The HTTP entrance of a Telegram bot.

403  the secret is missing or wrong; the body is not read
413  over a megabyte
400  not JSON, or not an update as Telegram's documentation has it. Telegram repeats it for a day, in which a
     mended version can still take it; it holds up no other update
200  taken in (`receive` returned), or an update that is none of ours and never will be
503  storage is away, or we are starting or stopping: Telegram repeats it
"""

import hmac
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.telegram_parsing import Malformed, NotReady
from routing.errors import StorageUnavailable

log = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


class TelegramWebhook:
    """`take` gets the update as plain JSON and returns once it is durable. `rejected` counts, by reason."""

    def __init__(self, path: str, secret: str, take: Callable[[Any], Awaitable[None]]) -> None:
        self.route = Route(path, self._endpoint, methods=["POST"])
        self.rejected: Counter[str] = Counter()
        self._path = path
        self._secret = secret.encode()
        self._take = take

    async def _endpoint(self, request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, self._secret):
            return self._reject(403, "secret")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return self._reject(400, "content_type")
        try:
            body = await _body(request)
        except ClientDisconnect:
            return self._reject(400, "cut_off")
        if body is None:
            return self._reject(413, "size")
        try:
            await self._take(orjson.loads(body))
        except orjson.JSONDecodeError:
            return self._reject(400, "json")
        except Malformed:
            return self._reject(400, "shape")
        except (StorageUnavailable, NotReady) as error:
            log.warning("telegram.not_taken path=%s reason=%s", self._path, type(error).__name__)
            return Response(status_code=503)
        except Exception as error:
            # Only the type: the text of an unforeseen exception may quote the message.
            log.error("telegram.receive_failed path=%s error=%s", self._path, type(error).__name__)
            return Response(status_code=503)
        return Response()

    def _reject(self, status: int, reason: str) -> Response:
        self.rejected[reason] += 1
        log.warning("telegram.rejected path=%s reason=%s count=%d", self._path, reason, self.rejected[reason])
        return Response(status_code=status)


async def _body(request: Request) -> bytes | None:
    """The body, or None as soon as it is over the limit."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > BODY_LIMIT:
        return None
    parts = bytearray()
    async for chunk in request.stream():
        parts += chunk
        if len(parts) > BODY_LIMIT:
            return None
    return bytes(parts)
