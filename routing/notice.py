"""What somebody must be told: a kind and its parameters, worded only when it is sent.

Parameters are plain JSON. Two shapes are worded late: `moment(t)` becomes a date in the reader's language and
`word(key)` another sentence of `bot/wording`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from routing.ids import new_id


class Priority(IntEnum):
    """Lower goes first."""

    URGENT = 0
    REPLY = 1
    PUSH = 2
    REMINDER = 3


class NoticeState(StrEnum):
    """Every notice ends in one of the last four; one that waits may go on to any of them."""

    PENDING = "pending"
    WAITING = "waiting"  # its platform takes nothing more until the person writes; then it is pending again
    SENT = "sent"
    BLOCKED = "blocked"  # the person blocked the bot, or has no address left
    FAILED = "failed"  # the platform refused it for good, or the tries ran out
    OBSOLETE = "obsolete"  # no longer true when it was due, or no longer theirs to see


def moment(at: datetime, provisional: bool = False, *, short: bool = False) -> dict[str, Any]:
    """A time as a parameter; `provisional` adds （暂定）, `short` leaves out the day of the week."""
    return {"at": at.isoformat(), "provisional": provisional, "short": short}


def word(key: str, **params: Any) -> dict[str, Any]:
    """A sentence of `bot/wording` as a parameter of another."""
    return {"key": key, "params": params}


@dataclass(slots=True)
class Notice:
    """A row of the outbox.

    `kind` names the sentence in `bot/wording`; `params` fills it and holds no citizen's words: a kind that shows a
    case reads it when it is sent, and only if the recipient may still see it. `buttons` are (wording key, token)
    pairs. `address_id` pins a reply to the chat it answers; without it the contact's last used address is taken.
    `lease_owner`/`lease_until` say which process is sending it. Where a platform counts messages, `parts_sent` says how
    many of the pieces of a long one are with the person already, and `announced_at` when they were told by a template
    that something waits for them.
    """

    kind: str
    contact_id: int
    created_at: datetime
    due_at: datetime
    params: dict[str, Any] = field(default_factory=dict)
    buttons: list[list[str]] = field(default_factory=list)
    address_id: int | None = None
    case_id: int | None = None
    member_id: int | None = None
    priority: Priority = Priority.PUSH
    state: NoticeState = NoticeState.PENDING
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: datetime | None = None
    sent_at: datetime | None = None
    external_id: str | None = None
    error: str | None = None
    parts_sent: int = 0
    announced_at: datetime | None = None
    id: int = field(default_factory=new_id)
    version: int = 0
