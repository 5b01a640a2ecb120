"""Fitting a text to a platform: measuring, splitting, numbering choices."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from bot.message import Button, OutboundMessage

Measure = Callable[[str], int]

#: Units that one character takes at most.
_WIDEST = {"characters": 1, "utf16": 2, "bytes": 4}

_LINK = re.compile(r"https?://[^\s\u3000-\u303f\uff00-\uffef]+")
_SENTENCE_ENDS = "。！？!?；;\n"
_ZERO_WIDTH_JOINER = "\u200d"
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_FLAGS_BEFORE = re.compile("[\U0001f1e6-\U0001f1ff]+$")
_TAG = re.compile("[\U000e0020-\U000e007f]")


def measure_for(unit: str) -> Measure:
    """How a platform counts a text: "characters", "utf16" units or UTF-8 "bytes"."""
    if unit == "bytes":
        return lambda text: len(text.encode("utf-8", "surrogatepass"))
    if unit == "utf16":
        return lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len


def split(text: str, limit: int, unit: str = "characters") -> list[str]:
    """Cut `text` into pieces of at most `limit` units, which joined again give `text`.

    Prefers the end of a paragraph, then of a sentence, then a space. Never cuts inside a link or between a character
    and what combines with it, unless that alone is longer than the limit.
    """
    if len(text) * _WIDEST[unit] <= limit:
        return [text]
    measure = measure_for(unit)
    pieces: list[str] = []
    rest = text
    while measure(rest) > limit:
        cut = _best_cut(rest, _longest_prefix(rest, limit, measure))
        pieces.append(rest[:cut])
        rest = rest[cut:]
    if rest or not pieces:
        pieces.append(rest)
    return pieces


def _longest_prefix(text: str, limit: int, measure: Measure) -> int:
    low, high = 1, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _belongs_together(text: str, at: int) -> bool:
    """Whether the character at `at` combines with the one before it into what a reader sees as one."""
    here, before = text[at], text[at - 1]
    if _ZERO_WIDTH_JOINER in (here, before) or before + here == "\r\n" or _TAG.match(here):
        return True
    if _FLAG.match(here):
        # Two regional indicators make a flag: the second of a pair belongs to the first.
        flags = _FLAGS_BEFORE.search(text, 0, at)
        return flags is not None and len(flags[0]) % 2 == 1
    return unicodedata.category(here) in ("Mn", "Mc", "Me", "Sk") and here not in "^`"


def _best_cut(text: str, longest: int) -> int:
    links = [(m.start(), m.end()) for m in _LINK.finditer(text) if m.start() < longest]

    def allowed(at: int) -> bool:
        if any(start < at < end for start, end in links):
            return False
        return at >= len(text) or not _belongs_together(text, at)

    half = longest // 2
    for wanted in ("\n", _SENTENCE_ENDS, " ，,、"):
        for at in range(longest, half, -1):
            if text[at - 1] in wanted and allowed(at):
                return at
    for at in range(longest, 0, -1):
        if allowed(at):
            return at
    return longest


def encodable(text: str) -> str:
    """Lone surrogates can't be put on the wire; whoever wrote one sees the replacement mark."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def number_choices(text: str, buttons: tuple[Button, ...]) -> str:
    """The text with its choices written under it, for a channel without buttons."""
    if not buttons:
        return text
    lines = [f"{number}. {button.label}" for number, button in enumerate(buttons, start=1)]
    return "\n".join([text, *lines])


def joined(messages: Sequence[OutboundMessage]) -> str:
    """Several replies as one text, parted by an empty line. Numbers stand under the last choices alone: a number that
    somebody types means one of those."""
    last = max((at for at, message in enumerate(messages) if message.buttons), default=-1)
    return "\n\n".join(
        number_choices(message.text, message.buttons if at == last else ()) for at, message in enumerate(messages)
    )


def fitting(messages: Sequence[OutboundMessage], limit: int, unit: str) -> int:
    """How many of `messages`, from the first, fit into one text of `limit` units; what shows a picture doesn't."""
    measure = measure_for(unit)
    count = 0
    while count < len(messages) and not messages[count].pictures:
        if measure(joined(messages[: count + 1])) > limit:
            break
        count += 1
    return count
