"""`main.py serve`: take messages in and bring news out until stopped."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator
from typing import Any

import typer
from rich.console import Console
from starlette.applications import Starlette

from bot.pages.entrance import Entrance
from bot.pages.words import words_for
from bot.server import build_app, server_for
from cli.demo_data import demo_links, prepare_demo
from cli.logs import set_up
from cli.memory import give_back_large_blocks
from cli.settings import Settings
from cli.wiring import Desk, build_desk, make_understanding, open_store
from routing.errors import StorageUnavailable
from storage.lock import AlreadyServed


def serve(settings: Settings, *, demo: bool = False) -> None:
    """Serve until SIGINT or SIGTERM. Exits with 1 and a plain line when another process serves the same file, or the
    database can't be opened."""
    set_up()
    give_back_large_blocks()
    if settings.port == 0:
        # Chosen before anything is printed or put into a code, so that what is told is where we listen.
        with socket.create_server((settings.host, 0)) as free:
            settings.port = free.getsockname()[1]
    try:
        store = open_store(settings, serving=True)
    except AlreadyServed as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except StorageUnavailable as error:
        typer.echo(f"The database can't be opened: {error}", err=True)
        raise typer.Exit(1) from None
    if demo:
        prepare_demo(store)
    understanding = make_understanding()

    async def run() -> None:
        desk = build_desk(settings, store, understanding)
        server = server_for(
            web_app(desk, demo=demo), host=settings.host, port=settings.port,
            before_shutdown=desk.close_streams,
        )  # fmt: skip
        await server.serve()

    if demo:
        with store.transaction() as uow:
            _print_demo(demo_links(uow, settings.url))
    import uvloop

    uvloop.run(run())


def web_app(desk: Desk, *, demo: bool = False, started: bool = False) -> Starlette:
    """Everything that speaks HTTP. Unless it was `started` already, the desk starts and stops with the server."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await desk.start()
        _keep_for_good()
        late = asyncio.create_task(keep_what_comes_late())
        yield
        late.cancel()
        await desk.stop()

    async def keep_what_comes_late() -> None:
        # What keeps a channel from being loaded is in the log, and `/health` says it.
        with contextlib.suppress(Exception):
            await desk.ready()
            _keep_for_good()

    reader = desk.store.reader

    async def database() -> str:
        await reader.run(lambda uow: uow.directory.version)
        return "ok"

    async def outbox() -> dict[str, Any]:
        oldest = await reader.run(lambda uow: uow.notices.oldest_pending(uow.now))
        age = (desk.store.clock() - oldest).total_seconds() if oldest else None
        return {"oldest_seconds": age}

    async def writing() -> str:
        return desk.vitals.state("writing")

    async def disk() -> str:
        return desk.vitals.state("disk")

    async def scanner() -> str:
        """A scanner that is away keeps files out, and nothing else: no reason to take the desk off the net."""
        return "away" if "scanner" in desk.vitals.troubles else "ok"

    async def spooled() -> dict[str, int]:
        return {"waiting": await asyncio.to_thread(desk.spool.waiting)}

    async def links() -> list[Any]:
        return await desk.store.writer.run(lambda uow: demo_links(uow, desk.settings.url))

    entrance = Entrance(
        writer=desk.store.writer,
        reader=reader,
        links=lambda code: [
            (f"landing.link_{name}", url) for name, url in desk.channels.links("citizen", code) if name != "webchat"
        ],
        wechat_account=desk.settings.wechat_app_id,
        demo=links if demo else None,
    )
    return build_app(
        channels=list(desk.channels),
        pages=entrance,
        health={
            "database": database, "writing": writing, "disk": disk, "spool": spooled, "outbox": outbox,
            **({"scanner": scanner} if desk.settings.clamd_address else {}),
            **{f"{channel.name} {channel.account}": channel.health for channel in desk.late},
        },
        metrics=desk.metrics,
        public_url=desk.settings.url,
        lifespan=None if started else lifespan,
    )  # fmt: skip


def _keep_for_good() -> None:
    """What stands now, word lists and libraries, stays as long as the process. Collecting garbage would look through
    all of it and hold every message up by a quarter of a second. And what a message makes goes with it, without being
    looked for: to look at every 700 new objects, as Python does by itself, takes a tenth of all that a message costs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


def _print_demo(links: list[Any]) -> None:
    import segno

    console = Console()
    if not links:
        console.print("\n数据库里已有别的名册，没有演示身份。请用 main.py invite 邀请。\n")
        return
    console.print("\n[bold]码上 Mashang[/bold] 演示：海平县（虚构）。每个身份各开一个标签页：\n")
    words = words_for("zh_CN")
    for link in links:
        who = words.say(f"home.demo_{link.role}") + (f" {link.name}" if link.name else "")
        console.print(f"  {who}\n    {link.url}", soft_wrap=True, highlight=False)
    console.print("\n手机可扫（同一台机器的地址只有本机能开）：")
    segno.make(links[0].url, micro=False).terminal(compact=True)
    console.print("邀请链接 15 分钟内有效，只能用一次；首页会给新的。按 Ctrl+C 停止。\n")
