"""Calls to WeChat against a platform on loopback: every error code means what the table says, and nothing is told of
the secrets."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.channel import (
    DeliveryError,
    NotReached,
    PermanentFailure,
    RateLimited,
    RecipientBlocked,
    TemporaryFailure,
    WindowClosed,
)
from bot.channels.cgi_errors import Policy, delivery_error, until_midnight
from bot.channels.wechat_api import WeChatApi
from bot.channels.wechat_errors import POLICIES, WeChatRefusal
from bot.http import HttpClient
from storage.store import Store
from tests.conftest import Clock
from tests.fakes.wechat import APP_ID, SECRET, FakeWeChat

MING = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
TEXT = {"touser": MING, "msgtype": "text", "text": {"content": "路灯修好了"}}
SEND = "message/custom/send"


@dataclass
class Line:
    platform: FakeWeChat
    api: WeChatApi
    store: Store
    clock: Clock

    def another(self, secret: str = SECRET, app_id: str = APP_ID) -> WeChatApi:
        return WeChatApi(
            self.http, app_id, secret, self.platform.url, writer=self.store.writer, clock=self.clock, timeout=0.3
        )

    http: HttpClient

    def trouble(self) -> str | None:
        with self.store.transaction() as uow:
            (token,) = uow.tokens.all()
            return token.trouble


@pytest.fixture
async def line(sqlite_store: Store, clock: Clock) -> AsyncIterator[Line]:
    http = HttpClient()
    async with FakeWeChat(clock) as platform:
        api = WeChatApi(
            http, APP_ID, SECRET, platform.url, writer=sqlite_store.writer, clock=clock, timeout=0.3,
            transfer_timeout=0.3,
        )  # fmt: skip
        platform.citizen(MING).follower.following = True
        platform.account.opens(MING, "message")
        yield Line(platform, api, sqlite_store, clock, http)
        await http.close()


async def test_a_message_arrives_with_a_token_that_was_fetched_once(line: Line) -> None:
    for _ in range(3):
        await line.api.send(SEND, TEXT)
    assert [seen.text for seen in line.platform.citizen(MING).screen] == ["路灯修好了"] * 3
    assert line.platform.account.fetches == 1
    assert line.platform.account.called("stable_token")[0].body == {
        "grant_type": "client_credential", "appid": APP_ID, "secret": SECRET,
    }  # fmt: skip


async def test_the_platforms_own_windows_and_counts(line: Line) -> None:
    for _ in range(5):
        await line.api.send(SEND, TEXT)
    with pytest.raises(WindowClosed, match="45047"):
        await line.api.send(SEND, TEXT)
    line.clock.move(hours=48)
    with pytest.raises(WindowClosed, match="45015"):
        await line.api.send(SEND, TEXT)
    line.platform.citizen(MING).follower.following = False
    with pytest.raises(RecipientBlocked, match="43004"):
        await line.api.send(SEND, TEXT)


@pytest.mark.parametrize(
    ("code", "error", "wait"),
    [
        (-1, TemporaryFailure, None),
        (40003, RecipientBlocked, None),
        (40007, TemporaryFailure, None),  # the picture ran out: it is uploaded anew
        (40013, RateLimited, 300),
        (40037, PermanentFailure, None),
        (40125, RateLimited, 300),
        (40164, RateLimited, 300),
        (43004, RecipientBlocked, None),
        (43101, WindowClosed, None),
        (45002, PermanentFailure, None),
        (45009, RateLimited, 14 * 3600),  # it is 10 in the morning in Beijing
        (45011, RateLimited, 60),
        (45015, WindowClosed, None),
        (45047, WindowClosed, None),
        (47001, PermanentFailure, None),
        (47003, PermanentFailure, None),
        (48001, WindowClosed, None),
        (48002, RecipientBlocked, None),
        (48004, RateLimited, 300),
        (50002, WindowClosed, None),
        (99999, TemporaryFailure, None),
    ],
)
async def test_an_error_code_has_its_policy(
    line: Line, code: int, error: type[DeliveryError], wait: float | None
) -> None:
    line.platform.account.fail("errcode", code=code)
    with capture_logs() as logged, pytest.raises(error) as raised:
        await line.api.send(SEND, TEXT)
    assert type(raised.value) is error
    assert str(code) in str(raised.value)
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after == wait
    alarm = {40013, 40125, 40164, 40037, 45002, 45009, 47001, 47003, 48001, 48004, 50002, 99999}
    assert [entry["errcode"] for entry in logged] == ([code] if code in alarm else [])
    assert line.platform.account.fetches == 1


def test_no_code_of_the_table_is_without_a_policy_of_its_own() -> None:
    now = datetime(2026, 11, 23, 2, 0).astimezone()
    for code, policy in POLICIES.items():
        error = delivery_error(WeChatRefusal("x", code), now)
        assert (type(error) is TemporaryFailure) == (policy in (Policy.LATER, Policy.GONE, Policy.RENEW)), code


@pytest.mark.parametrize(
    ("at", "seconds"),
    [("2026-11-23T15:59:59+00:00", 1), ("2026-11-23T16:00:00+00:00", 24 * 3600), ("2026-11-23T10:00:00+08:00", 50400)],
)
def test_the_platforms_day_ends_in_beijing(at: str, seconds: float) -> None:
    assert until_midnight(datetime.fromisoformat(at)) == seconds


async def test_the_quota_of_the_day_is_back_after_midnight(line: Line) -> None:
    line.platform.account.use_up_quota()
    with pytest.raises(RateLimited) as limited:
        await line.api.send(SEND, TEXT)
    line.clock.move(seconds=limited.value.retry_after - 1)
    with pytest.raises(RateLimited):
        await line.api.send(SEND, TEXT)
    line.clock.move(seconds=1)
    await line.api.send(SEND, TEXT)


@pytest.mark.parametrize(
    "kind", ["html", "bad_gateway", "empty", "malformed", "wrong_type", "reset", "cut_off", "hang"]
)
@pytest.mark.parametrize("path", [SEND, "stable_token"])
async def test_what_is_not_the_platforms_word_is_for_later(line: Line, kind: str, path: str) -> None:
    line.platform.account.fail(kind, path)
    with pytest.raises(RateLimited if path == "stable_token" else TemporaryFailure):
        await line.api.send(SEND, TEXT)
    line.clock.move(seconds=2)
    await line.api.send(SEND, TEXT)
    assert line.trouble() is None


async def test_a_platform_that_is_not_reached_took_nothing(line: Line) -> None:
    await line.api.send(SEND, TEXT)
    line.platform.account.fail("hang")
    with pytest.raises(TemporaryFailure) as hung:
        await line.api.send(SEND, TEXT)
    assert not isinstance(hung.value, NotReached)
    await line.platform._runner.cleanup()
    with pytest.raises(NotReached):
        await line.api.send(SEND, TEXT)
    with pytest.raises(NotReached):
        await line.api.upload("image", "a.jpg", "image/jpeg", b"\xff\xd8\xff")


@pytest.mark.parametrize("answer", [{"errcode": "0"}, {"errcode": None}, {"errcode": True}, {}])
async def test_an_answer_that_does_not_say_how_it_went_is_no_success(
    line: Line, answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes import wechat_methods

    monkeypatch.setitem(wechat_methods.METHODS, SEND, lambda account, body: answer)
    with pytest.raises(TemporaryFailure):
        await line.api.send(SEND, TEXT)


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_refused_token_is_renewed_once(line: Line, code: int) -> None:
    await line.api.send(SEND, TEXT)
    line.platform.account.fail("errcode", code=code)
    await line.api.send(SEND, TEXT)
    assert line.platform.account.fetches == 2
    line.platform.account.fail("errcode", code=code, times=2)
    with capture_logs() as logged, pytest.raises(RateLimited):
        await line.api.send(SEND, TEXT)
    assert [entry["event"] for entry in logged] == ["platform_token.refused_twice"]
    assert line.platform.account.fetches == 3
    assert line.trouble() == "refused"


async def test_a_token_that_was_made_void_by_somebody_is_replaced(line: Line) -> None:
    await line.api.send(SEND, TEXT)
    line.platform.account.void_tokens()
    await line.api.send(SEND, TEXT)
    assert line.platform.account.fetches == 2


async def test_a_token_is_renewed_before_it_ends_and_both_are_good(line: Line) -> None:
    await line.api.send(SEND, TEXT)
    line.clock.move(seconds=7200 - 299)
    line.platform.account.opens(MING, "message")
    await line.api.send(SEND, TEXT)
    tokens = {call.token for call in line.platform.account.called(SEND)}
    assert len(tokens) == 2
    assert line.platform.account.fetches == 2


@pytest.mark.parametrize(("secret", "app_id", "code"), [("wrong", APP_ID, 40125), (SECRET, "wx-wrong", 40013)])
async def test_wrong_credentials_are_an_alarm_and_lose_nothing(line: Line, secret: str, app_id: str, code: int) -> None:
    api = line.another(secret, app_id)
    with capture_logs() as logged, pytest.raises(RateLimited):
        await api.send(SEND, TEXT)
    assert code in [entry.get("errcode") for entry in logged]
    assert line.trouble() == "fetch"
    fetches = len(line.platform.account.called("stable_token"))
    with pytest.raises(RateLimited):
        await api.send(SEND, TEXT)
    assert len(line.platform.account.called("stable_token")) == fetches, "it is not asked again at once"


async def test_neither_token_nor_secret_nor_words_are_logged_or_raised(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    with capture_logs() as logged:
        for kind in ("html", "bad_gateway", "reset", "hang", "malformed", "errcode"):
            line.platform.account.fail(kind, code=47001)
            try:
                await line.api.send(SEND, TEXT)
            except DeliveryError as error:
                chain: BaseException | None = error
                while chain is not None:
                    said.append(f"{chain!r} {chain}")
                    chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
        for kind in ("reset", "html"):
            line.platform.account.fail(kind, "media/get", times=2 if kind == "reset" else 1)
            with pytest.raises(TemporaryFailure):
                await line.api.download("some-media", 1000)
    token = line.platform.account.called(SEND)[0].token
    assert token
    assert len(said) == 6
    told = "\n".join(said) + repr(logged) + caplog.text
    for secret in (token, SECRET, "路灯", MING):
        assert secret not in told


async def test_other_calls_tell_the_code(line: Line) -> None:
    with pytest.raises(WeChatRefusal) as refused:
        await line.api.look("menu/get")
    assert (refused.value.code, refused.value.path) == (46003, "menu/get")
    await line.api.call("menu/create", {"button": [{"type": "click", "name": "说事", "key": "say"}]})
    assert (await line.api.look("menu/get"))["menu"]["button"][0]["name"] == "说事"
    made = await line.api.call(
        "qrcode/create", {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "ABCD2345"}}}
    )
    assert made["url"].startswith("http")
    line.platform.account.permanent_codes_limit = 1
    with pytest.raises(WeChatRefusal, match="45029"):
        await line.api.call(
            "qrcode/create", {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "B"}}}
        )


async def test_a_token_server_that_gives_nonsense_is_a_failing_one(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.fakes import wechat_methods

    for answer in (
        {"access_token": "", "expires_in": 7200},
        {"access_token": "x"},
        {"access_token": "x", "expires_in": 0},
    ):
        monkeypatch.setitem(wechat_methods.METHODS, "stable_token", lambda account, body, a=answer: a)
        with pytest.raises(RateLimited):
            await line.another().send(SEND, TEXT)
        line.clock.move(seconds=timedelta(minutes=5).total_seconds())
