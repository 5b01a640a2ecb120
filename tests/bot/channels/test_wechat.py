"""What the WeChat channel does beyond what every channel does: its answers within WeChat's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channel import AttachmentGone
from bot.channels.wechat import ANSWER_WITHIN
from bot.message import Attachment, Button, OutboundMessage, Picture
from bot.text import fitting, joined
from tests.bot.channels.envelopes import element
from tests.bot.channels.harness import Inbound
from tests.bot.channels.wechat_harness import ACCOUNT, NOW, WeChatHarness, wechat

MING = WeChatHarness.people[0]


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[WeChatHarness]:
    async with wechat(tmp_path) as harness:
        yield harness


async def answered(harness: WeChatHarness, *replies: OutboundMessage) -> str | None:
    """What stands in the answer to a text."""
    harness.receive.replies = list(replies)
    return (await harness.fake.citizen(MING).text("路灯不亮")).passive


async def test_no_reply_is_a_bare_success(harness: WeChatHarness) -> None:
    assert await answered(harness) is None
    assert harness.fake.citizen(MING).screen == []


async def test_replies_are_one_text_and_the_last_choices_are_numbered(harness: WeChatHarness) -> None:
    told = await answered(
        harness,
        OutboundMessage("记下了。", (Button("提交", "a"), Button("不说了", "b"))),
        OutboundMessage("很急吗？", (Button("很急", "c"), Button("不急", "d"))),
        OutboundMessage("再见。"),
    )
    assert told == "记下了。\n\n很急吗？\n1. 很急\n2. 不急\n\n再见。"


@pytest.mark.parametrize("text", ["]]>", "]]>]]>", "<b>&amp;</b>", "a\x00b\x0bc", "\ud800", "&#0;", "<![CDATA[x"])
async def test_whatever_a_reply_holds_the_platform_can_read_it(harness: WeChatHarness, text: str) -> None:
    told = await answered(harness, OutboundMessage(f"您好{text}再见"))
    assert told is not None
    assert told.startswith("您好")
    assert told.endswith("再见")
    assert [seen.way for seen in harness.fake.citizen(MING).screen] == ["passive"]


async def test_the_answer_is_addressed_and_sealed(harness: WeChatHarness) -> None:
    harness.receive.replies = [OutboundMessage("您好")]
    query, body = ACCOUNT.call(harness.xml(Inbound("text", MING, text="x")), NOW)
    async with harness.fake.session.post(harness.fake.callback, params=query, data=body) as response:
        content = await response.read()
    assert "您好".encode() not in content
    reply = ACCOUNT.answer(content).encode()
    assert element(reply, "ToUserName") == MING
    assert element(reply, "FromUserName") == harness.fake.account.name
    assert element(reply, "MsgType") == "text"
    assert element(reply, "CreateTime") == str(int(NOW.timestamp()))


async def test_an_answer_of_just_the_limit_is_taken(harness: WeChatHarness) -> None:
    told = await answered(harness, OutboundMessage("字" * 682 + "ab"))
    assert told is not None
    assert len(told.encode()) == harness.channel.capabilities.answer_limit == 2048


async def test_what_nobody_said_is_acknowledged_and_goes_no_further(harness: WeChatHarness) -> None:
    ming = harness.fake.citizen(MING)
    receipt = await ming.view("https://example.org")
    assert (receipt.acknowledged, receipt.passive) == (True, None)
    assert harness.receive.messages == []


async def test_taps_on_the_menu_say_words(harness: WeChatHarness) -> None:
    ming = harness.fake.citizen(MING)
    for key in ("say_it", "progress", "on_duty", "sos"):
        await ming.click(key)
    assert [message.text for message in harness.receive.messages] == ["说事", "查进度", "今天谁在站", "🆘"]
    assert {message.opens for message in harness.receive.messages} == {"tap"}


async def test_a_video_is_fetched_where_the_platform_says_that_it_lies(harness: WeChatHarness) -> None:
    content = b"\0\0\0\x18ftypmp42" + bytes(range(256))
    await harness.fake.citizen(MING).video(content)
    await harness.fake.citizen(MING).video(content, short=True)
    for message in harness.receive.messages:
        assert (message.kind, [a.kind for a in message.attachments]) == ("file", ["file"])
        assert await harness.channel.fetch(message.attachments[0]) == content


async def test_a_voice_keeps_its_sound_beside_what_was_heard(harness: WeChatHarness) -> None:
    await harness.fake.citizen(MING).voice(b"#!AMR\n\0sound", "路灯不亮。")
    [message] = harness.receive.messages
    assert (message.kind, message.text) == ("voice", "路灯不亮。")
    assert await harness.channel.fetch(message.attachments[0]) == b"#!AMR\n\0sound"


async def test_a_file_without_an_id_is_gone(harness: WeChatHarness) -> None:
    with pytest.raises(AttachmentGone):
        await harness.channel.fetch(Attachment("photo"))


async def test_it_has_no_address_that_opens_it(harness: WeChatHarness) -> None:
    assert harness.channel.link("ABCD2345") is None


def test_there_is_time_left_for_the_disk_and_the_network() -> None:
    """WeChat counts five seconds; half of ours may go to a file that comes with the message."""
    assert ANSWER_WITHIN <= 3.0


def test_what_fits_is_counted_with_its_numbers() -> None:
    first, second = OutboundMessage("甲" * 10), OutboundMessage("乙", (Button("好", "a"),))
    whole = len(joined([first, second]).encode())
    assert fitting([first, second], whole, "bytes") == 2
    assert fitting([first, second], whole - 1, "bytes") == 1
    assert fitting([first, second], 29, "bytes") == 0
    assert fitting([first, OutboundMessage("", pictures=(Picture("x", "image/jpeg"),))], whole, "bytes") == 1
    assert fitting([], 10, "bytes") == 0
