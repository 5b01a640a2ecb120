"""The web chat's JSON: what a request may look like, and how a message looks on its way out."""

import math
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request

from bot.channels.webchat_form import FormError, Part, read_form
from bot.message import Attachment, InboundKind, OutboundMessage

TEXT_BODY = 1024 * 1024
FILE_BODY = 20 * 1024 * 1024
_FORM_OVERHEAD = TEXT_BODY + 16 * 1024
_CLIENT_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_TOKEN = re.compile(r"[!-~]{1,64}")
_FIELDS = frozenset({"id", "text", "button", "location", "reply_to"})
_SEQ = re.compile(r"[1-9][0-9]{0,9}")


class Refusal(Exception):
    """A request that is not taken. `key` words the reason (`error.…` in the pages' wording)."""

    def __init__(self, status: int, key: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {key}")
        self.status = status
        self.key = key
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Said:
    """One parsed message: `client_id` is the page's own id for it, the same when it sends it again."""

    client_id: str
    kind: InboundKind
    text: str = ""
    button: str | None = None
    location: tuple[float, float] | None = None
    attachments: tuple[Attachment, ...] = ()
    reply_to: str | None = None


def check_origin(request: Request, public_url: str) -> None:
    """Refuse a request that another site's page made a browser send; a program that is no browser sends neither
    header and holds no one's cookie. Raises `Refusal`."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Refusal(403, "error.foreign")
        return
    origin = request.headers.get("origin")
    if origin is None:
        return
    host = request.headers.get("host", "")
    if origin.rstrip("/") != public_url.rstrip("/") and (not host or _host_of(origin) != host):
        raise Refusal(403, "error.foreign")


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


async def _limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and declared.isascii() and int(declared[:20]) > limit:
        raise Refusal(413, "error.too_large")
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise Refusal(413, "error.too_large")
        yield chunk


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_json(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises `Refusal`. Only the JSON type is taken: another site's form can't send it
    without asking first."""
    if media_type(request) != "application/json":
        raise Refusal(415, "error.type")
    body = bytearray()
    async for chunk in _limited(request, TEXT_BODY):
        body += chunk
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "error.bad_request") from None
    if not isinstance(content, dict):
        raise Refusal(400, "error.bad_request")
    return content


async def read_said(request: Request) -> Said:
    """The message in a request's body, JSON or multipart. Raises `Refusal`."""
    if media_type(request) != "multipart/form-data":
        return parse_said(await read_json(request))
    fields: dict[str, Any] = {}
    attachments: tuple[Attachment, ...] = ()
    try:
        stream = _limited(request, FILE_BODY + _FORM_OVERHEAD)
        for part in await read_form(request.headers["content-type"], stream):
            if part.filename is None:
                if len(part.content) > TEXT_BODY:
                    raise Refusal(413, "error.too_large")
                if part.name not in _FIELDS:
                    raise Refusal(400, "error.bad_request")
                fields[part.name] = part.text
            elif attachments:
                raise Refusal(400, "error.bad_request")
            else:
                attachments = (_attachment(part),)
    except FormError:
        raise Refusal(400, "error.bad_request") from None
    return parse_said(fields, attachments)


def _attachment(part: Part) -> Attachment:
    if len(part.content) > FILE_BODY:
        raise Refusal(413, "error.too_large")
    if not part.content:
        raise Refusal(400, "error.empty")
    family = part.mime.partition("/")[0].lower()
    kind: Literal["photo", "voice", "file"] = "file"
    if family in ("image", "audio"):
        kind = "photo" if family == "image" else "voice"
    name = re.split(r"[/\\]", part.filename or "")[-1][:200].replace("\x00", "")
    content = bytes(part.content)
    return Attachment(kind=kind, content=content, size=len(content), mime=part.mime[:100] or None, name=name or None)


def parse_said(fields: Mapping[str, Any], attachments: tuple[Attachment, ...] = ()) -> Said:
    """Raises `Refusal` unless the fields are one message: a text, a button, a place, or a file with or without text."""
    client_id, text = fields.get("id"), fields.get("text", "")
    button, location = fields.get("button"), fields.get("location")
    if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id) or not isinstance(text, str):
        raise Refusal(400, "error.bad_request")
    reply_to = _reply_to(fields.get("reply_to"))
    # Two things at once have no one meaning, but for a file with a text under it.
    if sum((bool(text.strip()) and not attachments, button is not None, location is not None, bool(attachments))) > 1:
        raise Refusal(400, "error.bad_request")
    # No keyboard makes a zero character, and PostgreSQL can't keep one.
    if "\x00" in text:
        raise Refusal(400, "error.bad_request")
    if attachments:
        return Said(client_id, attachments[0].kind, text, attachments=attachments, reply_to=reply_to)
    if button is not None:
        if not isinstance(button, str) or not _TOKEN.fullmatch(button):
            raise Refusal(400, "error.bad_request")
        return Said(client_id, "button", button=button, reply_to=reply_to)
    if location is not None:
        return Said(client_id, "location", location=_place(location), reply_to=reply_to)
    if not text.strip():
        raise Refusal(400, "error.empty")
    return Said(client_id, "text", text, reply_to=reply_to)


def _reply_to(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, int | str) and not isinstance(value, bool) and _SEQ.fullmatch(str(value)):
        return str(value)
    raise Refusal(400, "error.bad_request")


def _place(value: object) -> tuple[float, float]:
    if not isinstance(value, dict):
        raise Refusal(400, "error.bad_request")
    numbers = []
    for name, most in (("lat", 90.0), ("lon", 180.0)):
        number = value.get(name)
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise Refusal(400, "error.bad_request")
        if not math.isfinite(number) or abs(number) > most:
            raise Refusal(400, "error.bad_request")
        numbers.append(float(number))
    return numbers[0], numbers[1]


def message_json(message: OutboundMessage, base: str, at: datetime) -> dict[str, Any]:
    """One message as the page gets it. `base` is the path under which this session's files lie."""
    out: dict[str, Any] = {
        "seq": message.seq or 0,
        "text": message.text,
        "buttons": [{"label": button.label, "data": button.data} for button in message.buttons],
        "at": at.isoformat(timespec="milliseconds"),
    }
    if message.pictures:
        out["files"] = [{"url": f"{base}/files/{file.name}", "kind": file.kind} for file in message.pictures]
    return out
