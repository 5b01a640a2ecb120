"""One person, many addresses: two chats are joined by a one-time code, and a chat leaves again.

Whoever made the code stays the contact; the one who typed it is joined into it, with all that was theirs. What was said
keeps the address that it was said from, so that a chat that leaves takes its own with it and nothing of the other's.
Decision 0020 says why it is done like this.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from routing import deadlines
from routing.agenda import reckon
from routing.case import Case, Submission
from routing.errors import Refused
from routing.guessing import count_wrong, may_guess
from routing.invitations import Issued, fold_secret, new_secret
from routing.notice import NoticeState
from routing.people import AccessAttempt, Address, Contact, LinkCode, Member, Role
from routing.ports import UnitOfWork
from routing.workflow import Actor, remark

CODES_AN_HOUR: Final = 5
#: More chats than these nobody has; a joined person is still looked at as a whole.
MOST_ADDRESSES: Final = 8
_LANGUAGE: Final = "zh_CN"


@dataclass(frozen=True, slots=True)
class Joined:
    """`contact` is the person that both are now; `others` their chats but the one where the code was typed. `here` and
    `there` are the numbers of the cases, none sealed, that each side brought."""

    contact: Contact
    others: Sequence[Address]
    here: Sequence[str]
    there: Sequence[str]


@dataclass(frozen=True, slots=True)
class Left:
    """`contact` is who the chat belongs to now; `others` are the chats that it was joined to."""

    contact: Contact
    others: Sequence[Address]


def living(uow: UnitOfWork, contact_id: int) -> Contact | None:
    """The contact that somebody is by now, however often they were joined to another."""
    contact = uow.contacts.get(contact_id)
    while contact is not None and contact.joined_to is not None:
        contact = uow.contacts.get(contact.joined_to)
    return contact


def is_now(uow: UnitOfWork, before: int, contact_id: int) -> bool:
    """Whether the contact `before` is `contact_id`, or was joined into it."""
    if before == contact_id:
        return True
    contact = living(uow, before)
    return contact is not None and contact.id == contact_id


# -- the code --------------------------------------------------------------------------------------------------------


def make_code(uow: UnitOfWork, contact: Contact, address: Address, audience: str) -> Issued:
    """A code to be typed in another chat of this person. It takes the place of one that was not used.

    Raises:
        Refused: `link.too_many` after five within an hour.
    """
    before = uow.contacts.link_codes_of(contact.id)
    if sum(uow.now - code.created_at < timedelta(hours=1) for code in before) >= CODES_AN_HOUR:
        raise Refused("link.too_many")
    _void(uow, before)
    secret = new_secret()
    expires = reckon(uow, deadlines.LINK_CODE).at
    uow.contacts.add_link_code(LinkCode(contact.id, address.id, audience, _hash(secret), uow.now, expires))
    return Issued(secret, expires)


def is_code(uow: UnitOfWork, typed: str) -> bool:
    """Whether this was ever given out as a code, good or not, and not as something else that looks alike."""
    return _find(uow, typed) is not None


def offered(uow: UnitOfWork, typed: str) -> Member | None:
    """The member whose chats a code would join another to, while it is good."""
    code = _find(uow, typed)
    if code is None or not _good(uow, code, "work"):
        return None
    return next(iter(uow.directory.members_of(code.contact_id)), None)


def read_code(uow: UnitOfWork, contact: Contact, audience: str, typed: str) -> LinkCode:
    """The code that was typed. Nothing is used up by reading it.

    Raises:
        Refused: `link.wrong` when it is unknown, used, run out or not for this kind of chat (told alike); `link.limit`
            after ten wrong ones within an hour; `link.same` in a chat of the one who made it; `link.has_role` where
            somebody is at work already.
    """
    if not may_guess(uow, contact):
        raise Refused("link.limit")
    code = _find(uow, typed)
    if code is None or not _good(uow, code, audience):
        count_wrong(uow, contact)
        raise Refused("link.wrong")
    return check(uow, contact, audience, code)


def check(uow: UnitOfWork, contact: Contact, audience: str, code: LinkCode | None) -> LinkCode:
    """The code that was read before, if it still is good for this chat. Raises as `read_code`, without counting."""
    if code is None or not _good(uow, code, audience):
        raise Refused("link.wrong")
    if code.contact_id == contact.id:
        raise Refused("link.same")
    if uow.directory.members_of(contact.id):
        raise Refused("link.has_role")
    return code


def _find(uow: UnitOfWork, typed: str) -> LinkCode | None:
    secret = fold_secret(unicodedata.normalize("NFKC", typed[:80]))
    return uow.contacts.link_code(_hash(secret)) if secret else None


def _good(uow: UnitOfWork, code: LinkCode, audience: str) -> bool:
    """A member's code never joins a citizen's chat, nor the other way round, and it is worth what its maker is now."""
    if code.used_at is not None or uow.now >= code.expires_at or code.audience != audience:
        return False
    return audience != "work" or bool(uow.directory.members_of(code.contact_id))


def _hash(secret: str) -> str:
    return hashlib.sha256(f"mashang-link:{secret}".encode()).hexdigest()


def _void(uow: UnitOfWork, codes: Iterable[LinkCode]) -> None:
    for code in codes:
        code.used_at = code.used_at or uow.now


# -- joining and leaving ----------------------------------------------------------------------------------------------


def join(uow: UnitOfWork, contact: Contact, address: Address, code: LinkCode) -> Joined:
    """Use up a code that was read: the person of the chat `address` becomes the one who made it. Their cases, drafts,
    notices and chats move; of two languages the one that was chosen stays, of two privacy notices the later one.

    Raises:
        Refused: `link.full` when it would be too many chats.
    """
    kept = uow.contacts.hold(code.contact_id)
    assert kept is not None, "a code has its contact"
    moving = uow.contacts.addresses_of(contact.id)
    others = [other for other in uow.contacts.addresses_of(kept.id) if other.state != "erased"]
    if len(moving) + len(others) > MOST_ADDRESSES:
        raise Refused("link.full", limit=MOST_ADDRESSES)
    there = _numbers(_cases(uow, uow.submissions.of_contact(kept.id)))
    code.used_at = uow.now
    _void(uow, uow.contacts.link_codes_of(contact.id))
    for moved in moving:
        moved.contact_id = kept.id
        conversation = uow.conversations.of_address(moved.id)
        if conversation is not None:
            conversation.contact_id = kept.id
    here = _move(uow, uow.submissions.of_contact(contact.id), kept)
    for notice in uow.notices.unfinished(contact.id):
        notice.contact_id = kept.id
    if contact.waiting or kept.waiting:
        # Another of their chats may take what waits for them to write in this one.
        contact.waiting = kept.waiting = 0
        uow.notices.resume(kept.id)
    if kept.language == _LANGUAGE:
        kept.language = contact.language
    if contact.notice_at is not None and (kept.notice_at is None or kept.notice_at < contact.notice_at):
        kept.notice_version, kept.notice_at = contact.notice_version, contact.notice_at
    contact.joined_to, contact.address_id = kept.id, None
    kept.address_id = address.id
    return Joined(kept, others, here, there)


def leave(uow: UnitOfWork, contact: Contact, address: Address) -> Left:
    """Take a chat out of the person that it was joined to, with what was said in it. Roles stay with the others.

    Raises:
        Refused: `link.none` when it is their only one.
    """
    others = [a for a in uow.contacts.addresses_of(contact.id) if a.id != address.id and a.state != "erased"]
    if not others:
        raise Refused("link.none")
    alone = Contact(uow.now, contact.language, contact.notice_version, contact.notice_at, address_id=address.id)
    uow.contacts.add(alone)
    attempts = uow.contacts.attempts(contact.id)
    if attempts is not None:
        # Who leaves may not guess anew.
        uow.contacts.add_attempts(AccessAttempt(alone.id, attempts.since, attempts.wrong))
    _void(uow, (code for code in uow.contacts.link_codes_of(contact.id) if code.address_id == address.id))
    address.contact_id = alone.id
    told = uow.submissions.of_contact(contact.id)
    mine = {s.case_id for s in told if s.address_id == address.id and s.case_id is not None}
    theirs = {s.case_id for s in told if s.address_id != address.id}
    _move(uow, [s for s in told if s.address_id == address.id], alone, leaving=True)
    _forget_the_others(uow, address, alone, mine)
    for notice in uow.notices.unfinished(contact.id):
        own = notice.member_id is None and notice.case_id in mine - theirs
        if notice.address_id == address.id or (notice.address_id is None and own):
            notice.contact_id = alone.id
            waits = notice.state is NoticeState.WAITING
            alone.waiting, contact.waiting = alone.waiting + waits, contact.waiting - waits
    if contact.address_id == address.id:
        contact.address_id = by_use(uow, others)[0].id
    if contact.push_address_id == address.id:
        contact.push_address_id = None
    return Left(alone, others)


def last_used(uow: UnitOfWork, address: Address) -> datetime:
    """When something was last said in a chat."""
    conversation = uow.conversations.of_address(address.id)
    return conversation.updated_at if conversation is not None else address.created_at


def by_use(uow: UnitOfWork, addresses: Iterable[Address]) -> list[Address]:
    """The chats of a person, the one used last in front."""
    return sorted(addresses, key=lambda address: (last_used(uow, address), address.id), reverse=True)


def _forget_the_others(uow: UnitOfWork, address: Address, alone: Contact, mine: set[int]) -> None:
    """A chat that leaves goes on with its own draft, and with a question about what it told of itself."""
    conversation = uow.conversations.of_address(address.id)
    if conversation is None:
        return
    conversation.contact_id, conversation.state, conversation.offered = alone.id, "idle", []
    kept = {name: value for name, value in conversation.data.items() if name in ("draft", "submit_at")}
    if conversation.data.get("asked") in mine:
        kept["asked"] = conversation.data["asked"]
    conversation.data = kept


def _move(uow: UnitOfWork, submissions: Sequence[Submission], to: Contact, *, leaving: bool = False) -> list[str]:
    """Make what was said theirs; returns the numbers of its cases. The history of each says so, but for a sealed one's,
    which must tell nothing of it. By that line also those learn of it who count how many people tell of a matter."""
    moved = {submission.id for submission in submissions}
    for submission in submissions:
        submission.contact_id = to.id
    cases = _cases(uow, submissions)
    reporter = Actor(Role.CITIZEN, to.id)
    for case in cases:
        if uow.submissions.of_case(case.id)[0].id in moved:
            case.reporter_id = to.id
        if not case.sealed:
            event = (
                remark(case, "unlinked", reporter, uow.now) if leaving else remark(case, "linked", reporter, uow.now)
            )
            uow.cases.add_event(event)
    return _numbers(cases)


def _cases(uow: UnitOfWork, submissions: Iterable[Submission]) -> list[Case]:
    ids = dict.fromkeys(s.case_id for s in submissions if s.case_id is not None)
    return [case for case_id in ids if (case := uow.cases.get(case_id)) is not None]


def _numbers(cases: Iterable[Case]) -> list[str]:
    return [case.number for case in cases if not case.sealed]
