"""Buttons on WeCom: a card (模板卡片, `button_interaction`) holds few words and six buttons.

A short message is one card: its first line, or what of it fits, is the title. A long one goes as text, and its card,
which only repeats how it begins, stands under it. More buttons are shared out over several cards.
(https://developer.work.weixin.qq.com/document/path/90236, 按钮交互型.)

A press brings back the button's key, of at most 1,024 bytes, and a code that lets the card be replaced once. The key
holds the whole card, so that it can be shown with a mark on what was pressed, by whichever process hears of it. The
other buttons stay: somebody who asked a question may still take the case. Whoever could forge a key gains nothing: the
token in it is bound to one person (docs/decisions/0006).
"""

import base64
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import orjson

from bot.message import Button
from bot.text import split

CARD_BUTTONS: Final = 6
#: Characters. The documentation advises these; what is longer, the clients fold away.
TITLE_LIMIT: Final = 36
TEXT_LIMIT: Final = 160
#: Bytes.
KEY_LIMIT: Final = 1024
#: How a button looks: blue, and grey once it was pressed.
FRESH, PRESSED = 1, 4
_TOKEN = re.compile(r"[!-~]{1,32}")


@dataclass(frozen=True, slots=True)
class Card:
    """`pressed` are the places of the buttons that were."""

    title: str
    text: str
    buttons: tuple[Button, ...]
    pressed: tuple[int, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether WeCom shows all of it, and a key can hold it."""
        return len(self.text) <= TEXT_LIMIT and len(self._key(0)) <= KEY_LIMIT

    def with_pressed(self, at: int) -> "Card":
        return replace(self, pressed=tuple(sorted({*self.pressed, at})))

    def template(self) -> dict[str, Any]:
        """The `template_card`, but for its task's id."""
        made: dict[str, Any] = {
            "card_type": "button_interaction",
            "main_title": {"title": self.title},
            "button_list": [self._button(at) for at in range(len(self.buttons))],
        }
        if self.text:
            made["sub_title_text"] = self.text
        return made

    def _button(self, at: int) -> dict[str, Any]:
        label, was_pressed = self.buttons[at].label, at in self.pressed
        key = self._key(at)
        return {
            "text": f"✓ {label}" if was_pressed else label,
            "style": PRESSED if was_pressed else FRESH,
            # With labels that are too long for a key it holds the token alone, and the press is not shown.
            "key": key if len(key) <= KEY_LIMIT else self.buttons[at].data,
        }

    def _key(self, at: int) -> str:
        buttons = [[button.data, button.label] for button in self.buttons]
        packed = orjson.dumps([at, self.title, self.text, buttons, self.pressed])
        return "." + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def card_of(text: str, buttons: Sequence[Button]) -> Card:
    title, rest = _cut(text)
    return Card(title, rest, tuple(buttons))


def shared_out(buttons: Sequence[Button]) -> list[tuple[Button, ...]]:
    """The buttons of each card, as evenly as they go."""
    count = math.ceil(len(buttons) / CARD_BUTTONS)
    bounds = [len(buttons) * at // count for at in range(count + 1)]
    return [tuple(buttons[begin:end]) for begin, end in pairwise(bounds)]


def read_key(key: str) -> tuple[str, Card | None] | None:
    """The token of a pressed button, and the card as it is now to be shown, where the key holds it; None for a key that
    is none of ours."""
    if not key.startswith("."):
        return (key, None) if _TOKEN.fullmatch(key) else None
    try:
        packed = key[1:] + "=" * (-(len(key) - 1) % 4)
        at, title, text, buttons, pressed = orjson.loads(base64.b64decode(packed, "-_", validate=True))
        card = Card(title, text, tuple(Button(label, data) for data, label in buttons), tuple(pressed))
        token = card.buttons[at].data
        sound = all(isinstance(words, str) for words in (title, text, token)) and all(
            isinstance(button.label, str) and _TOKEN.fullmatch(button.data) for button in card.buttons
        )
        return (token, card.with_pressed(at)) if sound and at >= 0 else None
    except (ValueError, TypeError, IndexError):
        return None


def _cut(text: str) -> tuple[str, str]:
    """The title, and what stands under it. A line of several things is parted by wide blanks."""
    text = text.strip()
    title = first = text.partition("\n")[0]
    if len(first) > TITLE_LIMIT:
        title = first[: first.rfind("\u3000", 0, TITLE_LIMIT) + 1].strip() or split(first, TITLE_LIMIT)[0]
    return title.strip() or "…", text[len(title) :].strip()
