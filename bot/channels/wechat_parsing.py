"""What WeChat hands over → `InboundMessage`.

Messages: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html, events:
https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_event_pushes.html.

wechatpy's own reading is not used: its events all have the id 0, and it raises for a field that nobody reads. What
nobody said (a template that arrived, a place that was reported by itself, a link in the menu that was opened) gives
None.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal
from xml.etree.ElementTree import Element, tostring

from bot.channels.envelope import Refused
from bot.gcj02 import to_wgs84
from bot.message import Attachment, InboundKind, InboundMessage

CHANNEL, ACCOUNT = "wechat", "citizen"
#: What opens which window for our messages; see `Capabilities.windows` of the channel.
WROTE, TAPPED = "message", "tap"
#: What a tap on the menu says, by its key. The dialogs know these words from everybody.
MENU = {"say_it": "说事", "progress": "查进度", "on_duty": "今天谁在站", "sos": "🆘"}

_OPENID = re.compile(r"[A-Za-z0-9_@.-]{1,64}")
_SCENE = "qrscene_"
# What WeChat puts in the place of a sticker of its own that it does not hand over.
_NOT_SHOWN = re.compile(r"【收到不支持的消息类型，暂无法显示】|\[Unsupported Message\]")
#: Message type → how we call what comes with it.
_FILES: dict[str, Literal["photo", "voice", "file"]] = {
    "image": "photo", "voice": "voice", "video": "file", "shortvideo": "file", "file": "file",
}  # fmt: skip


class WeChatReader:
    """Reads the messages of the account."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def read(self, xml: Element) -> InboundMessage | None:
        """One message. None for what is no message to us. Raises `Refused` for what is none of WeChat's."""
        kind = _text(xml, "MsgType").lower()
        if not kind or not _OPENID.fullmatch(_text(xml, "FromUserName")):
            raise Refused(400, "shape")
        if kind == "event":
            return self._event(xml)
        if kind.startswith("device_"):
            return None
        return self._message(xml, kind)

    def _message(self, xml: Element, kind: str) -> InboundMessage:
        message_id = _text(xml, "MsgId")
        # A message without its id, which no documentation has, is known by all that it says.
        identity = message_id if _is_short(message_id) else _digest(tostring(xml, encoding="unicode"))
        if kind == "text":
            said = xml.findtext("Content") or ""
            if not said.strip() or _NOT_SHOWN.fullmatch(said.strip()):
                return self._inbound(xml, identity, "unsupported")
            return self._inbound(xml, identity, "text", text=said)
        if kind in _FILES and (reference := _text(xml, "MediaId")):
            attachment = Attachment(_FILES[kind], reference, name=_text(xml, "Title")[:200] or None)
            # WeChat's own hearing of a voice, where the account still has it; the voice is kept all the same.
            heard = _text(xml, "Recognition") if kind == "voice" else ""
            return self._inbound(xml, identity, _FILES[kind], text=heard, attachments=(attachment,))
        if kind == "location" and (place := _place(xml)) is not None:
            return self._inbound(xml, identity, "location", location=place)
        if kind == "link" and (shared := _shared(xml)):
            return self._inbound(xml, identity, "text", text=shared, forwarded=True)
        return self._inbound(xml, identity, "unsupported")

    def _event(self, xml: Element) -> InboundMessage | None:
        event, key = _text(xml, "Event").lower(), _text(xml, "EventKey")
        identity = ":".join(_text(xml, name) for name in ("FromUserName", "CreateTime", "Event", "EventKey"))
        if not _is_short(identity):
            identity = _digest(identity)
        if event == "subscribe":
            # Who follows after a payment, from a search or from another's recommendation brings no code of ours.
            code = key.removeprefix(_SCENE) if key.startswith(_SCENE) else ""
            return self._inbound(xml, identity, "start", opens=TAPPED, code=code)
        if event == "scan":
            return self._inbound(xml, identity, "start", opens=TAPPED, code=key)
        if event == "click":
            if key in MENU:
                return self._inbound(xml, identity, "text", opens=TAPPED, text=MENU[key])
            # A menu that somebody else made, before us: they are greeted.
            return self._inbound(xml, identity, "start", opens=TAPPED, code="")
        if event == "unsubscribe":
            return self._inbound(xml, identity, "blocked", opens=None)
        return None

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
        opens: str | None = WROTE,
    ) -> InboundMessage:
        return InboundMessage(
            channel=CHANNEL,
            account=ACCOUNT,
            audience="citizen",
            external_id=identity,
            user_id=_text(xml, "FromUserName"),
            received_at=self._said_at(xml),
            kind=kind,
            text=text,
            code=code,
            location=location,
            attachments=attachments,
            forwarded=forwarded,
            opens=opens,
        )

    def _said_at(self, xml: Element) -> datetime:
        """When it was said, by the platform's clock; now, where that is no time or one to come."""
        now, said = self._clock(), _text(xml, "CreateTime")
        if not re.fullmatch(r"[0-9]{1,12}", said) or int(said) >= now.timestamp():
            return now
        return datetime.fromtimestamp(int(said), UTC)


def _text(xml: Element, name: str) -> str:
    return (xml.findtext(name) or "").strip()


def _is_short(identity: str) -> bool:
    return 0 < len(identity) <= 200


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _place(xml: Element) -> tuple[float, float] | None:
    """WeChat's maps are Tencent's, drawn in GCJ-02: secondary sources say so, its documentation doesn't."""
    lat, lon = _text(xml, "Location_X"), _text(xml, "Location_Y")
    if not all(re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,20})?", degrees) for degrees in (lat, lon)):
        return None
    if abs(float(lat)) > 90 or abs(float(lon)) > 180:
        return None
    return to_wgs84(float(lat), float(lon))


def _shared(xml: Element) -> str:
    """A shared page, in lines: what it is called, what it says of itself, where it is."""
    lines = [_text(xml, name) for name in ("Title", "Description", "Url")]
    return "\n".join(dict.fromkeys(line for line in lines if line))
