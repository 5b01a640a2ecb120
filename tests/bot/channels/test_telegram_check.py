"""What the doctor finds out about a Telegram bot."""

import pytest

from bot.channels.finding import Finding
from bot.channels.telegram_api import BotApi
from bot.channels.telegram_check import check_bot
from bot.http import HttpClient
from tests.fakes.telegram import FakeTelegram, Person
from tests.fakes.telegram_bot import Webhook

TOKEN = "1000001:AAE-canary-token_of-a-bot"
HOOK = "https://station.example/telegram/citizen"


async def examined(*, token: str = TOKEN, set_at: str = "", wanted: str | None = None) -> list[Finding]:
    http = HttpClient()
    async with FakeTelegram() as fake:
        bot = fake.bot(TOKEN)
        bot.webhook = Webhook(set_at, None, 40) if set_at else None
        if not set_at:
            bot.push(Person(42).text("hello"))
        try:
            return await check_bot(BotApi(http, token, fake.url, timeout=0.5), "citizen", wanted)
        finally:
            await http.close()


async def test_a_bot_that_polls_is_well() -> None:
    assert await examined() == [
        Finding("citizen: token", True), Finding("citizen: updates", True, detail="by polling, 1 updates wait"),
    ]  # fmt: skip


async def test_a_wrong_token_says_who_gives_another() -> None:
    (finding,) = await examined(token="1000002:AAE-canary-another-token")
    assert not finding.ok
    assert "@BotFather" in finding.todo
    assert "canary" not in finding.todo


@pytest.mark.parametrize(
    ("set_at", "wanted", "said"),
    [("", HOOK, "does not call https://station.example"), ("http://127.0.0.1:9/x", None, "polling gets nothing")],
)
async def test_updates_that_go_elsewhere_are_told(set_at: str, wanted: str | None, said: str) -> None:
    token, updates = await examined(set_at=set_at, wanted=wanted)
    assert token.ok
    assert not updates.ok
    assert said in updates.todo
