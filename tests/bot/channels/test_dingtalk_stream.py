"""What stream mode promises: acknowledged after the commit, nobody's loop held up, connected again, gone when told."""

import asyncio
import json
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

import dingtalk_stream
import pytest
from sqlalchemy import make_url

from bot.channels.dingtalk_api import DingTalkApi
from bot.message import InboundMessage, OutboundMessage
from bot.reception import Reception
from bot.registry import Channels
from bot.wording import Wording
from routing.errors import StorageUnavailable
from storage.store import Store
from tests.bot.channels.dingtalk_harness import CLIENT_ID, SECRET, DingTalkHarness, dingtalk, only
from tests.bot.channels.harness import Inbound, until
from tests.fakes.dingtalk import FakeDingTalk, Staff
from tests.fakes.dingtalk_app import TOPIC
from tests.routing.county import understanding

T = TypeVar("T")
ME = Staff("0123456789")
#: Seconds. A blocked loop would stand still as long as the gateway hangs.
HANGS, LAG = 0.5, 0.15


@pytest.fixture
async def harness() -> AsyncIterator[DingTalkHarness]:
    async with dingtalk() as harness:
        yield harness


def opens(harness: DingTalkHarness) -> int:
    return sum(call == "open" for call, _ in harness.app.calls)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "dingtalk-stream"]


async def lag_during(work: Awaitable[T]) -> float:
    """The longest that the loop kept somebody waiting while this went on, in seconds."""
    longest = 0.0

    async def look() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - before - 0.005)

    looking = asyncio.create_task(look())
    await work
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    return longest


# ── after the commit ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_acknowledged_only_once_the_row_is_in_the_database(
    harness: DingTalkHarness, sqlite_store: Store, sqlite_url: str
) -> None:
    channels = Channels([harness.channel])
    reception = Reception(sqlite_store.writer, sqlite_store.files, channels, understanding(), Wording())
    database = make_url(sqlite_url).database
    rows: list[int] = []

    def witness(_: str) -> None:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            rows.append(connection.execute("SELECT count(*) FROM inbox").fetchone()[0])
        connection.close()

    harness.app.witness = witness
    await harness.channel.stop()
    await harness.channel.start(reception.receive)
    first = harness.push(ME.text("帮助"))
    await first.wait()
    await (await harness.repeat(first)).wait()
    await harness.push(ME.text("列表")).wait()
    # The repeat found its row and made none.
    assert rows == [1, 1, 2]


async def test_what_could_not_be_stored_gets_no_answer_at_all(harness: DingTalkHarness) -> None:
    harness.receive.lose_storage(1)
    receipt = harness.push(ME.text("x"))
    await until(lambda: harness.receive.messages != [] and harness.receive.failures == [])
    await harness.settled()
    assert receipt.message_id not in harness.app.answers
    await receipt.wait()
    assert harness.app.answers[receipt.message_id] == [200]


async def test_what_raises_comes_again_and_the_log_says_no_word_of_it(
    harness: DingTalkHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.receive.failures += [RuntimeError("机密内容")]
    await harness.push(ME.text("x")).wait()
    assert len(harness.receive.messages) == 2
    assert "RuntimeError" in caplog.text
    assert "机密内容" not in caplog.text


async def test_a_message_of_the_wrong_shape_is_refused_and_does_not_come_again(harness: DingTalkHarness) -> None:
    message_id = harness.app.put({"msgtype": "text"})
    await harness.app.wait_acknowledged(message_id)
    assert harness.app.answers[message_id] == [400]
    assert harness.receive.messages == []


async def test_one_persons_messages_are_taken_in_their_order(harness: DingTalkHarness) -> None:
    await harness.channel.stop()
    seen: list[str] = []

    async def slow_at_first(message: InboundMessage) -> list[OutboundMessage]:
        await asyncio.sleep(0.1 if message.kind == "photo" else 0)
        seen.append(message.kind)
        return []

    photo = harness.push(ME.picture(harness.app.add_file(b"x")))
    text = harness.push(ME.text("this one"))
    await harness.channel.start(slow_at_first)
    await photo.wait()
    await text.wait()
    assert seen == ["photo", "text"]


# ── nobody's loop ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("where", ["open", "connect"])
async def test_the_loop_is_free_while_the_gateway_hangs(where: str) -> None:
    async with dingtalk() as harness:
        await until(lambda: harness.app.connections == 1)
        fault = harness.app.fail("hang", call=where, times=1000)
        await harness.fake.cut()
        await until(lambda: fault.times < 1000)

        async def meanwhile() -> None:
            await asyncio.sleep(HANGS)
            await harness.channel.send(ME.id, OutboundMessage("meanwhile"))

        assert await lag_during(meanwhile()) < LAG
        assert [seen.text for seen in await harness.seen(ME.id)] == ["meanwhile"]
        assert await lag_during(harness.channel.stop()) < LAG
    assert not threads()


async def test_everything_runs_where_it_belongs(harness: DingTalkHarness) -> None:
    home, where = threading.get_ident(), []

    async def receive(message: InboundMessage) -> list[OutboundMessage]:
        where.append(threading.get_ident())
        return []

    await harness.channel.stop()
    await harness.channel.start(receive)
    await harness.push(ME.text("x")).wait()
    assert where == [home]
    assert [thread.daemon for thread in threads()] == [True]


# ── connected again ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_it_asks_the_gateway_for(harness: DingTalkHarness) -> None:
    [(_, body)] = [call for call in harness.app.calls if call[0] == "open"]
    assert body["subscriptions"] == [{"type": "CALLBACK", "topic": TOPIC}]
    assert (body["clientId"], body["clientSecret"]) == (CLIENT_ID, SECRET)


async def test_a_ping_is_answered_with_what_it_brought(harness: DingTalkHarness) -> None:
    await until(lambda: harness.app.connections == 1)
    ping = await harness.fake.system(harness.app, "ping")
    await until(lambda: ping in harness.app.answers)
    assert harness.app.answers[ping] == [200]


@pytest.mark.parametrize("end", ["cut", "disconnect", "closed"])
async def test_a_connection_that_ends_is_made_again_and_nothing_is_lost(harness: DingTalkHarness, end: str) -> None:
    await until(lambda: harness.app.connections == 1)
    harness.receive.hold()
    held = harness.push(ME.text("held"))
    await harness.receive.wait()
    if end == "cut":
        await harness.fake.cut()
    elif end == "disconnect":
        await harness.fake.system(harness.app, "disconnect")
    else:
        await harness.fake.hang_up()
    waiting = harness.push(Staff("manager42").text("waiting"))
    harness.receive.release()
    await held.wait()
    await waiting.wait()
    assert opens(harness) >= 2
    assert {message.text for message in harness.receive.finished} == {"held", "waiting"}
    assert len({message.external_id for message in harness.receive.finished}) == 2


@pytest.mark.parametrize("trouble", ["server_error", "malformed", "other_shape", "reset", "hang", "punished", "quota"])
async def test_a_gateway_in_trouble_is_asked_again(trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    async with dingtalk() as harness:
        await until(lambda: harness.app.connections == 1)
        fault = harness.app.fail(trouble, call="open", times=2)
        await harness.fake.cut()
        await harness.push(ME.text("x")).wait()
        assert fault.times == 0
    assert [r.message for r in caplog.records].count("dingtalk.connected_again") == 1
    # Told once, however often it is tried.
    assert caplog.text.count("dingtalk.not_connected") == 1


async def test_what_nobody_foresaw_is_tried_again(
    harness: DingTalkHarness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(lambda: harness.app.connections == 1)
    tried, open_connection = 0, DingTalkApi.open_connection

    async def broken(api: DingTalkApi, subscriptions: list[dict[str, str]], agent: str) -> tuple[str, str]:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise LookupError("机密内容")
        return await open_connection(api, subscriptions, agent)

    monkeypatch.setattr(DingTalkApi, "open_connection", broken)
    await harness.fake.cut()
    await harness.push(ME.text("x")).wait()
    assert tried == 2
    assert "reason=LookupError" in caplog.text
    assert "机密内容" not in caplog.text


async def test_waits_grow(harness: DingTalkHarness) -> None:
    async with dingtalk(backoff=(0.02, 0.2)) as slow:
        await until(lambda: slow.app.connections == 1)
        fault = slow.app.fail("server_error", call="open", times=1000)
        await slow.fake.cut()
        await asyncio.sleep(0.6)
        # Without growing waits there would be 30 and more.
        assert 2 <= 1000 - fault.times <= 10


async def test_a_wrong_secret_is_told_in_one_line_and_mended_without_a_restart(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with dingtalk(secret="canary-of-another-app-0123456789") as harness:
        await until(lambda: opens(harness) >= 4)
        [line] = [record.message for record in caplog.records if "not_connected" in record.message]
        assert "401 authFailed" in line
        assert "MASHANG_DINGTALK_CLIENT_ID" in line
        assert "canary" not in caplog.text
        assert harness.channel.state == "not connected"
        harness.app.secret = "canary-of-another-app-0123456789"
        await harness.push(ME.text("x")).wait()
        assert harness.channel.state == "ok"


@pytest.mark.parametrize(
    "frame",
    ["", "not JSON", "[]", "null", "1", "{}", '{"type":"CALLBACK"}', '{"type":"CALLBACK","headers":[],"data":"{}"}',
     '{"type":"CALLBACK","headers":{"topic":"/v1.0/im/bot/messages/get","messageId":"1","time":"x"},"data":"{}"}',
     '{"type":"EVENT","headers":{"messageId":"2"},"data":"{"}', '{"type":"SYSTEM"}', b"\xff\xfe", "[" * 100_000],
)  # fmt: skip
async def test_a_frame_that_is_none_does_no_harm(harness: DingTalkHarness, frame: str | bytes) -> None:
    await until(lambda: harness.app.connections == 1)
    await harness.fake.raw(frame)
    await harness.push(ME.text("still here")).wait()
    assert only(harness).text == "still here"


async def test_a_topic_that_nobody_asked_for_is_left_alone(harness: DingTalkHarness) -> None:
    await until(lambda: harness.app.connections == 1)
    frame = harness.app.frame("other", json.dumps(ME.text("x")), topic="/v1.0/card/instances/callback")
    await harness.fake.raw(json.dumps(frame))
    await harness.settled()
    assert "other" not in harness.app.answers
    assert harness.receive.messages == []


# ── gone when told ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", ["connected", "asleep after a cut", "connecting", "backing off"])
async def test_stop_takes_no_time(state: str) -> None:
    # Unhurried: the SDK answers its first cancellation with ten seconds' sleep.
    hurried = state in ("connecting", "backing off")
    async with dingtalk(hurried=hurried, backoff=(5.0, 5.0)) as harness:
        await until(lambda: harness.app.connections == 1)
        if state != "connected":
            harness.app.fail("hang" if state == "connecting" else "server_error", call="open", times=1000)
            await harness.fake.cut()
            await until(lambda: harness.app.connections == 0)
            await asyncio.sleep(0.2)
        before = time.monotonic()
        await harness.channel.stop()
        assert time.monotonic() - before < 1
        assert not threads()
        await until(lambda: harness.app.connections == 0)


async def test_no_log_holds_a_word_a_ticket_or_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with dingtalk() as harness:
        await until(lambda: harness.app.connections == 1)
        harness.receive.failures += [StorageUnavailable("机密内容"), RuntimeError("机密内容")]
        await harness.push(ME.text("机密内容 13800138000")).wait()
        harness.app.put({"msgId": "机密内容", "msgtype": "text"})
        await harness.deliver(Inbound("unsupported", ME.id))
        await harness.channel.send(ME.id, OutboundMessage("机密内容"))
        tokens = set(harness.app.tokens)
        await harness.fake.raw(json.dumps(harness.app.frame("x", '{"a": "机密内容"', topic="other")))
        await harness.fake.cut()
        await harness.push(ME.text("x")).wait()
    assert "dingtalk.not_taken" in caplog.text
    for secret in ("机密", "13800138000", SECRET, "ticket", "session=", ME.id, *tokens):
        assert secret not in caplog.text


# ── the far side ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_platform_at_the_wire_is_good_enough_for_the_sdk_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written by others, it says whether the fake speaks as DingTalk does."""
    said: list[str] = []

    class Handler(dingtalk_stream.ChatbotHandler):  # type: ignore[misc]
        async def process(self, callback: dingtalk_stream.CallbackMessage) -> tuple[int, str]:
            message = dingtalk_stream.ChatbotMessage.from_dict(callback.data)
            said.extend(message.get_text_list() or message.get_image_list())
            return dingtalk_stream.AckMessage.STATUS_OK, "OK"

    async def live() -> None:
        client = dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential(CLIENT_ID, SECRET))
        client.register_callback_handler(dingtalk_stream.ChatbotMessage.TOPIC, Handler())
        running = asyncio.create_task(client.start())
        await asyncio.to_thread(done.wait)
        while not running.done():
            running.cancel()
            await asyncio.wait((running,), timeout=0.1)

    done = threading.Event()
    async with FakeDingTalk() as fake:
        api = f"{fake.url}/v1.0/gateway/connections/open"
        monkeypatch.setattr(dingtalk_stream.DingTalkStreamClient, "OPEN_CONNECTION_API", api)
        app = fake.app(CLIENT_ID, SECRET)
        living = asyncio.create_task(asyncio.to_thread(asyncio.run, live()))
        try:
            messages = [ME.text("一"), ME.rich({"text": "二"}), ME.picture("code"), ME.reply("三", "key")]
            for message in messages:
                await app.wait_acknowledged(app.push(message))
            ping = await fake.system(app, "ping")
            await until(lambda: ping in app.answers)
        finally:
            done.set()
            await living
    assert said == ["一", "二", "code", "三"]
