"""推送 and 免打扰: to which of their chats a member's pushes go, and when none come."""

from datetime import datetime
from typing import Any, Final

from bot.dialogs.commands import Call, Command
from bot.dialogs.linking import label, platform
from bot.dialogs.turn import Turn
from nlp.scripts import to_simplified
from routing.errors import Refused
from routing.linking import last_used
from routing.notice import moment, word
from routing.people import Address
from routing.permissions import Operation
from routing.quiet import read_hours, set_hours, written

#: What people call a platform → its channel.
_CHANNELS: Final = {
    "网页": "webchat", "web": "webchat", "微信": "wechat", "wechat": "wechat", "企业微信": "wecom", "企微": "wecom",
    "wecom": "wecom", "钉钉": "dingtalk", "dingtalk": "dingtalk", "telegram": "telegram", "电报": "telegram",
}  # fmt: skip
_LAST_USED: Final = ("自动", "auto")
_OFF: Final = ("关", "关闭", "取消", "off")
_QUIET: Final = ("免打扰", "quiet")
TYPED: Final = frozenset(_CHANNELS) | {*_LAST_USED, *_OFF}


def push(call: Call) -> None:
    """推送: what is set; 推送 钉钉 sets the chat, 推送 自动 takes the one used last."""
    turn = call.turn
    wanted = to_simplified(call.rest.strip()).lower()
    head, _, rest = wanted.partition(" ")
    if head in _QUIET:
        quiet(Call(turn, call.member, None, rest, "usage.quiet"))
    elif not wanted:
        _show(turn, call.member.id)
    elif wanted in _LAST_USED:
        send_to(turn, 0)
    else:
        fitting = [address for address in _chats(turn) if address.channel == _CHANNELS.get(wanted)]
        if not fitting:
            raise Refused(call.usage if wanted not in _CHANNELS else "push.not_linked")
        send_to(turn, fitting[0].id)


def send_to(turn: Turn, address_id: int) -> None:
    """Have pushes go to one of the person's chats; 0: to the one used last."""
    chosen = next((address for address in _chats(turn) if address.id == address_id), None)
    if address_id and chosen is None:
        raise Refused("error.button")
    turn.contact.push_address_id = chosen.id if chosen else None
    turn.say("push.set" if chosen else "push.automatic", {"chat": _named(turn, chosen)} if chosen else {})


def quiet(call: Call) -> None:
    """免打扰 22:00-7:00 sets the hours in which no push comes, 免打扰 关 ends it."""
    turn, typed = call.turn, to_simplified(call.rest.strip()).lower()
    if not typed:
        _show(turn, call.member.id)
        return
    hours = read_hours(typed)
    if hours is None and typed not in _OFF:
        raise Refused(call.usage)
    set_hours(turn.uow, turn.contact, hours)
    turn.say("quiet.set" if hours else "quiet.off", _hours(turn))


def _show(turn: Turn, member_id: int) -> None:
    chats = _chats(turn)
    hours = word("quiet.hours", **_hours(turn)) if turn.contact.quiet_from is not None else word("quiet.none")
    if len(chats) == 1:  # nothing to choose from
        turn.say("push.one", {"quiet": hours})
        return
    chosen = next((address for address in chats if address.id == turn.contact.push_address_id), None)
    labels = ["button.this_chat" if chat.id == turn.address.id else label(chat) for chat in chats]
    buttons = [
        turn.button(name, "push_to", member=member_id, address=chat.id)
        for name, chat in zip(labels, chats, strict=True)
    ]
    buttons.append(turn.button("button.push_automatic", "push_to", member=member_id, address=0))
    turn.say("push.now", {
        "chat": _named(turn, chosen) if chosen else word("push.last_used"),
        "chats": [
            word("push.chat", chat=_named(turn, chat), at=moment(_used(turn, chat), short=True))
            for chat in chats
        ],
        "quiet": hours,
    }, buttons)  # fmt: skip


def _named(turn: Turn, address: Address) -> dict[str, Any]:
    """What a chat is called by somebody who writes in one of them; two may be on one platform."""
    return word("push.here") if address.id == turn.address.id else platform(address)


def _used(turn: Turn, address: Address) -> datetime:
    """The chat of this turn is just being used."""
    return turn.uow.now if address.id == turn.address.id else last_used(turn.uow, address)


def _chats(turn: Turn) -> list[Address]:
    """Where this member can be reached now, the chat of this turn in front, then the one used last."""
    active = [a for a in turn.uow.contacts.addresses_of(turn.contact.id) if a.state == "active"]
    return sorted(active, key=lambda address: (_used(turn, address), address.id == turn.address.id), reverse=True)


def _hours(turn: Turn) -> dict[str, Any]:
    begins, ends = turn.contact.quiet_from, turn.contact.quiet_to
    return {} if begins is None or ends is None else {"begins": written(begins), "ends": written(ends)}


COMMANDS = (
    Command(("推送", "push"), Operation.PUSH, "usage.push", push, needs_case=False),
    Command(_QUIET, Operation.PUSH, "usage.quiet", quiet, needs_case=False),
)
