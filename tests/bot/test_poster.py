"""Posters and QR pictures: they can be read by a phone, fit on the page, and say what to do without a font."""

import io
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from bot import fonts
from bot.fonts import FontMissing, PosterFont, find_font
from bot.poster import PosterContent, render_poster, render_posters
from bot.poster_sheet import Sheet
from bot.qr import qr_png, qr_svg

URL = "https://mashang.example.gov.cn/c/10A7K2QX"
DEPUTY = PosterContent(
    station="海珀社区代表联络站",
    code="10A7K2QX",
    url=URL,
    reception="每月20日上午 9:00—11:30",
    address="海珀路8号一楼",
    phone="0571-8000-0101",
    deputy_number="086",
    deputy_name="林秋",
    deputy_level="海平县人大代表",
    place="东门菜场",
)
STATION = PosterContent(station="海平县代表联络总站", code="10A7K2QX", url=URL)


@pytest.fixture(scope="module")
def font() -> PosterFont:
    try:
        return find_font()
    except FontMissing as missing:
        pytest.skip(str(missing))


def run(*command: str, stdin: bytes = b"") -> bytes:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed (apt-get install poppler-utils zbar-tools)")
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout


def words_of(pdf: bytes) -> str:
    return "".join(run("pdftotext", "-", "-", stdin=pdf).decode().split())


def scanned(png: bytes, folder: Path) -> str:
    file = folder / "page.png"
    file.write_bytes(png)
    return run("zbarimg", "-q", "--raw", str(file)).decode().strip()


def test_a_deputys_poster_says_who_where_when_and_what_in_an_emergency(font: PosterFont) -> None:
    words = words_of(render_poster(DEPUTY, font))
    for said in (
        "海珀社区代表联络站",
        "086",
        "林秋",
        "海平县人大代表",
        "每月20日上午9:00—11:30",
        "海珀路8号一楼",
        "0571-8000-0101",
        "10A7K2QX",
        "110·119·120",
        "自动回复",
        "12388",
        "东门菜场",
    ):
        assert said in words


def test_a_stations_poster_names_no_deputy(font: PosterFont) -> None:
    words = words_of(render_poster(STATION, font))
    assert "海平县代表联络总站" in words
    assert "号代表" not in words
    assert "接待时间" not in words


def test_the_qr_of_the_printed_page_leads_to_the_code(font: PosterFont, tmp_path: Path) -> None:
    page = run("pdftoppm", "-r", "80", "-gray", "-png", "-", stdin=render_poster(DEPUTY, font))
    assert scanned(page, tmp_path) == URL


WECHAT = "http://weixin.qq.com/q/02abcDEFghijk1000000M"


def test_both_codes_of_a_page_are_read_and_each_says_who_scans_it(font: PosterFont, tmp_path: Path) -> None:
    poster = render_poster(replace(DEPUTY, wechat_url=WECHAT), font)
    page = run("pdftoppm", "-r", "80", "-gray", "-png", "-", stdin=poster)
    assert set(scanned(page, tmp_path).split()) == {URL, WECHAT}
    words = words_of(poster)
    assert "微信扫这个" in words
    assert "其他软件扫这个" in words
    assert "有效至" not in words
    assert "此码有效至12月28日" in words_of(
        render_poster(replace(STATION, wechat_url=WECHAT, wechat_until=date(2026, 12, 28)), font)
    )


def test_the_chinese_font_is_embedded_as_a_subset(font: PosterFont) -> None:
    pdf = render_poster(DEPUTY, font)
    rows = run("pdffonts", "-", stdin=pdf).decode().splitlines()[2:]
    assert rows
    for row in rows:
        assert row.split()[-5:-2] == ["yes", "yes", "yes"], row  # embedded, subset, searchable
    assert len(pdf) < 200_000


def test_several_posters_make_one_file_and_tell_how_far_it_is(font: PosterFont) -> None:
    told: list[int] = []
    pdf = render_posters([DEPUTY, STATION, DEPUTY], font, told.append)
    assert told == [1, 2, 3]
    assert b"Pages: 3" in b" ".join(run("pdfinfo", "-", stdin=pdf).split())
    with pytest.raises(ValueError, match="no poster"):
        render_posters([], font)


def test_hostile_and_endless_names_stay_on_the_page(font: PosterFont) -> None:
    nasty = "\u202e\x00\ud800站\n\t😀" + "很长的名字" * 80
    content = PosterContent(nasty, "10A7K2QX", URL, nasty, nasty, nasty, nasty, nasty, nasty, nasty)
    words = words_of(render_poster(content, font))
    assert "110·119·120" in words
    assert "〓" in words


def test_text_never_leaves_its_box(font: PosterFont) -> None:
    with Sheet(font, "test") as sheet:
        sheet.page()
        rows = sheet._wrap("海平县mashang.example.gov.cn/c/10A7K2QX，好。" * 3, 30, 12, False)
        assert all(sheet.width(row.rstrip("，。."), 12) <= 30.01 for row in rows), "marks may hang over"
        assert not any(row.startswith(("，", "。")) for row in rows)


def test_the_qr_pictures_hold_the_address(tmp_path: Path) -> None:
    png = qr_png(URL, scale=4)
    assert Image.open(io.BytesIO(png)).format == "PNG"
    assert qr_svg(URL).startswith(b"<?xml")
    assert b"<svg" in qr_svg(URL)
    assert scanned(png, tmp_path) == URL


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "mashang.cn/c/1", "https://", "https://a.cn/" + "x" * 300])
def test_an_address_that_no_phone_opens_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        qr_png(url)


def test_the_simplified_face_of_a_collection_is_taken(font: PosterFont) -> None:
    if font.regular.path.name != "NotoSansCJK-Regular.ttc":
        pytest.skip("the font here isn't Noto Sans CJK")
    assert "SC" in run("pdffonts", "-", stdin=render_poster(STATION, font)).decode()
    assert font.bold.path.name == "NotoSansCJK-Bold.ttc"


def test_a_font_may_be_named(font: PosterFont) -> None:
    assert find_font(font.regular.path) == font


def test_without_a_font_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FontMissing, match=r"fonts-noto-cjk.*MASHANG_POSTER_FONT"):
        find_font(folders=[tmp_path])
    latin = tmp_path / "NotoSansCJK-Regular.ttc"
    latin.write_bytes(b"ttcf" + b"\x00" * 40)
    for wrong in (latin, tmp_path / "none.ttf", Path(fonts.__file__)):
        with pytest.raises(FontMissing, match="can be read"):
            find_font(wrong)
    with pytest.raises(FontMissing, match="Install one"):
        find_font(folders=[tmp_path])
