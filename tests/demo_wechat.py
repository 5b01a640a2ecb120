"""`make demo-wechat`: the demonstration with its citizen on WeChat, before a platform on loopback that keeps WeChat's
windows, counts and tokens. Simulators are no part of the program, so this is none of its commands."""

import asyncio
import logging
import tempfile
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from cli.demo import SCENARIO, printed
from cli.demo_data import prepare_demo
from cli.logs import set_up
from cli.settings import Settings
from cli.stage import MovableClock
from cli.transcript import Performance
from cli.wiring import Desk, build_desk, make_understanding, open_store
from tests.transcripts.wechat_stage import wechat_stage

#: How a message reached the citizen's phone.
WAYS = {"passive": "随您的消息回复", "custom": "客服消息", "template": "订阅通知", "fault": "平台代为致歉"}


async def play(console: Console, folder: Path) -> Counter[str]:
    """Play and print; how many messages reached the citizen, by way. Raises `TranscriptError`."""
    clock, understanding = MovableClock(datetime(2026, 11, 23, 1, 0, tzinfo=UTC)), make_understanding()
    options = {"data_dir": folder, "database_url": f"sqlite:///{folder / 'demo.db'}"}
    store = open_store(Settings(_env_file=None, **options), clock=clock)  # type: ignore[call-arg,arg-type]
    prepare_demo(store)
    console.print("[bold]码上 Mashang[/bold]　场景 1：在微信里扫代表码求职（海平县，虚构；微信由本机的程序代替）\n")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.aclose)

        def build(more: dict[str, str]) -> Desk:
            desk = build_desk(Settings(_env_file=None, **options, **more), store, understanding)  # type: ignore[call-arg,arg-type]
            stack.push_async_callback(desk.http.close)
            return desk

        stage = await stack.enter_async_context(wechat_stage(build, clock, folder))
        show = printed(console)
        stage.tapped = lambda who: show(who, "（手机上来了订阅通知：有新消息等您看；点菜单“说事”）", ())
        await Performance(stage, show).play(SCENARIO.read_text(encoding="utf-8"))
        ways = Counter(seen.way for person in stage.people.values() for seen in person.screen)
        # Who taps the menu because of one has read it: the stage takes it off their screen.
        ways["template"] = len(stage.platform.account.called("message/subscribe/bizsend"))
        return ways


def main() -> None:
    """Play in a folder that is gone afterwards."""
    set_up(logging.ERROR)
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        ways = asyncio.run(play(console, Path(folder)))
    told = "，".join(f"{WAYS[way]} {count} 条" for way, count in ways.items())
    console.print(f"\n[bold]演完了[/bold]：{told}；没有一条超出微信的时间窗口和条数。")


if __name__ == "__main__":
    main()
