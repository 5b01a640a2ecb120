"""QR codes that platforms make for our codes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "platform_codes",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("ends_at", TIME),
        sa.Column("lasting", sa.Boolean, nullable=False),
        sa.Column("lease_until", TIME),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("channel", "account", "code"),
    )
