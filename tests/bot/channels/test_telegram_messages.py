"""Kinds of messages that only Telegram has, in and out."""

import dataclasses
from collections.abc import AsyncIterator

import pytest

from bot.channel import AttachmentGone, PermanentFailure, RateLimited, TemporaryFailure
from bot.channels.telegram_citizen import TelegramCitizen
from bot.channels.telegram_desk import TelegramDesk
from bot.http import HttpClient
from bot.message import Attachment, Button, OutboundMessage, Picture
from tests.bot.channels.harness import until
from tests.bot.channels.telegram_harness import GROUP, NOW, TelegramHarness, load, telegram
from tests.fakes.telegram import Person

ME = Person(42)
MEGABYTE = 1024 * 1024
PHOTO = Picture("k3j2.jpg", "image/jpeg")


@pytest.fixture(params=[TelegramCitizen, TelegramDesk])
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[TelegramHarness]:
    async with telegram(request.param, webhook=True) as harness:
        yield harness


# ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_audio_is_a_voice_and_video_a_file(harness: TelegramHarness) -> None:
    for update in (ME.audio("a", 5), ME.video("v", 6)):
        await harness.bot.wait_acknowledged(harness.bot.push(update))
    audio, video = harness.receive.messages
    assert (audio.kind, audio.attachments) == ("voice", (Attachment("voice", "a", None, 5, "audio/mpeg", "a.mp3"),))
    assert (video.kind, video.attachments[0].kind, video.attachments[0].mime) == ("file", "file", "video/mp4")


async def test_a_venue_is_its_place(harness: TelegramHarness) -> None:
    await harness.bot.wait_acknowledged(harness.bot.push(ME.venue(1.5, 2.5)))
    [message] = harness.receive.messages
    assert (message.kind, message.location) == ("location", (1.5, 2.5))


async def test_the_largest_photo_the_language_and_the_time(harness: TelegramHarness) -> None:
    await harness.bot.wait_acknowledged(harness.bot.push(Person(42, language="en").photo("big", 1000)))
    [message] = harness.receive.messages
    assert message.attachments[0].reference == "big"
    assert (message.language, message.received_at) == ("en", NOW)


async def test_a_poll_is_unsupported(harness: TelegramHarness) -> None:
    await harness.bot.wait_acknowledged(harness.bot.push(ME.poll()))
    assert [message.kind for message in harness.receive.messages] == ["unsupported"]


async def test_fields_that_nobody_reads_may_be_missing_or_new(harness: TelegramHarness) -> None:
    poll = ME.poll()
    del poll["message"]["poll"]["allows_revoting"]
    origin = {"forward_origin": {"type": "of next year"}, "reply_to_message": {"message_id": 7, "date": 1, "poll": {}}}
    text = ME.text("x", **origin, entities=[{"type": "new"}], something_new={"a": 1})
    text["message"]["reply_to_message"]["chat"] = ME.chat
    for update in (poll, text):
        await harness.bot.wait_acknowledged(harness.bot.push(update))
    first, second = harness.receive.messages
    assert first.kind == "unsupported"
    assert (second.kind, second.text, second.forwarded, second.reply_to) == ("text", "x", True, "7")


async def test_what_nobody_said_is_acknowledged_and_ignored(harness: TelegramHarness) -> None:
    for update in (ME.pinned(), ME.membership("member", harness.bot.user, before="kicked")):
        await harness.bot.wait_acknowledged(harness.bot.push(update))
    assert harness.receive.messages == []


async def test_group(harness: TelegramHarness) -> None:
    group = Person(42, group=GROUP)
    await harness.bot.wait_acknowledged(harness.bot.push(group.text("/start@mashang_test_bot X7K2")))
    await harness.bot.wait_acknowledged(harness.bot.push(group.membership("left", harness.bot.user)))
    start, left = harness.receive.messages
    assert (start.kind, start.code, start.user_id, start.private) == ("start", "X7K2", str(GROUP), False)
    assert (left.kind, left.private) == ("blocked", False)


async def test_a_pressed_button_is_answered_after_receive(harness: TelegramHarness) -> None:
    await harness.channel.send("42", OutboundMessage("?", (Button("是", "t"),)))
    harness.receive.hold()
    harness.bot.press(harness.bot.sent[-1], "是")
    await harness.receive.wait()
    assert harness.bot.answered == []
    harness.receive.release()
    await until(lambda: len(harness.bot.answered) == 1)


async def test_a_press_counts_though_its_answer_fails(harness: TelegramHarness) -> None:
    await harness.channel.send("42", OutboundMessage("?", (Button("是", "t"),)))
    fault = harness.bot.fail("server_error", method="answerCallbackQuery")
    await harness.bot.wait_acknowledged(harness.bot.press(harness.bot.sent[-1], "是"))
    await until(lambda: fault.times == 0)
    assert [message.button for message in harness.receive.finished] == ["t"]


async def test_deeply_nested_replies_do_no_harm(harness: TelegramHarness) -> None:
    message = {"message_id": 1, "date": 1, "text": "x", "from": ME.user, "chat": ME.chat}
    for _ in range(100):
        message = {**message, "reply_to_message": message}
    harness.bot.put({"update_id": 9, "message": message})
    await until(lambda: bool(harness.bot.attempts))
    assert harness.bot.attempts[0][1] in (200, 400)
    harness.bot.pending.clear()


# ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_no_markup_and_no_preview(harness: TelegramHarness) -> None:
    await harness.channel.send("42", OutboundMessage("https://example.org"))
    params = harness.bot.sent[-1].params
    assert "parse_mode" not in params
    assert params["link_preview_options"].replace(" ", "") == '{"is_disabled":true}'


async def test_a_single_picture_carries_the_text_and_the_buttons(harness: TelegramHarness) -> None:
    message = OutboundMessage("看这里", (Button("好", "t"),), (PHOTO,))
    returned = await harness.channel.send("42", message)
    [sent] = harness.bot.sent
    assert (sent.method, sent.text, sent.content) == ("sendPhoto", "看这里", b"content of k3j2.jpg")
    assert [button["text"] for button in sent.buttons] == ["好"]
    assert returned == str(sent.message_id)


async def test_a_long_text_follows_its_picture(harness: TelegramHarness) -> None:
    await harness.channel.send("42", OutboundMessage("长" * 1025, (Button("好", "t"),), (PHOTO,)))
    picture, text = harness.bot.sent
    assert (picture.method, picture.text, picture.buttons) == ("sendPhoto", "", [])
    assert (text.text, len(text.buttons)) == ("长" * 1025, 1)


@pytest.mark.parametrize(
    ("picture", "method"),
    [
        (Picture("a.ogg", "audio/ogg", "voice"), "sendVoice"),
        (Picture("a.amr", "audio/amr", "voice"), "sendDocument"),
        (Picture("a.pdf", "application/pdf", "file"), "sendDocument"),
        (Picture("a.png", "image/png", "photo"), "sendPhoto"),
    ],
)
async def test_kinds_of_files(harness: TelegramHarness, picture: Picture, method: str) -> None:
    await harness.channel.send("42", OutboundMessage("", pictures=(picture,)))
    assert [sent.method for sent in harness.bot.sent] == [method]


async def test_a_picture_that_telegram_cannot_show_goes_as_a_document(harness: TelegramHarness) -> None:
    await harness.channel.send("42", OutboundMessage("说明", pictures=(Picture("odd.jpg", "image/jpeg"),)))
    assert [(sent.method, sent.text) for sent in harness.bot.sent] == [("sendDocument", "说明")]


async def test_where_no_file_is_taken_the_text_still_arrives(harness: TelegramHarness) -> None:
    harness.bot.fail("refused", method="sendPhoto")
    harness.bot.fail("refused", method="sendDocument")
    await harness.channel.send("42", OutboundMessage("说明", (Button("好", "t"),), (PHOTO,)))
    assert [(sent.method, sent.text, len(sent.buttons)) for sent in harness.bot.sent] == [("sendMessage", "说明", 1)]


async def test_an_erased_file_does_not_take_the_text_with_it(harness: TelegramHarness) -> None:
    gone = Picture("gone.jpg", "image/jpeg")
    await harness.channel.send("42", OutboundMessage("说明", pictures=(gone,)))
    assert [(sent.method, sent.text) for sent in harness.bot.sent] == [("sendMessage", "说明")]
    with pytest.raises(PermanentFailure):
        await harness.channel.send("42", OutboundMessage("", pictures=(gone,)))


async def test_a_large_file(harness: TelegramHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def large(name: str) -> bytes:
        return b"x" * (11 * MEGABYTE)

    monkeypatch.setattr(harness.channel, "_load", large)
    await harness.channel.send("42", OutboundMessage("", pictures=(PHOTO,)))
    # Over ten megabytes Telegram takes no photo.
    assert [(sent.method, len(sent.content or b"")) for sent in harness.bot.sent] == [("sendDocument", 11 * MEGABYTE)]


@pytest.mark.parametrize("user_id", ["@durov", "", "42 ", "web-1", "４２", "1" * 30])
async def test_an_address_that_is_no_chat(harness: TelegramHarness, user_id: str) -> None:
    with pytest.raises(PermanentFailure):
        await harness.channel.send(user_id, OutboundMessage("x"))
    assert not [call for call in harness.bot.calls if call.method == "sendMessage"]


@pytest.mark.parametrize("text", ["", "\n \u3000"])
async def test_nothing_to_say(harness: TelegramHarness, text: str) -> None:
    with pytest.raises(PermanentFailure):
        await harness.channel.send("42", OutboundMessage(text))


async def test_text_that_cannot_be_encoded(harness: TelegramHarness) -> None:
    await harness.channel.send("42", OutboundMessage("a\ud800b" + "\n" * 5000 + "c"))
    assert [sent.text for sent in harness.bot.sent] == ["a\ufffdb", "c"]


async def test_after_trouble_in_between_only_the_rest_is_sent(harness: TelegramHarness) -> None:
    message = OutboundMessage("a" * 4096 + "b" * 4096 + "c", notice_id=7)
    faults = iter([False, True, False, False])
    harness.bot.fault_for = lambda method, params: (
        harness.bot.faults[0] if method == "sendMessage" and next(faults) else None
    )
    harness.bot.fail("rate_limit", method="nothing", retry_after=3)
    with pytest.raises(RateLimited):
        await harness.channel.send("42", message)
    last = await harness.channel.send("42", message)
    assert [sent.text[0] for sent in harness.bot.sent] == ["a", "b", "c"]
    assert last == str(harness.bot.sent[-1].message_id)
    harness.bot.fault_for = None
    await harness.channel.send("42", dataclasses.replace(message, notice_id=8))
    assert len(harness.bot.sent) == 6


@pytest.mark.parametrize(
    ("status", "body", "wait"),
    [
        (429, b'{"ok":false,"error_code":429,"description":"Too Many Requests"}', 1.0),
        (429, b'{"ok":false,"error_code":429,"description":"","parameters":{"retry_after":0}}', 1.0),
        (429, b'{"ok":false,"error_code":429,"parameters":{"retry_after":35}}', 35.0),
        (429, b'{"ok":false,"error_code":429,"parameters":{"retry_after":"x"}}', 1.0),
        (429, b'{"ok":false,"error_code":429,"parameters":{"retry_after":1e300}}', 86400.0),
        (429, b'{"ok":false,"error_code":429,"parameters":{"retry_after":99999999999999999}}', 86400.0),
    ],
)
async def test_rate_limits_of_every_form(harness: TelegramHarness, status: int, body: bytes, wait: float) -> None:
    harness.bot.fail("raw", status=status, body=body)
    with pytest.raises(RateLimited) as raised:
        await harness.channel.send("42", OutboundMessage("x"))
    assert raised.value.retry_after == wait


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"null"),
        (200, b"[]"),
        (200, b'{"ok":true}'),
        (200, b'{"ok":"yes","result":{}}'),
        (200, b'{"ok":true,"result":{"message_id":"x"}}'),
        (200, b'{"ok":true,"result":7}'),
        (200, b"\xff\xfe"),
        (500, b'{"ok":false,"error_code":500}'),
        (500, b'{"ok":false,"error_code":500,"description":"Internal Server Error: restart"}'),
        (302, b'{"ok":true,"result":{}}'),
        (404, b'{"ok":false,"error_code":404,"description":"Not Found"}'),
        (409, b'{"ok":false,"error_code":409,"description":"Conflict"}'),
        (400, b"<html>"),
        (503, b"[" * 100000),
    ],
)
async def test_answers_that_are_not_the_messages_fault(harness: TelegramHarness, status: int, body: bytes) -> None:
    harness.bot.fail("raw", status=status, body=body)
    with pytest.raises(TemporaryFailure):
        await harness.channel.send("42", OutboundMessage("x"))


async def test_a_token_that_is_refused_raises_the_alarm(
    harness: TelegramHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.bot.fail("unauthorized")
    with pytest.raises(TemporaryFailure):
        await harness.channel.send("42", OutboundMessage("x"))
    assert [record.levelname for record in caplog.records if "token_refused" in record.message] == ["ERROR"]


async def test_rows_of_buttons(harness: TelegramHarness) -> None:
    async def rows(*labels: str) -> list[int]:
        await harness.channel.send("42", OutboundMessage("?", tuple(Button(label, label) for label in labels)))
        return [len(row) for row in harness.bot.sent[-1].keyboard]

    assert await rows("1", "2", "3", "4", "5") == [5]
    assert await rows("是", "否") == [2]
    assert await rows("非常满意", "不满意") == [2]
    assert await rows("我来听", "补充", "跟进", "提问") == [3, 1]
    assert await rows("我来听一听这件事", "好") == [1, 1]


async def test_link(harness: TelegramHarness) -> None:
    assert harness.channel.link("X7K2M9QD") == "https://t.me/mashang_test_bot?start=X7K2M9QD"
    fresh = type(harness.channel)(http=HttpClient(), token="1:a", clock=lambda: NOW, load=load)
    assert fresh.link("X") is None


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_file_over_the_limit_is_cut_off(harness: TelegramHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    small = dataclasses.replace(harness.channel.capabilities, attachment_limit=100_000)
    monkeypatch.setattr(harness.channel, "capabilities", small)
    fits, over = harness.bot.add_file(b"x" * 100_000), harness.bot.add_file(b"x" * 100_001)
    assert len(await harness.channel.fetch(Attachment("file", fits))) == 100_000
    with pytest.raises(AttachmentGone):
        await harness.channel.fetch(Attachment("file", over))
    calls = len(harness.bot.calls)
    with pytest.raises(AttachmentGone):
        await harness.channel.fetch(Attachment("file", over, size=100_001))
    assert len(harness.bot.calls) == calls


async def test_a_file_over_twenty_megabytes(harness: TelegramHarness) -> None:
    file_id = harness.bot.add_file(b"x" * (20 * MEGABYTE + 1))
    with pytest.raises(AttachmentGone):
        await harness.channel.fetch(Attachment("file", file_id))


@pytest.mark.parametrize("method", ["getFile", "download"])
@pytest.mark.parametrize("trouble", ["hang", "reset", "server_error", "proxy_refusal", "unauthorized", "rate_limit"])
async def test_trouble_with_a_file_passes(harness: TelegramHarness, method: str, trouble: str) -> None:
    file_id = harness.bot.add_file(b"content")
    # aiohttp itself asks once more for a file when a kept connection turns out to be cut.
    harness.bot.fail(trouble, method=method, times=2 if (trouble, method) == ("reset", "download") else 1)
    with pytest.raises(TemporaryFailure):
        await harness.channel.fetch(Attachment("file", file_id))
    assert await harness.channel.fetch(Attachment("file", file_id)) == b"content"


async def test_an_unknown_file_may_be_a_file_server_that_is_away(harness: TelegramHarness) -> None:
    with pytest.raises(TemporaryFailure):
        await harness.channel.fetch(Attachment("file", "unknown"))
