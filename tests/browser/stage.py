"""The program behind real pages: a server, a browser for each person, and what a person does in a chat's tab."""

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, Response, expect

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or ("/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE = {"width": 360, "height": 740}

#: For the `pytestmark` of whoever opens pages.
NEEDS_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: apt-get install chromium)"),
]


class Program:
    """`main.py serve --demo` in a process of its own, on one port and one data folder through restarts. Without
    `database_url` it is on SQLite in that folder."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._database_url = database_url
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        settings = {
            "MASHANG_PORT": str(self.port),
            "MASHANG_DATA_DIR": str(self._folder / "data"),
            "MASHANG_DATABASE_URL": self._database_url,
            "PYTHONUNBUFFERED": "1",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MASHANG_")}
        with (self._folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "main.py"), "serve", "--demo"],
                env=inherited | settings, cwd=self._folder, stdout=output, stderr=output,
            )  # fmt: skip
        for _ in range(600):
            assert self._process.poll() is None, self.output()
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"not serving after a minute:\n{self.output()}")

    def output(self) -> str:
        return (self._folder / "output.log").read_text("utf-8")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(30)
            finally:
                self._process.kill()
                self._process.wait()
                self._process = None


class Tab:
    """A person's chat page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.log = page.get_by_role("log")
        self.asked: list[str] = []
        self.live = False
        page.on("request", self._note)
        page.on("response", self._note_stream)

    def _note(self, request: Request) -> None:
        if request.resource_type == "document" or "after=" in request.url:
            self.asked.append(request.url)

    def _note_stream(self, response: Response) -> None:
        self.live = self.live or (response.ok and "/stream?" in response.url)

    def heard(self, *pieces: str) -> Locator:
        """The newest message from the station that holds all of these; waits until it is there."""
        found = self.page.locator(".message:not(.mine)")
        for piece in pieces:
            found = found.filter(has_text=piece)
        expect(found.last).to_be_visible()
        return found.last

    def says(self, text: str) -> None:
        box = self.page.get_by_label("写一条消息")
        box.fill(text)
        box.press("Enter")
        expect(box).to_have_value("")

    def presses(self, label: str) -> None:
        self.page.bring_to_front()  # a tab behind another is drawn so rarely that a click takes seconds
        self.page.locator(".message:not(.mine)").get_by_role("button", name=label, exact=True).last.click()

    def chooses_photo(self, name: str, content: bytes) -> None:
        self.page.get_by_label("照片、语音、文件、位置").click()
        photo = {"name": name, "mimeType": "image/jpeg", "buffer": content}
        self.page.locator("input[data-kind=photo]").set_input_files(photo)  # type: ignore[arg-type]
        expect(self.page.get_by_text(name)).to_be_visible()

    def pictures(self, message: Locator) -> list[int]:
        """The widths of the photos in a message, once they are loaded."""
        images = message.locator("img")
        expect(images.last).to_be_visible()
        self.page.wait_for_function("image => image.complete", arg=images.last.element_handle())
        return [int(image.evaluate("image => image.naturalWidth")) for image in images.all()]

    def hears_live(self) -> None:
        """From now on nothing but the live stream may bring messages."""
        if not self.live:
            self.page.wait_for_event("response", lambda response: "/stream?" in response.url)
        self.asked.clear()

    def fits(self) -> None:
        """Nothing sticks out of a phone's screen, and the newest message is in sight."""
        self.page.bring_to_front()
        size = self.page.evaluate("[document.scrollingElement.scrollWidth, document.scrollingElement.scrollHeight]")
        assert size == [PHONE["width"], PHONE["height"]]
        expect(self.page.locator(".message").last).to_be_in_viewport()
        expect(self.page.get_by_label("写一条消息")).to_be_in_viewport()
        expect(self.page.get_by_role("banner")).to_be_in_viewport()


def lamp() -> bytes:
    """A photo of a dark street, as large as a phone takes it."""
    picture = Image.new("RGB", (1600, 1200), (38, 46, 74))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((780, 300, 820, 1200), fill=(90, 90, 90))
    draw.ellipse((700, 200, 900, 330), fill=(125, 120, 110))
    content = io.BytesIO()
    picture.save(content, "JPEG")
    return content.getvalue()


def person(browser: Browser, complaints: list[str]) -> BrowserContext:
    """A browser of somebody's own."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda line: complaints.append(line.text) if "Security Policy" in line.text else None)
    return context


def opened_from(home: Page, role: str) -> Page:
    """The tab behind one of the start page's demo links."""
    with home.context.expect_page() as tab:
        home.locator(".demo").get_by_role("link", name=re.compile(f"^{role}")).click()
    return tab.value


def code_of(home: Page) -> str:
    """The address behind the code that the start page shows."""
    found = home.locator(".demo").get_by_role("link", name=re.compile("^群众")).get_attribute("href")
    assert found is not None
    return found


def citizen_at(page: Page, code_url: str) -> Tab:
    """Open a code's page, and from it the chat."""
    tab = Tab(page)
    page.goto(code_url)
    page.get_by_role("link", name="写给林秋代表").click()
    tab.heard("隐私说明", "海珀社区代表联络站")
    expect(tab.log).to_contain_text("086 号代表林秋")
    return tab


def member(home: Page, role: str) -> Tab:
    tab = Tab(opened_from(home, role))
    tab.page.get_by_role("button", name="接受邀请").click()
    tab.heard("您好，", role)
    tab.heard("可以：")
    return tab


def keep_picture(folder: Path, name: str, tab: Tab) -> None:
    tab.page.screenshot(path=folder / f"{name}.png")
    # The whole talk in one picture.
    tab.page.set_viewport_size({"width": PHONE["width"], "height": 2600})
    tab.page.screenshot(path=folder / f"{name}-whole.png")
    tab.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
