"""The commands that speak to a WeChat account, against a platform on loopback and a served desk."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from structlog.testing import capture_logs
from typer.testing import CliRunner

from bot.channels import wechat_codes
from cli.app import app
from cli.demo_data import load_demo_county
from cli.settings import load_settings
from cli.stage import listen, serving
from cli.wiring import build_desk, open_store
from routing.code import Code, CodeKind, make_code
from routing.platform_token import PlatformToken
from tests.bot.channels.dingtalk_harness import CLIENT_ID
from tests.bot.channels.dingtalk_harness import SECRET as CLIENT_SECRET
from tests.fakes.cgi_account import Fault
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.telegram import FakeTelegram
from tests.fakes.thread import beside
from tests.fakes.wechat import FakeWeChat
from tests.fakes.wechat_account import Account
from tests.routing.county import understanding


def run(*args: str, ok: bool = True) -> Result:
    result = CliRunner().invoke(app, list(args))
    shown = f"{result.output}\n{result.exception!r}"
    assert result.exception is None or isinstance(result.exception, SystemExit), shown
    assert (result.exit_code == 0) == ok, shown
    return result


def as_json(*args: str, ok: bool = True) -> Any:
    return json.loads(run(*args, "--json", ok=ok).stdout)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the demo county, and no settings but ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MASHANG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MASHANG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MASHANG_PUBLIC_URL", "http://127.0.0.1:9")
    store = open_store(load_settings())
    with store.transaction() as uow:
        load_demo_county(uow)
    store.close()
    return tmp_path


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The account of the settings, at a platform that answers."""
    with beside(FakeWeChat) as (fake, _):
        for name, value in fake.settings.items():
            monkeypatch.setenv(f"MASHANG_{name.upper()}", value)
        yield fake.account


# ── the menu ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_menu_is_shown_before_it_is_sent(account: Account) -> None:
    shown = run("wechat", "menu").stdout
    for said in ("说事", "查进度", "今天谁在站", "🆘", "none", "--send"):
        assert said in shown
    assert account.menu is None
    assert "Sent" in run("wechat", "menu", "--send").stdout
    assert account.menu is not None
    assert "the same" in run("wechat", "menu", "--send").stdout
    assert len(account.called("menu/create")) == 1
    seen = as_json("wechat", "menu")
    assert (seen["same"], seen["sent"]) == (True, False)
    assert seen["ours"][0] == {"name": "说事", "does": "click say_it"}


def test_without_an_account_the_settings_are_named() -> None:
    assert "MASHANG_WECHAT_APP_ID" in run("wechat", "menu", ok=False).stderr


def test_what_wechat_says_is_told_with_what_to_do(account: Account) -> None:
    account.fail("errcode", "get_current_selfmenu_info", code=48001)
    assert "微信认证" in run("wechat", "menu", ok=False).stderr
    account.fail("errcode", "stable_token", code=40164, times=9)
    account.void_tokens()
    failed = run("wechat", "menu", ok=False)
    assert "doctor wechat" in failed.stderr
    assert failed.stdout == ""


# ── codes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_code_gets_its_qr_when_it_is_made_and_keeps_it(account: Account, folder: Path) -> None:
    made = as_json("codes", "new", "--deputy", "086", "--wechat")
    assert made["wechat"] == {"url": account.codes[made["code"]]["url"], "until": None}
    assert "http://weixin.qq.com/q/" in run("codes", "new", "--deputy", "087", "--wechat").stdout
    run("codes", "print", made["code"], "--wechat", "--format", "png", "--output", str(folder / "one.png"))
    run("codes", "print", made["code"], "--format", "png", "--output", str(folder / "ours.png"))
    assert (folder / "one.png").read_bytes() != (folder / "ours.png").read_bytes()
    assert len(account.called("qrcode/create")) == 2


def test_a_stalls_code_ends(account: Account) -> None:
    made = as_json("codes", "new", "--station", "HP", "--place", "东门菜场", "--days", "10", "--wechat")
    assert made["wechat"]["until"] is not None
    assert account.permanent_codes == 0
    (row,) = as_json("codes", "list")
    assert row["wechat"] == made["wechat"]
    assert made["wechat"]["until"][:10] in run("codes", "list").stdout
    assert "--days" in run("codes", "new", "--deputy", "086", "--days", "3", ok=False).stderr


def test_all_that_are_missing_are_made_before_printing(account: Account, folder: Path) -> None:
    codes = [as_json("codes", "new", "--deputy", number)["code"] for number in ("086", "087")]
    out = folder / "all"
    run("codes", "print", "--all", "--wechat", "--format", "svg", "--output", str(out))
    assert sorted(path.stem for path in out.iterdir()) == sorted(codes) == sorted(account.codes)


def test_at_the_limit_it_is_said_what_can_be_done(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wechat_codes, "LIMIT", 1)
    monkeypatch.setattr(wechat_codes, "WARN_FROM", 1)
    assert "1 of the account's 1" in run("codes", "new", "--deputy", "086", "--wechat").stderr
    said = run("codes", "new", "--deputy", "087", "--wechat", ok=False).stderr
    assert "can make no more" in said
    assert "--days" in said
    assert account.permanent_codes == 1


def test_a_revoked_code_has_none(account: Account, folder: Path) -> None:
    code = as_json("codes", "new", "--deputy", "086")["code"]
    run("codes", "revoke", code)
    out = str(folder / "one.png")
    assert "revoked" in run("codes", "print", code, "--wechat", "--format", "png", "--output", out, ok=False).stderr
    assert account.codes == {}


# ── doctor CHANNEL ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_channel_that_is_off_or_unknown_is_told() -> None:
    for channel in ("wechat", "dingtalk", "telegram"):
        (found,) = as_json("doctor", channel, ok=False)
        assert "it is off" in found["todo"]
    assert "wechat" in run("doctor", "pigeons", ok=False).stderr


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
