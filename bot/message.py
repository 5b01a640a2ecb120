"""What goes in and out of a chat, the same for every platform."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Audience = Literal["citizen", "work"]

InboundKind = Literal[
    "text",  # `text`
    "button",  # `button`: the token behind it
    "photo",
    "voice",
    "file",  # `attachments`
    "location",  # `location`
    "start",  # arrived by a link: `code` is the payload ("" without one)
    "blocked",  # the person closed this way to them
    "unsupported",  # a sticker, a poll …: answered kindly
]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A photo, voice or document as the platform announces it.

    `content` holds the bytes where they came with the message; else `reference` fetches them (`Channel.fetch`).
    `size` is in bytes as announced, None when unknown. `mime` and `name` are the sender's claim and are not believed.
    """

    kind: Literal["photo", "voice", "file"]
    reference: str | None = None
    content: bytes | None = None
    size: int | None = None
    mime: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message from a person, parsed and verified, not yet believed.

    `external_id` is unique per (channel, account): a repeat carries the same. `audience` says which dialogs the
    account serves: a citizen bot never runs a staff command, whoever writes to it. `reply_to` is the platform's id of
    the message that this one replies to. `language` is the platform's hint ("zh-hans", "en"), if any.
    `location` is (latitude, longitude) in degrees, WGS 84. `private` is False in group chats. `opens` names the window
    that the message opens, where `Capabilities.windows` has any; it opens at `received_at`, so that is the platform's
    time, however late the message came to us.
    """

    channel: str
    account: str
    audience: Audience
    external_id: str
    user_id: str
    received_at: datetime
    kind: InboundKind
    text: str = ""
    button: str | None = None
    code: str | None = None
    location: tuple[float, float] | None = None
    attachments: tuple[Attachment, ...] = ()
    reply_to: str | None = None
    language: str | None = None
    private: bool = True
    edited: bool = False
    forwarded: bool = False
    opens: str | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """`data` is an opaque token of at most 32 ASCII characters."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored file to be shown; `name` is its random name, `kind` "photo", "voice" or "file"."""

    name: str
    mime: str
    kind: str = "photo"


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A worded message. `sealed` text is kept encrypted wherever it has to be kept.

    `seq` is its number in a passive channel's mailbox; None before it was put there and on every other channel.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    pictures: tuple[Picture, ...] = field(default=())
    sealed: bool = False
    notice_id: int | None = None
    case_id: int | None = None
    seq: int | None = None
