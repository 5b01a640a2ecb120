"""A Chinese font for posters: the one named in the settings, else one of the usual ones on this machine."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]  # publishes no types
from fontTools.ttLib.ttCollection import TTCollection  # type: ignore[import-untyped]

SETTING: Final = "MASHANG_POSTER_FONT"

# Best first. Only fonts whose licence allows embedding (OFL, Apache, GPL with font exception), and what Windows has.
_WANTED: Final = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf", "NotoSansSC-Regular.ttf",
    "SourceHanSansSC-Regular.otf", "SourceHanSansCN-Regular.otf", "SourceHanSans-Regular.ttc", "SourceHanSans.ttc",
    "NotoSerifCJK-Regular.ttc", "SourceHanSerifSC-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf", "simhei.ttf",
)  # fmt: skip
_FOLDERS: Final = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/usr/share/texmf/fonts",
    "/Library/Fonts", "~/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
_SAMPLE: Final = "人大代表联络站码0A"


class FontMissing(Exception):
    """No usable Chinese font; the message says what to install or set."""


@dataclass(frozen=True, slots=True)
class FontFile:
    """A file and, for a collection (.ttc), the number of the face in it."""

    path: Path
    face: int
    characters: frozenset[int]


@dataclass(frozen=True, slots=True)
class PosterFont:
    """`bold` is the regular file again where there is no bold one beside it."""

    regular: FontFile
    bold: FontFile

    def has(self, char: str) -> bool:
        return ord(char) in self.regular.characters and ord(char) in self.bold.characters


def find_font(named: str | Path | None = None, folders: Iterable[str | Path] = _FOLDERS) -> PosterFont:
    """The font of the settings (`named`: .ttf, .otf or .ttc), else the best one in `folders`.

    Raises `FontMissing`.
    """
    if named:
        file = _open(Path(named).expanduser())
        if file is None:
            raise FontMissing(
                f"{named} ({SETTING}) isn't a font with Chinese characters that can be read; "
                "name a .ttf, .otf or .ttc file, or remove the setting to use one of this machine"
            )
        return _with_bold(file, {path.name.lower(): path for path in file.path.parent.iterdir()})
    here = _fonts_in(folders)
    for name in _WANTED:
        path = here.get(name.lower())
        if path and (file := _open(path)):
            return _with_bold(file, here)
    raise FontMissing(
        "no Chinese font on this machine, and a poster needs one. Install one "
        "(Debian, Ubuntu: apt-get install fonts-noto-cjk · Fedora, openEuler: dnf install google-noto-sans-cjk-fonts"
        f" · Alpine: apk add font-noto-cjk) or name a .ttf, .otf or .ttc file in {SETTING}"
    )


def _fonts_in(folders: Iterable[str | Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in folders:
        for where, _, names in os.walk(Path(folder).expanduser()):
            for name in names:
                found.setdefault(name.lower(), Path(where, name))
    return found


def _with_bold(regular: FontFile, here: dict[str, Path]) -> PosterFont:
    path = here.get(regular.path.name.lower().replace("regular", "bold"))
    bold = _open(path) if path and path != regular.path else None
    return PosterFont(regular, bold or regular)


def _open(path: Path) -> FontFile | None:
    """The Simplified Chinese face of a file, if it has the characters that every poster needs."""
    try:
        face = _chinese_face(path) if path.suffix.lower() in (".ttc", ".otc") else 0
        # Opened here because fontTools leaves a file open that turns out not to be a font.
        with path.open("rb") as file, TTFont(file, fontNumber=face, lazy=True) as font:
            characters = frozenset(font.getBestCmap() or ())
    except (OSError, TTLibError, AssertionError, KeyError):
        return None
    return FontFile(path, face, characters) if all(ord(char) in characters for char in _SAMPLE) else None


def _chinese_face(path: Path) -> int:
    """One file holds the Japanese, Korean and Chinese shapes of the same characters: 骨 and 直 differ."""
    with path.open("rb") as file, TTCollection(file, lazy=True) as collection:
        names = [font["name"].getDebugName(4) or "" for font in collection.fonts]
    for ending in (" SC", " CN"):
        for number, name in enumerate(names):
            if ending in f"{name} " and "Mono" not in name and "HW" not in name:
                return number
    return 0
