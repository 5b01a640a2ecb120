"""What a person says on WeChat or WeCom (`MsgType` text, image, voice …) → `InboundMessage`; the events, which differ,
are read by the platforms' own readers.

wechatpy's own reading is not used: its events all have the id 0, and it raises for a field that nobody reads.
"""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, Literal
from xml.etree.ElementTree import Element, tostring

from bot.channels.envelope import Refused
from bot.gcj02 import to_wgs84
from bot.message import Attachment, Audience, InboundKind, InboundMessage

_SENDER = re.compile(r"[A-Za-z0-9_@.-]{1,64}")
# What stands in the place of a sticker of the platform's own that it does not hand over.
_NOT_SHOWN = re.compile(r"【收到不支持的消息类型，暂无法显示】|\[Unsupported Message\]")
#: Message type → how we call what comes with it.
_FILES: dict[str, Literal["photo", "voice", "file"]] = {
    "image": "photo", "voice": "voice", "video": "file", "shortvideo": "file", "file": "file",
}  # fmt: skip


class XmlReader(ABC):
    """Reads the messages of one account. `wrote` is the window that a message opens, `language` the hint for all;
    kinds that begin with one of `unheard` are nobody's words."""

    channel: ClassVar[str]
    account: ClassVar[str]
    audience: ClassVar[Audience]
    wrote: ClassVar[str | None] = None
    language: ClassVar[str | None] = None
    unheard: ClassVar[tuple[str, ...]] = ()

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def read(self, xml: Element) -> InboundMessage | None:
        """One message. None for what is no message to us. Raises `Refused` for what is none of the platform's."""
        kind = text_of(xml, "MsgType").lower()
        if not kind or not _SENDER.fullmatch(text_of(xml, "FromUserName")):
            raise Refused(400, "shape")
        if kind == "event":
            return self._event(xml)
        if kind.startswith(self.unheard):
            return None
        return self._message(xml, kind)

    def _message(self, xml: Element, kind: str) -> InboundMessage:
        message_id = text_of(xml, "MsgId")
        # A message without its id, which no documentation has, is known by all that it says.
        identity = message_id if is_short(message_id) else digest(tostring(xml, encoding="unicode"))
        inbound = partial(self._inbound, xml, identity, opens=self.wrote)
        if kind == "text":
            said = xml.findtext("Content") or ""
            if not said.strip() or _NOT_SHOWN.fullmatch(said.strip()):
                return inbound("unsupported")
            return inbound("text", text=said)
        if kind in _FILES and (reference := text_of(xml, "MediaId")):
            attachment = Attachment(_FILES[kind], reference, name=_name(xml))
            # The platform's own hearing of a voice, where the account still has it; the voice is kept all the same.
            heard = text_of(xml, "Recognition") if kind == "voice" else ""
            return inbound(_FILES[kind], text=heard, attachments=(attachment,))
        if kind == "location" and (place := _place(xml)) is not None:
            return inbound("location", location=place)
        if kind == "link" and (shared := _shared(xml)):
            return inbound("text", text=shared, forwarded=True)
        return inbound("unsupported")

    @abstractmethod
    def _event(self, xml: Element) -> InboundMessage | None:
        """What somebody did; None for what is nothing to us."""

    def _inbound(
        self,
        xml: Element,
        identity: str,
        kind: InboundKind,
        *,
        text: str = "",
        code: str | None = None,
        location: tuple[float, float] | None = None,
        attachments: tuple[Attachment, ...] = (),
        forwarded: bool = False,
        button: str | None = None,
        opens: str | None = None,
    ) -> InboundMessage:
        return InboundMessage(
            channel=self.channel,
            account=self.account,
            audience=self.audience,
            external_id=identity,
            user_id=text_of(xml, "FromUserName"),
            received_at=self._said_at(xml),
            kind=kind,
            text=text,
            button=button,
            code=code,
            location=location,
            attachments=attachments,
            language=self.language,
            forwarded=forwarded,
            opens=opens,
        )

    def _said_at(self, xml: Element) -> datetime:
        """When it was said, by the platform's clock; now, where that is no time or one to come."""
        now, said = self._clock(), text_of(xml, "CreateTime")
        if not re.fullmatch(r"[0-9]{1,12}", said) or int(said) >= now.timestamp():
            return now
        return datetime.fromtimestamp(int(said), UTC)


def text_of(xml: Element, name: str) -> str:
    return (xml.findtext(name) or "").strip()


def is_short(identity: str) -> bool:
    return 0 < len(identity) <= 200


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _name(xml: Element) -> str | None:
    return (text_of(xml, "Title") or text_of(xml, "FileName"))[:200] or None


def _place(xml: Element) -> tuple[float, float] | None:
    """The maps are Tencent's, drawn in GCJ-02: secondary sources say so, its documentation doesn't."""
    lat, lon = text_of(xml, "Location_X"), text_of(xml, "Location_Y")
    if not all(re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,20})?", degrees) for degrees in (lat, lon)):
        return None
    if abs(float(lat)) > 90 or abs(float(lon)) > 180:
        return None
    return to_wgs84(float(lat), float(lon))


def _shared(xml: Element) -> str:
    """A shared page, in lines: what it is called, what it says of itself, where it is."""
    lines = [text_of(xml, name) for name in ("Title", "Description", "Url")]
    return "\n".join(dict.fromkeys(line for line in lines if line))
