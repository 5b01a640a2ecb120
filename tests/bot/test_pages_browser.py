"""The chat page in a real browser, at phone width: typing, losing the line, coming back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright, expect

from bot.message import Button, OutboundMessage
from routing.errors import StorageUnavailable
from routing.platform_code import PlatformCode
from tests.bot.test_server import listening
from tests.fakes.web import Web, web

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]
PHONE = {"width": 360, "height": 740}


class Phone:
    def __init__(self, served: Web, base: str, browser: Browser, page: Page, complaints: list[str]) -> None:
        self.served, self.base, self.browser, self.page, self.complaints = served, base, browser, page, complaints

    async def scan(self) -> None:
        """Open a deputy's page, and from it the chat."""
        await self.page.goto(f"{self.base}/c/{self.served.town.deputy}")
        await self.page.get_by_role("link", name="写给沈秋禾代表").click()
        await expect(self.log).to_contain_text(f"收到：{self.served.town.deputy}")

    @property
    def log(self):  # type: ignore[no-untyped-def]
        return self.page.get_by_role("log")

    @property
    def user_id(self) -> str:
        return self.served.echo.messages[-1].user_id

    async def say(self, text: str) -> None:
        box = self.page.get_by_label("写一条消息")
        await box.fill(text)
        await box.press("Enter")


@asynccontextmanager
async def phone(folder: Path, **page_options: str) -> AsyncIterator[Phone]:
    """`page_options` go to `Entrance`."""
    async with web(folder, **page_options) as served, listening(served) as (base, _), async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        context = await browser.new_context(
            viewport=PHONE, locale="zh-CN", geolocation={"latitude": 30.25, "longitude": 120.5}
        )
        context.set_default_timeout(5000)
        expect.set_options(timeout=5000)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if "Security Policy" in line.text else None)
        one = Phone(served, base, browser, page, complaints)
        try:
            yield one
            assert complaints == []
        finally:
            await browser.close()


async def test_a_matter_is_told_with_a_keyboard_and_news_arrives_by_itself(tmp_path: Path) -> None:
    async with phone(tmp_path) as one:
        page, served = one.page, one.served
        served.echo.buttons = (Button("就这些，提交", "t0"), Button("再补充", "t1"))
        await one.scan()
        box = page.get_by_label("写一条消息")
        await box.focus()
        await page.keyboard.type("第一行")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("<b>第二行</b>")
        await page.keyboard.press("Enter")
        await expect(one.log).to_contain_text("收到：第一行\n<b>第二行</b>")
        assert served.echo.messages[-1].text == "第一行\n<b>第二行</b>"
        assert await box.input_value() == ""
        await expect(page.get_by_text("已送到")).to_have_count(1)
        last = page.locator(".message:not(.mine)").last
        await last.get_by_role("button", name="就这些，提交").focus()
        await page.keyboard.press("Enter")
        await expect(one.log).to_contain_text("收到：t0")
        await expect(last.get_by_role("button", name="就这些，提交")).to_be_enabled()
        link = "见 https://example.org/a?b=c 。危险请拨 110，编号 HP-110-120。"
        await served.citizen.send(one.user_id, OutboundMessage(link))
        await expect(one.log).to_contain_text("HP-110-120")
        hrefs = await page.locator(".message").last.locator("a").evaluate_all("all => all.map(a => a.href)")
        assert hrefs == ["https://example.org/a?b=c", "tel:110"]
        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


async def test_what_is_written_survives_a_lost_line_and_is_taken_once(tmp_path: Path) -> None:
    async with phone(tmp_path) as one:
        page, served = one.page, one.served
        await one.scan()
        served.echo.failure = StorageUnavailable()
        await one.say("路灯不亮")
        await expect(page.get_by_text("还没送到，会自动再发")).to_be_visible()
        await expect(page.get_by_role("status")).to_contain_text("系统暂时接不上")
        await page.get_by_label("写一条消息").fill("写到一半")
        await page.reload()
        await expect(page.get_by_label("写一条消息")).to_have_value("写到一半")
        await expect(one.log).to_contain_text("路灯不亮")
        served.echo.failure = None
        await expect(one.log).to_contain_text("收到：路灯不亮", timeout=15_000)
        await expect(page.get_by_role("status")).to_be_hidden()
        await page.reload()
        await expect(page.locator(".message.mine")).to_have_count(1)
        await expect(page.locator(".message:not(.mine)")).to_have_count(2)
        assert [message.text for message in served.echo.messages[1:]] == ["路灯不亮"]


async def test_an_answer_that_got_lost_is_asked_for_again_with_the_same_id(tmp_path: Path) -> None:
    async with phone(tmp_path) as one:
        page, served = one.page, one.served
        await one.scan()
        lost = []

        async def lose(route: Route) -> None:
            if route.request.method == "POST" and not lost:
                lost.append(await route.fetch())
                await route.abort()
            else:
                await route.continue_()

        await page.route("**/chat/messages*", lose)
        await one.say("井盖没了")
        await expect(page.get_by_text("已送到")).to_be_visible(timeout=10_000)
        first, second = served.echo.messages[1:]
        assert (first.external_id, first.text) == (second.external_id, second.text)
        await expect(page.get_by_text("收到：井盖没了")).to_have_count(1)


async def test_files_and_the_place_are_sent_when_confirmed(tmp_path: Path) -> None:
    async with phone(tmp_path) as one:
        page, served = one.page, one.served
        await one.scan()
        photo = {"name": "灯.png", "mimeType": "image/png", "buffer": b"\x89PNG not really"}
        await page.get_by_label("照片、语音、文件、位置").click()
        await page.locator("input[data-kind=photo]").set_input_files(photo)
        await expect(page.get_by_text("要发的文件: 灯.png")).to_be_visible()
        await one.say("就是这盏")
        await expect(one.log).to_contain_text("收到：就是这盏")
        sent = served.echo.messages[-1]
        assert (sent.kind, sent.text, sent.attachments[0].content) == ("photo", "就是这盏", photo["buffer"])
        await page.get_by_label("照片、语音、文件、位置").click()
        await page.get_by_role("button", name="位置").click()
        await expect(page.get_by_text("不会跟踪")).to_be_visible()
        await page.get_by_role("button", name="确定").click()
        await expect(page.get_by_text("没有取到位置")).to_be_visible()
        await page.get_by_role("button", name="确定").click()
        await page.context.grant_permissions(["geolocation"])
        await page.get_by_label("照片、语音、文件、位置").click()
        await page.get_by_role("button", name="位置").click()
        await page.get_by_role("button", name="确定").click()
        await expect(one.log).to_contain_text("收到：location")
        assert served.echo.messages[-1].location == (30.25, 120.5)


async def test_a_session_that_is_gone_is_begun_anew_and_one_can_leave(tmp_path: Path) -> None:
    async with phone(tmp_path) as one:
        page, served = one.page, one.served
        await one.scan()
        before = one.user_id
        await page.context.clear_cookies()
        await one.say("还在吗")
        await page.get_by_role("button", name="重新开始").click()
        await expect(one.log).to_contain_text("收到：还在吗")
        assert one.user_id != before
        assert [message.kind for message in served.echo.messages] == ["start", "start", "text"]
        await page.get_by_role("button", name="退出并清除").click()
        await page.get_by_role("button", name="确定").click()
        await expect(page.get_by_role("status")).to_contain_text("已退出")
        assert await page.context.cookies() == []
        assert await page.evaluate("localStorage.length + sessionStorage.length") == 0


async def test_two_desks_live_in_one_browser_and_answer_cards(tmp_path: Path) -> None:
    async with phone(tmp_path) as one:
        page, served = one.page, one.served
        await page.goto(f"{one.base}/join/{served.town.invitation}")
        await page.get_by_role("button", name="接受邀请").click()
        await expect(one.log).to_contain_text("收到：join_")
        first = one.user_id
        await served.desk.send(first, OutboundMessage("HP-261123-007 路灯不亮"))
        card = page.locator(".message", has_text="HP-261123-007")
        await card.get_by_role("button", name="回复这条").click()
        await page.keyboard.type("受理")
        await page.keyboard.press("Enter")
        await expect(one.log).to_contain_text("收到：受理")
        assert (served.echo.messages[-1].reply_to, served.echo.messages[-1].audience) == ("2", "work")
        other = await page.context.new_page()
        await other.goto(f"{one.base}/join/{served.town.invitation}")
        await other.get_by_role("button", name="接受邀请").click()
        await expect(other.get_by_role("log")).to_contain_text("收到：join_")
        assert one.user_id != first
        await one.say("列表")
        await expect(one.log).to_contain_text("收到：列表")
        assert one.user_id == first


async def test_earlier_messages_are_fetched_when_asked_for(tmp_path: Path) -> None:
    async with phone(tmp_path) as one:
        page, served = one.page, one.served
        await one.scan()
        for number in range(2, 131):
            await served.citizen.send(one.user_id, OutboundMessage(f"消息 {number} 号"))
        await page.reload()
        await expect(page.locator(".message")).to_have_count(60)
        distance = "s => s.scrollHeight - s.scrollTop - s.clientHeight"
        assert await page.locator("#scroll").evaluate(distance) < 5
        for count in (120, 130):
            await page.get_by_role("button", name="看更早的消息").click()
            await expect(page.locator(".message")).to_have_count(count)
        await expect(page.get_by_role("button", name="看更早的消息")).to_have_count(0)
        texts = await page.locator(".message .bubble").all_inner_texts()
        assert [text.rpartition("消息 ")[2] for text in texts[1:]] == [f"{number} 号" for number in range(2, 131)]


@pytest.mark.parametrize("language", ["zh_CN", "zh_TW", "en"])
async def test_inside_wechat_the_code_can_be_pressed_without_a_script(tmp_path: Path, language: str) -> None:
    agent = "Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile Safari/537.36 MicroMessenger/8.0.49.2600"
    async with phone(tmp_path, wechat_account="wx1") as one:
        town = one.served.town
        with one.served.store.transaction() as uow:
            made = PlatformCode("wechat", "wx1", town.deputy, "http://weixin.qq.com/q/02abcDEF", lasting=True)
            uow.platform_codes.add(made)
        context = await one.browser.new_context(viewport=PHONE, user_agent=agent, java_script_enabled=False)
        page = await context.new_page()
        await page.goto(f"{one.base}/c/{town.deputy}?lang={language}")
        picture = page.locator("figure.qr img")
        await expect(picture).to_be_visible()
        box = await picture.bounding_box()
        assert box is not None
        assert box["width"] == box["height"] >= 200
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        await page.screenshot(path=tmp_path / f"landing-{language}.png", full_page=True)
        await context.close()
