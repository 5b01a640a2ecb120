"""What stands on the landing page of a code, gathered in one transaction and worded afterwards."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from bot.pages.browser import App
from bot.pages.words import Words
from bot.qr import qr_png
from routing.code import Code, CodeKind, Scan
from routing.directory import Directory
from routing.ports import UnitOfWork
from routing.station import Deputy, Station

_TIERS = {"总站": 0, "中心站": 1}


@dataclass(frozen=True, slots=True)
class CodeView:
    """A valid code and whom it leads to.

    `hears` is who hears now: the deputy, a substitute, or None for the station. `wechat` is what the QR holds that
    leads into the chat with the WeChat account, if there is one.
    """

    code: str
    kind: CodeKind
    place: str
    station: Station
    deputy: Deputy | None
    hears: Deputy | None
    now: datetime
    wechat: str | None = None


@dataclass(frozen=True, slots=True)
class StationLink:
    station: Station
    code: str


def look_up(code: str, *, count: bool, wechat_account: str = "") -> Callable[[UnitOfWork], CodeView | bool]:
    """Work that finds a code: the view, or False when it is revoked or leads nowhere, or True when it is unknown.

    `count` says whether a person came (then the arrival is counted) or only a program that previews links.
    `wechat_account`: whose parametric QR is looked for; "" for nobody's.
    """

    def work(uow: UnitOfWork) -> CodeView | bool:
        row = uow.codes.get(code)
        if row is None:
            return True
        station = uow.directory.stations.get(row.station_id)
        if station is None or not station.active or not row.valid_at(uow.now):
            return False
        if count:
            uow.codes.add_scan(Scan(code=row.code, place=row.place, channel="page", at=uow.now))
        view = _view(row, station, uow.directory, uow.now)
        if not wechat_account:
            return view
        made = uow.platform_codes.get("wechat", wechat_account, row.code)
        return replace(view, wechat=made.url) if made is not None and made.leads_until(uow.now) else view

    return work


def _view(row: Code, station: Station, directory: Directory, now: datetime) -> CodeView:
    deputy = directory.deputies.get(row.deputy_id) if row.deputy_id is not None else None
    hears = directory.serving_deputy(deputy.id, now) if deputy is not None else None
    return CodeView(row.code, row.kind, row.place, station, deputy, hears, now)


def station_links(uow: UnitOfWork) -> list[StationLink]:
    """Every active station with its own code, the uppermost tier first."""
    codes: dict[int, str] = {}
    for row in uow.codes.all():
        if row.kind == CodeKind.STATION and row.valid_at(uow.now):
            codes.setdefault(row.station_id, row.code)
    stations = [s for s in uow.directory.stations.values() if s.active and s.id in codes]
    stations.sort(key=lambda s: (_TIERS.get(s.tier, 2), s.prefix, s.id))
    return [StationLink(station, codes[station.id]) for station in stations]


def _notice(view: CodeView, words: Words, zone: tzinfo) -> str:
    deputy = view.deputy
    if deputy is None:
        return ""
    if view.hears is None:
        return words.say("landing.left", name=deputy.name, station=view.station.name)
    away = deputy.status == "away" and (deputy.away_until is None or view.now < deputy.away_until)
    if not away:
        return ""
    params: dict[str, str] = {"name": deputy.name}
    key = "landing.away"
    if view.hears.id == deputy.id:
        key = "landing.away_station"
    else:
        params["substitute"] = view.hears.name
    if deputy.away_until is None:
        return words.say(key if key == "landing.away" else "landing.away_station_open", **params)
    # An absence that ends at midnight has its last day before it.
    day = (deputy.away_until - timedelta(milliseconds=1)).astimezone(zone).date()
    params["date"] = words.say("landing.date", month=day.month, day=day.day, iso=day.isoformat())
    return words.say("landing.away_until" if key == "landing.away" else key, **params)


def _facts(view: CodeView, words: Words) -> list[dict[str, str]]:
    station, facts = view.station, []

    def fact(key: str, value: str | None, tel: str = "") -> None:
        if value:
            facts.append({"label": words.say(key), "value": value, "tel": tel})

    if view.hears is not None and view.deputy is not None:
        fact("landing.at_station", station.name)
        fact("landing.reception_deputy", view.deputy.reception)
        fact("landing.skills", words.say("landing.list_separator").join(view.deputy.skills))
    fact("landing.reception", station.reception)
    fact("landing.address", station.address)
    fact("landing.phone", station.phone, "".join(c for c in station.phone or "" if c.isdigit() or c == "+"))
    return facts


def landing_values(view: CodeView, words: Words, zone: tzinfo) -> dict[str, Any]:
    """The values of `landing.html`, but for the links to other channels."""
    deputy, station = view.deputy, view.station
    values: dict[str, Any] = {"notice": _notice(view, words, zone), "facts": _facts(view, words)}
    if deputy is not None and view.hears is not None:
        numbered = ("landing.deputy", {"number": deputy.number}) if deputy.number else ("landing.deputy_plain", {})
        values |= {
            "eyebrow": words.say(numbered[0], **numbered[1]),
            "name": deputy.name,
            "subtitle": " · ".join(part for part in (deputy.level, deputy.title) if part),
            "write_label": words.say("landing.write_deputy", name=deputy.name),
        }
    else:
        eyebrow = words.say("landing.station_plain")
        if station.tier in _TIERS:
            eyebrow = words.say("landing.station", tier=station.tier)
        if view.kind in (CodeKind.STALL, CodeKind.PROJECT):
            eyebrow = words.say(f"landing.{view.kind.value}", place=view.place)
        values |= {"eyebrow": eyebrow, "name": station.name, "subtitle": "", "write_label": words.say("landing.write")}
    values["write_url"] = f"/chat?code={view.code}"
    return values


def wechat_values(view: CodeView, app: App | None, words: Words) -> dict[str, str] | None:
    """The QR that leads into the chat with the WeChat account, and how to use it where the page is open; None without.

    It is a picture of its own, inside the page: WeChat recognises pictures that are pressed long, and no drawings; and
    an address of it would tell who guesses codes which ones there are.
    """
    if view.wechat is None:
        return None
    picture = base64.b64encode(qr_png(view.wechat, scale=8)).decode()
    return {
        "src": f"data:image/png;base64,{picture}",
        "how": words.say("landing.wechat_press" if app == "wechat" else "landing.wechat_scan"),
    }
