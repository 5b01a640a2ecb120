"""How one `OutboundMessage` becomes messages that Telegram takes, before either library is involved."""

import mimetypes
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from bot.message import Button, OutboundMessage, Picture
from bot.text import encodable, measure_for, split

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
PHOTO_LIMIT = 10 * 1024 * 1024
# What Telegram plays as a voice; other sound goes as a document (https://core.telegram.org/bots/api#sendvoice).
VOICE_TYPES = frozenset({"audio/ogg", "audio/opus", "audio/mpeg", "audio/mp3", "audio/mp4", "audio/x-m4a"})
# Columns of a label (a Chinese character takes two) up to which so many buttons fit beside each other on a phone.
ROW_WIDTHS = ((4, 5), (8, 3), (12, 2))

_measure = measure_for("utf16")


@dataclass(frozen=True, slots=True)
class File:
    """A stored file with its content, as it will be uploaded."""

    method: Literal["photo", "voice", "document"]
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """One Telegram message: a text, or a file whose caption is `text`. Buttons stand under it in rows."""

    text: str
    rows: tuple[tuple[Button, ...], ...] = ()
    file: File | None = None


def plan(message: OutboundMessage, files: Sequence[File]) -> list[Part]:
    """The messages to send, in order. A text that fits goes under a single file; else the files come first."""
    text = encodable(message.text)
    rows = keyboard(message.buttons)
    if len(files) == 1 and _measure(text) <= CAPTION_LIMIT:
        return [Part(text, rows, files[0])]
    parts = [Part("", file=file) for file in files]
    # Telegram refuses a message of blanks.
    parts += [Part(piece) for piece in split(text, TEXT_LIMIT, "utf16") if piece.strip()]
    if parts:
        parts[-1] = Part(parts[-1].text, rows, parts[-1].file)
    return parts


def alternatives(part: Part) -> list[Part]:
    """Ways to send a part, best first: what Telegram can't show as a picture or play goes as a document, and where
    it takes no file at all the text must still arrive."""
    ways = [part]
    if part.file is not None and part.file.method != "document":
        ways.append(replace(part, file=replace(part.file, method="document")))
    if part.file is not None and part.text.strip():
        ways.append(replace(part, file=None))
    return ways


def uploadable(picture: Picture, content: bytes) -> File:
    """Choose how a stored file is shown."""
    name = picture.name
    if "." not in name:
        name += mimetypes.guess_extension(picture.mime) or ""
    if picture.kind == "photo" and len(content) <= PHOTO_LIMIT:
        return File("photo", name, content)
    if picture.kind == "voice" and picture.mime.partition(";")[0] in VOICE_TYPES:
        return File("voice", name, content)
    return File("document", name, content)


def keyboard(buttons: Sequence[Button]) -> tuple[tuple[Button, ...], ...]:
    """Rows of buttons: one a row, unless all their labels are short."""
    if not buttons:
        return ()
    widest = max(_columns(button.label) for button in buttons)
    beside = next((count for width, count in ROW_WIDTHS if widest <= width), 1)
    return tuple(tuple(buttons[at : at + beside]) for at in range(0, len(buttons), beside))


@lru_cache(1000)
def _columns(label: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in label)
