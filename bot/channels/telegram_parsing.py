"""A Telegram update → `InboundMessage`. aiogram and python-telegram-bot name the fields alike, so one reading serves
both bots; python-telegram-bot checks no types, so this does.

The library sees only the fields that are read here. Both refuse a whole update over a field that nobody reads: a poll
needs `allows_revoting` "since Bot API 9.6", which a self-hosted API server of last year doesn't send.

Video becomes a "file": it is what people film a pothole with, and the file store decides what it keeps. What nobody
said (a pinned message, a new title, a bot taken back) gives None.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from bot.message import Attachment, Audience, InboundKind, InboundMessage

ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
_START = re.compile(r"/start(?:@\w+)?(?:[ ]([A-Za-z0-9_-]{1,64}))?")
_ID_LIMIT = 2**63

_READ = frozenset(
    {
        "message_id",
        "from",
        "chat",
        "date",
        "text",
        "caption",
        "photo",
        "voice",
        "audio",
        "document",
        "video",
        "video_note",
        "location",
        "venue",
        "reply_to_message",
    }
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

    def __init__(
        self, account: str, audience: Audience, clock: Callable[[], datetime], typed: Callable[[dict[str, Any]], Any]
    ) -> None:
        """`typed` makes the library's `Update`, and may raise anything for what is none."""
        self._account = account
        self._audience = audience
        self._clock = clock
        self._typed = typed

    def read(self, raw: Any) -> InboundMessage | None:
        """One update as it came off the wire. None for what is no message to us. Raises `Malformed`."""
        update_id = update_id_of(raw)
        try:
            update = self._typed({key: _essentials(value) for key, value in raw.items()})
            return self._read(update_id, update, raw)
        except Malformed:
            raise
        except Exception as error:
            # The libraries raise a dozen kinds for a body of the wrong shape, and quote it.
            raise Malformed(type(error).__name__) from None

    def _read(self, update_id: int, update: Any, raw: dict[str, Any]) -> InboundMessage | None:
        if update.callback_query is not None:
            return self._pressed(update_id, update.callback_query)
        if update.my_chat_member is not None:
            return self._membership(update_id, update.my_chat_member)
        if update.message is not None:
            return self._message(update_id, update.message, raw["message"], edited=False)
        if update.edited_message is not None:
            return self._message(update_id, update.edited_message, raw["edited_message"], edited=True)
        return None

    def _message(self, update_id: int, message: Any, raw: dict[str, Any], *, edited: bool) -> InboundMessage | None:
        if not _SERVICE.isdisjoint(raw):
            return None
        text = _text(message.text, "text") or _text(message.caption, "caption") or ""
        attachments, location = _attachments(message), _place(message)
        kind: InboundKind
        code = None
        if message.text is not None:
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
            message.chat,
            message.from_user,
            kind,
            text=text,
            code=code,
            location=location,
            attachments=attachments,
            reply_to=str(_id(message.reply_to_message.message_id)) if message.reply_to_message else None,
            edited=edited,
            forwarded=raw.get("forward_origin") is not None,
        )

    def _pressed(self, update_id: int, query: Any) -> InboundMessage | None:
        data = _text(query.data, "data")
        if data is None or query.message is None:
            return None
        chat = query.message.chat
        if chat.type == "private" and query.from_user.id != chat.id:
            return None  # a person's own chat has nobody else in it; Telegram never sends this
        return self._inbound(update_id, query.message.chat, query.from_user, "button", button=data)

    def _membership(self, update_id: int, change: Any) -> InboundMessage | None:
        if change.new_chat_member.status not in ("kicked", "left"):
            return None
        return self._inbound(update_id, change.chat, change.from_user, "blocked")

    def _inbound(self, update_id: int, chat: Any, sender: Any, kind: InboundKind, **more: Any) -> InboundMessage:
        return InboundMessage(
            channel="telegram",
            account=self._account,
            audience=self._audience,
            external_id=str(update_id),
            user_id=str(_id(chat.id)),
            received_at=self._clock(),
            kind=kind,
            language=_text(sender.language_code, "language_code") if sender is not None else None,
            private=chat.type == "private",
            **more,
        )


def update_id_of(raw: object) -> int:
    """The id of an update as it came off the wire. Raises `Malformed`."""
    if not isinstance(raw, dict):
        raise Malformed("not an object")
    return _id(raw.get("update_id"))


def callback_id_of(raw: dict[str, Any]) -> str | None:
    """The id under which a pressed button wants its answer; None where no button was pressed."""
    query = raw.get("callback_query")
    found = query.get("id") if isinstance(query, dict) else None
    return found if isinstance(found, str) else None


def _essentials(content: Any) -> Any:
    """What the library is to see of a message, a pressed button or another change."""
    if not isinstance(content, dict):
        return content
    if isinstance(content.get("message"), dict):
        return {**content, "message": _mention(content["message"])}
    if "message_id" not in content:
        return content
    kept = {key: value for key, value in content.items() if key in _READ}
    if isinstance(kept.get("reply_to_message"), dict):
        kept["reply_to_message"] = _mention(kept["reply_to_message"])
    return kept


def _mention(message: dict[str, Any]) -> dict[str, Any]:
    """A message that another one points to."""
    return {key: value for key, value in message.items() if key in ("message_id", "date", "chat")}


def _attachments(message: Any) -> tuple[Attachment, ...]:
    if message.photo:
        sizes: Sequence[Any] = message.photo
        return (_attachment("photo", max(sizes, key=lambda size: (size.width or 0) * (size.height or 0))),)
    if heard := message.voice or message.audio:
        return (_attachment("voice", heard),)
    if sent := message.document or message.video or message.video_note:
        return (_attachment("file", sent),)
    return ()


def _attachment(kind: Any, file: Any) -> Attachment:
    reference = _text(file.file_id, "file_id")
    if not reference:
        raise Malformed("file_id")
    return Attachment(
        kind=kind,
        reference=reference,
        size=_id(file.file_size) if file.file_size is not None else None,
        mime=_text(getattr(file, "mime_type", None), "mime_type"),
        name=_text(getattr(file, "file_name", None), "file_name"),
    )


def _place(message: Any) -> tuple[float, float] | None:
    place = message.location or (message.venue.location if message.venue else None)
    if place is None:
        return None
    latitude, longitude = place.latitude, place.longitude
    if not (isinstance(latitude, int | float) and isinstance(longitude, int | float)):
        raise Malformed("location")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Malformed("location")
    return float(latitude), float(longitude)


def _text(value: object, field: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise Malformed(field)


def _id(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _ID_LIMIT:
        return value
    raise Malformed("id")
