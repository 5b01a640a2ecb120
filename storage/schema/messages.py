"""What came in, what goes out, and the buttons and web chat messages between."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, UniqueConstraint, text

from routing.notice import NoticeState, Priority
from storage.schema.base import metadata, refers
from storage.types import EnumNumber, EnumText, Id, Json, UtcTime, Words

_PENDING = text("state = 'pending'")
_WAITING = text("state = 'waiting'")
_FAILED = text("state = 'failed'")
_DELIVERED = text("external_id IS NOT NULL")

inbox = Table(
    "inbox",
    metadata,
    Column("channel", Words, nullable=False),
    Column("account", Words, nullable=False),
    Column("external_id", Words, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("replies", Json, nullable=False),
    Column("sealed_body", Text),
    Column("error", Text),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("channel", "account", "external_id"),
    Index("ix_inbox_failed", "id", sqlite_where=_FAILED, postgresql_where=_FAILED),
)

notices = Table(
    "notices",
    metadata,
    Column("kind", Text, nullable=False),
    Column("contact_id", Id, refers("contacts.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("params", Json, nullable=False),
    Column("buttons", Json, nullable=False),
    Column("address_id", Id, refers("addresses.id")),
    Column("case_id", Id, refers("cases.id"), index=True),
    Column("member_id", Id, refers("members.id")),
    Column("priority", EnumNumber(Priority), nullable=False),
    Column("state", EnumText(NoticeState), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_owner", Text),
    Column("lease_until", UtcTime),
    Column("sent_at", UtcTime),
    Column("external_id", Words),
    Column("error", Words),
    Column("parts_sent", Integer, nullable=False, server_default="0"),
    Column("announced_at", UtcTime),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    # In the order of claiming; the columns behind `id` let a claim decide without reading the row.
    Index(
        "ix_notices_claim",
        "priority",
        "id",
        "due_at",
        "lease_until",
        "contact_id",
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    ),
    Index("ix_notices_recipient", "contact_id", "priority", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("ix_notices_waiting", "contact_id", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_notices_external", "address_id", "external_id", sqlite_where=_DELIVERED, postgresql_where=_DELIVERED),
)

buttons = Table(
    "buttons",
    metadata,
    Column("token", Words, primary_key=True),
    Column("contact_id", Id, refers("contacts.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("args", Json, nullable=False),
    Column("case_id", Id, refers("cases.id")),
    Column("case_state", Text),
    Column("used_at", UtcTime),
    Column("version", Integer, nullable=False),
)

mailbox = Table(
    "mailbox",
    metadata,
    Column("address_id", Id, refers("addresses.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("payload", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("sealed", Boolean, nullable=False),
    Column("notice_id", Id, refers("notices.id")),
    Column("case_id", Id, refers("cases.id")),
    Column("id", Id, primary_key=True, autoincrement=False),
    UniqueConstraint("address_id", "seq"),
    UniqueConstraint("address_id", "notice_id"),
)
