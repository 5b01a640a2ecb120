"""Trying DingTalk for `main.py doctor dingtalk`: does the token come, does the gateway open a stream, may the robot
send and fetch files?

Nobody is sent anything: the calls name a person and a file that there are none of, and which refusal comes back tells
whether everything before it was right.
"""

from bot.channel import AttachmentGone, DeliveryError
from bot.channels.dingtalk_api import DingTalkApi
from bot.channels.dingtalk_errors import ApiRefusal, Policy
from bot.channels.finding import Finding

#: Nobody's staff id, and nobody's file.
NOBODY = "mashang-doctor-nobody"
_CONSOLE = "open-dev.dingtalk.com → 应用开发 → the app"
_PERMISSION = f"{_CONSOLE} → 权限管理: search 企业内机器人发送消息权限 (qyapi_robot_sendmsg), 申请权限"
_SECRET = (
    f"{_CONSOLE} → 凭证与基础信息: copy Client ID and Client Secret into MASHANG_DINGTALK_CLIENT_ID and "
    "MASHANG_DINGTALK_CLIENT_SECRET"
)
_TODO: dict[Policy, str] = {
    "secret": _SECRET,
    "permission": _PERMISSION,
    "robot": f"{_CONSOLE} → 应用能力 → 添加应用能力 → 机器人: set it up in Stream 模式; then 版本管理与发布: 发布",
    "quota": "the organisation's calls of this month are used up: 开发者后台 → 资源管理 shows them, and sells more",
    "wait": "too many calls in this second: try again",
    "later": "DingTalk has trouble of its own: try again later",
    "token": _SECRET,
    "person": "",
    "never": "an answer that is not known: look the code up at open.dingtalk.com → 服务端 API → 全局错误码",
}
_UNREACHABLE = "can this machine reach the API's address? See MASHANG_DINGTALK_API_BASE, DNS and the firewall"
_ADDRESS = f"{_CONSOLE} → 安全设置 → 服务器出口 IP: add the address that this machine is seen with, or leave it empty"


async def check_dingtalk(api: DingTalkApi) -> list[Finding]:
    """Try everything that the robot needs, in order; the first that fails may explain the rest. Costs two of the
    month's API calls."""
    findings = [await _token(api), await _stream(api)]
    if findings[0].ok:
        findings += [await _may_send(api), await _may_fetch(api)]
    return findings


async def _token(api: DingTalkApi) -> Finding:
    try:
        await api.new_token()
    except (ApiRefusal, DeliveryError) as error:
        return _wrong("access token", error)
    return Finding("access token", True)


async def _stream(api: DingTalkApi) -> Finding:
    """The ticket is not used, and runs out by itself."""
    try:
        await api.open_connection([{"type": "CALLBACK", "topic": "/v1.0/im/bot/messages/get"}], "mashang-doctor")
    except (ApiRefusal, DeliveryError) as error:
        return _wrong("stream gateway", error)
    return Finding("stream gateway", True)


async def _may_send(api: DingTalkApi) -> Finding:
    try:
        await api.send(NOBODY, "sampleText", {"content": "-"})
    except ApiRefusal as refusal:
        # Only who may send is told that there is no such person.
        return Finding("robot may send", True) if refusal.policy == "person" else _wrong("robot may send", refusal)
    except DeliveryError as error:
        return _wrong("robot may send", error)
    return Finding("robot may send", True)


async def _may_fetch(api: DingTalkApi) -> Finding:
    try:
        await api.download(NOBODY, 1)
    except AttachmentGone:
        return Finding("robot may fetch files", True)
    except (ApiRefusal, DeliveryError) as error:
        return _wrong("robot may fetch files", error)
    return Finding("robot may fetch files", True)


def _wrong(name: str, error: ApiRefusal | DeliveryError) -> Finding:
    if not isinstance(error, ApiRefusal):
        return Finding(name, False, f"{error}: {_UNREACHABLE}")
    address = error.code in ("60020", "Forbidden.AccessDenied.IpNotInWhiteList")
    return Finding(name, False, f"{error}: {_ADDRESS if address else _TODO[error.policy]}")
