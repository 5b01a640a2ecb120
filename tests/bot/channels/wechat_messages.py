"""Messages as WeChat hands them over, and what is to become of each.

Shapes from the platform's documentation; what differs between accounts (recognition, keys of a menu) is there both
ways.
"""

from dataclasses import dataclass, field
from typing import Any

OPENID, AT = "oABC-def_123", 1764300000


@dataclass(frozen=True)
class Case:
    """`fields` are the elements of the message; `expected` is what differs from a plain message, None for nothing."""

    name: str
    fields: dict[str, str]
    expected: dict[str, Any] | None
    extra: str = field(default="")

    @property
    def xml(self) -> str:
        parts = {"ToUserName": "gh_1", "FromUserName": OPENID, "CreateTime": str(AT), **self.fields}
        inside = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in parts.items())
        return f"<xml>{inside}{self.extra}</xml>"


def _said(kind: str, **fields: str) -> dict[str, str]:
    return {"MsgType": kind, "MsgId": "23456789012345678", **fields}


def _event(event: str, key: str | None = None, **fields: str) -> dict[str, str]:
    keyed = {} if key is None else {"EventKey": key}
    return {"MsgType": "event", "Event": event, **keyed, **fields}


def _id(event: str, key: str = "") -> str:
    return f"{OPENID}:{AT}:{event}:{key}"


_WROTE = {"external_id": "23456789012345678", "opens": "message"}

CASES = [
    # What somebody says.
    Case("text", _said("text", Content="路灯不亮"), _WROTE | {"kind": "text", "text": "路灯不亮"}),
    Case("typed code", _said("text", Content="X7K2M9QD"), _WROTE | {"kind": "text", "text": "X7K2M9QD"}),
    Case("blanks kept", _said("text", Content="  a \n b "), _WROTE | {"kind": "text", "text": "  a \n b "}),
    Case("markup", _said("text", Content="<b>&amp;</b>"), _WROTE | {"kind": "text", "text": "<b>&amp;</b>"}),
    Case("empty text", _said("text", Content=""), _WROTE | {"kind": "unsupported"}),
    Case("blank text", _said("text", Content=" \n "), _WROTE | {"kind": "unsupported"}),
    Case("no content", _said("text"), _WROTE | {"kind": "unsupported"}),
    Case("a sticker that is not shown", _said("text", Content="【收到不支持的消息类型，暂无法显示】"),
         _WROTE | {"kind": "unsupported"}),
    Case("from the bizmsgmenu", _said("text", Content="满意", bizmsgmenuid="101"),
         _WROTE | {"kind": "text", "text": "满意"}),
    Case("image", _said("image", PicUrl="http://mmbiz.example/0", MediaId="m1"),
         _WROTE | {"kind": "photo", "attachments": [("photo", "m1")]}),
    Case("image without an id", _said("image", PicUrl="http://mmbiz.example/0"), _WROTE | {"kind": "unsupported"}),
    Case("voice", _said("voice", MediaId="m2", Format="amr"),
         _WROTE | {"kind": "voice", "attachments": [("voice", "m2")]}),
    Case("voice with recognition", _said("voice", MediaId="m2", Format="amr", Recognition="路灯不亮。"),
         _WROTE | {"kind": "voice", "text": "路灯不亮。", "attachments": [("voice", "m2")]}),
    Case("voice that was not heard", _said("voice", MediaId="m2", Recognition=""),
         _WROTE | {"kind": "voice", "attachments": [("voice", "m2")]}),
    Case("video", _said("video", MediaId="m3", ThumbMediaId="t3"),
         _WROTE | {"kind": "file", "attachments": [("file", "m3")]}),
    Case("short video", _said("shortvideo", MediaId="m4", ThumbMediaId="t4"),
         _WROTE | {"kind": "file", "attachments": [("file", "m4")]}),
    Case("place abroad", _said("location", Location_X="30.25", Location_Y="-120.5", Scale="16", Label="路 1 号"),
         _WROTE | {"kind": "location", "location": (30.25, -120.5)}),
    Case("place in China", _said("location", Location_X="39.916404", Location_Y="116.410244", Scale="16"),
         _WROTE | {"kind": "location", "location": (39.915, 116.404)}),
    Case("a place that is none", _said("location", Location_X="91", Location_Y="0"), _WROTE | {"kind": "unsupported"}),
    Case("a place beyond the date line", _said("location", Location_X="1", Location_Y="-180.5"),
         _WROTE | {"kind": "unsupported"}),
    Case("a place of letters", _said("location", Location_X="nan", Location_Y="1e1"),
         _WROTE | {"kind": "unsupported"}),
    Case("link", _said("link", Title="路灯", Description="黑", Url="https://example.org/1"),
         _WROTE | {"kind": "text", "text": "路灯\n黑\nhttps://example.org/1", "forwarded": True}),
    Case("link that repeats itself", _said("link", Title="路灯", Description="路灯", Url=""),
         _WROTE | {"kind": "text", "text": "路灯", "forwarded": True}),
    Case("empty link", _said("link"), _WROTE | {"kind": "unsupported"}),
    Case("mini program", _said("miniprogrampage", Title="t", AppId="wx1"), _WROTE | {"kind": "unsupported"}),
    Case("a kind of tomorrow", _said("hologram"), _WROTE | {"kind": "unsupported"}),
    Case("upper case", _said("TEXT", Content="x"), _WROTE | {"kind": "text", "text": "x"}),
    # What somebody does.
    Case("follow", _event("subscribe"),
         {"kind": "start", "code": "", "external_id": _id("subscribe"), "opens": "tap"}),
    Case("follow by a code", _event("subscribe", "qrscene_X7K2M9QD", Ticket="T"),
         {"kind": "start", "code": "X7K2M9QD", "external_id": _id("subscribe", "qrscene_X7K2M9QD"), "opens": "tap"}),
    Case("follow by a number", _event("subscribe", "qrscene_123123"),
         {"kind": "start", "code": "123123", "external_id": _id("subscribe", "qrscene_123123"), "opens": "tap"}),
    Case("follow after a payment", _event("subscribe", "last_trade_no_4200001"),
         {"kind": "start", "code": "", "external_id": _id("subscribe", "last_trade_no_4200001"), "opens": "tap"}),
    Case("follow by a product's code", _event("subscribe", "scanbarcode|keystd|str"),
         {"kind": "start", "code": "", "external_id": _id("subscribe", "scanbarcode|keystd|str"), "opens": "tap"}),
    Case("scan by a follower", _event("SCAN", "X7K2M9QD", Ticket="T"),
         {"kind": "start", "code": "X7K2M9QD", "external_id": _id("SCAN", "X7K2M9QD"), "opens": "tap"}),
    Case("scan of nothing", _event("SCAN", ""),
         {"kind": "start", "code": "", "external_id": _id("SCAN"), "opens": "tap"}),
    Case("unsubscribe", _event("unsubscribe", ""),
         {"kind": "blocked", "external_id": _id("unsubscribe"), "opens": None}),
    *(
        Case(f"menu: {key}", _event("CLICK", key),
             {"kind": "text", "text": text, "external_id": _id("CLICK", key), "opens": "tap"})
        for key, text in
        (("say_it", "说事"), ("progress", "查进度"), ("on_duty", "今天谁在站"), ("sos", "🆘"))
    ),
    Case("another's menu", _event("CLICK", "V1001_TODAY_MUSIC"),
         {"kind": "start", "code": "", "external_id": _id("CLICK", "V1001_TODAY_MUSIC"), "opens": "tap"}),
    # What nobody said.
    Case("a link of the menu", _event("VIEW", "https://example.org", MenuId="1"), None),
    Case("a mini program of the menu", _event("view_miniprogram", "pages/index"), None),
    Case("a place that was reported", _event("LOCATION", Latitude="23.1", Longitude="113.3", Precision="119.3"), None),
    Case("a template arrived", _event("TEMPLATESENDJOBFINISH", MsgID="200163836", Status="success"), None),
    Case("a subscription notice", _event("subscribe_msg_sent_event"), None,
         extra="<SubscribeMsgSentEvent><List><TemplateId>t</TemplateId></List></SubscribeMsgSentEvent>"),
    Case("subscribed to notices", _event("subscribe_msg_popup_event"), None),
    Case("changed their notices", _event("subscribe_msg_change_event"), None),
    Case("sent to all", _event("MASSSENDJOBFINISH", MsgID="1"), None),
    Case("a session of customer service", _event("kf_create_session", KfAccount="a@b"), None),
    Case("a code of the menu", _event("scancode_push", "6"), None),
    Case("a photo of the menu", _event("pic_sysphoto", "6"), None),
    Case("an event of tomorrow", _event("teleported", "x"), None),
    Case("a device", {"MsgType": "device_text", "MsgId": "1", "OpenID": "1", "Content": "x"}, None),
]  # fmt: skip

#: Not WeChat's, though it came in a right envelope.
MALFORMED = {
    "nothing": "<xml/>",
    "no sender": "<xml><MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId></xml>",
    "no kind": f"<xml><FromUserName>{OPENID}</FromUserName><Content>x</Content></xml>",
    "a sender with a blank": "<xml><FromUserName>o 1</FromUserName><MsgType>text</MsgType></xml>",
    "a long sender": f"<xml><FromUserName>{'o' * 65}</FromUserName><MsgType>text</MsgType></xml>",
    "a sender inside something": "<xml><a><FromUserName>o1</FromUserName></a><MsgType>text</MsgType></xml>",
    "a component's ticket": "<xml><AppId>wx1</AppId><InfoType>component_verify_ticket</InfoType></xml>",
}
