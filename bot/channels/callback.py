"""The HTTP entrance of WeChat and of WeCom: one path, sealed messages in, sealed answers out.

GET   the platform checks the address when an admin saves it: `echo` answers
POST  a message: `take` returns once it is durable, with the XML of an answer or None for "success"

200  taken
4xx  refused by `envelope.Refused`; an empty body, nothing changed but a counter
503  nothing was kept; the platform hands it over again, three times in all

Both platforms wait five seconds and then count the call as failed. Plain ASGI, as for Telegram's webhook.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.channels.envelope import BODY_LIMIT, Envelope, Refused
from routing.errors import StorageUnavailable

log = logging.getLogger(__name__)

SUCCESS = b"success"
_XML = b"text/xml; charset=utf-8"
_TEXT = b"text/plain; charset=utf-8"

Echo = Callable[[Mapping[str, str]], str]
Take = Callable[[Element], Awaitable[str | None]]


class Callback:
    """`echo` answers the check of the address, `take` a message. `rejected` counts what was refused, by reason.

    `take` may raise `Refused` for a message that is none, and `StorageUnavailable` when nothing was kept.
    """

    def __init__(self, path: str, envelope: Envelope, echo: Echo, take: Take) -> None:
        self.route = Route(path, self, methods=["GET", "POST"])
        self.rejected: Counter[str] = Counter()
        self._path = path
        self._envelope = envelope
        self._echo = echo
        self._take = take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            query = _query(scope)
            if scope["method"] == "POST":
                kind, body = await self._message(query, await _body(scope, receive))
            else:
                kind, body = _TEXT, self._echo(query).encode()
            status = 200
        except Refused as refused:
            self.rejected[refused.reason] += 1
            log.warning(
                "callback.refused path=%s reason=%s count=%d",
                self._path, refused.reason, self.rejected[refused.reason],
            )  # fmt: skip
            status, kind, body = refused.status, _TEXT, b""
        except StorageUnavailable:
            log.warning("callback.not_taken path=%s", self._path)
            status, kind, body = 503, _TEXT, b""
        except Exception as error:
            # Only the type: the text of an unforeseen exception may quote the message.
            log.error("callback.failed path=%s error=%s", self._path, type(error).__name__)
            status, kind, body = 503, _TEXT, b""
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _message(self, query: Mapping[str, str], body: bytes) -> tuple[bytes, bytes]:
        answer = await self._take(self._envelope.open(query, body))
        return (_TEXT, SUCCESS) if answer is None else (_XML, self._envelope.seal(answer))


def _query(scope: Scope) -> dict[str, str]:
    try:
        return dict(parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=32))
    except ValueError:
        # Bytes that no URL has, or more parameters than anybody sends.
        raise Refused(400, "query") from None


async def _body(scope: Scope, receive: Receive) -> bytes:
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and int(announced[:20]) > BODY_LIMIT:
        raise Refused(413, "size")
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "cut_off")
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT:
            raise Refused(413, "size")
        more = message.get("more_body", False)
    return bytes(body)
