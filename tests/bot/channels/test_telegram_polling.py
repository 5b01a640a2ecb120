"""What polling promises: confirm after the commit, order within a chat, nobody held up by another, back off."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.channels.telegram_citizen import TelegramCitizen
from bot.channels.telegram_desk import TelegramDesk
from bot.channels.telegram_polling import ATTEMPTS
from bot.message import InboundMessage
from routing.errors import StorageUnavailable
from tests.bot.channels.harness import Inbound, until
from tests.bot.channels.telegram_harness import TelegramHarness, telegram
from tests.fakes.telegram import Person


@pytest.fixture(params=[TelegramCitizen, TelegramDesk])
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[TelegramHarness]:
    async with telegram(request.param, webhook=False) as harness:
        yield harness


def offsets(harness: TelegramHarness) -> list[int | None]:
    calls = [call.params for call in harness.bot.calls if call.method == "getUpdates"]
    return [int(params["offset"]) if "offset" in params else None for params in calls]


async def test_start_removes_a_webhook_and_drops_nothing(harness: TelegramHarness) -> None:
    assert harness.channel.routes() == []
    [call] = [call for call in harness.bot.calls if call.method == "deleteWebhook"]
    assert call.params.get("drop_pending_updates", "false").lower() == "false"
    await until(lambda: bool(offsets(harness)))
    [poll] = [call.params for call in harness.bot.calls if call.method == "getUpdates"]
    assert poll["allowed_updates"] == '["message","edited_message","callback_query","my_chat_member"]'


async def test_the_offset_is_not_sent_before_receive_returned(harness: TelegramHarness) -> None:
    harness.receive.hold()
    update_id = harness.bot.push(Person(42).text("x"))
    await harness.receive.wait()
    await asyncio.sleep(0.05)
    assert set(offsets(harness)) == {None}
    harness.receive.release()
    await harness.bot.wait_acknowledged(update_id)
    assert offsets(harness)[-1] == update_id + 1


async def test_what_came_before_a_failure_is_confirmed_and_the_rest_comes_again(harness: TelegramHarness) -> None:
    await harness.channel.stop()
    first, second, third = (harness.bot.push(Person(42).text(text)) for text in ("one", "two", "three"))
    other = harness.bot.push(Person(43).text("other"))
    receive, tried = harness.receive, list[str]()

    async def failing(message: InboundMessage) -> list[object]:
        tried.append(message.text)
        if message.text == "two" and tried.count("two") == 1:
            raise StorageUnavailable
        await receive(message)
        return []

    await harness.channel.start(failing)  # type: ignore[arg-type]
    for update_id in (first, second, third, other):
        await harness.bot.wait_acknowledged(update_id)
    assert second in offsets(harness)
    in_chat = [message.text for message in receive.finished if message.user_id == "42"]
    assert in_chat == ["one", "two", "three"]
    assert tried.index("three") > tried.index("two")


async def test_chats_are_handled_beside_each_other_and_each_in_order(harness: TelegramHarness) -> None:
    await harness.channel.stop()
    for text in ("1", "2", "3"):
        for person in (42, 43, 44):
            harness.bot.push(Person(person).text(text))
    harness.receive.hold()
    await harness.channel.start(harness.receive)
    await harness.receive.wait(3)
    await asyncio.sleep(0.05)
    assert sorted(message.user_id for message in harness.receive.messages) == ["42", "43", "44"]
    harness.receive.release()
    await until(lambda: len(harness.receive.finished) == 9)
    for user_id in ("42", "43", "44"):
        texts = [message.text for message in harness.receive.finished if message.user_id == user_id]
        assert texts == ["1", "2", "3"]


async def test_an_update_that_always_fails_does_not_hold_up_the_others_for_ever(
    harness: TelegramHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.receive.failures += [RuntimeError("机密内容") for _ in range(ATTEMPTS)]
    await (await harness.deliver(Inbound("text", "42", text="poison"))).wait()
    assert len(harness.receive.messages) == ATTEMPTS
    assert caplog.text.count("RuntimeError") == ATTEMPTS
    assert "机密内容" not in caplog.text
    await (await harness.deliver(Inbound("text", "42", text="next"))).wait()
    assert [message.text for message in harness.receive.finished] == ["next"]


async def test_an_update_of_the_wrong_shape_is_passed_over(
    harness: TelegramHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.bot.put({"update_id": 700_000_000, "message": {"chat": "机密内容"}})
    await (await harness.deliver(Inbound("text", "42", text="next"))).wait()
    assert [message.text for message in harness.receive.messages] == ["next"]
    assert "reason=shape" in caplog.text
    assert "机密内容" not in caplog.text


async def test_a_lower_update_id_after_a_quiet_week_is_not_confirmed_unseen(harness: TelegramHarness) -> None:
    await (await harness.deliver(Inbound("text", "42", text="before"))).wait()
    await until(lambda: offsets(harness)[-1] is not None)
    harness.bot.wake()
    await until(lambda: offsets(harness)[-1] is None)
    harness.bot.next_update = 1000
    harness.bot.wake()
    await (await harness.deliver(Inbound("text", "42", text="after"))).wait()
    assert [message.text for message in harness.receive.finished] == ["before", "after"]


async def test_the_last_batch_is_confirmed_at_stop(harness: TelegramHarness) -> None:
    harness.receive.hold()
    update_id = harness.bot.push(Person(42).text("x"))
    await harness.receive.wait()
    stopping = asyncio.create_task(harness.channel.stop())
    await asyncio.sleep(0.02)
    harness.receive.release()
    await stopping
    assert update_id not in harness.bot.pending
    assert offsets(harness)[-1] == update_id + 1


async def test_stop_does_not_wait_for_the_long_poll(harness: TelegramHarness) -> None:
    await until(lambda: harness.bot.poll is not None)
    async with asyncio.timeout(0.5):
        await harness.channel.stop()


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("server_error", "poll_failed"),
        ("reset", "poll_failed"),
        ("malformed", "poll_failed"),
        ("unauthorized", "token_refused"),
        ("rate_limit", "rate limited"),
    ],
)
async def test_trouble_is_waited_out(
    harness: TelegramHarness, trouble: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    fault = harness.bot.fail(trouble, method="getUpdates", times=1 if trouble == "rate_limit" else 3)
    harness.bot.wake()
    await until(lambda: fault.times == 0)
    await (await harness.deliver(Inbound("text", "42", text="x"))).wait()
    assert said in caplog.text
    assert len(harness.receive.finished) == 1


async def test_another_poller_with_the_same_token(harness: TelegramHarness, caplog: pytest.LogCaptureFixture) -> None:
    await until(lambda: harness.bot.poll is not None)
    assert harness.bot.poll is not None
    harness.bot.poll.set_result("conflict")
    await until(lambda: "telegram.conflict" in caplog.text)
    await (await harness.deliver(Inbound("text", "42", text="x"))).wait()


async def test_waits_grow_and_are_spread() -> None:
    async with telegram(TelegramCitizen, webhook=False, backoff=(0.02, 0.2)) as harness:
        await until(lambda: harness.bot.poll is not None)
        fault = harness.bot.fail("server_error", method="getUpdates", times=1000)
        harness.bot.wake()
        await asyncio.sleep(0.6)
        # Without growing waits there would be 30 to 60; with them 5 to 9.
        assert 4 <= 1000 - fault.times <= 12
        async with asyncio.timeout(0.5):
            await harness.channel.stop()
