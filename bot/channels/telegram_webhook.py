"""The HTTP entrance of a Telegram bot.

403  the secret is missing or wrong; the body is not read
413  over a megabyte
400  not JSON, or not an update as Telegram's documentation has it. Telegram repeats it for a day, in which a
     mended version can still take it; it holds up no other update
200  taken in (`receive` returned), or an update that is none of ours and never will be
503  storage is away, or we are starting or stopping: Telegram repeats it

Plain ASGI: it is asked for every message, and wants one header, one body and no page.
"""

import hmac
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.channels.telegram_parsing import Malformed, NotReady
from routing.errors import StorageUnavailable

log = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024
SECRET_HEADER = b"x-telegram-bot-api-secret-token"


class TelegramWebhook:
    """`take` gets the update as plain JSON and returns once it is durable. `rejected` counts, by reason."""

    def __init__(self, path: str, secret: str, take: Callable[[Any], Awaitable[None]]) -> None:
        self.route = Route(path, self, methods=["POST"])
        self.rejected: Counter[str] = Counter()
        self._path = path
        self._secret = secret.encode()
        self._take = take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = await self._status(scope, receive)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    async def _status(self, scope: Scope, receive: Receive) -> int:
        headers = dict(scope["headers"])
        if not hmac.compare_digest(headers.get(SECRET_HEADER, b""), self._secret):
            return self._reject(403, "secret")
        if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
            return self._reject(400, "content_type")
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced[:20]) > BODY_LIMIT:
            return self._reject(413, "size")
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return self._reject(400, "cut_off")
            body += message.get("body", b"")
            if len(body) > BODY_LIMIT:
                return self._reject(413, "size")
            more = message.get("more_body", False)
        try:
            await self._take(orjson.loads(body))
        except orjson.JSONDecodeError:
            return self._reject(400, "json")
        except Malformed:
            return self._reject(400, "shape")
        except (StorageUnavailable, NotReady) as error:
            log.warning("telegram.not_taken path=%s reason=%s", self._path, type(error).__name__)
            return 503
        except Exception as error:
            # Only the type: the text of an unforeseen exception may quote the message.
            log.error("telegram.receive_failed path=%s error=%s", self._path, type(error).__name__)
            return 503
        return 200

    def _reject(self, status: int, reason: str) -> int:
        self.rejected[reason] += 1
        log.warning("telegram.rejected path=%s reason=%s count=%d", self._path, reason, self.rejected[reason])
        return status
