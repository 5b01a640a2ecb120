"""What WeChat hands over → `InboundMessage`.

Messages: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html, events:
https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_event_pushes.html.

What nobody said (a template that arrived, a place that was reported by itself, a link of the menu) gives None.
"""

from typing import Final
from xml.etree.ElementTree import Element

from bot.channels.xml_messages import XmlReader, digest, is_short, text_of
from bot.message import InboundMessage

CHANNEL, ACCOUNT = "wechat", "citizen"
#: What opens which window for our messages; see `Capabilities.windows` of the channel.
WROTE, TAPPED = "message", "tap"
#: What a tap on the menu says, by its key. The dialogs know these words from everybody.
MENU: Final = {"say_it": "说事", "progress": "查进度", "on_duty": "今天谁在站", "sos": "🆘"}

_SCENE: Final = "qrscene_"


class WeChatReader(XmlReader):
    """Reads the messages of the account."""

    channel = CHANNEL
    account = ACCOUNT
    audience = "citizen"
    wrote = WROTE
    unheard = ("device_",)

    def _event(self, xml: Element) -> InboundMessage | None:
        event, key = text_of(xml, "Event").lower(), text_of(xml, "EventKey")
        identity = ":".join(text_of(xml, name) for name in ("FromUserName", "CreateTime", "Event", "EventKey"))
        if not is_short(identity):
            identity = digest(identity)
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
