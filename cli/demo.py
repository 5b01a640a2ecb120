"""`main.py demo`: scenario 1 played in the terminal on a real SQLite file and real HTTP, with time moved."""

import asyncio
import logging
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.padding import Padding

from cli.demo_data import prepare_demo
from cli.logs import set_up
from cli.settings import Settings
from cli.stage import MovableClock
from cli.transcript import Performance, Show, TranscriptError
from cli.webstage import web_stage
from cli.wiring import build_desk, make_understanding, open_store

SCENARIO = Path(__file__).parent / "scenario_job.txt"


def play() -> None:
    """Play and print; exits with 1 when a line does not come true."""
    set_up(logging.WARNING)
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        try:
            asyncio.run(_play(console, Path(folder)))
        except TranscriptError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None


async def _play(console: Console, folder: Path) -> None:
    settings = Settings(_env_file=None, data_dir=folder, database_url=f"sqlite:///{folder / 'demo.db'}")  # type: ignore[call-arg]
    clock = MovableClock(datetime(2026, 11, 23, 1, 0, tzinfo=UTC))
    store = open_store(settings, clock=clock)
    prepare_demo(store)
    desk = build_desk(settings, store, make_understanding())
    console.print("[bold]码上 Mashang[/bold]　场景 1：扫代表码求职（海平县，虚构；时间由程序拨动）\n")
    async with web_stage(desk, clock) as stage:
        await Performance(stage, printed(console)).play(SCENARIO.read_text(encoding="utf-8"))
    console.print("\n[bold]演完了[/bold]：从扫码到评价、回头看，每一步都告诉了反映人。")
    await desk.http.close()
    await store.aclose()


def printed(console: Console) -> Show:
    """What prints a line of the play: who said it, what they said, and the buttons under it."""

    def show(who: str, text: str, buttons: tuple[str, ...]) -> None:
        if not who:
            console.print(f"\n[dim]{text}[/dim]\n")
        elif who.startswith("→"):
            console.print(f"[cyan]机 → {who[1:]}[/cyan]")
            labels = "　".join(f"［{label}］" for label in buttons)
            console.print(Padding(f"{text}\n[dim]{labels}[/dim]" if labels else text, (0, 0, 0, 4)))
        else:
            console.print(f"[bold]{who}[/bold]　{text}")

    return show
