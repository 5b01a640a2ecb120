"""What the webhook of either Telegram bot does beyond what every channel does."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.channel import DeliveryError
from bot.channels.telegram_channel import TelegramChannel
from bot.channels.telegram_citizen import TelegramCitizen
from bot.channels.telegram_desk import TelegramDesk
from bot.http import HttpClient
from bot.message import OutboundMessage
from tests.bot.channels.harness import Inbound, until
from tests.bot.channels.telegram_harness import NOW, SECRET, TOKEN, TelegramHarness, load, telegram
from tests.fakes.telegram import Person

HEADER = "X-Telegram-Bot-Api-Secret-Token"
JSON = {"Content-Type": "application/json"}
UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]


@pytest.fixture(params=[TelegramCitizen, TelegramDesk])
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[TelegramHarness]:
    async with telegram(request.param, webhook=True) as harness:
        yield harness


async def post(harness: TelegramHarness, body: object, headers: dict[str, str]) -> int:
    assert harness.entrance is not None
    async with (
        aiohttp.ClientSession() as session,
        session.post(harness.entrance, data=body, headers=headers) as response,
    ):
        assert await response.read() == b""
        return response.status


async def test_start_sets_the_webhook_and_drops_nothing(harness: TelegramHarness) -> None:
    [call] = [call for call in harness.bot.calls if call.method == "setWebhook"]
    assert call.params["url"] == harness.entrance
    assert call.params["secret_token"] == SECRET
    assert json.loads(call.params["allowed_updates"]) == UPDATES
    assert call.params["max_connections"] == "40"
    assert call.params.get("drop_pending_updates", "false").lower() == "false"
    assert not [call for call in harness.bot.calls if call.method == "getUpdates"]


async def test_the_path_names_the_account(harness: TelegramHarness) -> None:
    assert harness.entrance is not None
    assert harness.entrance.endswith(
        {"citizen": "/telegram/citizen", "desk": "/telegram/desk"}[harness.channel.account]
    )


@pytest.mark.parametrize("secret", [None, "", SECRET[:-1], SECRET + "0", SECRET.upper(), "Ÿ" * 30])
async def test_without_the_secret_nothing_is_read(harness: TelegramHarness, secret: str | None) -> None:
    headers = JSON if secret is None else {**JSON, HEADER: secret}
    assert await post(harness, harness.body(Inbound("text", "42", text="x")), headers) == 403
    # Had the body been read first, this would be a 400.
    assert await post(harness, b"{", headers) == 403
    assert harness.receive.messages == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
async def test_content_type(harness: TelegramHarness, content_type: str) -> None:
    body = harness.body(Inbound("text", "42", text="x"))
    assert await post(harness, body, {HEADER: SECRET, "Content-Type": content_type}) == 400
    assert await post(harness, body, {HEADER: SECRET, "Content-Type": "application/json; charset=utf-8"}) == 200
    assert len(harness.receive.messages) == 1


async def test_a_body_without_announced_length_is_cut_off_at_a_megabyte(harness: TelegramHarness) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    assert await post(harness, endless(), {**JSON, HEADER: SECRET}) == 413


@pytest.mark.parametrize("kind", ["poll_answer", "channel_post", "something_new"])
async def test_an_update_that_we_did_not_ask_for_is_not_repeated(harness: TelegramHarness, kind: str) -> None:
    body = json.dumps({"update_id": 7, kind: {"id": 1}}).encode()
    assert await post(harness, body, {**JSON, HEADER: SECRET}) == 200
    assert harness.receive.messages == []


async def test_a_truncated_request_leaves_no_trace(harness: TelegramHarness) -> None:
    assert harness.entrance is not None
    port = int(harness.entrance.split(":")[2].split("/")[0])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /telegram/{harness.channel.account} HTTP/1.1\r\nHost: x\r\n{HEADER}: {SECRET}\r\n"
    writer.write((head + "Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{").encode())
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.close()
    await writer.wait_closed()
    await (await harness.deliver(Inbound("text", "42", text="next"))).wait()
    assert [message.text for message in harness.receive.messages] == ["next"]


async def test_an_unforeseen_error_is_not_acknowledged_and_not_quoted(
    harness: TelegramHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.receive.failures.append(RuntimeError("机密内容"))
    await (await harness.deliver(Inbound("text", "42", text="机密内容"))).wait()
    assert [status for _, status in harness.bot.attempts] == [503, 200]
    assert "RuntimeError" in caplog.text
    assert "机密内容" not in caplog.text


async def test_rejected_bodies_are_counted_without_their_content(
    harness: TelegramHarness, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        await harness.hostile('{"text": "机密内容"'.encode())
    assert "reason=json count=3" in caplog.text
    assert "机密内容" not in caplog.text


async def test_before_start_telegram_is_told_to_come_again() -> None:
    async with telegram(TelegramCitizen, webhook=True) as harness:
        await harness.channel.stop()
        assert await harness.hostile(harness.body(Inbound("text", "42", text="x"))) == 503


async def test_hundred_at_once(harness: TelegramHarness) -> None:
    ids = [harness.bot.push(Person(1000 + n).text(str(n))) for n in range(100)]
    await until(lambda: not harness.bot.pending)
    assert sorted(int(message.external_id) for message in harness.receive.finished) == ids


@pytest.mark.parametrize("trouble", ["server_error", "hang", "unauthorized", "malformed"])
async def test_start_goes_on_trying_where_telegram_is_away(trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    async with telegram(TelegramDesk, webhook=True) as harness:
        await harness.channel.stop()
        harness.bot.webhook = None
        harness.bot.fail(trouble, method="setWebhook", times=2)
        async with asyncio.timeout(2):
            await harness.channel.start(harness.receive)
        await until(lambda: harness.bot.webhook is not None)
        await (await harness.deliver(Inbound("text", "42", text="x"))).wait()
    assert ("token_refused" in caplog.text) == (trouble == "unauthorized")


@pytest.mark.parametrize(
    ("secret", "public_url"), [("has space", "https://x"), ("", "https://x"), ("x" * 257, "https://x"), ("fine", None)]
)
@pytest.mark.parametrize("kind", [TelegramCitizen, TelegramDesk])
async def test_settings_that_cannot_work(kind: type[TelegramChannel], secret: str, public_url: str | None) -> None:
    with pytest.raises(ValueError, match="webhook") as raised:
        kind(
            http=HttpClient(),
            token=TOKEN,
            clock=lambda: NOW,
            load=load,
            webhook_secret=secret,
            public_url=public_url,
        )
    assert secret not in str(raised.value) or secret in ("", "fine")


async def test_no_token_secret_or_text_in_any_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for kind in (TelegramCitizen, TelegramDesk):
        for webhook in (True, False):
            async with telegram(kind, webhook=webhook) as harness:
                await (await harness.deliver(Inbound("text", "42", text="机密内容"))).wait()
                for fault in harness.faults:
                    harness.inject(fault)
                    await harness_send(harness)
                await harness_send(harness)
                await harness.hostile('{"update_id": 1, "message": {"text": "机密内容"}}'.encode())
    said = "\n".join(
        f"{record.name} {record.getMessage()} {record.exc_text}"
        for record in caplog.records
        if not record.name.startswith("aiohttp.server")
    )
    assert "telegram.rejected" in said
    for canary in (TOKEN, TOKEN.partition(":")[2], SECRET, "机密内容"):
        assert canary not in said


async def harness_send(harness: TelegramHarness) -> None:
    with contextlib.suppress(DeliveryError):
        await harness.channel.send("42", OutboundMessage("机密内容"))
