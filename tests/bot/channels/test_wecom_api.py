"""Calls to WeCom against a platform on loopback: every error code means what the table says, and nothing is told of the
secrets."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from bot.channel import (
    DeliveryError,
    NotReached,
    PermanentFailure,
    RateLimited,
    RecipientBlocked,
    TemporaryFailure,
)
from bot.channels.cgi_errors import Policy, delivery_error
from bot.channels.wecom_api import WeComApi
from bot.channels.wecom_errors import POLICIES, WeComRefusal
from bot.http import HttpClient
from storage.store import Store
from tests.conftest import Clock
from tests.fakes.wecom import AGENT_ID, CORP_ID, SECRET, FakeWeCom

LIN = "LinQiu"
TEXT = {"msgtype": "text", "text": {"content": "路灯修好了"}}


@dataclass
class Line:
    platform: FakeWeCom
    store: Store
    clock: Clock
    http: HttpClient

    def api(self, secret: str = SECRET, base: str | None = None) -> WeComApi:
        return WeComApi(
            self.http, CORP_ID, str(AGENT_ID), secret, base or self.platform.url, writer=self.store.writer,
            clock=self.clock, timeout=0.3, transfer_timeout=0.3,
        )  # fmt: skip

    def trouble(self) -> str | None:
        with self.store.transaction() as uow:
            (token,) = uow.tokens.all()
            return token.trouble


@pytest.fixture
async def line(sqlite_store: Store, clock: Clock) -> AsyncIterator[Line]:
    http = HttpClient()
    async with FakeWeCom(clock) as platform:
        platform.member(LIN)
        yield Line(platform, sqlite_store, clock, http)
        await http.close()


async def test_one_token_for_every_call_and_every_process(line: Line) -> None:
    for api in (line.api(), line.api()):
        await api.send_to(LIN, TEXT)
        await api.send_to(LIN, TEXT)
    assert len(line.platform.member(LIN).screen) == 4
    assert line.platform.account.fetches == 1


async def test_a_token_that_ran_out_is_followed_by_another(line: Line) -> None:
    api = line.api()
    await api.send_to(LIN, TEXT)
    line.clock.move(hours=3)
    await api.send_to(LIN, TEXT)
    assert line.platform.account.fetches == 2


async def test_a_token_that_was_made_void_is_renewed_once(line: Line) -> None:
    api = line.api()
    await api.send_to(LIN, TEXT)
    line.platform.account.void_tokens()
    await api.send_to(LIN, TEXT)
    assert (line.platform.account.fetches, line.trouble()) == (2, None)


@pytest.mark.parametrize("code", [40014, 42001, 41001])
async def test_a_token_that_is_refused_twice_is_an_alarm(line: Line, code: int) -> None:
    line.platform.account.fail("errcode", times=9, code=code)
    with pytest.raises(RateLimited, match="no access token"):
        await line.api().send_to(LIN, TEXT)
    assert line.trouble() == "refused"


@pytest.mark.parametrize(
    ("code", "error", "wait"),
    [
        (-1, TemporaryFailure, None),
        (40003, RecipientBlocked, None),
        (40007, TemporaryFailure, None),  # the file ran out: it is uploaded anew
        (40056, RateLimited, 300),
        (40058, PermanentFailure, None),
        (41048, PermanentFailure, None),
        (42014, PermanentFailure, None),
        (45009, RateLimited, 300),
        (45033, RateLimited, 60),
        (48002, RateLimited, 300),
        (50003, RateLimited, 300),
        (60011, RecipientBlocked, None),
        (60020, RateLimited, 300),
        (81013, RecipientBlocked, None),
        (85002, PermanentFailure, None),
        (301002, RateLimited, 300),
        (99999, TemporaryFailure, None),
    ],
)
async def test_an_error_code_has_its_policy(
    line: Line, code: int, error: type[DeliveryError], wait: float | None
) -> None:
    line.platform.account.fail("errcode", code=code)
    with capture_logs() as logged, pytest.raises(error) as raised:
        await line.api().send_to(LIN, TEXT)
    assert type(raised.value) is error
    assert str(code) in str(raised.value)
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after == wait
    alarm = error in (RateLimited, PermanentFailure) and code != 45033
    assert [entry["errcode"] for entry in logged if entry["event"] == "wecom.refused"] == (
        [code] if alarm or code == 99999 else []
    )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("not allow to access from your ip, hint: [1], from ip: 192.0.2.7, more info at https://x", "192.0.2.7"),
        ("invalid ip 192.0.2.8 ipv6 ::ffff:192.0.2.8, not in whitelist rid: 1", "192.0.2.8"),
        ("ip: 1.2.3, 路灯", None), ("", None),
    ],
)  # fmt: skip
def test_a_refusal_tells_by_which_address_we_are_seen_and_nothing_else(text: str, address: str | None) -> None:
    refusal = WeComRefusal("message/send", 60020, text)
    assert (refusal.seen_from, str(refusal)) == (address, "message/send: errcode 60020")


def test_every_code_of_the_table_ends_in_an_error(clock: Clock) -> None:
    for code, policy in POLICIES.items():
        error = delivery_error(WeComRefusal("x", code), clock())
        assert (type(error) is TemporaryFailure) == (policy in (Policy.LATER, Policy.GONE, Policy.RENEW)), code
    assert not set(POLICIES.values()) & {Policy.WRITE_FIRST, Policy.WRITE_FIRST_ALARM}, "nobody has to write first"


@pytest.mark.parametrize(
    "kind", ["html", "bad_gateway", "empty", "malformed", "wrong_type", "reset", "cut_off", "hang"]
)
async def test_what_is_not_the_platforms_own_word_is_for_later(line: Line, kind: str) -> None:
    api = line.api()
    await api.send_to(LIN, TEXT)
    line.platform.account.fail(kind)
    with pytest.raises(TemporaryFailure):
        await api.send_to(LIN, TEXT)
    await api.send_to(LIN, TEXT)


async def test_a_platform_that_is_not_there_took_nothing(line: Line) -> None:
    await line.api().send_to(LIN, TEXT)
    with pytest.raises(NotReached):
        await line.api(base="http://127.0.0.1:9").send_to(LIN, TEXT)


async def test_a_wrong_secret_lets_everything_wait_and_is_not_told(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logged, pytest.raises(RateLimited) as raised:
        await line.api(secret="another-canary-secret").send_to(LIN, TEXT)
    assert line.trouble() == "fetch"
    assert "canary" not in f"{raised.value!r}{logged}{caplog.text}"
    assert any("40001" in str(entry) for entry in logged)


async def test_nothing_is_told_of_the_token(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    api = line.api()
    await api.send_to(LIN, TEXT)
    token = await api.tokens.token()
    for kind in ("reset", "hang", "html"):
        line.platform.account.fail(kind, times=1)
        with pytest.raises(TemporaryFailure) as raised:
            await api.send_to(LIN, TEXT)
        assert token not in f"{raised.value!r}{raised.value.__cause__!r}"
    assert token not in caplog.text
    assert SECRET not in caplog.text


async def test_a_response_code_is_good_once_for_three_days(line: Line) -> None:
    api, card = line.api(), {"card_type": "button_interaction", "main_title": {"title": "t"}}
    card |= {"button_list": [{"text": "x", "style": 1, "key": "k"}]}
    await api.send_to(LIN, {"msgtype": "template_card", "template_card": {**card, "task_id": "m1"}})
    (seen,) = line.platform.member(LIN).screen
    code = line.platform.account.new_code(seen)
    await api.replace_card(LIN, code, card)
    with pytest.raises(WeComRefusal, match="42022"):
        await api.replace_card(LIN, code, card)
    late = line.platform.account.new_code(seen)
    line.clock.move(hours=72)
    with pytest.raises(WeComRefusal, match="42022"):
        await api.replace_card(LIN, late, card)
