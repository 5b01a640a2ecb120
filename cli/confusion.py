"""A picture of what is taken for what: one row for each right answer, one column for each given one.

Drawn once as boxes and words, and written as SVG (the reader's own fonts) or PNG (a Chinese font of this machine).
"""

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from bot.fonts import PosterFont

_CELL: Final = 46
_SMALL_CELL: Final = 34
_MANY: Final = 12
"""From this many columns on, cells are small."""

_EDGE: Final = 28
_TITLE: Final = 76
_TAIL: Final = 132
_SIZE: Final = 14
_TITLE_SIZE: Final = 18
_INK, _FAINT, _PAPER, _EMPTY = "#1f2937", "#6b7280", "#ffffff", "#f3f4f6"
# Blue and orange: apart for every common form of colour blindness, and in grey by what is written in them.
_RIGHT: Final = (29, 78, 216)
_WRONG: Final = (194, 65, 12)
_FONTS: Final = (
    "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei','WenQuanYi Micro Hei',sans-serif"
)
_ANCHORS: Final = {"start": "l", "middle": "m", "end": "r"}
_PNG_SCALE: Final = 2


class Box(NamedTuple):
    """A filled rectangle, in pixels from the top left."""

    x: float
    y: float
    width: float
    height: float
    fill: str


class Words(NamedTuple):
    """A line of text; ``y`` is its middle, ``anchor`` (start, middle, end) what ``x`` is of it."""

    x: float
    y: float
    text: str
    size: float = _SIZE
    fill: str = _INK
    anchor: str = "start"
    bold: bool = False


class Picture(NamedTuple):
    """What is drawn, back to front."""

    width: int
    height: int
    shapes: Sequence[Box | Words]


class Labels(NamedTuple):
    """The words around the cells. ``row_end`` is what a row ends with, of its share that is right (0..1) and size."""

    title: str
    axes: str
    nothing: str
    row_end: Callable[[float, int], str]


def draw(counts: Mapping[tuple[str, str | None], int], names: Mapping[str, str], labels: Labels) -> Picture:
    """Draw ``counts`` of (expected, given), given None: no answer.

    ``names`` words the answers and orders them; those that never occur are left out. A cell is the darker the larger
    its share of its row: blue where it is right, orange where not.
    """
    shown = [code for code in names if any(code in pair for pair in counts)]
    columns: list[str | None] = [*shown]
    if any(given is None for _, given in counts):
        columns.append(None)
    cell = _CELL if len(columns) < _MANY else _SMALL_CELL
    headings = [labels.nothing if code is None else names[code] for code in columns]
    left = _EDGE + max((_width(names[code]) for code in shown), default=0) + 12
    above = _TITLE + max(map(len, headings), default=0) * (_SIZE + 1) + 12
    width = max(
        left + len(columns) * cell + _TAIL, _EDGE * 2 + _width(labels.title) * 1.4, _EDGE * 2 + _width(labels.axes)
    )
    height = above + len(shown) * cell + _EDGE
    shapes: list[Box | Words] = [
        Box(0, 0, width, height, _PAPER),
        Words(_EDGE, 30, labels.title, _TITLE_SIZE, bold=True),
        Words(_EDGE, 54, labels.axes, 13, _FAINT),
    ]
    for at, heading in enumerate(headings):
        x = left + (at + 0.5) * cell
        # Chinese stands upright in a column of its own.
        top = above - 10 - len(heading) * (_SIZE + 1)
        shapes += [Words(x, top + (row + 0.5) * (_SIZE + 1), char, anchor="middle") for row, char in enumerate(heading)]
    for row, code in enumerate(shown):
        y = above + row * cell
        in_row = sum(n for (expected, _), n in counts.items() if expected == code)
        shapes.append(Words(left - 10, y + cell / 2, names[code], anchor="end"))
        for at, given in enumerate(columns):
            shapes += _cell(left + at * cell, y, cell, counts.get((code, given), 0), in_row, right=given == code)
        if in_row:
            end = labels.row_end(counts.get((code, code), 0) / in_row, in_row)
            shapes.append(Words(left + len(columns) * cell + 12, y + cell / 2, end, 13, _FAINT))
    return Picture(round(width), round(height), shapes)


def to_svg(picture: Picture) -> str:
    """Give the picture as one SVG document that needs nothing else."""
    size = f'width="{picture.width}" height="{picture.height}" viewBox="0 0 {picture.width} {picture.height}"'
    shapes = "\n".join(map(_svg_shape, picture.shapes))
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_FONTS}">\n{shapes}\n</svg>\n'


def write_png(picture: Picture, font: PosterFont, path: Path) -> None:
    """Write the picture as PNG, twice as large for sharp screens. Raises OSError where that is impossible."""
    image = Image.new("RGB", (picture.width * _PNG_SCALE, picture.height * _PNG_SCALE), _PAPER)
    drawing = ImageDraw.Draw(image)
    for shape in picture.shapes:
        if isinstance(shape, Box):
            x, y, width, height, fill = shape
            drawing.rectangle([n * _PNG_SCALE for n in (x, y, x + width - 1, y + height - 1)], fill)
        else:
            file = font.bold if shape.bold else font.regular
            face = ImageFont.truetype(str(file.path), round(shape.size * _PNG_SCALE), file.face)
            at = (shape.x * _PNG_SCALE, shape.y * _PNG_SCALE)
            drawing.text(at, shape.text, shape.fill, face, f"{_ANCHORS[shape.anchor]}m")
    image.save(path, "PNG")


def _cell(x: float, y: float, size: float, n: int, in_row: int, *, right: bool) -> Iterator[Box | Words]:
    share = n / in_row if in_row else 0.0
    # A single mistake in a hundred is still seen.
    depth = 0.12 + 0.88 * share if n else 0.0
    yield Box(x, y, size - 2, size - 2, _blend(_RIGHT if right else _WRONG, depth) if n else _EMPTY)
    if n:
        text = f"{n:,}" if n < 10_000 else f"{n / 1000:.0f}k"
        yield Words(x + size / 2 - 1, y + size / 2 - 1, text, 12, _PAPER if depth > 0.5 else _INK, "middle")


def _blend(colour: tuple[int, int, int], depth: float) -> str:
    return "#" + "".join(f"{round(255 + (part - 255) * depth):02x}" for part in colour)


def _width(text: str) -> int:
    """About as wide as it is drawn: Chinese is square, Latin half."""
    return sum(_SIZE if ord(char) > 0x2E7F else _SIZE // 2 + 1 for char in text)


def _svg_shape(shape: Box | Words) -> str:
    if isinstance(shape, Box):
        x, y, width, height, fill = shape
        return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}" rx="3"/>'
    weight = ' font-weight="600"' if shape.bold else ""
    # A third of the size below the middle is where most fonts have their base line; not all viewers know the attribute
    # that would say it.
    place = f'x="{shape.x:g}" y="{shape.y + shape.size * 0.35:g}" text-anchor="{shape.anchor}"'
    text = html.escape(shape.text)
    return f'<text {place} font-size="{shape.size:g}" fill="{shape.fill}"{weight}>{text}</text>'
