"""A Telegram update → `InboundMessage`, read straight off the JSON, the same for both bots.

Not through a library's typed `Update`: making one takes aiogram longer than the rest of a message's way in, and both
libraries refuse a whole update over a field that nobody reads (a poll needs `allows_revoting` "since Bot API 9.6",
which a self-hosted API server of last year doesn't send). The types of what is read are checked here.

Video becomes a "file": it is what people film a pothole with, and the file store decides what it keeps. What nobody
said (a pinned message, a new title, a bot taken back) gives None.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from bot.message import Attachment, Audience, InboundKind, InboundMessage

ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
Json = dict[str, Any]
_START = re.compile(r"/start(?:@\w+)?(?:[ ]([A-Za-z0-9_-]{1,64}))?")
_ID_LIMIT = 2**63
# What holds a file, and how we call it.
_FILES: tuple[tuple[str, Literal["voice", "file"]], ...] = (
    ("voice", "voice"),
    ("audio", "voice"),
    ("document", "file"),
    ("video", "file"),
    ("video_note", "file"),
)
# Messages that the platform itself puts into a chat.
_SERVICE = frozenset(
    {
        "new_chat_members",
        "left_chat_member",
        "new_chat_title",
        "new_chat_photo",
        "delete_chat_photo",
        "group_chat_created",
        "supergroup_chat_created",
        "channel_chat_created",
        "message_auto_delete_timer_changed",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
        "pinned_message",
        "write_access_allowed",
        "proximity_alert_triggered",
        "boost_added",
        "chat_background_set",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "giveaway_created",
        "giveaway_completed",
        "video_chat_scheduled",
        "video_chat_started",
        "video_chat_ended",
        "video_chat_participants_invited",
    }
)


class Malformed(Exception):
    """Not an update, though it came from the platform. The text names a field, never its content."""


class NotReady(Exception):
    """The channel is starting or stopping, and takes nothing in."""


class TelegramReader:
    """Reads the updates of one bot."""

    def __init__(self, account: str, audience: Audience, clock: Callable[[], datetime]) -> None:
        self._account = account
        self._audience = audience
        self._clock = clock

    def read(self, raw: Any) -> InboundMessage | None:
        """One update as it came off the wire. None for what is no message to us. Raises `Malformed`."""
        update_id = update_id_of(raw)
        if (message := _object(raw, "message")) is not None:
            return self._message(update_id, message)
        if (query := _object(raw, "callback_query")) is not None:
            return self._pressed(update_id, query)
        if (message := _object(raw, "edited_message")) is not None:
            return self._message(update_id, message, edited=True)
        if (change := _object(raw, "my_chat_member")) is not None:
            return self._membership(update_id, change)
        return None

    def _message(self, update_id: int, message: Json, edited: bool = False) -> InboundMessage | None:
        _int(message, "message_id")
        _int(message, "date")
        chat, sender = _required(message, "chat"), _object(message, "from")
        if not _SERVICE.isdisjoint(message):
            return None
        text = _text(message, "text")
        attachments, location = _attachments(message), _place(message)
        replied = _object(message, "reply_to_message")
        kind: InboundKind
        code = None
        if text is not None:
            start = _START.fullmatch(text)
            kind, code = ("start", start[1] or "") if start else ("text", None)
        elif location is not None:
            kind = "location"
        elif attachments:
            kind = attachments[0].kind
        else:
            kind = "unsupported"
        return self._inbound(
            update_id,
            chat,
            sender,
            kind,
            text=text or _text(message, "caption") or "",
            code=code,
            location=location,
            attachments=attachments,
            reply_to=str(_int(replied, "message_id")) if replied is not None else None,
            edited=edited,
            forwarded=message.get("forward_origin") is not None,
        )

    def _pressed(self, update_id: int, query: Json) -> InboundMessage | None:
        data, message, sender = _text(query, "data"), _object(query, "message"), _required(query, "from")
        if data is None or message is None:
            return None
        chat = _required(message, "chat")
        if chat.get("type") == "private" and _int(sender, "id") != _int(chat, "id"):
            return None  # a person's own chat has nobody else in it; Telegram never sends this
        return self._inbound(update_id, chat, sender, "button", button=data)

    def _membership(self, update_id: int, change: Json) -> InboundMessage | None:
        chat, sender, now = _required(change, "chat"), _required(change, "from"), _required(change, "new_chat_member")
        if _text(now, "status") not in ("kicked", "left"):
            return None
        return self._inbound(update_id, chat, sender, "blocked")

    def _inbound(
        self, update_id: int, chat: Json, sender: Json | None, kind: InboundKind, **more: Any
    ) -> InboundMessage:
        chat_type = _text(chat, "type")
        if chat_type is None:
            raise Malformed("type")
        return InboundMessage(
            channel="telegram",
            account=self._account,
            audience=self._audience,
            external_id=str(update_id),
            user_id=str(_int(chat, "id")),
            received_at=self._clock(),
            kind=kind,
            language=_text(sender, "language_code") if sender is not None else None,
            private=chat_type == "private",
            **more,
        )


def update_id_of(raw: object) -> int:
    """The id of an update as it came off the wire. Raises `Malformed`."""
    if not isinstance(raw, dict):
        raise Malformed("not an object")
    return _int(raw, "update_id")


def callback_id_of(raw: Json) -> str | None:
    """The id under which a pressed button wants its answer; None where no button was pressed."""
    query = raw.get("callback_query")
    found = query.get("id") if isinstance(query, dict) else None
    return found if isinstance(found, str) else None


def _attachments(message: Json) -> tuple[Attachment, ...]:
    sizes = message.get("photo")
    if sizes is not None:
        if not isinstance(sizes, list) or not sizes or not all(isinstance(size, dict) for size in sizes):
            raise Malformed("photo")
        return (_attachment("photo", max(sizes, key=lambda size: _int(size, "width") * _int(size, "height"))),)
    for field, kind in _FILES:
        if (file := _object(message, field)) is not None:
            return (_attachment(kind, file),)
    return ()


def _attachment(kind: Literal["photo", "voice", "file"], file: Json) -> Attachment:
    reference = _text(file, "file_id")
    if not reference:
        raise Malformed("file_id")
    return Attachment(
        kind=kind,
        reference=reference,
        size=_int(file, "file_size") if file.get("file_size") is not None else None,
        mime=_text(file, "mime_type"),
        name=_text(file, "file_name"),
    )


def _place(message: Json) -> tuple[float, float] | None:
    place = _object(message, "location")
    if place is None:
        venue = _object(message, "venue")
        if venue is None:
            return None
        place = _required(venue, "location")
    return _degrees(place, "latitude", 90), _degrees(place, "longitude", 180)


def _degrees(place: Json, field: str, most: int) -> float:
    value = place.get(field)
    if isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most:
        return float(value)
    raise Malformed(field)


def _object(holder: Json, field: str) -> Json | None:
    value = holder.get(field)
    if value is None or isinstance(value, dict):
        return value
    raise Malformed(field)


def _required(holder: Json, field: str) -> Json:
    value = holder.get(field)
    if isinstance(value, dict):
        return value
    raise Malformed(field)


def _text(holder: Json, field: str) -> str | None:
    value = holder.get(field)
    if value is None or isinstance(value, str):
        return value
    raise Malformed(field)


def _int(holder: Json, field: str) -> int:
    value = holder.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _ID_LIMIT:
        return value
    raise Malformed(field)
