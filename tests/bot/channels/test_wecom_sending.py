"""What goes to a member in WeCom: texts in pieces that fit, cards, files, and nothing that passes for a link."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.channel import DeliveryError, PermanentFailure, RateLimited, RecipientBlocked, TemporaryFailure
from bot.channels.wecom_api import WeComApi
from bot.channels.wecom_sending import TEXT_LIMIT, WINDOWS, WeComSending
from bot.http import HttpClient
from bot.message import Button, OutboundMessage, Picture
from storage.store import Store
from tests.conftest import Clock
from tests.fakes.wecom import AGENT_ID, CORP_ID, SECRET, FakeWeCom
from tests.fakes.wecom_app import COUNTS
from tests.fakes.wecom_member import Member

LIN = "LinQiu"
SENTENCE = "和平路三十号门口的路灯已经修好，请您晚上再看一看。"


@dataclass
class Post:
    platform: FakeWeCom
    sending: WeComSending
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def lin(self) -> Member:
        return self.platform.member(LIN)

    async def send_all(self, message: OutboundMessage) -> list[str]:
        return [await self.sending.send(LIN, part) for part in self.sending.parts(message)]


@pytest.fixture
async def post(sqlite_store: Store, clock: Clock) -> AsyncIterator[Post]:
    http = HttpClient()
    files: dict[str, bytes] = {}

    async def load(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    async with FakeWeCom(clock) as platform:
        api = WeComApi(http, CORP_ID, str(AGENT_ID), SECRET, platform.url, writer=sqlite_store.writer, clock=clock)
        post = Post(platform, WeComSending(api, load), files)
        platform.member(LIN)
        yield post
        await http.close()


def test_we_count_as_the_platform_does() -> None:
    assert not WINDOWS.opened
    assert [(rate.count, timedelta(seconds=rate.seconds)) for rate in WINDOWS.rates] == list(COUNTS)


async def test_a_long_text_is_split_at_sentences_and_its_buttons_stand_under_it(post: Post) -> None:
    message = OutboundMessage(SENTENCE * 90, (Button("签收", "a"), Button("退回", "b")))
    await post.send_all(message)
    *pieces, card = post.lin.screen
    assert len(pieces) == 4
    assert all(piece.text.endswith("。") and len(piece.text.encode()) <= TEXT_LIMIT for piece in pieces)
    assert "".join(piece.text for piece in pieces) == SENTENCE * 90
    assert (card.kind, card.text, [*card.buttons]) == ("card", SENTENCE, ["签收", "退回"])
    assert post.platform.account.violations == []


async def test_a_short_text_is_one_card(post: Post) -> None:
    (message_id,) = await post.send_all(OutboundMessage("【请签收】HB-1\n路灯坏了", (Button("签收", "a"),)))
    (card,) = post.lin.screen
    assert (card.id, card.kind, card.text, [*card.buttons]) == (
        message_id,
        "card",
        "【请签收】HB-1\n路灯坏了",
        ["签收"],
    )


async def test_more_buttons_than_a_card_holds(post: Post) -> None:
    buttons = tuple(Button(f"部门{at}", f"t{at}") for at in range(14))
    await post.send_all(OutboundMessage("改派给谁？", buttons))
    assert [len(card.buttons) for card in post.lin.screen] == [4, 5, 5]
    assert [card.text for card in post.lin.screen] == ["改派给谁？"] * 3
    assert [label for card in post.lin.screen for label in card.buttons] == [button.label for button in buttons]


async def test_the_same_message_twice_is_two_cards(post: Post) -> None:
    """The platform refuses a task's id that it knows."""
    message = OutboundMessage("列表", (Button("签收", "a"),))
    await post.send_all(message)
    await post.send_all(message)
    assert len(post.lin.screen) == 2


def test_parts_are_the_same_for_the_same_message(post: Post) -> None:
    message = OutboundMessage(SENTENCE * 90, (Button("签收", "a"),), (Picture("a.jpg", "image/jpeg"),))
    assert post.sending.parts(message) == post.sending.parts(message)
    assert [bool(part.pictures) for part in post.sending.parts(message)] == [True, *[False] * 5]


@pytest.mark.parametrize(
    "written",
    ['<a href="https://evil.example">点这里</a>', "<A HREF='https://evil.example'>x</A>", "< a href=https://evil.example>x</a>"],
)  # fmt: skip
async def test_words_never_hide_where_a_link_leads(post: Post, written: str) -> None:
    await post.send_all(OutboundMessage(f"他说：{written}，<b>急</b>，1<2"))
    (seen,) = post.lin.screen
    assert seen.links == {}
    assert "evil.example" in seen.text
    assert "<b>急</b>，1<2" in seen.text


@pytest.mark.parametrize(
    ("mime", "size", "kind"),
    [
        ("image/jpeg", 2000, "image"), ("image/png", 2000, "image"), ("image/jpeg", 10 * 1024 * 1024 + 1, "file"),
        ("image/gif", 2000, "file"), ("audio/amr", 2000, "voice"), ("audio/amr", 2 * 1024 * 1024 + 1, "file"),
        ("audio/mpeg", 2000, "file"), ("application/pdf", 2000, "file"),
    ],
)  # fmt: skip
async def test_files_stand_above_the_words(post: Post, mime: str, size: int, kind: str) -> None:
    post.files["x.bin"] = bytes(size)
    await post.send_all(OutboundMessage("请看", pictures=(Picture("x.bin", mime),)))
    above, words = post.lin.screen
    assert (above.kind, len(above.content or b""), words.text) == (kind, size, "请看")


async def test_a_file_that_is_gone_or_not_taken_holds_up_nothing(post: Post) -> None:
    post.files["big.bin"] = bytes(20 * 1024 * 1024 + 1)
    post.files["odd.bin"] = b"x"
    post.platform.account.fail("errcode", "media/upload", code=40004)
    pictures = (Picture("gone.jpg", "image/jpeg"), Picture("big.bin", "video/mp4"), Picture("odd.bin", "text/plain"))
    await post.send_all(OutboundMessage("请看", pictures=pictures))
    assert [seen.text for seen in post.lin.screen] == ["请看"]


async def test_a_disk_that_fails_is_for_later(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(name: str) -> bytes:
        raise PermissionError(name)

    monkeypatch.setattr(post.sending, "_load", fail)
    with pytest.raises(TemporaryFailure, match="PermissionError"):
        await post.send_all(OutboundMessage("请看", pictures=(Picture("x.jpg", "image/jpeg"),)))


@pytest.mark.parametrize("user_id", ["@all", "a|b", "", "LinQiu|@all", "林秋", "a" * 65, "a b"])
async def test_a_name_that_could_be_everybodys_is_nobodys(post: Post, user_id: str) -> None:
    with pytest.raises(PermanentFailure):
        await post.sending.send(user_id, OutboundMessage("x"))
    assert post.platform.account.called("message/send") == []


async def test_who_is_outside_of_what_the_app_may_see_is_told_in_the_log(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.lin.membership.visible = False
    with pytest.raises(RecipientBlocked):
        await post.sending.send(LIN, OutboundMessage("机密内容"))
    assert "可见范围" in caplog.text
    assert "机密内容" not in caplog.text
    assert LIN not in caplog.text


async def test_who_has_no_licence_is_out_of_reach(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    post.lin.membership.licensed = False
    with pytest.raises(RecipientBlocked):
        await post.sending.send(LIN, OutboundMessage("x"))
    assert "接口许可" in caplog.text


@pytest.mark.parametrize(
    ("code", "error"),
    [(45009, RateLimited), (60020, RateLimited), (40058, PermanentFailure), (-1, TemporaryFailure)],
)
async def test_a_card_that_is_refused(post: Post, code: int, error: type[DeliveryError]) -> None:
    post.platform.account.fail("errcode", code=code)
    with pytest.raises(error):
        await post.send_all(OutboundMessage("x", (Button("y", "z"),)))
