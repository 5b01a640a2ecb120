"""The start page, and the landing page behind every printed QR code."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.limiter import Limiter, client_key
from bot.pages.assets import asset_route
from bot.pages.browser import app_of
from bot.pages.code_view import CodeView, StationLink, landing_values, look_up, station_links, wechat_values
from bot.pages.site import page, words_of
from bot.pages.words import Words
from routing.code import CodeKind, fold_code
from routing.ports import Names, Reader, Writer


@dataclass(frozen=True, slots=True)
class DemoLink:
    """One role that a newcomer may play. `role` names the sentences `home.demo_<role>`; `name` is the person's."""

    role: str
    url: str
    name: str = ""


Links = Callable[[str], Sequence[tuple[str, str]]]
Demo = Callable[[], Awaitable[Sequence[DemoLink]]]


class Entrance:
    """Pages that need no session. `links(code)` gives (wording key, address) of the other configured channels; a key
    with `_note` added is shown under it. `wechat_account` is the appid of the account whose QR codes are shown; "" for
    none. `demo` makes the links of the demonstration, and is None outside it.
    """

    def __init__(
        self,
        *,
        writer: Writer,
        reader: Reader,
        links: Links = lambda code: (),
        wechat_account: str = "",
        demo: Demo | None = None,
        zone: str = "Asia/Shanghai",
        wrong_codes_per_hour: int = 10,
        stations_for_seconds: float = 10.0,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._links = links
        self._wechat_account = wechat_account
        self._demo = demo
        self._zone = ZoneInfo(zone)
        self._wrong = Limiter(wrong_codes_per_hour, 3600)
        self._stations_for = stations_for_seconds
        self._stations: list[StationLink] = []
        self._stations_until = 0.0

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/", self._home, methods=["GET"], name="home"),
            Route("/c", self._typed, methods=["GET"], name="code form"),
            Route("/c/{code}", self._code, methods=["GET"], name="code"),
            Route("/robots.txt", _robots, methods=["GET"], name="robots"),
            asset_route(),
        ]

    async def _home(self, request: Request) -> Response:
        words = words_of(request)
        demo = _demo_values(await self._demo(), words) if self._demo is not None else None
        return page(
            request,
            "home.html",
            title=words.say("home.title") + " · " + words.say("page.brand_sub"),
            typed="",
            demo=demo,
            stations=await self._station_values(),
        )

    async def _typed(self, request: Request) -> Response:
        typed = request.query_params.get("code", "")
        code = fold_code(typed)
        if code is None:
            if not typed.strip():
                return RedirectResponse("/", status_code=303)
            return await self._wrong_code(request, typed)
        return RedirectResponse(f"/c/{code}", status_code=303)

    async def _code(self, request: Request) -> Response:
        typed = request.path_params["code"]
        code = fold_code(typed)
        if code is None:
            return await self._wrong_code(request, typed)
        if code != typed:
            return RedirectResponse(f"/c/{quote(code)}", status_code=303)
        work = look_up(code, count=_is_person(request), wechat_account=self._wechat_account)
        found = await self._writer.run(work, Names(code=code))
        if found is True:
            return await self._wrong_code(request, typed)
        # A guesser learns nothing more this hour. The stations' own codes stand on the start page anyway, and somebody
        # behind the same address as a guesser must still have a way to speak.
        public = isinstance(found, CodeView) and found.kind == CodeKind.STATION
        if not public and self._wrong.exhausted(client_key(request)) is not None:
            return await self._wrong_code(request, typed)
        if not isinstance(found, CodeView):
            return await self._no_code(request, "code.gone", 410, typed)
        words, app = words_of(request), app_of(request)
        values = landing_values(found, words, self._zone)
        # Inside one chat app, addresses that open another lead nowhere.
        links = [_link_values(key, url, words) for key, url in self._links(code)] if app is None else []
        title = words.say("landing.title", name=values["name"])
        response = page(
            request,
            "landing.html",
            title=title,
            links=links,
            wechat=wechat_values(found, app, words),
            inside=words.say(f"landing.in_{app}") if app in ("wecom", "dingtalk") else "",
            **values,
        )
        response.headers["Vary"] += ", User-Agent"
        return response

    async def _wrong_code(self, request: Request, typed: str) -> Response:
        wait = self._wrong.hit(client_key(request))
        if wait is None:
            return await self._no_code(request, "code.wrong", 404, typed)
        response = await self._no_code(request, "code.many", 429, "")
        response.headers["Retry-After"] = str(int(wait) + 1)
        return response

    async def _no_code(self, request: Request, key: str, status: int, typed: str) -> Response:
        words = words_of(request)
        headline = words.say(f"{key}_title")
        return page(
            request,
            "code.html",
            title=headline,
            status=status,
            headline=headline,
            text=words.say(f"{key}_text"),
            ask_again=status != 429,
            typed=typed[:40],
            stations=await self._station_values(),
        )

    async def _station_values(self) -> list[dict[str, Any]]:
        # Every wrong code shows this list: reading all codes for each would make a wrong code dear.
        if time.monotonic() >= self._stations_until:
            self._stations = await self._reader.run(station_links)
            self._stations_until = time.monotonic() + self._stations_for
        return [
            {
                "url": f"/c/{link.code}",
                "name": link.station.name,
                "address": link.station.address,
                "code": f"{link.code[:4]} {link.code[4:]}",
            }
            for link in self._stations
        ]


def _is_person(request: Request) -> bool:
    """Whether somebody looks at the page, and not a browser that fetches ahead."""
    purpose = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    return request.method == "GET" and "prefetch" not in purpose


def _link_values(key: str, url: str, words: Words) -> dict[str, str]:
    return {"label": words.say(key), "url": url, "note": words.sentences.get(f"{key}_note", "")}


def _demo_values(links: Sequence[DemoLink], words: Words) -> dict[str, Any]:
    roles = [
        {
            "url": link.url,
            "name": link.name,
            "label": words.say(f"home.demo_{link.role}"),
            "note": words.say(f"home.demo_{link.role}_note"),
        }
        for link in links
    ]
    citizen = next((link.url for link in links if link.role == "citizen"), None)
    qr = None
    if citizen is not None:
        qr = Markup(segno.make(citizen, error="m").svg_inline(border=0, dark="#26211c", omitsize=True, title="QR"))
    return {"roles": roles, "qr": qr}


async def _robots(request: Request) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /c/\nDisallow: /chat\nDisallow: /desk/\nDisallow: /join/\n")
