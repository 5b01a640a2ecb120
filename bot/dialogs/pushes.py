"""推送 and 免打扰: to which of their chats a member's pushes go, and when none come."""

from typing import Any, Final

from bot.dialogs.commands import Call, Command
from bot.dialogs.linking import label, platform
from bot.dialogs.turn import Turn
from nlp.scripts import to_simplified
from routing.errors import Refused
from routing.linking import by_use
from routing.notice import NoticeState, word
from routing.people import Address
from routing.permissions import Operation
from routing.quiet import read_hours, written

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
    turn.say("push.set" if chosen else "push.automatic", {"chat": platform(chosen)} if chosen else {})


def quiet(call: Call) -> None:
    """免打扰 22:00-7:00 sets the hours in which no push comes, 免打扰 关 ends it. What was held under the old hours is
    looked at again at once."""
    turn, typed = call.turn, to_simplified(call.rest.strip()).lower()
    if not typed:
        _show(turn, call.member.id)
        return
    hours = read_hours(typed)
    if hours is None and typed not in _OFF:
        raise Refused(call.usage)
    turn.contact.quiet_from, turn.contact.quiet_to = hours or (None, None)
    for notice in turn.uow.notices.unfinished(turn.contact.id):
        if notice.member_id is not None and notice.state is NoticeState.PENDING and notice.lease_owner is None:
            notice.due_at = min(notice.due_at, turn.uow.now)
    turn.say("quiet.set" if hours else "quiet.off", _hours(turn))


def _show(turn: Turn, member_id: int) -> None:
    chats = _chats(turn)
    chosen = next((address for address in chats if address.id == turn.contact.push_address_id), None)
    buttons = []
    if len(chats) > 1:
        buttons = [turn.button(label(chat), "push_to", member=member_id, address=chat.id) for chat in chats]
        buttons.append(turn.button("button.push_automatic", "push_to", member=member_id, address=0))
    quiet_hours = word("quiet.hours", **_hours(turn)) if turn.contact.quiet_from is not None else word("quiet.none")
    turn.say("push.now", {
        "chat": platform(chosen) if chosen else word("push.last_used"),
        "chats": [platform(chat) for chat in chats],
        "quiet": quiet_hours,
    }, buttons)  # fmt: skip


def _chats(turn: Turn) -> list[Address]:
    """Where this member can be reached now, the chat used last in front."""
    return by_use(turn.uow, (a for a in turn.uow.contacts.addresses_of(turn.contact.id) if a.state == "active"))


def _hours(turn: Turn) -> dict[str, Any]:
    begins, ends = turn.contact.quiet_from, turn.contact.quiet_to
    return {} if begins is None or ends is None else {"begins": written(begins), "ends": written(ends)}


COMMANDS = (
    Command(("推送", "push"), Operation.PUSH, "usage.push", push, needs_case=False),
    Command(_QUIET, Operation.PUSH, "usage.quiet", quiet, needs_case=False),
)
