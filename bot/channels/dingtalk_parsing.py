"""What somebody wrote to the robot (the `data` of a stream's frame) → `InboundMessage`, with the types checked.

Shapes: https://open.dingtalk.com/document/development/receive-message (机器人接收消息). A sound comes with DingTalk's
own transcript where it made one; that stands as the text. A group's message counts as its writer's, `private` False:
what is said to it goes to the writer alone.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from bot.channels.dingtalk_buttons import pressed
from bot.message import Attachment, InboundKind, InboundMessage

Json = dict[str, Any]
PRIVATE = "1"
#: DingTalk gives no hint, and the first thing that a member types, the code of an invitation, would pass for English.
LANGUAGE = "zh-hans"
#: A staff id, and every other id that comes in.
STAFF_ID = re.compile(r"[!-~]{1,200}")
_REFERENCE_LIMIT = 4096


class Malformed(Exception):
    """Not a message, though it came from the platform. The text names a field, never its content."""


class Outsider(Exception):
    """Its writer has no staff id: somebody of another organisation, or the app is not published yet. The robot can't
    write to them."""


class DingTalkReader:
    """Reads what comes in for one robot."""

    def __init__(self, account: str, clock: Callable[[], datetime]) -> None:
        self._account = account
        self._clock = clock

    def read(self, raw: Any) -> InboundMessage:
        """One message as it came off the wire. Raises `Malformed` or `Outsider`."""
        if not isinstance(raw, dict):
            raise Malformed("not an object")
        external_id, kind = _id(raw, "msgId"), _text(raw, "msgtype")
        conversation = raw.get("conversationType")
        if not kind:
            raise Malformed("msgtype")
        if conversation not in (PRIVATE, "2"):
            raise Malformed("conversationType")
        if not raw.get("senderStaffId"):
            _id(raw, "senderId")
            raise Outsider
        return self._message(raw, external_id, _id(raw, "senderStaffId"), kind, conversation == PRIVATE)

    def _message(self, raw: Json, external_id: str, user_id: str, kind: str, private: bool) -> InboundMessage:
        text, button = "", None
        attachments: tuple[Attachment, ...] = ()
        found: InboundKind = "unsupported"
        match kind:
            case "text":
                text, found = _required(raw, "text", "content"), "text"
                if not private:
                    text = text.strip()  # what stands behind the robot's name
                if (button := pressed(text)) is not None:
                    text, found = "", "button"
            case "richText":
                text, attachments = _rich(_content(raw))
                found = "photo" if attachments else "text"
            case "picture":
                attachments, found = (_attachment(_content(raw), "photo"),), "photo"
            case "audio":
                content = _content(raw)
                text, attachments, found = (
                    _text(content, "recognition") or "",
                    (_attachment(content, "voice"),),
                    "voice",
                )
            case "video" | "file":
                attachments, found = (_attachment(_content(raw), "file"),), "file"
        return InboundMessage(
            channel="dingtalk",
            account=self._account,
            audience="work",
            external_id=external_id,
            user_id=user_id,
            received_at=self._clock(),
            kind=found,
            text=text,
            button=button,
            attachments=attachments,
            reply_to=_text(raw, "originalProcessQueryKey"),
            language=LANGUAGE,
            private=private,
        )


def _rich(content: Json) -> tuple[str, tuple[Attachment, ...]]:
    """The text and the pictures of a message that mixes them."""
    pieces = content.get("richText")
    if not isinstance(pieces, list) or not all(isinstance(piece, dict) for piece in pieces):
        raise Malformed("richText")
    texts = [text for piece in pieces if (text := _text(piece, "text"))]
    pictures = tuple(_attachment(piece, "photo") for piece in pieces if piece.get("type") == "picture")
    return "".join(texts), pictures


def _attachment(content: Json, kind: Any) -> Attachment:
    code = _text(content, "downloadCode")
    if not code or len(code) > _REFERENCE_LIMIT:
        raise Malformed("downloadCode")
    return Attachment(kind=kind, reference=code, name=_text(content, "fileName"))


def _content(raw: Json) -> Json:
    """`content`, which some of DingTalk's servers send as JSON in a string."""
    content = raw.get("content")
    if isinstance(content, str):
        try:
            content = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise Malformed("content") from None
    if not isinstance(content, dict):
        raise Malformed("content")
    return content


def _required(raw: Json, outer: str, inner: str) -> str:
    holder = raw.get(outer)
    value = _text(holder, inner) if isinstance(holder, dict) else None
    if value is None:
        raise Malformed(outer)
    return value


def _id(raw: Json, name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not STAFF_ID.fullmatch(value):
        raise Malformed(name)
    return value


def _text(raw: Json, name: str) -> str | None:
    value = raw.get(name)
    if value is not None and not isinstance(value, str):
        raise Malformed(name)
    return value
