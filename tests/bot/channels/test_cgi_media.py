"""What people sent, fetched from WeChat as from WeCom: in three days, within a size, no error page for a photo."""

from collections.abc import AsyncIterator

import pytest

from bot.channel import AttachmentGone, RateLimited, TemporaryFailure
from bot.channels.cgi_media import fetch_media
from bot.channels.wechat_api import WeChatApi
from bot.http import HttpClient
from bot.message import Attachment
from storage.store import Store
from tests.conftest import Clock
from tests.fakes.wechat import APP_ID, SECRET, FakeWeChat

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
LIMIT = 20_000


class Shelf:
    def __init__(self, platform: FakeWeChat, api: WeChatApi, clock: Clock) -> None:
        self.platform, self.api, self.clock = platform, api, clock
        self.media_id = platform.account.add_media(PHOTO, "image/jpeg")

    async def fetch(self, reference: str | None = None) -> bytes:
        wanted = Attachment("photo", reference=self.media_id if reference is None else reference)
        return await fetch_media(self.api, wanted, LIMIT, self.clock)


@pytest.fixture
async def shelf(sqlite_store: Store, clock: Clock) -> AsyncIterator[Shelf]:
    http = HttpClient()
    async with FakeWeChat(clock) as platform:
        api = WeChatApi(
            http, APP_ID, SECRET, platform.url, writer=sqlite_store.writer, clock=clock, timeout=0.3,
            transfer_timeout=0.3,
        )  # fmt: skip
        yield Shelf(platform, api, clock)
        await http.close()


async def test_it_comes_as_it_was_sent(shelf: Shelf) -> None:
    assert await shelf.fetch() == PHOTO


async def test_after_three_days_it_is_gone(shelf: Shelf) -> None:
    shelf.clock.move(hours=72, seconds=-1)
    assert await shelf.fetch() == PHOTO
    shelf.clock.move(seconds=1)
    with pytest.raises(AttachmentGone, match="40007"):
        await shelf.fetch()


@pytest.mark.parametrize("reference", ["unknown", ""])
async def test_what_the_platform_does_not_know_is_gone(shelf: Shelf, reference: str) -> None:
    with pytest.raises(AttachmentGone):
        await shelf.fetch(reference)


async def test_what_is_too_large_is_not_read_to_its_end(shelf: Shelf) -> None:
    large = shelf.platform.account.add_media(bytes(LIMIT + 1), "audio/amr")
    with pytest.raises(AttachmentGone, match="larger"):
        await shelf.fetch(large)
    just = shelf.platform.account.add_media(bytes(LIMIT), "audio/amr")
    assert len(await shelf.fetch(just)) == LIMIT


async def test_a_video_is_fetched_from_where_the_platform_says(shelf: Shelf) -> None:
    film = shelf.platform.account.add_media(b"\x00\x00\x00\x18ftypmp42" + bytes(100), "video/mp4")
    assert (await shelf.fetch(film)).startswith(b"\x00\x00\x00\x18ftyp")


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "https://qq.com.evil.example/x", "file:///etc/passwd", "https://evil.example/",
            "http://video.qq.com/x", "https://video.qq.com:8443/x", 7, None],
)  # fmt: skip
async def test_but_from_nowhere_else(shelf: Shelf, url: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from aiohttp import web

    monkeypatch.setattr(shelf.platform, "_media", lambda media_id: web.json_response({"video_url": url}))
    with pytest.raises(TemporaryFailure, match="words"):
        await shelf.fetch()


@pytest.mark.parametrize(
    "kind", ["html", "bad_gateway", "empty", "malformed", "wrong_type", "reset", "cut_off", "hang"]
)
async def test_what_is_no_file_is_for_later(shelf: Shelf, kind: str) -> None:
    # aiohttp asks once more by itself where a kept connection was closed on it.
    shelf.platform.account.fail(kind, "media/get", times=2 if kind == "reset" else 1)
    with pytest.raises(TemporaryFailure):
        await shelf.fetch()
    assert await shelf.fetch() == PHOTO


@pytest.mark.parametrize(
    ("body", "mime", "error"),
    [
        (b'{"errcode":40007,"errmsg":"invalid media_id"}', "image/jpeg", AttachmentGone),
        (b'{"errcode":-1,"errmsg":"system error"}', "image/jpeg", TemporaryFailure),
        (b'  {"something": "else"}', "image/jpeg", TemporaryFailure),
        (b"<html>login</html>", "image/jpeg", TemporaryFailure),
    ],
)
async def test_words_are_no_file_whatever_they_call_themselves(
    shelf: Shelf, body: bytes, mime: str, error: type[Exception]
) -> None:
    lies = shelf.platform.account.add_media(body, mime)
    with pytest.raises(error):
        await shelf.fetch(lies)


async def test_a_void_token_is_renewed_for_it_too(shelf: Shelf) -> None:
    await shelf.fetch()
    shelf.platform.account.void_tokens()
    assert await shelf.fetch() == PHOTO


async def test_with_the_quota_used_up_it_waits(shelf: Shelf) -> None:
    shelf.platform.account.fail("errcode", "media/get", code=45009)
    with pytest.raises(RateLimited):
        await shelf.fetch()
