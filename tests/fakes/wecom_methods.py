"""What the fake WeCom answers to each call, with the platform's own limits and error codes.

https://developer.work.weixin.qq.com/document/path/90236 (发送应用消息), …/94888 (更新模版卡片消息).
"""

import re
from collections.abc import Callable

from tests.fakes.cgi_account import MEDIA_LIFETIME, ApiError, Json
from tests.fakes.cgi_server import MEGABYTE
from tests.fakes.wecom_app import App, Seen

TEXT_BYTES = 2048
TITLE, SUBTITLE = 36, 160
_ANCHOR = re.compile(r"<\s*a\s[^>]*href\s*=\s*[\"']?([^\"'>\s]*)[^>]*>(.*?)<\s*/\s*a\s*>", re.IGNORECASE | re.DOTALL)


def gettoken(app: App, body: Json) -> Json:
    if body.get("corpid") != app.corp_id:
        raise ApiError(40013, "invalid corpid")
    if body.get("corpsecret") != app.secret:
        raise ApiError(40001, "invalid credential")
    return app.give_token()


def agent_get(app: App, body: Json) -> Json:
    app.check_agent(body.get("agentid"))
    users = [{"userid": user_id} for user_id, member in app.members.items() if member.visible]
    return {
        "errcode": 0, "errmsg": "ok", "agentid": app.agent_id, "name": "联络站", "close": int(app.switched_off),
        "allow_userinfos": {"user": users}, "allow_partys": {"partyid": []}, "allow_tags": {"tagid": []},
    }  # fmt: skip


def message_send(app: App, body: Json) -> Json:
    app.check_agent(body.get("agentid"))
    named = str(body.get("touser", "")).split("|")
    assert named != ["@all"], "nobody ever writes to a whole enterprise"
    there = [user_id for user_id in named if user_id in app.members and app.members[user_id].visible]
    licensed = [user_id for user_id in there if app.members[user_id].licensed]
    if not there:
        raise ApiError(81013, "user & party & tag all invalid")
    answer: Json = {"errcode": 0, "errmsg": "ok", "msgid": f"m{app.next_message_id()}"}
    kind = body.get("msgtype")
    if kind not in _KINDS:
        raise ApiError(40008, "invalid message type")
    seen = _KINDS[kind](app, body, answer)
    for user_id in licensed:
        app.deliver(user_id, seen)
    if kind == "template_card":
        answer["response_code"] = app.new_code(seen)
    lacking = "|".join(user_id for user_id in there if user_id not in licensed)
    return answer | ({"unlicenseduser": lacking} if lacking else {})


def _text(app: App, body: Json, answer: Json) -> Seen:
    said = body["text"]["content"]
    if not isinstance(said, str) or not said.strip():
        raise ApiError(44004, "empty content")
    if len(said.encode()) > TEXT_BYTES:
        app.violations.append("a text that is cut off")
        said = said.encode()[:TEXT_BYTES].decode(errors="ignore")
    links = {words: href for href, words in _ANCHOR.findall(said)}
    return Seen(_ANCHOR.sub(lambda found: found[2], said), app.clock(), answer["msgid"], links=links)


def _media(app: App, body: Json, answer: Json) -> Seen:
    kind = body["msgtype"]
    media = app.media.get(body[kind]["media_id"])
    if media is None or media.at + MEDIA_LIFETIME <= app.clock():
        raise ApiError(40007, "invalid media_id")
    return Seen("", app.clock(), answer["msgid"], kind=kind, content=media.content)


def _card(app: App, body: Json, answer: Json) -> Seen:
    seen = _carded(app, body["template_card"], answer["msgid"])
    if not re.fullmatch(r"[0-9A-Za-z_@-]{1,128}", seen.task_id) or seen.task_id in app.task_ids:
        raise ApiError(42014, "invalid task_id")
    app.task_ids.add(seen.task_id)
    return seen


def _carded(app: App, card: Json, message_id: str) -> Seen:
    """A card as it is shown."""
    title, below = card.get("main_title", {}).get("title", ""), card.get("sub_title_text", "")
    buttons, task_id = card.get("button_list", []), card.get("task_id", "")
    if card["card_type"] != "button_interaction" or not 1 <= len(buttons) <= 6:
        raise ApiError(40016, "invalid button size")
    if not title.strip():
        raise ApiError(41016, "missing title")
    if len(title) > TITLE or len(below) > SUBTITLE:
        raise ApiError(40058, "longer than is advised")
    labelled = {button["text"]: button["key"] for button in buttons}
    if len(set(labelled.values())) != len(buttons) or any(len(key.encode()) > 1024 for key in labelled.values()):
        raise ApiError(42018, "invalid button key")
    grey = tuple(button["text"] for button in buttons if button.get("style") == 4)
    text = "\n".join(part for part in (title, below) if part)
    return Seen(text, app.clock(), message_id, "card", title=title, buttons=labelled, task_id=task_id, grey=grey)


_KINDS: dict[str, Callable[[App, Json, Json], Seen]] = {
    "text": _text, "image": _media, "voice": _media, "file": _media, "template_card": _card,
}  # fmt: skip


def update_template_card(app: App, body: Json) -> Json:
    app.check_agent(body.get("agentid"))
    seen = app.use_code(body["response_code"])
    if not body.get("userids"):
        raise ApiError(82001, "no user")
    shown = _carded(app, body["template_card"], seen.id)
    seen.text, seen.title, seen.buttons, seen.grey = shown.text, shown.title, shown.buttons, shown.grey
    return {"errcode": 0, "errmsg": "ok", "invaliduser": []}


#: The call, by the path behind /cgi-bin/.
METHODS: dict[str, Callable[[App, Json], Json]] = {
    "gettoken": gettoken,
    "agent/get": agent_get,
    "message/send": message_send,
    "message/update_template_card": update_template_card,
}
#: Largest uploads by type, in bytes.
UPLOADS = {"image": 10 * MEGABYTE, "voice": 2 * MEGABYTE, "video": 10 * MEGABYTE, "file": 20 * MEGABYTE}
