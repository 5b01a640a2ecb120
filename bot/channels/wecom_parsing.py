"""What WeCom hands over → `InboundMessage`.

Messages: https://developer.work.weixin.qq.com/document/path/90239, events:
https://developer.work.weixin.qq.com/document/path/90240. What nobody said or did to us gives None.

An event has no id. WeCom advises to tell events apart by sender and time, but two buttons may be pressed in one second:
the event and all that it brings belong to it.
"""

from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from bot.channels.wecom_cards import Card, read_key
from bot.channels.xml_messages import XmlReader, digest, text_of
from bot.message import InboundMessage

CHANNEL: Final = "wecom"
ACCOUNT: Final = "desk"
#: Of an event: who and when stand apart, and a code is only for the answer.
_NO_PAYLOAD: Final = ("ToUserName", "FromUserName", "CreateTime", "ResponseCode")


@dataclass(frozen=True, slots=True)
class Press:
    """A card on which somebody pressed a button, as it is to be shown now, and the code to replace it once."""

    user_id: str
    response_code: str
    card: Card


class WeComReader(XmlReader):
    """Reads the messages of the app. Everybody of a Chinese enterprise is spoken to in Chinese until they choose: the
    code of an invitation, the first thing that they type, would pass for English."""

    channel = CHANNEL
    account = ACCOUNT
    audience = "work"
    language = "zh-hans"

    def _event(self, xml: Element) -> InboundMessage | None:
        event, key = text_of(xml, "Event").lower(), text_of(xml, "EventKey")
        identity = _identity(xml, event)
        match event:
            case "enter_agent":
                # Each time that they open the chat; only the first is answered, the others are repeats of it.
                return self._inbound(xml, f"{text_of(xml, 'FromUserName')}:{event}", "start", code="")
            case "subscribe":
                return self._inbound(xml, identity, "start", code="")
            case "unsubscribe":
                return self._inbound(xml, identity, "blocked")
            case "click" if key and not key.startswith("#"):
                # A menu of the app says its keys; those that the console makes itself begin with "#".
                return self._inbound(xml, identity, "text", text=key)
            case "template_card_event":
                found = read_key(key)
                return self._inbound(xml, identity, "button" if found else "unsupported", button=found and found[0])
        return None


def press_of(xml: Element) -> Press | None:
    """What is to be shown on the card of a press; None for what is none, or can't be shown."""
    code = text_of(xml, "ResponseCode")
    if text_of(xml, "Event").lower() != "template_card_event" or not code:
        return None
    _, card = read_key(text_of(xml, "EventKey")) or ("", None)
    return Press(text_of(xml, "FromUserName"), code, card) if card is not None else None


def _identity(xml: Element, event: str) -> str:
    said = "\n".join(
        f"{element.tag}={(element.text or '').strip()}"
        for child in xml
        if child.tag not in _NO_PAYLOAD
        for element in child.iter()
    )
    who, when = text_of(xml, "FromUserName"), text_of(xml, "CreateTime")[:12]
    return f"{who}:{when}:{event[:40]}:{digest(said)[:32]}"
