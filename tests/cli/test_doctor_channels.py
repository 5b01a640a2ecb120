"""`main.py doctor CHANNEL`, against platforms on loopback and a served desk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from cli.settings import load_settings
from cli.stage import listen, serving
from cli.wiring import build_desk, open_store
from routing.code import Code, CodeKind, make_code
from routing.platform_token import PlatformToken
from tests.bot.channels.dingtalk_harness import CLIENT_ID
from tests.bot.channels.dingtalk_harness import SECRET as CLIENT_SECRET
from tests.cli.at_platform import account, as_json, folder, run
from tests.fakes.cgi_account import Fault
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.telegram import FakeTelegram
from tests.fakes.thread import beside
from tests.fakes.wechat_account import Account
from tests.fakes.wecom import FakeWeCom
from tests.routing.county import understanding

__all__ = ["account", "folder"]


def test_a_channel_that_is_off_or_unknown_is_told() -> None:
    for channel in ("wechat", "dingtalk", "telegram"):
        (found,) = as_json("doctor", channel, ok=False)
        assert "it is off" in found["todo"]
    assert "wechat" in run("doctor", "pigeons", ok=False).stderr


@pytest.mark.parametrize(
    ("channel", "there", "missing"),
    [
        ("wechat", ("APP_ID", "TOKEN"), ("APP_SECRET", "AES_KEY")),
        ("wecom", ("CORP_ID", "AES_KEY"), ("AGENT_ID", "SECRET", "TOKEN")),
        ("dingtalk", ("CLIENT_ID",), ("CLIENT_SECRET",)),
    ],
)
def test_a_half_set_channel_is_told_by_the_names_that_lack(
    monkeypatch: pytest.MonkeyPatch, channel: str, there: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    prefix = f"MASHANG_{channel.upper()}"
    for name in there:
        monkeypatch.setenv(f"{prefix}_{name}", "canary0value")
    for command in (("doctor", channel), ("serve",)):
        said = run(*command, ok=False).stderr
        assert ", ".join(f"{prefix}_{name}" for name in missing) + " missing" in said.replace("\n", " ")
        assert "canary" not in said


def test_an_account_that_nobody_serves_is_half_well(account: Account) -> None:
    run("wechat", "menu", "--send")
    found = {one["name"]: one for one in as_json("doctor", "wechat", ok=False)}
    assert found["access token"]["ok"]
    assert found["menu"]["ok"]
    assert not found["callback address"]["ok"]
    assert "main.py serve" in found["callback address"]["todo"]
    assert not found["public address"]["ok"]
    assert found["parametric codes"]["detail"] == "0 of 100000 lasting ones made"
    run("codes", "new", "--deputy", "086")
    (codes,) = [one for one in as_json("doctor", "wechat", ok=False) if one["name"] == "parametric codes"]
    assert codes["detail"] == "0 of 100000 lasting ones made, 1 are to be made"
    assert found["notices"]["detail"].startswith("0 pending, 0 waiting")
    lines = run("doctor", "wechat", ok=False).stdout
    assert "✓ menu" in lines
    assert "✗ callback address" in lines
    assert "WeChat codes: 0 of 100000" in run("doctor", ok=False).stdout


def test_a_served_desk_answers_as_wechat_would_ask_it(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def served() -> AsyncIterator[str]:
        listening, base = listen()
        monkeypatch.setenv("MASHANG_PUBLIC_URL", base)
        store = open_store(load_settings())
        with store.transaction() as uow:
            station = next(iter(uow.directory.stations.values()))
            uow.codes.add(Code(make_code(), CodeKind.STATION, station.id, uow.now))
        desk = build_desk(load_settings(), store, understanding())
        async with serving(desk, listening):
            yield base
        await desk.http.close()
        await store.aclose()

    with capture_logs(), beside(served):
        wechat = {one["name"]: one for one in as_json("doctor", "wechat", ok=False)}
        web = {one["name"]: one for one in as_json("doctor", "web", ok=False)}
        counts = [row["arrivals"] for row in as_json("codes", "list")]
    assert wechat["callback address"]["ok"], wechat
    assert "/wechat answers in" in wechat["callback address"]["detail"]
    assert all(web[name]["ok"] for name in ("health", "page of a code", "chat page")), web
    assert not web["public address"]["ok"]
    assert counts == [{}]


def test_a_token_that_is_good_for_nothing_is_told_for_this_channel_alone(account: Account) -> None:
    store = open_store(load_settings())
    with store.transaction() as uow:
        uow.tokens.add(PlatformToken("dingtalk", "d1", trouble="fetch", trouble_since=uow.now))
    store.close()
    account.fault_for = lambda path, body: None if path == "stable_token" else Fault("errcode", path, code=40001)
    (noted,) = [one for one in as_json("doctor", "wechat", ok=False) if one["name"] == "access token in use"]
    assert not noted["ok"]
    assert "refuses the one that it gave" in noted["todo"]


def test_wecom_is_tried_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with beside(FakeWeCom) as (fake, _):
        for name, value in fake.settings.items():
            monkeypatch.setenv(f"MASHANG_{name.upper()}", value)
        found = {one["name"]: one["ok"] for one in as_json("doctor", "wecom", ok=False)}
    assert found["access token"]
    assert found["app may send"]
    assert not found["callback address"]
    assert "notices" in found


def test_the_other_platforms_are_tried_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "1000001:AAE-canary-token_of-a-bot"
    with beside(FakeTelegram) as (telegram, there), beside(FakeDingTalk) as (dingtalk, elsewhere):

        async def set_up_bot() -> None:
            telegram.bot(token)

        async def set_up_app() -> None:
            dingtalk.app(CLIENT_ID, CLIENT_SECRET)

        there.run(set_up_bot)
        elsewhere.run(set_up_app)
        for name, value in {
            "TELEGRAM_DESK_TOKEN": token, "TELEGRAM_API_BASE": telegram.url, "DINGTALK_CLIENT_ID": CLIENT_ID,
            "DINGTALK_CLIENT_SECRET": CLIENT_SECRET, "DINGTALK_API_BASE": dingtalk.url,
        }.items():  # fmt: skip
            monkeypatch.setenv(f"MASHANG_{name}", value)
        assert "✓ desk: token" in run("doctor", "telegram").stdout
        assert "✓ robot may send" in run("doctor", "dingtalk").stdout
