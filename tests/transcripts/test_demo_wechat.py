"""`make demo-wechat` plays to its end and counts what came."""

import io
from pathlib import Path

from rich.console import Console

from tests.demo_wechat import play


async def test_it_plays_and_tells_how_each_message_came(tmp_path: Path) -> None:
    shown = io.StringIO()
    ways = await play(Console(file=shown, width=100), tmp_path)
    assert "群众评价：满意" in shown.getvalue()
    assert ways["passive"] > 3
    assert ways["custom"] > 0
    assert ways["template"] == 1
    assert ways["fault"] == 0
