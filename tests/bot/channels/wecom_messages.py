"""Messages as WeCom hands them over, and what is to become of each. Shapes from the platform's documentation."""

from typing import Any

from bot.channels.wecom_cards import card_of
from bot.message import Button
from tests.bot.channels.wechat_messages import Case as WeChatCase

USER, AT = "LinQiu", 1764300000
TOKEN = "tok-EN_0123456789abcdef"
_CARD = card_of("【新反映】HB-261123-001\n弄堂口的路灯坏了", (Button("我来听", TOKEN), Button("建议部门", "other")))
KEY, OTHER_KEY = (button["key"] for button in _CARD.template()["button_list"])


class Case(WeChatCase):
    @property
    def xml(self) -> str:
        parts = {"ToUserName": "ww9c5e", "FromUserName": USER, "CreateTime": str(AT), **self.fields}
        inside = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in parts.items())
        return f"<xml>{inside}{self.extra}<AgentID>1000002</AgentID></xml>"


def _said(kind: str, **fields: str) -> dict[str, str]:
    return {"MsgType": kind, "MsgId": "23456789012345678", **fields}


def _event(event: str, key: str = "", **fields: str) -> dict[str, str]:
    return {"MsgType": "event", "Event": event, "EventKey": key, **fields}


def _pressed(key: str, **fields: str) -> dict[str, str]:
    card = {"TaskId": "m1", "CardType": "button_interaction", "ResponseCode": "code1", **fields}
    return _event("template_card_event", key, **card)


_WROTE: dict[str, Any] = {"external_id": "23456789012345678"}

CASES = [
    # What somebody says.
    Case("text", _said("text", Content="签收 HB-261123-001"), _WROTE | {"kind": "text", "text": "签收 HB-261123-001"}),
    Case("blanks kept", _said("text", Content="  a \n b "), _WROTE | {"kind": "text", "text": "  a \n b "}),
    Case("blank text", _said("text", Content=" \n "), _WROTE | {"kind": "unsupported"}),
    Case("image", _said("image", PicUrl="https://p.example/0", MediaId="m1"),
         _WROTE | {"kind": "photo", "attachments": [("photo", "m1")]}),
    Case("voice", _said("voice", MediaId="m2", Format="amr"),
         _WROTE | {"kind": "voice", "attachments": [("voice", "m2")]}),
    Case("voice that was heard", _said("voice", MediaId="m2", Format="amr", Recognition="路灯不亮。"),
         _WROTE | {"kind": "voice", "text": "路灯不亮。", "attachments": [("voice", "m2")]}),
    Case("video", _said("video", MediaId="m3", ThumbMediaId="t3"),
         _WROTE | {"kind": "file", "attachments": [("file", "m3")]}),
    Case("file", _said("file", MediaId="m4", FileName="方案.pdf"),
         _WROTE | {"kind": "file", "attachments": [("file", "m4")]}),
    Case("file without an id", _said("file", FileName="方案.pdf"), _WROTE | {"kind": "unsupported"}),
    Case("place", _said("location", Location_X="39.916404", Location_Y="116.410244", Scale="16", AppType="wxwork"),
         _WROTE | {"kind": "location", "location": (39.915, 116.404)}),
    Case("a place of letters", _said("location", Location_X="nan", Location_Y="1"), _WROTE | {"kind": "unsupported"}),
    Case("link", _said("link", Title="公示", Description="", Url="https://example.org/1", PicUrl="https://p.example"),
         _WROTE | {"kind": "text", "text": "公示\nhttps://example.org/1", "forwarded": True}),
    Case("a kind of tomorrow", _said("hologram"), _WROTE | {"kind": "unsupported"}),
    # What somebody does.
    Case("press", _pressed(KEY), {"kind": "button", "button": TOKEN}),
    Case("press of a bare token", _pressed(TOKEN), {"kind": "button", "button": TOKEN}),
    Case("press of another's card", _pressed("key 111"), {"kind": "unsupported"}),
    Case("press of a spoiled key", _pressed(KEY[:-9]), {"kind": "unsupported"}),
    Case("press of nothing", _pressed(""), {"kind": "unsupported"}),
    Case("opens the chat", _event("enter_agent"), {"kind": "start", "code": "", "external_id": "LinQiu:enter_agent"}),
    Case("may use the app", _event("subscribe"), {"kind": "start", "code": ""}),
    Case("may no more", _event("unsubscribe"), {"kind": "blocked"}),
    Case("a menu's tap", _event("click", "列表"), {"kind": "text", "text": "列表"}),
    # What nobody said.
    Case("a menu's tap without a key", _event("click"), None),
    Case("a menu of the console's own", _event("click", "#sendmsg#_0_0#7599827"), None),
    Case("a link of the menu", _event("view", "https://example.org"), None),
    Case("the menu of a card", _event("template_card_menu_event", KEY), None),
    Case("a place that was reported", _event("LOCATION", Latitude="23.1", Longitude="113.3", AppType="wxwork"), None),
    Case("a job is done", _event("batch_job_result"), None,
         extra="<BatchJob><JobId>j</JobId><ErrCode>0</ErrCode></BatchJob>"),
    Case("the address book", {**_event("change_contact", ChangeType="create_user"), "FromUserName": "sys"}, None),
    Case("an approval", _event("open_approval_change"), None),
    Case("an event of tomorrow", _event("teleported", "x"), None),
]  # fmt: skip

#: Not WeCom's, though it came in a right envelope.
MALFORMED = {
    "nothing": "<xml/>",
    "no sender": "<xml><MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId></xml>",
    "no kind": f"<xml><FromUserName>{USER}</FromUserName><Content>x</Content></xml>",
    "two senders": "<xml><FromUserName>a|b</FromUserName><MsgType>text</MsgType></xml>",
    "a suite's ticket": "<xml><SuiteId>ww1</SuiteId><InfoType>suite_ticket</InfoType></xml>",
}
