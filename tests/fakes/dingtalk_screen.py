"""What a person's DingTalk shows of a robot's message, and what its buttons do.

Written from the documentation, apart from the adapter: Markdown's marks are carried out, not shown; a link of another
host than `dingtalkclient` in small letters does nothing; a press of one sends its content as the person's own text.
"""

import html
import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.fakes.dingtalk_messages import Json

#: msgKey → its parameters, all of them required.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "sampleText": ("content",),
    "sampleMarkdown": ("title", "text"),
    "sampleImageMsg": ("photoURL",),
    "sampleFile": ("mediaId", "fileName", "fileType"),
    "sampleActionCard": ("title", "text", "singleTitle", "singleURL"),
    **{
        f"sampleActionCard{count}": (
            "title",
            "text",
            *(f"action{part}{number}" for number in range(1, count + 1) for part in ("Title", "URL")),
        )
        for count in (2, 3, 4, 5)
    },
}
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]*)\)")
_EMPHASIS = re.compile(r"(\*\*|__|~~|[*_`])(?=\S)(.+?)(?<=\S)\1")
_TAG = re.compile(r"</?[A-Za-z][^>]*>")
_MARKED_LINE = re.compile(r"(?m)^ {0,3}(#{1,6} |[-+*] |> ?|={3,}$|-{3,}$)")


class InvalidParam(Exception):
    """The platform refuses the message."""


@dataclass
class Shown:
    text: str
    buttons: dict[str, str] = field(default_factory=dict)
    media_id: str | None = None


def show(key: str, param: str) -> Shown:
    """A message as the person sees it. Raises `InvalidParam` where the platform takes it for none."""
    try:
        values: Json = json.loads(param)
    except ValueError:
        raise InvalidParam("msgParam") from None
    names = TEMPLATES.get(key)
    if names is None or set(values) != set(names) or not all(isinstance(v, str) and v for v in values.values()):
        raise InvalidParam(key)
    if len(param.encode()) > 20_000:
        raise InvalidParam("too long")
    if key == "sampleText":
        return Shown(values["content"])
    if key in ("sampleImageMsg", "sampleFile"):
        return Shown("", media_id=values.get("photoURL") or values["mediaId"])
    buttons = {values[name]: values[name.replace("Title", "URL")] for name in names if name.endswith(_TITLES)}
    text = values["text"]
    if key == "sampleMarkdown":
        text, _, links = text.partition("\n\n")
        buttons = dict(_LINK.findall(links))
    return Shown(_rendered(text), buttons)


_TITLES = ("singleTitle", *(f"actionTitle{number}" for number in range(1, 6)))


def _rendered(text: str) -> str:
    """What is left to read of a Markdown text."""
    text = _TAG.sub("", _LINK.sub(lambda found: found[1], text))
    text = _MARKED_LINE.sub("", text)
    for _ in range(3):
        text = _EMPHASIS.sub(lambda found: found[2], text)
    text = re.sub(r"(?<! {2})\n(?!\n)", " ", text)
    return html.unescape(text.replace("  \n", "\n"))


def says(url: str) -> str | None:
    """The text that a press of this link sends; None where the client does nothing."""
    parts = urlsplit(url)
    if parts.scheme != "dtmd" or url[7:].partition("/")[0] != "dingtalkclient" or parts.path != "/sendMessage":
        return None
    return parse_qs(parts.query, strict_parsing=True)["content"][0]
