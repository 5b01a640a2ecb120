"""Contacts and where they chat; members; stations, deputies, departments; codes."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, UniqueConstraint

from routing.code import CodeKind
from routing.people import Role
from storage.schema.base import metadata, refers
from storage.types import EnumText, Id, Json, UtcTime, Words

stations = Table(
    "stations",
    metadata,
    Column("prefix", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("tier", Words, nullable=False),
    Column("parent_id", Id, refers("stations.id")),
    Column("address", Words, nullable=False),
    Column("reception", Words, nullable=False),
    Column("phone", Words),
    Column("duty_phone", Words),
    Column("gas_phone", Words),
    Column("lift_phone", Words),
    Column("active", Boolean, nullable=False),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

deputies = Table(
    "deputies",
    metadata,
    Column("station_id", Id, refers("stations.id"), nullable=False),
    Column("number", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("level", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("reception", Words, nullable=False),
    Column("skills", Json, nullable=False),
    Column("substitute_id", Id, refers("deputies.id")),
    Column("status", Text, nullable=False),
    Column("away_until", UtcTime),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

departments = Table(
    "departments",
    metadata,
    Column("code", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("kind", Text, nullable=False),
    Column("aliases", Json, nullable=False),
    Column("hotline", Words),
    Column("restricted", Boolean, nullable=False),
    Column("refer_only", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

contacts = Table(
    "contacts",
    metadata,
    Column("created_at", UtcTime, nullable=False),
    Column("language", Text, nullable=False),
    Column("notice_version", Text),
    Column("notice_at", UtcTime),
    # Not a reference: addresses refer to contacts, and no two tables may need each other first.
    Column("address_id", Id),
    Column("waiting", Integer, nullable=False, server_default="0"),
    # Nor are these: what a table refers to in itself, or in one that comes after it, can't be written in one go.
    Column("joined_to", Id),
    Column("push_address_id", Id),
    Column("quiet_from", Integer),
    Column("quiet_to", Integer),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

addresses = Table(
    "addresses",
    metadata,
    Column("contact_id", Id, refers("contacts.id"), nullable=False, index=True),
    Column("channel", Words, nullable=False),
    Column("account", Words, nullable=False),
    Column("user_id", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_seq", Integer, nullable=False),
    Column("allowance", Json),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("channel", "account", "user_id"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("address_id", Id, refers("addresses.id"), nullable=False),
    Column("contact_id", Id, refers("contacts.id"), nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("data", Json, nullable=False),
    Column("offered", Json, nullable=False),
    Column("station_id", Id, refers("stations.id")),
    Column("deputy_id", Id, refers("deputies.id")),
    Column("code", Words),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("address_id"),
)

members = Table(
    "members",
    metadata,
    Column("role", EnumText(Role), nullable=False),
    Column("name", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("station_id", Id, refers("stations.id")),
    Column("department", Words, refers("departments.code")),
    Column("deputy_id", Id, refers("deputies.id")),
    Column("contact_id", Id, refers("contacts.id")),
    Column("active", Boolean, nullable=False),
    Column("on_duty", Boolean, nullable=False),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("member_id", Id, refers("members.id"), nullable=False),
    Column("secret_hash", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("secret_hash"),
)

link_codes = Table(
    "link_codes",
    metadata,
    Column("contact_id", Id, refers("contacts.id"), nullable=False, index=True),
    Column("address_id", Id, refers("addresses.id"), nullable=False),
    Column("audience", Text, nullable=False),
    Column("secret_hash", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("secret_hash"),
)

codes = Table(
    "codes",
    metadata,
    Column("code", Words, primary_key=True),
    Column("kind", EnumText(CodeKind), nullable=False),
    Column("station_id", Id, refers("stations.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("deputy_id", Id, refers("deputies.id")),
    Column("place", Words, nullable=False),
    Column("revoked_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("version", Integer, nullable=False),
)

scans = Table(
    "scans",
    metadata,
    Column("code", Words, refers("codes.code"), nullable=False),
    Column("place", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("id", Id, primary_key=True, autoincrement=False),
    Index(None, "code", "channel"),
)

access_attempts = Table(
    "access_attempts",
    metadata,
    Column("contact_id", Id, refers("contacts.id"), primary_key=True, autoincrement=False),
    Column("since", UtcTime, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("version", Integer, nullable=False),
)
