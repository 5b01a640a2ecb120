"""The WeCom channel keeps what every channel promises."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.channels.conformance import ChannelConformance
from tests.bot.channels.wecom_harness import WeComHarness, wecom


class TestWeCom(ChannelConformance):
    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[WeComHarness]:  # type: ignore[override]
        async with wecom(tmp_path) as harness:
            yield harness
