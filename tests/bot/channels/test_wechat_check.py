"""What the doctor finds out about WeChat, what it says to do, and the menu that it compares."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from bot.channels.envelope import Envelope
from bot.channels.finding import Finding
from bot.channels.wechat_api import WeChatApi
from bot.channels.wechat_check import advice, check_callback, check_wechat, code_finding
from bot.channels.wechat_errors import WeChatRefusal
from bot.channels.wechat_menu import MenuButton, as_body, current_menu, our_menu, read_menu, send_menu
from bot.channels.wechat_parsing import MENU
from bot.channels.wechat_templates import Template, Templates
from bot.http import HttpClient
from storage.store import Store
from tests.conftest import Clock
from tests.fakes.wechat import AES_KEY, APP_ID, SECRET, TOKEN, FakeWeChat

ONE = Templates({"case.answered": Template("T1", {"thing1": "有答复了"})})


@dataclass
class Line:
    platform: FakeWeChat
    api: WeChatApi
    http: HttpClient
    store: Store
    clock: Clock

    async def found(self, templates: Templates = ONE, api: WeChatApi | None = None) -> dict[str, Finding]:
        return {one.name: one for one in await check_wechat(api or self.api, our_menu(), templates)}

    def with_secret(self, secret: str, app_id: str = APP_ID, base: str = "") -> WeChatApi:
        return WeChatApi(
            self.http, app_id, secret, base or self.platform.url, writer=self.store.writer, clock=self.clock,
            timeout=0.3,
        )  # fmt: skip


@pytest.fixture
async def line(sqlite_store: Store, clock: Clock) -> AsyncIterator[Line]:
    http = HttpClient()
    async with FakeWeChat(clock) as platform:
        api = WeChatApi(http, APP_ID, SECRET, platform.url, writer=sqlite_store.writer, clock=clock, timeout=0.3)
        platform.account.templates["T1"] = ("thing1",)
        yield Line(platform, api, http, sqlite_store, clock)
        await http.close()


async def test_all_is_well_once_the_menu_is_sent(line: Line) -> None:
    before = await line.found()
    assert not before["menu"].ok
    assert "--send" in before["menu"].todo
    await send_menu(line.api, our_menu())
    found = await line.found()
    assert list(found) == [
        "access token", "menu", "templates", "calls of send", "calls of create", "calls of bizsend"
    ]  # fmt: skip
    assert all(one.ok and not one.todo for one in found.values()), found
    assert found["calls of send"].detail == "500000 of 500000 left today"


@pytest.mark.parametrize(
    ("secret", "app_id", "said"),
    [("canary0another0secret", APP_ID, "重置"), (SECRET, "wx-another", "MASHANG_WECHAT_APP_ID")],
)
async def test_wrong_credentials_are_all_that_is_said(line: Line, secret: str, app_id: str, said: str) -> None:
    found = await line.found(api=line.with_secret(secret, app_id))
    assert list(found) == ["access token"]
    assert said in found["access token"].todo
    assert "canary" not in found["access token"].todo


@pytest.mark.parametrize(
    ("fault", "code", "path", "name", "said"),
    [
        ("errcode", 40164, "stable_token", "access token", "IP白名单"),
        ("errcode", 89503, "stable_token", "access token", "administrator"),
        ("errcode", 77777, "stable_token", "access token", "77777: look the code up"),
        ("html", 0, "stable_token", "access token", "MASHANG_WECHAT_API_BASE"),
        ("reset", 0, "stable_token", "access token", "MASHANG_WECHAT_API_BASE"),
        ("errcode", 48001, "get_current_selfmenu_info", "menu", "微信认证"),
        ("errcode", 48001, "gettemplate", "templates", "接口权限"),
        ("wrong_type", 0, "quota/get", "calls of send", "DNS and the firewall"),
        ("reset", 0, "quota/get", "calls of send", "DNS and the firewall"),
    ],
)
async def test_what_the_platform_says_leads_to_what_is_to_be_done(
    line: Line, fault: str, code: int, path: str, name: str, said: str
) -> None:
    line.platform.account.fail(fault, path, code=code)
    found = (await line.found())[name]
    assert not found.ok
    assert said in found.todo


def test_an_address_that_is_not_allowed_is_named_as_wechat_sees_it() -> None:
    text = "invalid ip 192.0.2.7 ipv6 ::ffff:192.0.2.7, not in whitelist rid: 6543abcd"
    assert advice(WeChatRefusal("stable_token", 40164, text)).endswith("IP白名单 (192.0.2.7)")
    assert "192.0.2.7" not in advice(WeChatRefusal("stable_token", 40125, text))


async def test_a_template_that_is_missing_or_has_other_fields_is_named(line: Line) -> None:
    line.platform.account.templates["T2"] = ("thing1", "time2")
    templates = Templates({"*": Template("T0", {"thing1": "x"}), "case.answered": Template("T2", {"thing1": "x"})})
    found = (await line.found(templates))["templates"]
    assert not found.ok
    assert "*: the account has no such template" in found.todo
    assert "case.answered: the template has the fields thing1, time2, the file fills thing1" in found.todo
    without = await line.found(Templates())
    assert "templates" not in without
    assert "calls of bizsend" not in without


async def test_calls_that_run_out_are_told(line: Line) -> None:
    line.platform.account.daily_limit = 0
    found = (await line.found())["calls of send"]
    assert not found.ok
    assert "0 of 0 left today" in found.todo


@pytest.mark.parametrize(("lasting", "ok"), [(0, True), (79_999, True), (80_000, False), (100_000, False)])
def test_the_codes_are_counted_against_what_an_account_may_make(lasting: int, ok: bool) -> None:
    found = code_finding(lasting, 3)
    assert "3 are to be made" in found.todo + found.detail
    assert found.ok == ok
    assert f"{lasting} of 100000" in found.todo + found.detail


# ── the callback's address, from outside in ─────────────────────────────────────────────────────────────────────


@pytest.fixture
async def proxy() -> AsyncIterator[tuple[str, dict[str, object]]]:
    """A server that answers as `how` says: with a status, a page, or what an envelope says."""
    how: dict[str, object] = {}

    async def answer(request: web.Request) -> web.Response:
        envelope = how.get("envelope")
        if isinstance(envelope, Envelope):
            return web.Response(text=envelope.echo(dict(request.query)))
        return web.Response(status=int(str(how["status"])), text="a page", headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_get("/wechat", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/wechat", how
    await runner.cleanup()


def envelope(clock: Clock, token: str = TOKEN) -> Envelope:
    return Envelope(token=token, aes_key=AES_KEY, receiver=APP_ID, clock=clock)


async def test_the_address_is_asked_as_wechat_asks_it(
    line: Line, clock: Clock, proxy: tuple[str, dict[str, object]]
) -> None:
    url, how = proxy
    how["envelope"] = envelope(clock)
    found = await check_callback(line.http, envelope(clock), url, clock)
    assert found.ok
    assert url in found.detail


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, "takes the question for itself"), (403, "MASHANG_WECHAT_TOKEN"), (404, "restart it"),
        (301, "MASHANG_PUBLIC_URL"), (502, "no `main.py serve`"), (418, "takes the question"),
    ],
)  # fmt: skip
async def test_an_address_that_answers_otherwise_says_why(
    line: Line, clock: Clock, proxy: tuple[str, dict[str, object]], status: int, said: str
) -> None:
    url, how = proxy
    how["status"] = status
    found = await check_callback(line.http, envelope(clock), url, clock)
    assert not found.ok
    assert said in found.todo
    assert TOKEN not in found.todo


async def test_an_address_where_nobody_listens_is_told(line: Line, clock: Clock) -> None:
    found = await check_callback(line.http, envelope(clock), "http://127.0.0.1:9/wechat", clock)
    assert not found.ok
    assert "is `main.py serve` running" in found.todo


# ── the menu ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_menu_is_taken_by_the_platform_and_seen_as_it_was_sent(line: Line) -> None:
    assert await current_menu(line.api) == ()
    await send_menu(line.api, our_menu())
    assert line.platform.account.menu == as_body(our_menu())
    assert await current_menu(line.api) == our_menu()


def test_the_menu_has_every_way_in_once_and_nothing_that_is_not_understood() -> None:
    flat = [item for button in our_menu() for item in (button.items or (button,))]
    assert [item.does for item in flat] == [f"click {key}" for key in MENU]


async def test_a_menu_that_somebody_made_by_hand_is_shown_as_it_is(line: Line) -> None:
    line.platform.account.menu = {
        "button": [
            {"type": "view", "name": "官网", "url": "https://example.org/"},
            {"name": "更多", "sub_button": [{"type": "text", "name": "电话", "value": "12345"}]},
        ]
    }
    assert await current_menu(line.api) == (
        MenuButton("官网", "view https://example.org/"),
        MenuButton("更多", items=(MenuButton("电话", "text 12345"),)),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "no YAML"), ("{}", "1 to 3"), ("[]", "1 to 3"), ("[1]", "no name"),
        ("- {name: 五个汉字多一, key: sos}", "16"), ("- {name: 说, key: dance}", "needs a key"),
        ("- {name: 说}", "needs a key"), ("- {name: 说, items: []}", "1 to 5"),
        ("- {name: 说, items: [{name: 说, items: []}]}", "needs a key"),
        ("- {name: a, key: sos}\n" * 4, "1 to 3"),
    ],
)  # fmt: skip
def test_a_menu_that_the_platform_would_not_take_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_menu(text)
