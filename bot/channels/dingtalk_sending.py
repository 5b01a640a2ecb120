"""How one `OutboundMessage` becomes messages that a DingTalk robot takes (msgKey and msgParam).

https://open.dingtalk.com/document/development/robot-message-type: a plain text is `sampleText`, which shows every mark
as it stands. Buttons need Markdown: up to five are `sampleActionCard…`, more are links under a `sampleMarkdown`.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from bot.channel import Capabilities
from bot.channels.dingtalk_buttons import press_link
from bot.message import Button, OutboundMessage, Picture
from bot.text import encodable, split

#: DingTalk names 20,000 bytes for a whole message (error 460101) and advises 5,000 characters of Markdown. In bytes,
#: because a card writes some characters longer and its buttons take room as well.
TEXT_LIMIT = 4000
#: 标准版 allows an app 20 calls a second of each kind; above that it refuses.
CAPABILITIES = Capabilities(text_limit=TEXT_LIMIT, text_unit="bytes", per_second=15.0)
CARD_BUTTONS = 5
#: What a card's line in the list of chats shows.
TITLE_LIMIT = 40
_LINK = re.compile(r"https?://[^\s\u3000-\u303f\uff00-\uffef]+")
#: Marks of Markdown and of HTML, and what stands for them: whether DingTalk lets them be escaped is nowhere written.
_WIDE = str.maketrans({mark: chr(ord(mark) + 0xFEE0) for mark in "*_`[]<>~|\\"})
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BEGINNING = re.compile(r"(?m)^[ \t]*([#\-+=]*)")


@dataclass(frozen=True, slots=True)
class File:
    """A stored file with its content, as it will be uploaded. `media` is what the upload calls it."""

    media: Literal["image", "file"]
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """One message of the robot's: a text, perhaps with buttons, or a file."""

    text: str = ""
    buttons: tuple[Button, ...] = ()
    file: File | None = None


def plan(message: OutboundMessage, files: Sequence[File]) -> list[Part]:
    """The messages to send, in order: files first, then the text, the buttons under its last piece."""
    parts = [Part(file=file) for file in files]
    pieces = [piece for piece in split(encodable(message.text), TEXT_LIMIT, "bytes") if piece.strip()]
    for piece in pieces[:-1]:
        parts.append(Part(piece))
    if pieces or message.buttons:
        parts.append(Part(pieces[-1] if pieces else "…", message.buttons))
    return parts


def template(part: Part) -> tuple[str, dict[str, str]]:
    """The msgKey and msgParam of a part without a file."""
    if not part.buttons:
        return "sampleText", {"content": part.text}
    title = _title(part.text)
    links = [(button.label, press_link(button)) for button in part.buttons]
    if len(links) > CARD_BUTTONS:
        lines = [f"- [{_shown(label)}]({link})" for label, link in links]
        return "sampleMarkdown", {"title": title, "text": "\n".join([markdown(part.text), "", *lines])}
    card = {"title": title, "text": markdown(part.text)}
    if len(links) == 1:
        [(label, link)] = links
        return "sampleActionCard", {**card, "singleTitle": label, "singleURL": link}
    for number, (label, link) in enumerate(links, start=1):
        card |= {f"actionTitle{number}": label, f"actionURL{number}": link}
    return f"sampleActionCard{len(links)}", card


def media_template(file: File, media_id: str) -> tuple[str, dict[str, str]]:
    """The msgKey and msgParam of a file that was uploaded."""
    if file.media == "image":
        return "sampleImageMsg", {"photoURL": media_id}
    kind = file.name.rpartition(".")[2]
    return "sampleFile", {"mediaId": media_id, "fileName": file.name, "fileType": kind}


def uploadable(picture: Picture, content: bytes) -> File:
    """Choose how a stored file is shown; its name ends with what its content is."""
    return File("image" if picture.kind == "photo" else "file", picture.name, content)


def markdown(text: str) -> str:
    """The text for a card, every mark of it shown as it stands, and its links made links."""
    pieces, at = [], 0
    for link in _LINK.finditer(text):
        pieces += [_plain(text[at : link.start()]), f"[{_shown(link[0])}]({_target(link[0])})"]
        at = link.end()
    pieces.append(_plain(text[at:]))
    # A line that begins with a mark would be a heading, a list or a rule; a single line break would be a blank.
    begun = _BEGINNING.sub(lambda found: "".join(chr(ord(mark) + 0xFEE0) for mark in found[1]), "".join(pieces))
    return begun.replace("\n", "  \n")


def _shown(text: str) -> str:
    """A label's or a link's words: no mark in them means anything."""
    return text.translate(_WIDE)


def _plain(text: str) -> str:
    return _ENTITY.sub("＆", _shown(text))


def _target(link: str) -> str:
    """The same address without a character that Markdown could take for a mark."""
    return quote(link, safe="%/:?#@!$&',;=+").replace("_", "%5F").replace("~", "%7E")


def _title(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "…")
    return "".join(c for c in first[:TITLE_LIMIT] if unicodedata.category(c)[0] != "C") or "…"
