"""Tokens of our accounts on platforms, and what may be sent where a platform counts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "platform_tokens",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text),
        sa.Column("ends_at", TIME),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until", TIME),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("retry_at", TIME),
        sa.Column("trouble", sa.Text),
        sa.Column("trouble_since", TIME),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("channel", "account"),
    )
    op.add_column("contacts", sa.Column("waiting", sa.Integer, nullable=False, server_default="0"))
    op.add_column("addresses", sa.Column("allowance", sa.Text))
    op.add_column("notices", sa.Column("parts_sent", sa.Integer, nullable=False, server_default="0"))
    op.add_column("notices", sa.Column("announced_at", TIME))
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_notices_waiting", "notices", ["contact_id", "id"], sqlite_where=waiting, postgresql_where=waiting
    )
