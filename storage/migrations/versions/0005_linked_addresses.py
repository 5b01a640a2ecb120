"""Contacts that are one person, and where and when members are pushed to."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def refers(target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, deferrable=True, initially="DEFERRED")


def upgrade() -> None:
    op.add_column("contacts", sa.Column("joined_to", ID))
    op.add_column("contacts", sa.Column("push_address_id", ID))
    op.add_column("contacts", sa.Column("quiet_from", sa.Integer))
    op.add_column("contacts", sa.Column("quiet_to", sa.Integer))
    op.create_table(
        "link_codes",
        sa.Column("contact_id", ID, refers("contacts.id"), nullable=False),
        sa.Column("address_id", ID, refers("addresses.id"), nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("secret_hash"),
    )
    op.create_index("ix_link_codes_contact_id", "link_codes", ["contact_id"])
