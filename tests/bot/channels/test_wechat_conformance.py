"""The WeChat channel keeps what every channel promises."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.channels.conformance import ChannelConformance
from tests.bot.channels.wechat_harness import WeChatHarness, wechat


class TestWeChat(ChannelConformance):
    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[WeChatHarness]:  # type: ignore[override]
        async with wechat(tmp_path) as harness:
            yield harness
