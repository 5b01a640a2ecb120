"""DingTalk's own messages → what we make of them."""

from typing import Any

import pytest

from bot.channels.dingtalk_buttons import press_link
from bot.channels.dingtalk_parsing import DingTalkReader, Malformed, Outsider
from bot.message import Attachment, Button, InboundMessage
from tests.bot.channels.dingtalk_harness import NOW, dingtalk
from tests.fakes.dingtalk import Staff
from tests.fakes.dingtalk_messages import Json
from tests.fakes.dingtalk_screen import says

ME, GROUP = Staff("0123456789"), Staff("0123456789", group=True)
READER = DingTalkReader("desk", lambda: NOW)
TOKEN = "Abc-123_xyzABC456defGH"


def read(message: Json) -> InboundMessage:
    return READER.read(message)


def photo(code: str) -> Attachment:
    return Attachment("photo", code)


def picture(code: str) -> Json:
    return {"type": "picture", "downloadCode": code}


TABLE: list[tuple[str, Json, dict[str, Any]]] = [
    ("a text", ME.text("帮助"), {"kind": "text", "text": "帮助"}),
    ("blanks stay", ME.text("  two\nlines "), {"kind": "text", "text": "  two\nlines "}),
    ("nothing", ME.text(""), {"kind": "text", "text": ""}),
    ("a quoted card", ME.reply("受理", "key-7="), {"kind": "text", "text": "受理", "reply_to": "key-7="}),
    ("in a group", GROUP.text("/list"), {"kind": "text", "text": "/list", "private": False}),
    ("a button", ME.text(f"▸ 签收 #{TOKEN}"), {"kind": "button", "button": TOKEN, "text": ""}),
    ("its blanks", ME.text(f" ▸ 我来 听 #{TOKEN}\n"), {"kind": "button", "button": TOKEN}),
    ("a label with a mark", ME.text(f"▸ 3 # 4 #{TOKEN}"), {"kind": "button", "button": TOKEN}),
    ("a button in a group", GROUP.text(f"▸ 签收 #{TOKEN}"), {"kind": "button", "button": TOKEN, "private": False}),
    ("no button", ME.text("▸ 签收"), {"kind": "text", "text": "▸ 签收"}),
    ("told about one", ME.text(f"他按了 ▸ 签收 #{TOKEN}"), {"kind": "text"}),
    ("too long for one", ME.text("▸ 签收 #" + "a" * 33), {"kind": "text"}),
    ("a picture", ME.picture("c+/="), {"kind": "photo", "attachments": (photo("c+/="),), "text": ""}),
    (
        "a sound",
        ME.audio("c1", "路灯修好了"),
        {"kind": "voice", "attachments": (Attachment("voice", "c1"),), "text": "路灯修好了"},
    ),
    ("a sound without words", ME.audio("c1"), {"kind": "voice", "text": ""}),
    ("a video", ME.video("c2"), {"kind": "file", "attachments": (Attachment("file", "c2"),)}),
    (
        "a file",
        ME.file("c3", "说明.pdf"),
        {"kind": "file", "attachments": (Attachment("file", "c3", name="说明.pdf"),)},
    ),
    (
        "text and pictures",
        ME.rich({"text": "看图"}, picture("a"), {"text": "。"}, picture("b")),
        {"kind": "photo", "text": "看图。", "attachments": (photo("a"), photo("b"))},
    ),
    ("rich without a picture", ME.rich({"text": "a"}, {"text": "b"}), {"kind": "text", "text": "ab"}),
    (
        "content as a string",
        ME.message("picture", content='{"downloadCode": "c9"}'),
        {"kind": "photo", "attachments": (photo("c9"),)},
    ),
    ("forwarded records", ME.records(), {"kind": "unsupported"}),
    ("a kind of next year", ME.message("hologram", content=1), {"kind": "unsupported"}),
    ("fields of next year", ME.text("x", somethingNew={"a": 1}), {"kind": "text", "text": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_table(message: Json, expected: dict[str, Any]) -> None:
    got = read(message)
    assert (got.channel, got.account, got.audience) == ("dingtalk", "desk", "work")
    assert (got.external_id, got.user_id, got.received_at) == (message["msgId"], ME.id, NOW)
    assert not got.edited
    assert not got.forwarded
    assert {name: getattr(got, name) for name in expected} == expected
    assert got.private == expected.get("private", True)


def test_what_is_typed_first_is_a_code_and_no_english() -> None:
    assert (read(ME.text("7K2M-9QDX-4TWP")).language or "").startswith("zh")


@pytest.mark.parametrize("staff_id", [None, "", "missing"])
def test_somebody_without_a_staff_id_is_an_outsider(staff_id: str | None) -> None:
    message = ME.text("x", senderStaffId=staff_id)
    if staff_id == "missing":
        del message["senderStaffId"]
    with pytest.raises(Outsider):
        read(message)


def test_a_reading_error_names_a_field_and_nothing_of_it() -> None:
    with pytest.raises(Malformed) as raised:
        read(ME.text("x", msgId="机密内容"))
    assert str(raised.value) == "msgId"


@pytest.mark.parametrize(
    "label", ["签收", "→ 综合行政执法局", "a b", "a&b=c#d+e%f?", "1/2 \"x\" 'y'", "😀", "两\n行", " "]
)
def test_a_press_comes_back_as_its_token_whatever_the_label(label: str) -> None:
    said = says(press_link(Button(label, TOKEN)))
    assert said is not None
    assert read(ME.text(said)).button == TOKEN


async def test_an_outsider_is_acknowledged_and_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    async with dingtalk() as harness:
        await harness.push(ME.text("x", senderStaffId="")).wait()
        assert harness.receive.messages == []
    assert "no_staff_id" in caplog.text
