"""Parametric codes: asked for once, kept, counted, made anew before they end, whatever the platform does."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.channel import RateLimited, TemporaryFailure
from bot.channels import wechat_codes
from bot.channels.wechat_api import WeChatApi
from bot.channels.wechat_codes import LEASE, CodesUsedUp, WeChatCodes
from bot.channels.wechat_errors import WeChatRefusal
from bot.http import HttpClient
from routing.code import Code, CodeKind, make_code
from routing.station import Station
from storage.store import Store
from tests.conftest import Clock
from tests.fakes.wechat import APP_ID, SECRET, FakeWeChat
from tests.fakes.wechat_account import Json
from tests.fakes.wechat_methods import METHODS

CREATE = "qrcode/create"


@dataclass
class Wall:
    """What hangs in the station, and a platform to make codes for it."""

    platform: FakeWeChat
    codes: WeChatCodes
    store: Store
    clock: Clock
    station: Station

    def hang(self, kind: CodeKind = CodeKind.STATION, **more: object) -> Code:
        code = Code(make_code(), kind, self.station.id, self.clock(), **more)  # type: ignore[arg-type]
        with self.store.transaction() as uow:
            uow.codes.add(code)
        return code

    def lasting(self) -> int:
        with self.store.transaction() as uow:
            return self.codes.lasting(uow)

    def asked(self) -> list[Json]:
        return [call.body for call in self.platform.account.called(CREATE)]


@pytest.fixture
async def wall(store: Store, clock: Clock) -> AsyncIterator[Wall]:
    http, station = HttpClient(), Station("HP", "海珀社区联络站")
    with store.transaction() as uow:
        uow.stations.add(station)
    async with FakeWeChat(clock) as platform:
        api = WeChatApi(http, APP_ID, SECRET, platform.url, writer=store.writer, clock=clock, timeout=0.3)
        yield Wall(platform, WeChatCodes(api, store.writer, store.reader, APP_ID, clock), store, clock, station)
        await http.close()


@pytest.mark.parametrize("kind", [CodeKind.STATION, CodeKind.DEPUTY, CodeKind.PROJECT])
async def test_a_lasting_code_is_asked_for_once_and_leads_to_ours(wall: Wall, kind: CodeKind) -> None:
    code = wall.hang(kind)
    first = await wall.codes.obtain(code)
    wall.clock.move(days=4000)
    again = await wall.codes.obtain(code)
    assert first is not None
    assert again is not None
    assert first.url == again.url == wall.platform.account.codes[code.code]["url"]
    assert again.ends_at is None
    assert wall.asked() == [
        {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": code.code}}}
    ]  # fmt: skip
    assert wall.lasting() == wall.platform.account.permanent_codes == 1


async def test_a_stalls_code_ends_and_is_made_anew_before_it_does(wall: Wall) -> None:
    code = wall.hang(CodeKind.STALL)
    assert await wall.codes.keep_up() == 1
    assert wall.asked()[0]["expire_seconds"] == 2_592_000
    wall.clock.move(days=27, hours=23)
    assert await wall.codes.keep_up() == 0
    wall.clock.move(hours=2)
    assert await wall.codes.keep_up() == 1
    kept = await wall.codes.obtain(code)
    assert kept is not None
    assert kept.ends_at == wall.clock() + timedelta(days=30)
    assert wall.platform.account.permanent_codes == wall.lasting() == 0


async def test_a_code_that_ends_by_itself_costs_no_lasting_one_and_no_more_time_than_it_has(wall: Wall) -> None:
    wall.hang(CodeKind.STATION, expires_at=wall.clock() + timedelta(days=3))
    assert await wall.codes.keep_up() == 1
    assert wall.asked()[0]["expire_seconds"] == 3 * 24 * 3600
    wall.clock.move(days=2, hours=23)
    assert await wall.codes.keep_up() == 0
    wall.clock.move(hours=2)
    assert await wall.codes.keep_up() == 0


async def test_a_tick_makes_what_is_missing_and_nothing_for_a_revoked_code(
    wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wechat_codes, "AT_ONCE", 2)
    hung = [wall.hang() for _ in range(3)]
    wall.hang(revoked_at=wall.clock())
    assert [await wall.codes.keep_up() for _ in range(3)] == [2, 1, 0]
    assert set(wall.platform.account.codes) == {code.code for code in hung}


async def test_at_the_limit_none_is_asked_for_and_stalls_go_on(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wechat_codes, "LIMIT", 2)
    monkeypatch.setattr(wechat_codes, "WARN_FROM", 2)
    kept = wall.hang()
    wall.hang()
    with capture_logs() as logs:
        assert await wall.codes.keep_up() == 2
    assert [line["event"] for line in logs] == ["wechat.codes_nearly_used_up"]
    wall.clock.move(seconds=1)
    over = wall.hang()
    with pytest.raises(CodesUsedUp):
        await wall.codes.obtain(over)
    assert await wall.codes.obtain(kept) is not None
    wall.clock.move(seconds=1)
    stall = wall.hang(CodeKind.STALL)
    with capture_logs() as logs:
        assert [await wall.codes.keep_up() for _ in range(3)] == [0, 1, 0]
    assert [line["event"] for line in logs].count("wechat.codes_used_up") == 1
    assert await wall.codes.obtain(stall) is not None
    assert wall.lasting() == wall.platform.account.permanent_codes == 2


async def test_what_others_used_up_is_known_by_the_platforms_word(wall: Wall) -> None:
    wall.platform.account.permanent_codes_limit = 0
    code = wall.hang()
    with pytest.raises(CodesUsedUp):
        await wall.codes.obtain(code)
    assert wall.lasting() == 0


async def test_one_whose_answer_got_lost_counts_and_is_asked_for_again(wall: Wall) -> None:
    code = wall.hang()
    wall.platform.account.fail("reset", CREATE, taken=True)
    with pytest.raises(TemporaryFailure):
        await wall.codes.obtain(code)
    assert wall.lasting() == 1
    assert await wall.codes.keep_up() == 1
    assert wall.lasting() == 1


@pytest.mark.parametrize(
    "answer", [{"ticket": "gQ"}, {"url": 7}, {"url": "javascript:alert(1)"}, {"url": "http://a/" + "x" * 300}]
)
async def test_an_answer_without_an_address_is_none(wall: Wall, answer: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, CREATE, lambda *_: answer)
    with pytest.raises(TemporaryFailure, match="without an address"):
        await wall.codes.obtain(wall.hang())


async def test_a_refusal_and_a_missing_token_cost_nothing(wall: Wall) -> None:
    code = wall.hang()
    wall.platform.account.fail("errcode", CREATE, code=48001)
    with pytest.raises(WeChatRefusal, match="48001"):
        await wall.codes.obtain(code)
    wall.platform.account.void_tokens()
    wall.platform.account.fail("errcode", "stable_token", times=9, code=-1)
    with pytest.raises(RateLimited):
        await wall.codes.obtain(code)
    assert wall.lasting() == 0
    with capture_logs() as logs:
        assert await wall.codes.keep_up() == 0
    assert "wechat.code_not_made" in [line["event"] for line in logs]


async def test_while_one_process_asks_the_others_wait_but_not_for_good(wall: Wall) -> None:
    code = wall.hang()
    with wall.store.transaction() as uow:
        wall.codes._look(uow, code=code)  # and dies
    assert await wall.codes.obtain(code) is None
    assert wall.asked() == []
    wall.clock.move(seconds=LEASE.total_seconds())
    assert await wall.codes.obtain(code) is not None


async def test_another_account_has_codes_of_its_own(wall: Wall) -> None:
    code = wall.hang()
    other = WeChatCodes(wall.codes._api, wall.store.writer, wall.store.reader, "wx-other", wall.clock)
    first, second = await wall.codes.obtain(code), await other.obtain(code)
    assert first is not None
    assert second is not None
    assert first.url != second.url
    assert wall.lasting() == 1
