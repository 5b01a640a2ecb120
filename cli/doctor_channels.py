"""`main.py doctor CHANNEL`: tries one channel for real, at its platform and from outside in, and says what to click."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

import typer

from bot.channels.finding import Finding
from cli.common import fail, print_json, settings
from cli.settings import Settings

if TYPE_CHECKING:
    from bot.http import HttpClient
    from routing.ports import UnitOfWork
    from storage.store import Store

Check = Callable[[Settings, "Store", "HttpClient"], Awaitable[list[Finding]]]


def doctor_of(channel: str, *, as_json: bool) -> None:
    """Print what was tried; exits with 1 when something is wrong."""
    if channel not in CHECKS:
        fail(f"There is no channel {channel!r} to look at. There are: {', '.join(CHECKS)}.")
    from cli.logs import silent

    with silent():
        findings = asyncio.run(_examined(channel))
    if as_json:
        print_json([{"name": f.name, "ok": f.ok, "todo": f.todo, "detail": f.detail} for f in findings])
    else:
        for finding in findings:
            said = ": ".join(part for part in (finding.name, finding.todo or finding.detail) if part)
            typer.echo(f"{'✓' if finding.ok else '✗'} {said}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


async def _examined(channel: str) -> list[Finding]:
    from bot.http import HttpClient
    from cli.wiring import open_store
    from routing.errors import StorageUnavailable

    chosen = settings()
    try:
        store = open_store(chosen)
    except (StorageUnavailable, OSError) as error:
        return [Finding("database", False, f"it can't be opened: {error}")]
    http = HttpClient()
    try:
        found = await CHECKS[channel](chosen, store, http)
        if channel in ("wechat", "wecom", "dingtalk") and found:
            found += await store.reader.run(lambda uow: [*_token_troubles(uow, channel), _waiting(uow)])
    except StorageUnavailable as error:
        return [Finding("database", False, f"it can't be read: {error}")]
    finally:
        await http.close()
        await store.aclose()
    return found or [Finding("settings", False, "it is off; `main.py doctor --settings` lists what turns it on")]


def _token_troubles(uow: "UnitOfWork", channel: str) -> list[Finding]:
    """What processes that serve noted of the access token."""
    return [
        Finding(
            "access token in use", False,
            f"since {token.trouble_since:%Y-%m-%d %H:%M} UTC "
            + ("the platform refuses the one that it gave" if token.trouble == "refused" else "it gives none"),
        )
        for token in uow.tokens.all()
        if token.channel == channel and token.trouble is not None
    ]  # fmt: skip


def _waiting(uow: "UnitOfWork") -> Finding:
    """Notices of all channels; where one's platform counts, some wait until their person writes."""
    counts = uow.notices.counts()
    figures = [f"{counts.get(state, 0)} {state}" for state in ("pending", "waiting", "blocked", "failed")]
    return Finding("notices", True, detail=", ".join(figures))


async def _wechat(chosen: Settings, store: "Store", http: "HttpClient") -> list[Finding]:
    if not chosen.wechat_app_id:
        return []
    from bot.channels.wechat import PATH
    from bot.channels.wechat_check import check_callback, check_wechat, code_finding
    from bot.channels.wechat_menu import our_menu
    from bot.wording import Wording
    from cli.platforms import wechat_api, wechat_codes, wechat_envelope, wechat_templates

    codes = wechat_codes(chosen, store, http)
    assert codes is not None, "the account is set"
    envelope, templates = wechat_envelope(chosen, store), wechat_templates(chosen, Wording())
    return [
        *await check_wechat(wechat_api(chosen, store, http), our_menu(), templates),
        await check_callback(http, envelope, chosen.url + PATH, store.clock),
        _address(chosen),
        await store.reader.run(lambda uow: code_finding(codes.lasting(uow), len(codes.missing(uow)))),
    ]


def _address(chosen: Settings) -> Finding:
    if not chosen.public_url.startswith("https://"):
        return Finding("public address", False, "MASHANG_PUBLIC_URL is not an https address that people can reach")
    return Finding("public address", True, detail=chosen.public_url)


async def _wecom(chosen: Settings, store: "Store", http: "HttpClient") -> list[Finding]:
    if not chosen.wecom_corp_id:
        return []
    from bot.channels.wecom import PATH
    from bot.channels.wecom_check import check_callback, check_wecom
    from cli.platforms import wecom_api, wecom_envelope

    return [
        *await check_wecom(wecom_api(chosen, store, http)),
        await check_callback(http, wecom_envelope(chosen, store), chosen.url + PATH, store.clock),
        _address(chosen),
    ]


async def _dingtalk(chosen: Settings, store: "Store", http: "HttpClient") -> list[Finding]:
    if not chosen.dingtalk_client_id:
        return []
    from bot.channels.dingtalk_check import check_dingtalk
    from cli.platforms import dingtalk_api

    return await check_dingtalk(dingtalk_api(chosen, store, http))


async def _telegram(chosen: Settings, store: "Store", http: "HttpClient") -> list[Finding]:
    from bot.channels.telegram_api import BotApi
    from bot.channels.telegram_check import check_bot

    findings = []
    for account, secret in (("citizen", chosen.telegram_citizen_token), ("desk", chosen.telegram_desk_token)):
        if token := secret.get_secret_value():
            hook = f"{chosen.url}/telegram/{account}" if chosen.telegram_webhook_secret.get_secret_value() else None
            findings += await check_bot(BotApi(http, token, chosen.telegram_api_base), account, hook)
    return findings


async def _web(chosen: Settings, store: "Store", http: "HttpClient") -> list[Finding]:
    from bot.channels.webchat_check import check_web

    def a_code(uow: "UnitOfWork") -> str | None:
        return next((code.code for code in uow.codes.all() if code.valid_at(uow.now)), None)

    return [_address(chosen), *await check_web(http, chosen.url, await store.reader.run(a_code))]


#: By the name on the command line. A check gives no finding for a channel that is off.
CHECKS: Final[Mapping[str, Check]] = {
    "wechat": _wechat,
    "wecom": _wecom,
    "dingtalk": _dingtalk,
    "telegram": _telegram,
    "web": _web,
}
