"""Trying WeChat for `main.py doctor wechat`: does the token come, does the callback's address answer as WeChat would
ask it, do people see our menu, are the templates there, how much of the day's calls is left?

Nobody is sent anything.
"""

import re
import secrets
from collections.abc import Awaitable
from typing import Any, Final

from bot.channel import DeliveryError, RateLimited
from bot.channels.callback_check import asked
from bot.channels.envelope import Envelope
from bot.channels.finding import Finding
from bot.channels.wechat_api import WeChatApi
from bot.channels.wechat_codes import LIMIT, WARN_FROM
from bot.channels.wechat_errors import WeChatRefusal
from bot.channels.wechat_menu import Menu, current_menu
from bot.channels.wechat_templates import Templates
from bot.http import HttpClient
from routing.ports import Clock

#: The calls that a station lives by, each with a quota of its own; the last where it announces notices by templates.
COUNTED: Final = ("/cgi-bin/message/custom/send", "/cgi-bin/qrcode/create", "/cgi-bin/message/subscribe/bizsend")
_FIELD: Final = re.compile(r"\{\{(\w+)\.DATA\}\}")
_BASIC = "mp.weixin.qq.com → 设置与开发 → 开发接口管理 (基本配置)"
#: By error code: what to do. The others are told by their number.
_TODO: Final[dict[int, str]] = {
    40013: f"the AppID is not this account's: copy it from {_BASIC} into MASHANG_WECHAT_APP_ID",
    40125: f"the AppSecret is wrong or was reset: {_BASIC} → AppSecret → 重置, and into MASHANG_WECHAT_APP_SECRET",
    40164: f"this machine's address is not allowed: add it at {_BASIC} → IP白名单",
    45009: "the calls of this day are used up; they come back at midnight, Beijing time",
    48001: "the account may not call this: a service account (服务号) must be verified (微信认证); "
    f"{_BASIC} → 接口权限 shows what it may",
    48004: "WeChat took this call from the account: 通知中心 in the console says why",
    50002: "the account is frozen: 通知中心 in the console says why",
    61024: "the AppSecret was frozen in the console; unfreeze it there",
    89503: "an administrator must allow this address: they were sent a message in WeChat",
}
_UNREACHABLE = "can this machine reach the API's address? See MASHANG_WECHAT_API_BASE, DNS and the firewall"
_TOKENLESS = "the access token is refused or missing; `main.py doctor wechat` says more"


def advice(error: WeChatRefusal | DeliveryError) -> str:
    """What the platform said, and what to do about it."""
    if isinstance(error, WeChatRefusal):
        known = _TODO.get(error.code, "look the code up at developers.weixin.qq.com → 全局返回码")
        seen = f" ({error.seen_from})" if error.code == 40164 and error.seen_from else ""
        return f"{error}: {known}{seen}"
    return f"{error}: {_TOKENLESS if isinstance(error, RateLimited) else _UNREACHABLE}"


async def check_wechat(api: WeChatApi, menu: Menu, templates: Templates) -> list[Finding]:
    """Try what stands at the platform. Without a token there is no more than one finding."""
    token = await _tried("access token", _token(api))
    if not token.ok:
        return [token]
    findings = [token, await _tried("menu", _menu(api, menu))]
    if templates.by_kind:
        findings.append(await _tried("templates", _templates(api, templates)))
    for path in COUNTED if templates.by_kind else COUNTED[:-1]:
        findings.append(await _tried(_calls(path), _quota(api, path)))
    return findings


async def check_callback(http: HttpClient, envelope: Envelope, url: str, clock: Clock) -> Finding:
    """Ask the callback's address `url` as WeChat does when an admin saves it there, from outside in."""
    timestamp, nonce, echo = str(int(clock().timestamp())), secrets.token_hex(8), secrets.token_hex(8)
    query = {"signature": envelope.sign(timestamp, nonce), "timestamp": timestamp, "nonce": nonce, "echostr": echo}
    return await asked(http, url, query, echo, "MASHANG_WECHAT_TOKEN")


def code_finding(lasting: int, missing: int) -> Finding:
    """How many of the account's lasting parametric codes are made; and how many of our codes have none yet, which a
    running desk makes by itself."""
    figures = f"{lasting} of {LIMIT} lasting ones made"
    if missing:
        figures += f", {missing} are to be made"
    if lasting < WARN_FROM:
        return Finding("parametric codes", True, detail=figures)
    advice = "revoking gives none back; make codes with an end (`codes new --days`) where a place is not for good"
    return Finding("parametric codes", False, f"{figures}: {advice}")


async def _tried(name: str, check: Awaitable[Finding]) -> Finding:
    try:
        return await check
    except (WeChatRefusal, DeliveryError) as error:
        return Finding(name, False, advice(error))


async def _token(api: WeChatApi) -> Finding:
    await api.new_token()
    return Finding("access token", True)


async def _menu(api: WeChatApi, ours: Menu) -> Finding:
    now = await current_menu(api)
    if now == ours:
        return Finding("menu", True)
    state = "the account has none" if not now else "the account's is another than ours"
    return Finding("menu", False, f"{state}; `main.py wechat menu` shows both, with --send it puts ours there")


async def _templates(api: WeChatApi, ours: Templates) -> Finding:
    """Whether each template of the mapping is the account's, with the same fields."""
    answer = await api.look("/wxaapi/newtmpl/gettemplate")
    rows = answer.get("data")
    there = {str(row.get("priTmplId")): row for row in rows if isinstance(row, dict)} if isinstance(rows, list) else {}
    wrong = [said for kind, one in ours.by_kind.items() if (said := _template(kind, one.id, set(one.fields), there))]
    if wrong:
        return Finding("templates", False, "; ".join(wrong))
    once = [kind for kind, one in ours.by_kind.items() if there[one.id].get("type") == 2]
    return Finding(
        "templates", True, detail=f"{', '.join(once)}: for one notice each time somebody subscribes" if once else ""
    )


def _template(kind: str, template_id: str, fields: set[str], there: dict[str, dict[str, Any]]) -> str:
    if template_id not in there:
        return f"{kind}: the account has no such template; add it at mp.weixin.qq.com → 订阅通知 → 我的模板"
    has = set(_FIELD.findall(str(there[template_id].get("content", ""))))
    if fields == has:
        return ""
    return f"{kind}: the template has the fields {', '.join(sorted(has))}, the file fills {', '.join(sorted(fields))}"


def _calls(path: str) -> str:
    return f"calls of {path.rpartition('/')[2]}"


async def _quota(api: WeChatApi, path: str) -> Finding:
    name = _calls(path)
    quota = (await api.call("openapi/quota/get", {"cgi_path": path})).get("quota")
    remain, most = (quota.get("remain"), quota.get("daily_limit")) if isinstance(quota, dict) else (None, None)
    if not isinstance(remain, int) or not isinstance(most, int):
        return Finding(name, False, "the platform's answer has no figures")
    if remain > most // 10:
        return Finding(name, True, detail=f"{remain} of {most} left today")
    return Finding(name, False, f"{remain} of {most} left today; what does not go out waits until midnight")
