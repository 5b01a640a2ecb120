"""What our accounts on platforms need, for all processes."""

from sqlalchemy import Boolean, Column, Integer, Table, Text, UniqueConstraint

from storage.schema.base import metadata
from storage.types import Id, UtcTime, Words

platform_tokens = Table(
    "platform_tokens",
    metadata,
    Column("channel", Words, nullable=False),
    Column("account", Words, nullable=False),
    Column("sealed", Text),
    Column("ends_at", UtcTime),
    Column("lease_owner", Text),
    Column("lease_until", UtcTime),
    Column("failures", Integer, nullable=False),
    Column("retry_at", UtcTime),
    Column("trouble", Text),
    Column("trouble_since", UtcTime),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("channel", "account"),
)

platform_codes = Table(
    "platform_codes",
    metadata,
    Column("channel", Words, nullable=False),
    Column("account", Words, nullable=False),
    Column("code", Words, nullable=False),
    Column("url", Text),
    Column("ends_at", UtcTime),
    Column("lasting", Boolean, nullable=False),
    Column("lease_until", UtcTime),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("channel", "account", "code"),
)
