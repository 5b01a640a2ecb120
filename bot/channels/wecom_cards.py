"""Buttons on WeCom: a card (模板卡片, `button_interaction`) holds few words and six buttons.

A short message is one card: its first line, or what of it fits, is the title. A long one goes as text, and its card,
which only repeats how it begins, stands under it. More buttons are shared out over several cards.
(https://developer.work.weixin.qq.com/document/path/90236, 按钮交互型.)

A button's key comes back when it is pressed: our token, which is bound to one person, and the label, so that the card
can show what was pressed without our having to look it up.
"""

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from bot.message import Button
from bot.text import split

CARD_BUTTONS: Final = 6
#: Characters. The documentation advises these; what is longer, the clients fold away.
TITLE_LIMIT: Final = 36
TEXT_LIMIT: Final = 160
_KEY = re.compile(r"([!-~]{1,32}) (.+)", re.DOTALL)
#: Of a key's 1,024 bytes.
_LABEL_LIMIT: Final = 100


def fits(text: str) -> bool:
    """Whether a card holds the whole text."""
    return len(_cut(text)[1]) <= TEXT_LIMIT


def title_of(text: str) -> str:
    """How a text begins, for the card under it."""
    return _cut(text)[0]


def shared_out(buttons: Sequence[Button]) -> list[tuple[Button, ...]]:
    """The buttons of each card, as evenly as they go."""
    count = math.ceil(len(buttons) / CARD_BUTTONS)
    bounds = [len(buttons) * at // count for at in range(count + 1)]
    return [tuple(buttons[begin:end]) for begin, end in pairwise(bounds)]


def card(text: str, buttons: Sequence[Button], task_id: str) -> dict[str, Any]:
    """The template card of a text that fits. `task_id` must be new: letters, digits, at most 128."""
    title, rest = _cut(text)
    made: dict[str, Any] = {
        "card_type": "button_interaction",
        "main_title": {"title": title},
        "task_id": task_id,
        "button_list": [
            {"text": button.label, "style": 1, "key": f"{button.data} {button.label[:_LABEL_LIMIT]}"}
            for button in buttons
        ],
    }
    if rest:
        made["sub_title_text"] = rest
    return made


def pressed(key: str) -> tuple[str, str] | None:
    """The token and the label of a pressed button; None for a key that is none of ours."""
    found = _KEY.fullmatch(key)
    return (found[1], found[2]) if found else None


def _cut(text: str) -> tuple[str, str]:
    """The title, and what stands under it."""
    first, _, rest = text.strip().partition("\n")
    if len(first) <= TITLE_LIMIT:
        return first.strip() or "…", rest.strip()
    title = split(first, TITLE_LIMIT)[0]
    return title.strip(), text.strip()[len(title) :].strip()
