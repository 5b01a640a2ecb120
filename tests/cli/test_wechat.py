"""The commands that speak to a WeChat account, against a platform on loopback."""

from pathlib import Path

import pytest

from bot.channels import wechat_codes
from tests.cli.at_platform import account, as_json, folder, run
from tests.fakes.wechat_account import Account

__all__ = ["account", "folder"]


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
