"""What was taken in, exactly once; and what a web chat was shown."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from routing.ids import new_id


@dataclass(slots=True)
class InboxRecord:
    """One inbound message, unique by (channel, account, external id).

    `state` is "handled" or "failed". `replies` is what was answered at once, given again when the platform repeats
    the message. Only a failed message keeps its body, sealed, for `inbox retry`; `error` names the exception's type.
    """

    channel: str
    account: str
    external_id: str
    received_at: datetime
    state: str = "handled"
    replies: list[dict[str, Any]] = field(default_factory=list)
    sealed_body: str | None = None
    error: str | None = None
    id: int = field(default_factory=new_id)
    version: int = 0


@dataclass(slots=True)
class MailboxMessage:
    """A message in a web chat: `seq` rises by one per address. `payload` is its JSON; sealed when `sealed` is set.

    `notice_id` makes a delivery that is tried twice appear once. `case_id` is the case whose card it is.
    """

    address_id: int
    seq: int
    payload: str
    created_at: datetime
    sealed: bool = False
    notice_id: int | None = None
    case_id: int | None = None
    id: int = field(default_factory=new_id)
