"""关联 and 解除关联: joining two chats of one person by a one-time code, and parting them; for citizens and members."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from bot.dialogs.commands import Call, Command
from bot.dialogs.turn import Turn
from routing import linking
from routing.errors import Refused
from routing.intake import case_number
from routing.notice import moment, word
from routing.notices import tell
from routing.people import Address, LinkCode
from routing.permissions import Operation

#: The platforms that have a name in `bot/wording` (`chat.…`).
PLATFORMS: Final = ("webchat", "telegram", "wechat", "wecom", "dingtalk")
WORDS: Final = ("关联", "link")
#: Characters of what can be meant as a code, with the word before it.
_LONGEST: Final = 60
_GROUPED = re.compile(r"[0-9a-z]{4}([- ])[0-9a-z]{4}\1[0-9a-z]{4}", re.IGNORECASE)
_MEANT = re.compile(r"(?=.*[0-9-])[0-9a-z][0-9a-z -]{5,22}", re.IGNORECASE)
#: So many numbers are named; the rest is found with 进度.
_NAMED = 6


def label(address: Address) -> str:
    """The key of what a chat is called."""
    return f"chat.{address.channel}" if address.channel in PLATFORMS else "chat.other"


def platform(address: Address) -> dict[str, Any]:
    """What a chat is called, in a sentence."""
    return word(label(address))


def looks_like_code(typed: str) -> bool:
    """Whether a text is nothing but a code as it is shown, in three groups."""
    return len(typed) <= _LONGEST and _GROUPED.fullmatch(_plain(typed)) is not None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def split_link(text: str) -> str | None:
    """What stands behind the word 关联: a code or something meant as one, or "". None for any other text."""
    if len(text) > _LONGEST:
        return None
    typed = _plain(text).lstrip("/")
    for name in (*WORDS, "關聯"):
        if typed.lower().startswith(name):
            rest = typed[len(name) :].lstrip(":： ").strip()
            return rest if not rest or _is_meant(rest) else None
    return None


def _is_meant(rest: str) -> bool:
    """Whether somebody meant to type a code, even a mistyped one; a case's number is none."""
    return _MEANT.fullmatch(rest) is not None and case_number(rest) is None


def link(turn: Turn, typed: str) -> None:
    """Without a code, make one; with one, join this chat to the one that it was made in. A citizen is asked first: from
    then on the other chat sees what is told in this one, and the code may have come from a stranger."""
    if not typed:
        _give_code(turn)
        return
    code = linking.read_code(turn.uow, turn.contact, turn.message.audience, typed)
    if turn.message.audience == "work":
        _join(turn, code)
        return
    made_in = turn.uow.contacts.address_by_id(code.address_id)
    assert made_in is not None, "a code has its address"
    turn.say("link.sure", {"chat": platform(made_in)}, [
        turn.button("button.link", "link", code=code.id), turn.button("button.not_linked", "not_linked", code=code.id),
    ])  # fmt: skip


def answer(turn: Turn, code_id: int, agreed: bool) -> None:
    """What was answered to whether to join. A code that somebody did not want to use is used up all the same: it may
    have come from a stranger."""
    found = turn.uow.contacts.link_code_by_id(code_id)
    code = linking.check(turn.uow, turn.contact, turn.message.audience, found)
    if agreed:
        _join(turn, code)
    else:
        code.used_at = turn.uow.now
        turn.say("link.kept")


def unlink(turn: Turn) -> None:
    """解除关联: this chat leaves. A member is asked which one shall, for it is no work chat any more then."""
    if turn.message.audience != "work":
        part(turn, turn.address.id)
        return
    members = turn.uow.directory.members_of(turn.contact.id)
    others = [a for a in turn.uow.contacts.addresses_of(turn.contact.id) if a.id != turn.address.id]
    if not others:
        raise Refused("link.none")
    chats = [("button.this_chat", turn.address), *((label(other), other) for other in others)]
    buttons = [turn.button(name, "unlink", address=chat.id, member=members[0].id) for name, chat in chats]
    turn.say("link.which_leaves", {}, buttons)


def part(turn: Turn, address_id: int) -> None:
    """Take one of this person's chats out, and say so in all of them."""
    address = turn.uow.contacts.address_by_id(address_id)
    if address is None or address.contact_id != turn.contact.id:
        raise Refused("error.button")
    before = turn.contact
    left = linking.leave(turn.uow, before, address)
    kind = "link.left_work" if turn.message.audience == "work" else "link.left"
    others = [chat for chat in left.others if chat.id != turn.address.id]
    if address.id == turn.address.id:
        turn.contact = left.contact
        turn.say(kind, {"chats": [platform(chat) for chat in others]})
    else:
        turn.say("link.removed", {"chat": platform(address)})
        _tell(turn, left.contact.id, [address], kind, {"chats": [platform(chat) for chat in left.others]})
    _tell(turn, before.id, others, "link.removed", {"chat": platform(address)})


def _give_code(turn: Turn) -> None:
    issued = linking.make_code(turn.uow, turn.contact, turn.address, turn.message.audience)
    params = {"secret": issued.shown, "until": moment(issued.expires_at)}
    if turn.message.audience == "work":
        turn.say("link.code_work", {**params, "links": turn.work_links(f"join_{issued.secret}")}, sealed=True)
    else:
        turn.say("link.code", params, sealed=True)


def _join(turn: Turn, code: LinkCode) -> None:
    joined = linking.join(turn.uow, turn.contact, turn.address, code)
    turn.contact = joined.contact
    members = turn.uow.directory.members_of(joined.contact.id)
    chats = [platform(other) for other in joined.others]
    if members:
        turn.become("idle")
        roles = [word(f"role.{member.role}") for member in members]
        turn.say("link.done_work", {"chats": chats, "name": members[0].name, "roles": roles})
        for role in dict.fromkeys(member.role for member in members):
            turn.say(f"help.{role}")
        kind = "link.joined_work"
    else:
        turn.say("link.done", {"chats": chats, "here": _named(joined.here), "there": _named(joined.there)})
        kind = "link.joined"
    params = {"chat": platform(turn.address), "here": _named(joined.there), "there": _named(joined.here)}
    member_id = members[0].id if members else 0
    buttons = [turn.button("button.not_me", "unlink", address=turn.address.id, member=member_id)]
    _tell(turn, joined.contact.id, joined.others, kind, params, buttons)


def _named(numbers: Sequence[str]) -> Any:
    if not numbers:
        return word("word.none")
    more = [word("link.more", count=len(numbers))] if len(numbers) > _NAMED else []
    return [*numbers[-_NAMED:], *more]


def _tell(
    turn: Turn,
    contact_id: int,
    chats: Sequence[Address],
    kind: str,
    params: dict[str, Any],
    buttons: list[list[str]] | None = None,
) -> None:
    """Say it in these chats: whoever lost a code to a stranger must see it."""
    for chat in chats:
        if chat.state == "active":
            tell(turn.uow, contact_id, kind, params, buttons=buttons, address_id=chat.id)


def _link(call: Call) -> None:
    rest = call.rest.strip()
    if rest and not _is_meant(rest):
        raise Refused(call.usage)
    link(call.turn, rest)


def _unlink(call: Call) -> None:
    unlink(call.turn)


COMMANDS = (
    Command(WORDS, Operation.LINK, "usage.link", _link, needs_case=False),
    Command(("解除关联", "unlink"), Operation.LINK, "usage.unlink", _unlink, needs_case=False),
)
