"""How a button's press comes back from DingTalk.

A robot's cards carry links, and one kind of link, `dtmd://dingtalkclient/sendMessage?content=…`, makes the client send
`content` as the person's own text. It needs no card template from a console and no callback address. (An interactive
card, whose press would come back unseen, needs both a template and the right to write card instances.)

So a press is a text of a form that nobody types: ▸, the label, and the button's token. A text proves nothing, and needs
not: the token is 128 random bits and a row that is bound to one person (docs/decisions/0006). Copied, forwarded or made
up it opens nobody else's case.

What could only be read, not tried here: the host of the link must be written in small letters; the client is said to
ignore it silently otherwise.
"""

import re
from urllib.parse import quote

from bot.message import Button

SCHEME = "dtmd://dingtalkclient/sendMessage?content="
_MARK = "▸"
_PRESSED = re.compile(_MARK + r" [^\n]+ #([!-~]{1,32})")


def press_link(button: Button) -> str:
    """The link that presses it. The label is told first: it is what others see in the chat."""
    label = " ".join(button.label.split()) or "…"
    return SCHEME + quote(f"{_MARK} {label} #{button.data}", safe="")


def pressed(text: str) -> str | None:
    """The token of the button that this text presses; None for a text that is just said."""
    found = _PRESSED.fullmatch(text.strip())
    return found[1] if found else None
