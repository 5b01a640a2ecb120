"""What the fake WeChat answers to each call, with the platform's own limits and error codes."""

import re
import secrets
from collections.abc import Callable

from tests.fakes.cgi_account import MEDIA_LIFETIME, ApiError, Json
from tests.fakes.wechat_account import Account

MEGABYTE = 1024 * 1024
TEXT_BYTES = 2048
#: Fields of a subscription notice: what a value may be
#: (https://developers.weixin.qq.com/doc/offiaccount/Subscription_Messages/api.html).
FIELDS: dict[str, Callable[[str], bool]] = {
    "thing": lambda value: 1 <= len(value) <= 20,
    "character_string": lambda value: re.fullmatch(r"[\x21-\x7e]{1,32}", value) is not None,
    "number": lambda value: re.fullmatch(r"[0-9.]{1,32}", value) is not None,
    "letter": lambda value: re.fullmatch(r"[A-Za-z]{1,32}", value) is not None,
    "phrase": lambda value: re.fullmatch(r"[\u4e00-\u9fff]{1,5}", value) is not None,
    "const": lambda value: 1 <= len(value) <= 20,
    "name": lambda value: 1 <= len(value) <= 10,
    "time": lambda value: re.fullmatch(r"(\d{4}年\d{1,2}月\d{1,2}日 )?\d{1,2}:\d{2}", value) is not None,
    "date": lambda value: re.fullmatch(r"\d{4}年\d{1,2}月\d{1,2}日( \d{1,2}:\d{2})?", value) is not None,
    "phone_number": lambda value: re.fullmatch(r"[0-9+-]{1,17}", value) is not None,
}


def stable_token(account: Account, body: Json) -> Json:
    if body.get("grant_type") != "client_credential":
        raise ApiError(40002, "invalid grant_type")
    if body.get("appid") != account.app_id:
        raise ApiError(40013, "invalid appid")
    if body.get("secret") != account.secret:
        raise ApiError(40125, "invalid appsecret")
    return account.give_token(bool(body.get("force_refresh")))


def custom_send(account: Account, body: Json) -> Json:
    openid = body.get("touser")
    if not isinstance(openid, str) or openid not in account.people:
        raise ApiError(40003, "invalid openid")
    kind = body.get("msgtype")
    if kind == "text":
        text = body["text"]["content"]
        if not isinstance(text, str) or not text.strip():
            raise ApiError(44004, "empty content")
        if len(text.encode()) > TEXT_BYTES:
            raise ApiError(45002, "content size out of limit")
        account.take_permit(openid)
        account.show(openid, text, "custom")
    elif kind in ("image", "voice"):
        media = account.media.get(body[kind]["media_id"])
        if media is None or media.at + MEDIA_LIFETIME <= account.clock():
            raise ApiError(40007, "invalid media_id")
        account.take_permit(openid)
        account.show(openid, "", "custom", kind=kind, content=media.content)
    else:
        raise ApiError(40008, "invalid message type")
    return {"errcode": 0, "errmsg": "ok"}


def subscribe_bizsend(account: Account, body: Json) -> Json:
    openid, template = body.get("touser"), body.get("template_id")
    if not isinstance(openid, str) or openid not in account.people:
        raise ApiError(40003, "invalid openid")
    if template not in account.templates:
        raise ApiError(40037, "invalid template_id")
    data: Json = body.get("data", {})
    if set(data) != set(account.templates[template]):
        raise ApiError(47003, "argument invalid! data keys do not match the template")
    for name, value in data.items():
        if not FIELDS[name.rstrip("0123456789")](value["value"]):
            raise ApiError(47003, f"argument invalid! data.{name}.value is invalid")
    person = account.people[openid]
    if template not in person.subscribed or person.subscribed[template] == 0:
        raise ApiError(43101, "user refuse to accept the msg")
    left = person.subscribed[template]
    if left is not None:
        person.subscribed[template] = left - 1
    account.show(openid, " ".join(value["value"] for value in data.values()), "template", data=body)
    return {"errcode": 0, "errmsg": "ok"}


def qrcode_create(account: Account, body: Json) -> Json:
    scene = body["action_info"]["scene"]["scene_str"]
    if not 1 <= len(scene) <= 64:
        raise ApiError(40053, "invalid action info")
    ticket = "gQ" + secrets.token_urlsafe(60)
    made = {"ticket": ticket, "url": f"http://weixin.qq.com/q/{secrets.token_urlsafe(15)}"}
    if body["action_name"] == "QR_LIMIT_STR_SCENE":
        if account.permanent_codes >= account.permanent_codes_limit:
            raise ApiError(45029, "qrcode count out of limit")
        account.permanent_codes += 1
    elif body["action_name"] == "QR_STR_SCENE":
        seconds = body.get("expire_seconds", 60)
        if not 1 <= seconds <= 2_592_000:
            raise ApiError(40052, "invalid expire seconds")
        made["expire_seconds"] = seconds
    else:
        raise ApiError(40052, "invalid action name")
    account.codes[scene] = made
    return made


def menu_create(account: Account, body: Json) -> Json:
    buttons = body.get("button", [])
    if not 1 <= len(buttons) <= 3:
        raise ApiError(40016, "invalid button size")
    for button in buttons:
        if len(button["name"].encode()) > 16:
            raise ApiError(40018, "invalid button name size")
        if len(button.get("sub_button", [])) > 5:
            raise ApiError(40023, "invalid sub button size")
        if any(len(sub["name"].encode()) > 60 for sub in button.get("sub_button", [])):
            raise ApiError(40025, "invalid sub button name size")
    account.menu = {"button": buttons}
    return {"errcode": 0, "errmsg": "ok"}


def menu_get(account: Account, body: Json) -> Json:
    if account.menu is None:
        raise ApiError(46003, "menu no exist")
    return {"menu": account.menu}


def selfmenu_info(account: Account, body: Json) -> Json:
    """What people see, in a form of its own."""
    if account.menu is None:
        return {"is_menu_open": 0}

    def shown(button: Json) -> Json:
        inner = button.get("sub_button")
        return {**button, "sub_button": {"list": [shown(one) for one in inner]}} if inner else dict(button)

    return {"is_menu_open": 1, "selfmenu_info": {"button": [shown(button) for button in account.menu["button"]]}}


def get_templates(account: Account, body: Json) -> Json:
    rows = [
        {
            "priTmplId": template, "title": "办理进度通知", "type": 3,
            "content": "".join(f"内容:{{{{{name}.DATA}}}}\n" for name in fields),
        }
        for template, fields in account.templates.items()
    ]  # fmt: skip
    return {"errcode": 0, "errmsg": "ok", "data": rows}


def quota_get(account: Account, body: Json) -> Json:
    path = body.get("cgi_path", "")
    if not path.startswith("/"):
        raise ApiError(76003, "cgi_path should begin with '/'")
    used = len(account.called(path.removeprefix("/cgi-bin/")))
    limit = account.daily_limit
    return {"errcode": 0, "errmsg": "ok", "quota": {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}}


#: The call, by the path behind /cgi-bin/, or by the whole path where it is another.
METHODS: dict[str, Callable[[Account, Json], Json]] = {
    "stable_token": stable_token,
    "message/custom/send": custom_send,
    "message/subscribe/bizsend": subscribe_bizsend,
    "qrcode/create": qrcode_create,
    "menu/create": menu_create,
    "menu/get": menu_get,
    "get_current_selfmenu_info": selfmenu_info,
    "openapi/quota/get": quota_get,
    "/wxaapi/newtmpl/gettemplate": get_templates,
}
#: Largest uploads by type, in bytes.
UPLOADS = {"image": 10 * MEGABYTE, "voice": 2 * MEGABYTE, "video": 10 * MEGABYTE, "thumb": 64 * 1024}
