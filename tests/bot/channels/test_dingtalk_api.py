"""What DingTalk's answers mean: the table of its refusals, its token, its files."""

from collections.abc import AsyncIterator

import pytest

from bot.channel import (
    AttachmentGone,
    DeliveryError,
    PermanentFailure,
    RateLimited,
    RecipientBlocked,
    TemporaryFailure,
)
from bot.channels.dingtalk_api import DingTalkApi
from bot.channels.dingtalk_errors import LONGEST_WAIT, QUOTA_WAIT, SECOND, ApiRefusal, delivery_error
from bot.channels.tokens import TokenHolder
from bot.http import HttpClient
from bot.message import Attachment, OutboundMessage
from routing.platform_token import PlatformToken
from storage.store import Store
from tests.bot.channels.dingtalk_harness import CLIENT_ID, DingTalkHarness, dingtalk
from tests.conftest import Clock
from tests.fakes.dingtalk import REFUSALS
from tests.fakes.dingtalk_messages import Json

ME = "0123456789"


@pytest.fixture
async def harness() -> AsyncIterator[DingTalkHarness]:
    async with dingtalk() as harness:
        yield harness


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "expected", "wait"),
    [
        ("rate_limit", RateLimited, SECOND),
        ("qps", RateLimited, SECOND),
        ("quota", RateLimited, QUOTA_WAIT),
        ("gone", RecipientBlocked, None),
        ("not_existed", RecipientBlocked, None),
        ("filtered", RecipientBlocked, None),
        ("flow", TemporaryFailure, None),
        ("permission", TemporaryFailure, None),
        ("address", TemporaryFailure, None),
        ("robot", TemporaryFailure, None),
        ("busy", TemporaryFailure, None),
        ("server_error", TemporaryFailure, None),
        ("proxy_refusal", TemporaryFailure, None),
        ("punished", TemporaryFailure, None),
        ("malformed", TemporaryFailure, None),
        ("other_shape", TemporaryFailure, None),
        ("reset", TemporaryFailure, None),
        ("hang", TemporaryFailure, None),
        ("refused", PermanentFailure, None),
    ],
)
async def test_what_a_send_meets(
    harness: DingTalkHarness, fault: str, expected: type[DeliveryError], wait: float | None
) -> None:
    harness.app.fail(fault)
    with pytest.raises(expected) as raised:
        await harness.channel.send(ME, OutboundMessage("机密内容"))
    assert "机密内容" not in repr(raised.value)
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after == wait
    assert await harness.channel.send(ME, OutboundMessage("next"))


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, "of next year", RateLimited),
        (401, "of next year", TemporaryFailure),
        (403, "of next year", TemporaryFailure),
        (404, "of next year", TemporaryFailure),
        (500, "of next year", TemporaryFailure),
        (400, "of next year", PermanentFailure),
        (413, "?", PermanentFailure),
        (200, "430104", PermanentFailure),
        (200, "90018", RateLimited),
        (400, "Forbidden.AccessDenied.QpsLimitForApi", RateLimited),
    ],
)
def test_a_code_that_is_in_no_list_is_judged_by_its_status(
    status: int, code: str, expected: type[DeliveryError]
) -> None:
    assert isinstance(delivery_error(ApiRefusal(status, code)), expected)


@pytest.mark.parametrize(("asked", "given"), [(None, SECOND), (0.0, SECOND), (7.0, 7.0), (10.0**9, LONGEST_WAIT)])
def test_a_wait_is_believed_up_to_a_day(asked: float | None, given: float) -> None:
    error = delivery_error(ApiRefusal(429, "Throttling", asked))
    assert isinstance(error, RateLimited)
    assert error.retry_after == given


@pytest.mark.parametrize(
    ("fault", "advice"), [("quota", "buy more"), ("permission", "doctor dingtalk"), ("robot", "not published")]
)
async def test_what_is_ours_to_mend_is_told_in_the_log(
    harness: DingTalkHarness, fault: str, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    harness.app.fail(fault)
    with pytest.raises(DeliveryError):
        await harness.channel.send(ME, OutboundMessage("x"))
    [line] = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert advice in line
    assert REFUSALS[fault][1]["message"] not in line


async def test_the_platforms_own_limit_is_kept_by_the_channels_pace(harness: DingTalkHarness) -> None:
    assert harness.channel.capabilities.per_second < harness.app.per_second
    for number in range(harness.app.per_second):
        await harness.channel.send(ME, OutboundMessage(f"{number}"))
    with pytest.raises(RateLimited):
        await harness.channel.send(ME, OutboundMessage("one too many"))


# ── the token ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def held(harness: DingTalkHarness, sqlite_store: Store, clock: Clock) -> DingTalkHarness:
    """The harness with the token where it is in the program: in the database."""
    api = harness.channel._api
    api.tokens = TokenHolder(api.fetch_token, sqlite_store.writer, "dingtalk", CLIENT_ID, clock)
    return harness


def row(store: Store) -> PlatformToken:
    with store.transaction() as uow:
        token = uow.tokens.get("dingtalk", CLIENT_ID)
    assert token is not None
    return token


async def test_a_token_is_kept_and_used_again(held: DingTalkHarness) -> None:
    for _ in range(3):
        await held.channel.send(ME, OutboundMessage("x"))
    assert len(held.app.tokens) == 1


async def test_a_token_that_ran_out_is_renewed_at_once(held: DingTalkHarness) -> None:
    await held.channel.send(ME, OutboundMessage("x"))
    held.app.tokens.clear()
    await held.channel.send(ME, OutboundMessage("y"))
    assert [seen.text for seen in await held.seen(ME)] == ["x", "y"]


async def test_a_token_that_is_refused_twice_is_an_alarm_and_no_messages_fault(
    held: DingTalkHarness, sqlite_store: Store, clock: Clock
) -> None:
    held.app.fail("unauthorized", times=2)
    with pytest.raises(RateLimited):
        await held.channel.send(ME, OutboundMessage("x"))
    assert row(sqlite_store).trouble == "refused"
    clock.move(minutes=6)
    await held.channel.send(ME, OutboundMessage("x"))
    assert row(sqlite_store).trouble is None


@pytest.mark.parametrize("fault", ["bad_secret", "server_error", "malformed", "other_shape", "hang", "reset"])
async def test_a_token_server_in_trouble_lets_everything_wait(
    held: DingTalkHarness, sqlite_store: Store, clock: Clock, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    held.app.fail(fault, call="token")
    with pytest.raises(RateLimited):
        await held.channel.send(ME, OutboundMessage("x"))
    assert row(sqlite_store).trouble == "fetch"
    assert ("MASHANG_DINGTALK_CLIENT_ID" in caplog.text) == (fault == "bad_secret")
    clock.move(seconds=10)
    await held.channel.send(ME, OutboundMessage("x"))


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("call", ["download", "file"])
@pytest.mark.parametrize(
    "fault", ["server_error", "proxy_refusal", "hang", "reset", "busy", "qps", "quota", "permission"]
)
async def test_a_file_that_is_not_to_be_had_now(harness: DingTalkHarness, call: str, fault: str) -> None:
    code = harness.app.add_file(b"content")
    # A GET whose connection was cut is made once more by aiohttp itself.
    harness.app.fail(fault, call=call, times=2 if (fault, call) == ("reset", "file") else 1)
    with pytest.raises(TemporaryFailure):
        await harness.channel.fetch(Attachment("photo", code))
    assert await harness.channel.fetch(Attachment("photo", code)) == b"content"


@pytest.mark.parametrize("reference", [None, "never given"])
async def test_a_file_that_is_none(harness: DingTalkHarness, reference: str | None) -> None:
    with pytest.raises(AttachmentGone):
        await harness.channel.fetch(Attachment("photo", reference))


async def test_a_file_larger_than_we_take(harness: DingTalkHarness) -> None:
    code = harness.app.add_file(b"x" * (harness.channel.capabilities.attachment_limit + 1))
    with pytest.raises(AttachmentGone):
        await harness.channel.fetch(Attachment("file", code))


@pytest.mark.parametrize("url", ["http://files.example/x?a=%2B", "https://files.example/x?a=%2B"])
async def test_a_file_is_fetched_over_tls_wherever_the_api_is(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    asked: list[str] = []

    async def call(api: DingTalkApi, path: str, fields: Json) -> Json:
        return {"downloadUrl": url}

    async def get(api: DingTalkApi, address: str, limit: int) -> bytes:
        asked.append(address)
        return b""

    monkeypatch.setattr(DingTalkApi, "call", call)
    monkeypatch.setattr(DingTalkApi, "_get", get)
    await DingTalkApi(HttpClient(), CLIENT_ID, "secret").download("code", 1)
    assert asked == ["https://files.example/x?a=%2B"]


async def test_a_large_photo_goes_out(harness: DingTalkHarness) -> None:
    content = bytes(range(256)) * 10_000
    assert harness.app.media[await harness.channel._api.upload("image", "x.jpg", content)] == content


async def test_an_upload_with_a_stale_token_is_tried_again(harness: DingTalkHarness) -> None:
    api = harness.channel._api
    await harness.channel.send(ME, OutboundMessage("x"))
    harness.app.tokens.clear()
    assert harness.app.media[await api.upload("file", "说明.pdf", b"content")] == b"content"
