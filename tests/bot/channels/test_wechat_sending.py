"""What goes to a citizen on WeChat: texts in pieces that fit, numbers for buttons, pictures, subscription notices."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.channel import DeliveryError, PermanentFailure, RateLimited, TemporaryFailure, WindowClosed
from bot.channels.wechat_api import WeChatApi
from bot.channels.wechat_sending import TEXT_LIMIT, WINDOWS, WeChatSending
from bot.channels.wechat_templates import read_templates
from bot.http import HttpClient
from bot.message import Button, OutboundMessage, Picture
from storage.store import Store
from tests.conftest import Clock
from tests.fakes.wechat import APP_ID, SECRET, FakeWeChat
from tests.fakes.wechat_account import WINDOWS as PLATFORM_WINDOWS
from tests.fakes.wechat_person import Citizen

MING = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
TEMPLATES = read_templates(
    "case.answered: {template: T1, fields: {character_string1: '{number}', phrase2: 已答复}}", {"case.answered"}
)


@dataclass
class Post:
    platform: FakeWeChat
    sending: WeChatSending
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def ming(self) -> Citizen:
        return self.platform.citizen(MING)

    async def send_all(self, message: OutboundMessage) -> None:
        for part in self.sending.parts(message):
            await self.sending.send(MING, part)


@pytest.fixture
async def post(sqlite_store: Store, clock: Clock) -> AsyncIterator[Post]:
    http = HttpClient()
    files: dict[str, bytes] = {}

    async def load(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    async with FakeWeChat(clock) as platform:
        api = WeChatApi(http, APP_ID, SECRET, platform.url, writer=sqlite_store.writer, clock=clock)
        post = Post(platform, WeChatSending(api, clock, load, TEMPLATES), files)
        post.ming.follower.following = True
        platform.account.opens(MING, "message")
        platform.account.templates["T1"] = ("character_string1", "phrase2")
        yield post
        await http.close()


def test_our_windows_lie_within_the_platforms() -> None:
    assert set(WINDOWS.opened) == set(PLATFORM_WINDOWS)
    for kind, window in WINDOWS.opened.items():
        count, lasts = PLATFORM_WINDOWS[kind]
        assert window.count == count
        assert 10 <= lasts.total_seconds() - window.seconds <= 60, "a send that was begun may take ten seconds"


async def test_a_short_text_is_one_message_with_its_choices_under_it(post: Post) -> None:
    message = OutboundMessage("修好了吗？", (Button("满意", "a"), Button("不满意", "b")))
    assert len(post.sending.parts(message)) == 1
    await post.send_all(message)
    assert [seen.text for seen in post.ming.screen] == ["修好了吗？\n1. 满意\n2. 不满意"]


async def test_a_long_text_is_split_at_sentences_and_every_piece_fits(post: Post) -> None:
    sentence = "和平路三十号门口的路灯已经修好，请您晚上再看一看。"
    message = OutboundMessage(sentence * 90, (Button("满意", "a"),))
    parts = post.sending.parts(message)
    assert len(parts) == 4
    assert all(len(part.text.encode()) <= TEXT_LIMIT for part in parts)
    assert all(part.text.endswith("。") for part in parts[:-1])
    assert "".join(part.text for part in parts) == sentence * 90 + "\n1. 满意"
    assert post.sending.parts(message) == parts
    await post.send_all(message)
    assert "".join(seen.text for seen in post.ming.screen) == sentence * 90 + "\n1. 满意"


def test_blanks_and_half_characters_do_not_spoil_a_message(post: Post) -> None:
    assert [part.text for part in post.sending.parts(OutboundMessage("坏\ud800的"))] == ["坏?的"]
    parts = post.sending.parts(OutboundMessage("话" + "\n" * 3000 + "完"))
    assert all(part.text.strip() for part in parts)


async def test_pictures_come_after_the_words(post: Post) -> None:
    post.files["a.jpg"], post.files["b.amr"] = b"\xff\xd8\xffphoto", b"#!AMR\nvoice"
    pictures = (Picture("a.jpg", "image/jpeg"), Picture("b.amr", "audio/amr", "voice"))
    await post.send_all(OutboundMessage("看", pictures=pictures))
    assert [(seen.kind, seen.text, seen.content) for seen in post.ming.screen] == [
        ("text", "看", None), ("image", "", b"\xff\xd8\xffphoto"), ("voice", "", b"#!AMR\nvoice"),
    ]  # fmt: skip


async def test_a_picture_that_cannot_be_shown_holds_up_nothing(post: Post) -> None:
    post.files["large.jpg"] = bytes(10 * 1024 * 1024 + 1)
    post.files["refused.jpg"] = b"\xff\xd8\xff"
    names = ("lost.jpg", "large.jpg", "refused.jpg")
    message = OutboundMessage("看", pictures=tuple(Picture(name, "image/jpeg") for name in names))
    post.platform.account.fail("errcode", "media/upload", code=40006)
    await post.send_all(message)
    assert [seen.kind for seen in post.ming.screen] == ["text"]


@pytest.mark.parametrize("code", [45009, 48001])
async def test_an_account_that_may_upload_no_more_still_sends_words(post: Post, code: int) -> None:
    post.files["a.jpg"] = b"\xff\xd8\xff"
    post.platform.account.fail("errcode", "media/upload", code=code)
    await post.send_all(OutboundMessage("看", pictures=(Picture("a.jpg", "image/jpeg"),)))
    await post.send_all(OutboundMessage("听"))
    assert [seen.text for seen in post.ming.screen] == ["看", "听"]


def test_what_wechat_shows_in_no_way_is_left_out(post: Post) -> None:
    message = OutboundMessage("看", pictures=(Picture("a.pdf", "application/pdf", "file"),))
    assert len(post.sending.parts(message)) == 1


@pytest.mark.parametrize(("fault", "error"), [("hang", TemporaryFailure), ("bad_gateway", TemporaryFailure)])
async def test_an_upload_that_fails_for_now_is_tried_again(
    post: Post, fault: str, error: type[DeliveryError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post.sending._api, "_transfer_timeout", 0.2)
    post.files["a.jpg"] = b"\xff\xd8\xff"
    part = OutboundMessage("", pictures=(Picture("a.jpg", "image/jpeg"),))
    post.platform.account.fail(fault, "media/upload")
    with pytest.raises(error):
        await post.sending.send(MING, part)
    await post.sending.send(MING, part)
    assert [seen.kind for seen in post.ming.screen] == ["image"]


async def test_an_announcement_is_filled_and_needs_no_window(post: Post) -> None:
    assert post.sending.announces("case.answered")
    assert not post.sending.announces("case.message")
    post.ming.follower.opened.clear()
    with pytest.raises(WindowClosed, match="43101"):
        await post.sending.announce(MING, "case.answered", {"number": "HB-1"})
    post.ming.follower.subscribed["T1"] = 1
    await post.sending.announce(MING, "case.answered", {"number": "HB-1"})
    assert [(seen.way, seen.text) for seen in post.ming.screen] == [("template", "HB-1 已答复")]
    assert "page" not in post.ming.screen[0].data
    with pytest.raises(WindowClosed, match="43101"):
        await post.sending.announce(MING, "case.answered", {"number": "HB-1"})


async def test_a_used_up_quota_of_announcements_stops_nothing_else(post: Post) -> None:
    post.platform.account.fail("errcode", "bizsend", code=45009)
    with pytest.raises(WindowClosed, match="45009"):
        await post.sending.announce(MING, "case.answered", {"number": "HB-1"})


async def test_an_announcement_that_cannot_be_filled_is_not_tried(post: Post) -> None:
    with pytest.raises(PermanentFailure):
        await post.sending.announce(MING, "case.answered", {})
    assert post.platform.account.called("bizsend") == []


async def test_a_template_that_is_otherwise_at_the_platform_is_told_as_a_mistake(post: Post) -> None:
    post.platform.account.templates["T1"] = ("thing1",)
    with pytest.raises(PermanentFailure, match="47003"):
        await post.sending.announce(MING, "case.answered", {"number": "HB-1"})


async def test_no_token_is_no_fault_of_the_message(post: Post) -> None:
    post.platform.account.fail("errcode", "stable_token", code=-1, times=9)
    with pytest.raises(RateLimited):
        await post.sending.send(MING, OutboundMessage("话"))
