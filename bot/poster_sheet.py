"""Drawing on A4: text that always fits its box, bands, rules and pictures. Lengths in millimetres, type in points."""

import io
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from fpdf import FPDF

from bot.fonts import PosterFont

Colour = tuple[int, int, int]

INK: Final[Colour] = (28, 28, 30)
GREY: Final[Colour] = (92, 92, 98)
PALE: Final[Colour] = (246, 243, 240)
# Dark enough to read as black on a printer without colour.
RED: Final[Colour] = (158, 27, 30)
WHITE: Final[Colour] = (255, 255, 255)

#: No box takes more characters than this at any size.
MOST: Final = 300
#: The typographers' mark for a character that the font hasn't got.
MISSING: Final = "〓"
_MM_PER_POINT: Final = 25.4 / 72
_NEVER_FIRST: Final = frozenset("，。、；：！？）》」』】…·,.;:!?)")
_UNITS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/_~–-]*|.", re.DOTALL)


class Sheet:
    """A PDF under way. Use as a context manager: the font files stay open until it ends."""

    def __init__(self, font: PosterFont, title: str) -> None:
        self._font = font
        self._pdf = FPDF(format="A4", unit="mm")
        self._pdf.set_auto_page_break(False)
        self._pdf.set_margin(0)
        self._pdf.c_margin = 0
        self._pdf.set_title(self.printable(title))
        self._pdf.set_lang("zh-CN")
        for style, file in (("", font.regular), ("B", font.bold)):
            self._pdf.add_font("zh", style, file.path, collection_font_number=file.face)

    def __enter__(self) -> "Sheet":
        return self

    def __exit__(self, *_: object) -> None:
        # fpdf2 leaves them to the garbage collector.
        for font in self._pdf.fonts.values():
            font.ttfont.close()  # type: ignore[union-attr]

    def page(self) -> None:
        self._pdf.add_page()

    def output(self) -> bytes:
        return bytes(self._pdf.output())

    def box(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        fill: Colour | None = None,
        line: Colour | None = None,
        radius: float = 0,
        thick: float = 0.4,
    ) -> None:
        """A rectangle, filled, outlined or both."""
        style = ("D" if line else "") + ("F" if fill else "")
        if fill:
            self._pdf.set_fill_color(*fill)
        if line:
            self._pdf.set_draw_color(*line)
            self._pdf.set_line_width(thick)
        self._pdf.rect(x, y, w, h, style=style, round_corners=radius > 0, corner_radius=radius)

    def rule(self, x1: float, x2: float, y: float, colour: Colour = RED, thick: float = 0.4) -> None:
        self._pdf.set_draw_color(*colour)
        self._pdf.set_line_width(thick)
        self._pdf.line(x1, y, x2, y)

    def picture(self, png: bytes, x: float, y: float, size: float, description: str) -> None:
        self._pdf.image(io.BytesIO(png), x, y, size, size, alt_text=description)

    def text(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        text: str,
        size: float,
        *,
        bold: bool = False,
        colour: Colour = INK,
        align: str = "L",
        lines: int = 1,
        least: float = 7,
    ) -> None:
        """`text` in the box, centred between top and bottom, at `size` points or as much less (down to `least`) as it
        takes to fit into `lines` lines; what still doesn't fit ends in an ellipsis."""
        words = self.printable(text)
        rows = self._wrap(words, w, size, bold)
        while size > least and (len(rows) > lines or len(rows) * _leading(size) > h + 0.01):
            size -= 0.5
            rows = self._wrap(words, w, size, bold)
        if len(rows) > lines:
            rows = [*rows[: lines - 1], self._cut("".join(rows[lines - 1 :]), w)]
        if align == "C" and len(rows) > 1:
            rows = self._balance(rows, words, w, size, bold)
        self._pdf.set_text_color(*colour)
        top = y + (h - len(rows) * _leading(size)) / 2
        for number, row in enumerate(rows):
            self._pdf.set_xy(x, top + number * _leading(size))
            self._pdf.cell(w, _leading(size), row, align=align)

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """How wide `text` is, in millimetres."""
        self._pdf.set_font("zh", "B" if bold else "", size)
        return float(self._pdf.get_string_width(self.printable(text)))

    def printable(self, text: str) -> str:
        """Without controls and direction marks; a character that the font lacks becomes 〓."""
        spaced = " ".join(unicodedata.normalize("NFC", text[:MOST]).split())
        shown = (char for char in spaced if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
        return "".join(char if self._font.has(char) else MISSING for char in shown)

    def _wrap(self, text: str, width: float, size: float, bold: bool) -> list[str]:
        self._pdf.set_font("zh", "B" if bold else "", size)
        rows, row, long = [], "", 0.0
        for unit in self._units(text, width):
            wide = self._pdf.get_string_width(unit)
            if row and unit[0] not in _NEVER_FIRST and long + wide > width:
                rows.append(row.rstrip())
                row, long = unit.lstrip(), 0.0
            else:
                row += unit
            long += wide
        return [*rows, row] if row or not rows else rows

    def _balance(self, rows: list[str], text: str, width: float, size: float, bold: bool) -> list[str]:
        """The same number of lines, about equally long, so that no single word hangs below."""
        if rows[-1].endswith("…") and not text.endswith("…"):
            return rows
        narrow = width
        while len(tighter := self._wrap(text, narrow := narrow * 0.97, size, bold)) == len(rows):
            rows = tighter
        return rows

    def _units(self, text: str, width: float) -> Iterator[str]:
        for unit in _UNITS.findall(text):
            # A word wider than the line breaks anywhere.
            yield from (unit if len(unit) > 1 and self._pdf.get_string_width(unit) > width else [unit])

    def _cut(self, text: str, width: float) -> str:
        while text and self._pdf.get_string_width(text + "…") > width:
            text = text[:-1]
        return text + "…"


def _leading(size: float) -> float:
    return size * _MM_PER_POINT * 1.32
