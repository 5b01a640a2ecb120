"""What the doctor finds out about DingTalk, and what it says to do."""

import pytest

from bot.channels.dingtalk_api import DingTalkApi
from bot.channels.dingtalk_check import check_dingtalk
from bot.channels.finding import Finding
from bot.http import HttpClient
from tests.bot.channels.dingtalk_harness import CLIENT_ID, SECRET, PlainTokens
from tests.fakes.dingtalk import FakeApp, FakeDingTalk

NAMES = ["access token", "stream gateway", "robot may send", "robot may fetch files"]


async def examined(
    *faults: tuple[str, str], secret: str = SECRET, base: str | None = None
) -> tuple[dict[str, Finding], FakeApp]:
    http = HttpClient()
    async with FakeDingTalk() as fake:
        app = fake.app(CLIENT_ID, SECRET)
        for kind, call in faults:
            app.fail(kind, call=call, times=9)
        api = DingTalkApi(http, CLIENT_ID, secret, base or fake.url, timeout=0.3)
        api.tokens = PlainTokens(api)
        try:
            return {finding.name: finding for finding in await check_dingtalk(api)}, app
        finally:
            await http.close()


async def test_all_is_well_and_nobody_was_sent_anything() -> None:
    findings, app = await examined()
    assert list(findings) == NAMES
    assert all(finding.ok and not finding.todo for finding in findings.values())
    assert app.sent == []
    assert app.connections == 0


async def test_a_wrong_secret_says_where_the_right_one_is() -> None:
    findings, _ = await examined(secret="another-secret-canary")
    assert list(findings) == NAMES[:2]
    assert not any(finding.ok for finding in findings.values())
    for finding in findings.values():
        assert "凭证与基础信息" in finding.todo
        assert "MASHANG_DINGTALK_CLIENT_SECRET" in finding.todo
        assert "canary" not in finding.todo


@pytest.mark.parametrize(
    ("fault", "call", "name", "said"),
    [
        ("permission", "send", "robot may send", "qyapi_robot_sendmsg"),
        ("permission", "download", "robot may fetch files", "qyapi_robot_sendmsg"),
        ("address", "send", "robot may send", "服务器出口 IP"),
        ("robot", "send", "robot may send", "机器人"),
        ("quota", "send", "robot may send", "资源管理"),
        ("refused", "send", "robot may send", "invalidParameter.msgParam.invalid"),
        ("hang", "open", "stream gateway", "firewall"),
        ("server_error", "token", "access token", "MASHANG_DINGTALK_API_BASE"),
    ],
)
async def test_each_trouble_has_its_click(fault: str, call: str, name: str, said: str) -> None:
    findings, _ = await examined((fault, call))
    assert not findings[name].ok
    assert said in findings[name].todo
    assert "机密内容" not in findings[name].todo


async def test_a_server_that_is_not_there() -> None:
    findings, _ = await examined(base="http://127.0.0.1:9")
    assert [(finding.name, finding.ok) for finding in findings.values()] == [(name, False) for name in NAMES[:2]]
    assert "firewall" in findings["access token"].todo
