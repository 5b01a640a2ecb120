"""The only way to a role: a one-time invitation, good for fifteen minutes, of which only a hash is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from routing import deadlines
from routing.agenda import reckon
from routing.code import ALPHABET
from routing.errors import Refused
from routing.people import Contact, Invitation, Member
from routing.ports import UnitOfWork

#: Crockford characters of a secret: 12 × 5 = 60 bits, far more than fifteen minutes of limited guessing can try.
LENGTH = 12
PREFIX = "join_"


@dataclass(frozen=True, slots=True)
class Issued:
    """What is handed out once: `secret` for links, `shown` for typing (three groups of four)."""

    secret: str
    expires_at: datetime

    @property
    def shown(self) -> str:
        return "-".join(self.secret[at : at + 4] for at in range(0, LENGTH, 4))


def _hash(secret: str) -> str:
    return hashlib.sha256(f"mashang-invitation:{secret}".encode()).hexdigest()


def fold_secret(typed: str) -> str | None:
    """The secret that somebody typed or that a link carried, or None when it can't be one."""
    if len(typed) > 60:
        return None
    folded = typed.strip().upper().removeprefix(PREFIX.upper())
    folded = folded.replace("-", "").replace(" ", "").replace("O", "0").replace("I", "1").replace("L", "1")
    return folded if len(folded) == LENGTH and all(char in ALPHABET for char in folded) else None


def new_secret() -> str:
    """Sixty random bits in Crockford's characters."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def invite(uow: UnitOfWork, member: Member) -> Issued:
    """Make an invitation to a member's role."""
    secret = new_secret()
    expires = reckon(uow, deadlines.INVITATION).at
    uow.members.add_invitation(
        Invitation(member_id=member.id, secret_hash=_hash(secret), created_at=uow.now, expires_at=expires)
    )
    return Issued(secret, expires)


def offered(uow: UnitOfWork, typed: str) -> Member | None:
    """Whose role an invitation offers, while it is good; accepting is another step."""
    secret = fold_secret(typed)
    invitation = uow.members.invitation(_hash(secret)) if secret else None
    if invitation is None or invitation.used_at is not None or uow.now >= invitation.expires_at:
        return None
    member = uow.directory.members.get(invitation.member_id)
    return member if member is not None and member.active else None


def accept_invitation(uow: UnitOfWork, contact: Contact, typed: str) -> Member:
    """Bind a member's role to the contact who holds the secret.

    Raises:
        Refused: `join.invalid` when it is unknown, used or run out (told alike).
    """
    secret = fold_secret(typed)
    invitation = uow.members.invitation(_hash(secret)) if secret else None
    if invitation is None or invitation.used_at is not None or uow.now >= invitation.expires_at:
        raise Refused("join.invalid")
    member = uow.members.get(invitation.member_id)
    if member is None or not member.active:
        raise Refused("join.invalid")
    invitation.used_at = uow.now
    member.contact_id = contact.id
    return member
