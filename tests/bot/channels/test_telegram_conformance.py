"""Both Telegram bots, by webhook and by polling, pass what every channel passes."""

from collections.abc import AsyncIterator

import pytest

from bot.channels.telegram_citizen import TelegramCitizen
from bot.channels.telegram_desk import TelegramDesk
from tests.bot.channels.conformance import ChannelConformance
from tests.bot.channels.telegram_harness import TelegramHarness, telegram


class TestCitizenWebhook(ChannelConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[TelegramHarness]:
        async with telegram(TelegramCitizen, webhook=True) as harness:
            yield harness


class TestCitizenPolling(ChannelConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[TelegramHarness]:
        async with telegram(TelegramCitizen, webhook=False) as harness:
            yield harness


class TestDeskWebhook(ChannelConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[TelegramHarness]:
        async with telegram(TelegramDesk, webhook=True) as harness:
            yield harness


class TestDeskPolling(ChannelConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[TelegramHarness]:
        async with telegram(TelegramDesk, webhook=False) as harness:
            yield harness
