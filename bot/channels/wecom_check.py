"""Trying WeCom for `main.py doctor wecom`: does the token come, may this machine call, does anybody see the app, may it
send, does the callback's address answer as WeCom would ask it?

Nobody is sent anything: the call names a person that there is none of, and which refusal comes back tells whether
everything before it was right.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

from bot.channel import DeliveryError, RateLimited
from bot.channels.callback_check import asked
from bot.channels.cgi_errors import CgiRefusal, Policy
from bot.channels.envelope import Envelope
from bot.channels.finding import Finding
from bot.channels.wecom_api import WeComApi
from bot.http import HttpClient
from routing.ports import Clock

#: Nobody's user id.
NOBODY: Final = "mashang-doctor-nobody"
_APP = "work.weixin.qq.com → 应用管理 → 自建 → the app"
_SECRET = f"copy Secret from {_APP} into MASHANG_WECOM_SECRET"
_CORP = "copy 企业ID from work.weixin.qq.com → 我的企业 → 企业信息 into MASHANG_WECOM_CORP_ID"
_AGENT = f"AgentId and Secret must be those of one app: {_APP}, into MASHANG_WECOM_AGENT_ID and MASHANG_WECOM_SECRET"
#: By error code: what to do. The others are told by their number.
_TODO: Final[dict[int, str]] = {
    -1: "WeCom has trouble of its own: try again later",
    40001: _SECRET,
    40013: _CORP,
    40056: _AGENT,
    40091: _SECRET,
    45009: "too many calls: try again later",
    45033: "too many calls at once: try again",
    48002: f"the app may not call this: is it a 自建应用? {_APP}",
    50003: f"the app is switched off: {_APP} → 启用",
    60020: f"{_APP} → 企业可信IP → 配置: add the address that this machine is seen with from outside",
    301002: _AGENT,
}
_UNREACHABLE = "can this machine reach the API's address? See MASHANG_WECOM_API_BASE, DNS and the firewall"
_TOKENLESS = "the access token is refused, though it was just given: was the Secret reset? Try again in five minutes"


async def check_wecom(api: WeComApi) -> list[Finding]:
    """Try what stands at the platform. Without a token there is no more than one finding."""
    token = await _tried("access token", lambda: _token(api))
    if not token.ok:
        return [token]
    return [
        token,
        await _tried("app and trusted IP", lambda: _app(api)),
        await _tried("app may send", lambda: _may_send(api)),
    ]


async def check_callback(http: HttpClient, envelope: Envelope, url: str, clock: Clock) -> Finding:
    """Ask the callback's address `url` as WeCom does when an admin saves it there, from outside in."""
    echo = secrets.token_hex(8)
    timestamp, nonce = str(int(clock().timestamp())), secrets.token_hex(8)
    sealed = envelope.encrypt(echo)
    query = {
        "msg_signature": envelope.sign(timestamp, nonce, sealed), "timestamp": timestamp, "nonce": nonce,
        "echostr": sealed,
    }  # fmt: skip
    return await asked(http, url, query, echo, "MASHANG_WECOM_TOKEN, _AES_KEY or _CORP_ID")


async def _tried(name: str, attempt: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await attempt()
    except CgiRefusal as refusal:
        known = _TODO.get(refusal.code, "look the code up at developer.work.weixin.qq.com → 全局错误码")
        seen = f" ({refusal.seen_from})" if refusal.code == 60020 and refusal.seen_from else ""
        return Finding(name, False, f"{refusal}: {known}{seen}")
    except DeliveryError as error:
        return Finding(name, False, f"{error}: {_TOKENLESS if isinstance(error, RateLimited) else _UNREACHABLE}")


async def _token(api: WeComApi) -> Finding:
    """Asked for anew: what is kept says nothing of the secret that is set now."""
    await api.new_token()
    return Finding("access token", True)


async def _app(api: WeComApi) -> Finding:
    """Also the first call that WeCom takes from trusted addresses alone."""
    name = "app and trusted IP"
    answer = await api.look("agent/get", {"agentid": api.agent_id})
    if answer.get("close") == 1:
        return Finding(name, False, _TODO[50003])
    seen = _seen_by(answer)
    if not seen:
        return Finding(name, False, f"nobody sees the app: {_APP} → 可见范围, add deputies, officers and staff")
    return Finding(name, True, detail=", ".join(f"{count} {what}" for what, count in seen.items()))


def _seen_by(answer: dict[str, Any]) -> dict[str, int]:
    """Whom the app's visible range names: members, departments, tags."""
    parts = (
        ("members", "allow_userinfos", "user"),
        ("departments", "allow_partys", "partyid"),
        ("tags", "allow_tags", "tagid"),
    )
    found = {}
    for what, outer, inner in parts:
        holder = answer.get(outer)
        named = holder.get(inner) if isinstance(holder, dict) else None
        if isinstance(named, list) and named:
            found[what] = len(named)
    return found


async def _may_send(api: WeComApi) -> Finding:
    """Only who may send is told that there is no such person."""
    body = {"touser": NOBODY, "agentid": int(api.agent_id), "msgtype": "text", "text": {"content": "-"}}
    try:
        await api.call("message/send", body)
    except CgiRefusal as refusal:
        if refusal.policy is not Policy.BLOCKED:
            raise
    return Finding("app may send", True)
