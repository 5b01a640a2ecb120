"""The pages: what stands on them, in which language, and that they stay small and safe."""

import base64
import json
import re
import string
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from bot.pages import language
from bot.pages.entrance import DemoLink
from bot.pages.template import render
from bot.pages.words import words_for
from bot.qr import qr_png
from routing.code import display_code
from routing.platform_code import PlatformCode
from tests.fakes.web import Web, web

CHINESE = {"accept-language": "zh-CN,zh;q=0.9"}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Web]:
    async def demo() -> list[DemoLink]:
        return [DemoLink("citizen", "http://desk.test/c/X"), DemoLink("staff", "http://desk.test/join/Y", "王晓")]

    links = [("landing.link_telegram", "https://t.me/a?start=<x>")]
    async with web(tmp_path, demo=demo, links=lambda code: links) as one:
        yield one


# ── wording ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _parameters(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("name", ["zh_TW", "en"])
def test_every_language_has_every_sentence_with_its_parameters(name: str) -> None:
    ours, theirs = words_for("zh_CN").sentences, words_for(name).sentences
    assert list(ours) == list(theirs)
    for key, sentence in ours.items():
        assert theirs[key].strip(), key
        # A date is written in each language's own way, from the same three parameters.
        assert key == "landing.date" or _parameters(sentence) == _parameters(theirs[key]), key


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    sources = [path for path in Path("bot").rglob("*") if path.suffix in (".py", ".html", ".js") and path.is_file()]
    text = "\n".join(path.read_text("utf-8") for path in sources)
    script = (Path("bot/pages/static") / "chat.js").read_text("utf-8")
    made = ("join.role_", "join.can_", "home.demo_", "chat.quick_", "code.wrong_", "code.gone_", "code.many_",
            "landing.link_", "landing.in_", "landing.stall", "landing.project")  # fmt: skip
    keys = words_for("zh_CN").sentences
    for key in keys:
        if key.startswith("script."):
            name = key.removeprefix("script.")
            assert re.search(rf"words\.{name}\b|\"{name}\"", script), key
        else:
            assert key in text or key.startswith(made), key
    for name in re.findall(r"\bwords\.(\w+)", script):
        assert f"script.{name}" in keys, name
    templates = "".join(path.read_text("utf-8") for path in sources if path.suffix == ".html")
    for name in re.findall(r"\bt\(\"([\w.]+)\"\)", templates):
        assert name in keys, name


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"), ("zh-TW,zh;q=0.9", "zh_TW"), ("zh-HK", "zh_TW"), ("zh-Hant-SG", "zh_TW"),
        ("en-GB,en;q=0.5", "en"), ("en;q=0.2,zh-TW;q=0.8", "zh_TW"), ("fr,de", None), ("", None), ("en;q=0", None),
        ("en;q=x,zh", "zh_CN"), (";;;,,,q=", None), ("zhong", None),
    ],
)  # fmt: skip
def test_language_of_a_browser(header: str, expected: str | None) -> None:
    assert language.of_header(header) == expected


async def test_a_chosen_language_is_remembered(served: Web) -> None:
    async with served.client(headers=CHINESE) as browser:
        assert 'lang="zh-CN"' in (await browser.get("/")).text
        assert 'lang="en"' in (await browser.get("/?lang=en")).text
        assert "Tell us what is wrong nearby" in (await browser.get("/")).text
        assert 'lang="en"' in (await browser.get("/?lang=klingon")).text


# ── templates ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_values_are_escaped_and_a_missing_one_is_an_error() -> None:
    words = words_for("zh_CN")
    bad = "<script>alert(1)</script>\"'&"
    head = {"tag": bad, "title": bad, "css": bad, "icon": bad, "languages": []}
    out = render("sorry.html", words, **head, headline=bad, text=bad, reference=bad)
    assert "<script>" not in out
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;" in out
    with pytest.raises(UndefinedError, match="'headline' is undefined"):
        render("sorry.html", words, **head, text="", reference="")


def test_sentences_for_the_script_cannot_end_it() -> None:
    values = dict.fromkeys(("tag", "title", "heading", "subtitle", "css", "js", "icon", "base", "code"), "")
    bad = {"say": "</script><!--<script>'&", "cn": "还没送到"}
    out = render("chat.html", words_for("zh_CN"), **values, desk=False, quick=[], sentences=bad)
    [data] = re.findall(r'<script type="application/json" id="words">(.*)</script>', out)
    assert not set(data) & set("<>&'")
    assert json.loads(data) == bad
    assert "还没送到" in data


def test_no_template_lets_anything_through_unescaped() -> None:
    sources = [path.read_text("utf-8") for path in Path("bot/pages/templates").iterdir()]
    assert len(sources) > 5
    for source in sources:
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", source)
        # An attribute without quotes could be left by a space.
        assert not re.search(r"=\{\{", source)


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_deputys_page_says_who_when_where_and_what_happens(served: Web) -> None:
    async with served.client(headers=CHINESE) as browser:
        answer = await browser.get(f"/c/{served.town.deputy}")
    assert answer.status_code == 200
    for part in (
        "沈秋禾", "086", "县人大代表", "实验小学教师", "海珀社区联络站", "每月 20 日", "每月 10 日、20 日",
        "tel:057188880000", "教育、社区托管", "不是实时值守", "tel:110", "tel:119", "tel:120", "写给沈秋禾代表",
        "您说的话会怎样", f'href="/chat?code={served.town.deputy}"', "t.me/a?start=&lt;x&gt;", "服务器在境外",
    ):  # fmt: skip
        assert part in answer.text, part


async def test_an_absent_deputys_page_says_who_hears_instead(served: Web) -> None:
    async with served.client(headers=CHINESE) as browser:
        away = (await browser.get(f"/c/{served.town.away}")).text
        left = (await browser.get(f"/c/{served.town.left}")).text
        stall = (await browser.get(f"/c/{served.town.stall}")).text
    # The absence ends at midnight in China: the 28th is its last day.
    assert "陆明远代表外出至11月28日，您的话由张立言代表先听。" in away
    assert "顾安代表已不在本站履职。您的话由海珀社区联络站接着办" in left
    assert "写给顾安" not in left
    assert "联络点 · 幸福菜场 3 号摊" in stall


async def test_a_code_is_read_however_it_is_typed(served: Web) -> None:
    code = served.town.deputy
    async with served.client(follow_redirects=True) as browser:
        for typed in (code.lower(), display_code(code), f" {code[:4]}-{code[4:]} "):
            answer = await browser.get("/c", params={"code": typed})
            assert answer.url.path == f"/c/{code}"
            assert answer.status_code == 200
        assert (await browser.get("/c")).url.path == "/"


async def test_wrong_and_revoked_codes_get_a_way_on_and_guessing_ends(served: Web) -> None:
    town = served.town
    async with served.client(headers=CHINESE) as browser:
        revoked = await browser.get(f"/c/{town.revoked}")
        assert revoked.status_code == 410
        assert "这个码已经停用" in revoked.text
        for number in range(10):
            wrong = await browser.get("/c/<b>oops" if number else "/c/00000000")
            assert wrong.status_code == 404
            assert "没有找到这个码" in wrong.text
            assert "<b>oops" not in wrong.text
            assert f"/c/{town.station}" in wrong.text
            assert f"/c/{town.other}" in wrong.text
        many = await browser.get("/c/00000000")
        assert many.status_code == 429
        assert int(many.headers["retry-after"]) <= 3600
        # Now a right guess tells nothing either; the stations, which stand on the start page, stay open.
        assert (await browser.get(f"/c/{town.deputy}")).status_code == 429
        assert (await browser.get(f"/c/{town.station}")).status_code == 200


async def test_scans_are_counted_for_people_only(served: Web) -> None:
    code = served.town.deputy
    async with served.client() as browser:
        await browser.get(f"/c/{code}")
        await browser.get(f"/c/{code}")
        await browser.head(f"/c/{code}")
        await browser.get(f"/c/{code}", headers={"sec-purpose": "prefetch"})
    assert await served.store.reader.run(lambda uow: uow.codes.scan_counts()) == {(code, "page"): 2}


async def test_the_start_page_lists_stations_and_plays_the_demo(served: Web) -> None:
    async with served.client(headers=CHINESE) as browser:
        home = (await browser.get("/")).text
    assert home.index("云桥区中心联络站") < home.index("海珀社区联络站")
    assert display_code(served.town.station) in home
    assert "联络站工作人员 · 王晓" in home
    assert "<svg" in home


async def test_without_a_demo_the_start_page_gives_no_role_away(tmp_path: Path) -> None:
    async with web(tmp_path) as plain, plain.client(headers=CHINESE) as browser:
        home = (await browser.get("/")).text
        assert "演示" not in home
        assert "/join/" not in home


async def test_the_chat_page_is_light_and_has_nothing_inline_or_foreign(served: Web) -> None:
    async with served.client() as browser:
        for tag in ("zh_CN", "zh_TW", "en"):
            page = (await browser.get(f"/chat?code=%22%3E%3Cb&lang={tag}")).text
            assets = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
            assert len(set(assets)) == 3
            contents = [(await browser.get(asset)).content for asset in set(assets)]
            assert len(page.encode()) + sum(len(content) for content in contents) < 60_000
            assert not re.search(r"\son\w+=|style=|javascript:|(?:src|href)=\"(?:https?:)?//", page)
            assert re.findall(r"<script(?! src=)(?! type=\"application/json\")", page) == []
            assert 'data-code="&#34;&gt;&lt;b"' in page


async def test_static_files_are_kept_by_browsers_until_they_change(served: Web) -> None:
    async with served.client() as browser:
        [url] = re.findall(r'src="(/static/chat.js[^"]+)"', (await browser.get("/chat")).text)
        first = await browser.get(url)
        assert first.headers["content-type"].startswith("text/javascript")
        assert "immutable" in first.headers["cache-control"]
        assert (await browser.get("/static/chat.js")).headers["cache-control"] == "no-cache"
        again = await browser.get(url, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_the_script_runs_on_old_phones() -> None:
    script = files("bot.pages").joinpath("static", "chat.js").read_text("utf-8")
    for modern in (r"\?\.", r"\?\?", r"\(\?<[=!]", "replaceAll", "innerHTML", "eval", r"\bawait\b", "`"):
        assert not re.search(modern, re.sub(r"//.*", "", script)), modern


# ── the landing page, by the app that it is opened in ───────────────────────────────────────────────────────────

PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
WECHAT = f"{PHONE} MMWEBID/1 MicroMessenger/8.0.49.2600(0x28003133) WeChat/arm64 NetType/WIFI Language/zh_CN"
WECOM = f"{PHONE} wxwork/4.1.20 MicroMessenger/7.0.1 NetType/WIFI Language/zh Lang/zh"
DINGTALK = f"{PHONE} AliApp(DingTalk/7.6.0) com.alibaba.android.rimet/1 Channel/1"
FOLLOW = "http://weixin.qq.com/q/02abcDEFghijk1000000M"


@pytest.fixture
async def followed(tmp_path: Path) -> AsyncIterator[Web]:
    """With a WeChat account that has made a lasting code for the deputy and one for the stall that ended."""
    links = [("landing.link_telegram", "https://t.me/a")]
    async with web(tmp_path, wechat_account="wx1", links=lambda code: links) as one:
        with one.store.transaction() as uow:
            uow.platform_codes.add(PlatformCode("wechat", "wx1", one.town.deputy, FOLLOW, lasting=True))
            uow.platform_codes.add(PlatformCode("wechat", "wx2", one.town.station, FOLLOW, lasting=True))
            uow.platform_codes.add(PlatformCode("wechat", "wx1", one.town.stall, FOLLOW, ends_at=uow.now))
            uow.platform_codes.add(PlatformCode("wechat", "wx1", one.town.other))
        yield one


async def landing(served: Web, code: str, agent: str, lang: str = "zh_CN") -> str:
    async with served.client(headers={"user-agent": agent}) as browser:
        answer = await browser.get(f"/c/{code}?lang={lang}")
        assert answer.status_code == 200
        assert "User-Agent" in answer.headers["vary"]
        return answer.text


def pictures(page: str) -> list[bytes]:
    return [base64.b64decode(data) for data in re.findall(r'<img src="data:image/png;base64,([^"]+)"', page)]


async def test_inside_wechat_the_code_is_there_to_be_pressed_and_writing_needs_no_following(followed: Web) -> None:
    page = await landing(followed, followed.town.deputy, WECHAT)
    assert pictures(page) == [qr_png(FOLLOW, scale=8)]
    assert "长按下面的码" in page
    assert page.index(f"/chat?code={followed.town.deputy}") < page.index("关注公众号")
    assert "t.me" not in page
    assert not re.search(r"\son\w+=|<script", page)


@pytest.mark.parametrize(("agent", "said"), [(PHONE, ""), (WECOM, "企业微信工作台"), (DINGTALK, "钉钉里的工作机器人")])
async def test_elsewhere_the_code_is_there_to_be_scanned_with_wechat(followed: Web, agent: str, said: str) -> None:
    page = await landing(followed, followed.town.deputy, agent)
    assert pictures(page) == [qr_png(FOLLOW, scale=8)]
    assert "用微信扫一扫这个码" in page
    assert "长按" not in page
    assert said in page
    assert ("您现在是在" in page) == bool(said)
    assert ("t.me" in page) == (agent == PHONE)


@pytest.mark.parametrize("code", ["station", "stall", "other"])
async def test_a_code_that_is_anothers_or_ended_or_not_made_yet_is_not_shown(followed: Web, code: str) -> None:
    page = await landing(followed, getattr(followed.town, code), WECHAT)
    assert pictures(page) == []
    assert "公众号" not in page
    assert "/chat?code=" in page


async def test_a_desk_without_an_account_looks_for_no_code(served: Web) -> None:
    assert pictures(await landing(served, served.town.deputy, WECHAT)) == []


@pytest.mark.parametrize(
    ("lang", "said"), [("zh_CN", "识别图中二维码"), ("zh_TW", "識別圖中二維碼"), ("en", "Press and hold")]
)
async def test_how_to_follow_is_told_in_every_language(followed: Web, lang: str, said: str) -> None:
    assert said in await landing(followed, followed.town.deputy, WECHAT, lang)
