"""Who is who: contacts and their addresses, members and their roles."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from routing.ids import new_id


class Role(StrEnum):
    """What somebody is allowed to be; what each may do is in `routing.permissions`."""

    CITIZEN = "citizen"
    DEPUTY = "deputy"  # 代表
    OFFICER = "officer"  # 部门联络员
    STAFF = "staff"  # 工作人员
    ADMIN = "admin"
    INTEGRITY = "integrity"  # 专责人员
    SYSTEM = "system"


@dataclass(slots=True)
class Contact:
    """A person who chats, known only by their addresses.

    `notice_version` says which privacy notice they were shown, and `notice_at` when (personal information
    protection law, Art. 17). `waiting` counts the notices that wait until they write (`NoticeState.WAITING`).
    `joined_to` is the contact that this one was joined into (`routing.linking`); then it has no address any more.
    A member's pushes go to `push_address_id`, and not between `quiet_from` and `quiet_to`, minutes after midnight in
    the county (`routing.quiet`).
    """

    created_at: datetime
    language: str = "zh_CN"
    notice_version: str | None = None
    notice_at: datetime | None = None
    address_id: int | None = None
    waiting: int = 0
    joined_to: int | None = None
    push_address_id: int | None = None
    quiet_from: int | None = None
    quiet_to: int | None = None
    id: int = field(default_factory=new_id)
    version: int = 0


@dataclass(slots=True)
class Address:
    """One way to reach a contact: (channel, account, user id), unique.

    `account` is the bot or session kind on the channel ("citizen", "desk"); `state` is "active" or "blocked".
    `next_seq` numbers the messages of a web chat. `allowance` is what may still be sent, where the platform counts
    (`routing.windows`).
    """

    contact_id: int
    channel: str
    account: str
    user_id: str
    created_at: datetime
    state: str = "active"
    next_seq: int = 1
    allowance: dict[str, Any] | None = None
    id: int = field(default_factory=new_id)
    version: int = 0


@dataclass(slots=True)
class Conversation:
    """Where one address's chat stands. `data` belongs to the dialog whose `state` it is.

    `offered` lists the tokens of the buttons offered last, so that "1" answers the first of them.
    """

    address_id: int
    contact_id: int
    updated_at: datetime
    state: str = "idle"
    data: dict[str, Any] = field(default_factory=dict)
    offered: list[str] = field(default_factory=list)
    station_id: int | None = None
    deputy_id: int | None = None
    code: str | None = None
    id: int = field(default_factory=new_id)
    version: int = 0

    @property
    def draft_id(self) -> int | None:
        """The submission that is being gathered in this chat (`routing.intake`)."""
        return self.data.get("draft")


@dataclass(slots=True)
class Member:
    """A role held by a person. Comes only by a one-time invitation, which sets `contact_id`.

    A deputy's `deputy_id` points to the public profile; an officer's `department` is a department's code.
    """

    role: Role
    name: str
    created_at: datetime
    station_id: int | None = None
    department: str | None = None
    deputy_id: int | None = None
    contact_id: int | None = None
    active: bool = True
    on_duty: bool = False
    id: int = field(default_factory=new_id)
    version: int = 0


@dataclass(slots=True)
class Invitation:
    """A one-time way to a role. Only `secret_hash` is kept of what was handed out."""

    member_id: int
    secret_hash: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    id: int = field(default_factory=new_id)
    version: int = 0


@dataclass(slots=True)
class LinkCode:
    """A one-time way to join two chats of one person (`routing.linking`): made in the chat of `address_id`, to be typed
    in the other. `audience` is that of its chat ("citizen", "work"), and the other's must be the same. Only
    `secret_hash` is kept of what was handed out."""

    contact_id: int
    address_id: int
    audience: str
    secret_hash: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    id: int = field(default_factory=new_id)
    version: int = 0


@dataclass(slots=True)
class ButtonGrant:
    """What a pressed button means, and who may press it, for which case, in which state, until when.

    `token` is random and is all that a platform ever sees. `case_state` lists, parted by commas, the states of the case
    in which it works; None: any.
    """

    token: str
    contact_id: int
    action: str
    expires_at: datetime
    args: dict[str, Any] = field(default_factory=dict)
    case_id: int | None = None
    case_state: str | None = None
    used_at: datetime | None = None
    version: int = 0


@dataclass(slots=True)
class AccessAttempt:
    """Wrong codes of one person in the running hour (guessing is limited)."""

    contact_id: int
    since: datetime
    wrong: int = 0
    version: int = 0
