"""The DingTalk robot passes what every channel passes."""

from collections.abc import AsyncIterator

import pytest

from tests.bot.channels.conformance import ChannelConformance
from tests.bot.channels.dingtalk_harness import DingTalkHarness, dingtalk


class TestStream(ChannelConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[DingTalkHarness]:
        async with dingtalk() as harness:
            yield harness
