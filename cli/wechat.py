"""`main.py wechat`: what stands at the platform and not here."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.common import fail, print_json, settings

if TYPE_CHECKING:
    from bot.channels.wechat_menu import Menu
    from bot.http import HttpClient
    from cli.settings import Settings
    from storage.store import Store

wechat_app = typer.Typer(help="The WeChat Official Account: its menu.", no_args_is_help=True)

T = TypeVar("T")


@wechat_app.command("menu", epilog="Example: python main.py wechat menu --send")
def menu(
    send: Annotated[bool, typer.Option("--send", help="Replace the account's menu by ours.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show our menu beside the one that the account has now; with --send, put ours in its place."""
    from bot.channels.wechat_menu import current_menu, our_menu, send_menu
    from cli.platforms import wechat_api

    ours = our_menu()

    async def work(chosen: "Settings", store: "Store", http: "HttpClient") -> "Menu":
        api = wechat_api(chosen, store, http)
        now = await current_menu(api)
        if not json:
            _show("ours", ours)
            _show("the account's now", now)
        if send and now != ours:
            await send_menu(api, ours)
        return now

    now = at_platform(work)
    sent = send and now != ours
    if json:
        print_json({"ours": _plain(ours), "account": _plain(now), "same": now == ours, "sent": sent})
    elif sent:
        typer.echo("Sent. Who opens the chat sees it within five minutes.")
    elif now == ours:
        typer.echo("They are the same; nothing is to be sent.")
    else:
        typer.echo("Nothing was changed; --send puts ours in the place of the account's.")


def at_platform(work: "Callable[[Settings, Store, HttpClient], Awaitable[T]]") -> T:
    """What `work` returns for the account of the settings. Ends the command with a plain line where there is no
    account, or the platform or the database says no."""
    from bot.channel import DeliveryError
    from bot.channels.wechat_check import advice
    from bot.channels.wechat_errors import WeChatRefusal
    from bot.http import HttpClient
    from cli.logs import silent
    from cli.wiring import open_store
    from routing.errors import StorageUnavailable

    chosen = settings()
    if not chosen.wechat_app_id:
        fail("No WeChat account is set: MASHANG_WECHAT_APP_ID and its companions; docs/channels/wechat.md says how.")

    async def run() -> T:
        store, http = open_store(chosen), HttpClient()
        try:
            return await work(chosen, store, http)
        finally:
            await http.close()
            await store.aclose()

    try:
        with silent():
            return asyncio.run(run())
    except StorageUnavailable as error:
        fail(f"The database can't be used: {error}")
    except (WeChatRefusal, DeliveryError) as error:
        fail(f"WeChat did not do it: {advice(error)}")


def _show(title: str, shown: "Menu") -> None:
    typer.echo(f"{title}:")
    if not shown:
        typer.echo("    none")
    for button in shown:
        typer.echo(f"    {button.name}" + (f"    ({button.does})" if button.does else ""))
        for item in button.items:
            typer.echo(f"        {item.name}    ({item.does})")


def _plain(shown: "Menu") -> list[dict[str, Any]]:
    return [{"name": b.name, "items": _plain(b.items)} if b.items else {"name": b.name, "does": b.does} for b in shown]
