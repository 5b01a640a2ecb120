"""What every dialog does alike: private chats only, refusals said and not raised, choices by number."""

import re
import unicodedata
from collections.abc import Callable

from bot.dialogs.turn import Turn
from routing.errors import Refused

#: A choice as people type it: "1", "１", "①", "1." or "1。".
_CHOICE = re.compile(r"([1-9][0-9]?)[.。、)]?")


def answer_in_private(turn: Turn, dialog: Callable[[Turn], None], private_only: str) -> None:
    """Let `dialog` answer, unless the person closed this way to them or it is a group chat: there, whoever calls the
    bot is told `private_only`, and the rest is none of its business."""
    message = turn.message
    if message.kind == "blocked":
        turn.address.state = "blocked"
        return
    turn.address.state = "active"
    if not message.private:
        if message.kind in ("start", "button") or message.text.startswith("/"):
            turn.say(private_only)
        return
    try:
        dialog(turn)
    except Refused as refused:
        turn.say(refused.key, dict(refused.params))


def chosen_by_number(turn: Turn) -> str | None:
    """The button that "1", "2" … means, on channels without buttons and for whoever likes to type."""
    chosen = _CHOICE.fullmatch(unicodedata.normalize("NFKC", turn.text.strip()[:4]))
    offered = turn.conversation.offered
    return offered[int(chosen[1]) - 1] if chosen and int(chosen[1]) <= len(offered) else None
