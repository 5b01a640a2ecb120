"""An A4 poster for a code: who listens, the QR (WeChat's own beside it, where there is one), the code to type, and what
to do in an emergency."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

from bot.fonts import PosterFont, find_font
from bot.poster_sheet import GREY, PALE, RED, WHITE, Sheet
from bot.qr import qr_png
from routing.code import display_code

_WORDS: Final = Path(__file__).parent / "wording" / "poster.zh_CN.yaml"
_LEFT: Final = 18.0
_WIDE: Final = 174.0


@dataclass(frozen=True, slots=True)
class PosterContent:
    """What one poster says. Without `deputy_name` it is the station's own. `url` is what the QR holds, `wechat_url`
    what the one that WeChat made holds, good until the day `wechat_until` where it ends; `place` is where it will
    hang, printed small in the corner for whoever puts it up."""

    station: str
    code: str
    url: str
    reception: str = ""
    address: str = ""
    phone: str | None = None
    deputy_number: str = ""
    deputy_name: str = ""
    deputy_level: str = ""
    place: str = ""
    wechat_url: str = ""
    wechat_until: date | None = None


def render_poster(content: PosterContent, font: PosterFont | None = None) -> bytes:
    """One poster as a PDF. Raises `FontMissing`, and `ValueError` for an address that no phone could open."""
    return render_posters([content], font)


def render_posters(
    contents: Iterable[PosterContent], font: PosterFont | None = None, on_page: Callable[[int], None] | None = None
) -> bytes:
    """Posters as the pages of one PDF. `on_page` hears the number of each finished page, for a progress bar.

    Raises `FontMissing`, and `ValueError` for an address that no phone could open or when there is no poster.
    """
    posters = list(contents)
    if not posters:
        raise ValueError("no poster to print; make a code first")
    with Sheet(font or find_font(), _words()["document_title"].format(station=posters[0].station)) as sheet:
        for number, content in enumerate(posters, start=1):
            sheet.page()
            _draw(sheet, content, _words())
            if on_page:
                on_page(number)
        return sheet.output()


@functools.cache
def _words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load(_WORDS.read_text("utf-8"))
    return words


def _draw(sheet: Sheet, content: PosterContent, words: dict[str, Any]) -> None:
    _head(sheet, content)
    if content.deputy_name:
        _deputy(sheet, content, words)
    else:
        _slogan(sheet, words)
    _code(sheet, content, words)
    _steps(sheet, words)
    _facts(sheet, content, words)
    _emergency(sheet, words)
    for number, line in enumerate(words["notice"]):
        sheet.text(_LEFT, 276 + 4.5 * number, _WIDE, 4.5, line, 8, colour=GREY, least=6)
    if content.place:
        sheet.text(_LEFT, 287, _WIDE, 4, words["place"].format(place=content.place), 7, colour=GREY, align="R", least=5)


def _head(sheet: Sheet, content: PosterContent) -> None:
    sheet.box(0, 0, 210, 5, fill=RED)
    sheet.text(_LEFT, 10, _WIDE, 17, content.station, 27, bold=True, align="C", lines=2, least=12)
    sheet.rule(_LEFT, _LEFT + _WIDE, 29)
    sheet.rule(_LEFT, _LEFT + _WIDE, 30.2, thick=0.15)


def _deputy(sheet: Sheet, content: PosterContent, words: dict[str, Any]) -> None:
    number = words["deputy_number"].format(number=content.deputy_number)
    sheet.text(_LEFT, 35, 62, 20, number, 58, bold=True, colour=RED, align="R", least=20)
    sheet.text(_LEFT + 64, 44, 22, 9, words["deputy_number_suffix"], 15, colour=RED)
    sheet.text(_LEFT + 90, 34, 84, 14, content.deputy_name, 32, bold=True, lines=2, least=10)
    sheet.text(_LEFT + 90, 47, 84, 8, content.deputy_level, 14, colour=GREY, lines=2, least=7)
    sheet.text(_LEFT, 57, _WIDE, 9, words["deputy_slogan"], 17, align="C")


def _slogan(sheet: Sheet, words: dict[str, Any]) -> None:
    sheet.text(_LEFT, 36, _WIDE, 18, words["station_slogan"], 42, bold=True, colour=RED, align="C")
    sheet.text(_LEFT, 55, _WIDE, 9, words["station_lead"], 16, align="C")


def _code(sheet: Sheet, content: PosterContent, words: dict[str, Any]) -> None:
    if content.wechat_url:
        _two_codes(sheet, content, words)
    else:
        _framed(sheet, content.url, 59, 72, 92)
        sheet.text(_LEFT, 169, _WIDE, 8, words["scan"], 15, bold=True, align="C")
    sheet.text(_LEFT, 178, _WIDE, 13, display_code(content.code), 30, bold=True, colour=RED, align="C")
    sheet.text(_LEFT, 190.5, _WIDE, 5, words["typed"], 9.5, colour=GREY, align="C")


def _two_codes(sheet: Sheet, content: PosterContent, words: dict[str, Any]) -> None:
    """WeChat's first: most people scan with WeChat, and by it they are in the chat at once. Far enough apart that a
    phone sees one at a time."""
    side, middle = 74.0, 105.0
    until = content.wechat_until
    notes = words["wechat_until"].format(month=until.month, day=until.day) if until else words["wechat_note"]
    for url, left, title, note in (
        (content.wechat_url, _LEFT + 3, words["wechat_scan"], notes),
        (content.url, 2 * middle - _LEFT - 3 - side, words["other_scan"], words["other_note"]),
    ):
        _framed(sheet, url, left, 73, side)
        sheet.text(left - 3, 154, side + 6, 8, title, 15, bold=True, align="C", least=9)
        sheet.text(left - 3, 162.5, side + 6, 6, note, 10, colour=GREY, align="C", least=6)


def _framed(sheet: Sheet, url: str, left: float, top: float, side: float) -> None:
    sheet.box(left - 3, top - 3, side + 6, side + 6, line=RED, radius=3, thick=0.6)
    sheet.picture(qr_png(url), left, top, side, url)


def _steps(sheet: Sheet, words: dict[str, Any]) -> None:
    column = _WIDE / 3
    for number, step in enumerate(words["steps"]):
        x = _LEFT + number * column
        sheet.box(x + 6, 200, 9, 9, fill=RED, radius=4.49)
        sheet.text(x + 6, 200, 9, 9, str(number + 1), 14, bold=True, colour=WHITE, align="C")
        sheet.text(x + 18, 198, column - 19, 6.5, step["title"], 14, bold=True)
        sheet.text(x + 18, 204.5, column - 19, 6, step["text"], 9.5, colour=GREY, least=6)
    for number, line in enumerate(words["purpose"]):
        sheet.text(_LEFT, 213.5 + 6 * number, _WIDE, 6, line, 10.5, align="C", least=8)


def _facts(sheet: Sheet, content: PosterContent, words: dict[str, Any]) -> None:
    facts = [("reception", content.reception), ("address", content.address), ("phone", content.phone or "")]
    rows = [(words[name], said) for name, said in facts if said]
    if not rows:
        return
    sheet.box(_LEFT, 228, _WIDE, 24, fill=PALE, radius=2)
    height = 20 / len(rows)
    for number, (label, said) in enumerate(rows):
        y = 230 + number * height
        sheet.text(_LEFT + 6, y, 24, height, label, 11, bold=True, colour=RED)
        sheet.text(_LEFT + 32, y, _WIDE - 38, height, said, 12, lines=2, least=6)


def _emergency(sheet: Sheet, words: dict[str, Any]) -> None:
    sheet.box(_LEFT, 256, _WIDE, 17, fill=RED, radius=2)
    sheet.text(_LEFT + 6, 257, 56, 8.5, words["emergency_title"], 13, bold=True, colour=WHITE)
    sheet.text(_LEFT + 6, 265, 56, 6, words["emergency_note"], 9.5, colour=WHITE)
    sheet.text(_LEFT + 62, 256, _WIDE - 68, 17, words["emergency_numbers"], 32, bold=True, colour=WHITE, align="R")
