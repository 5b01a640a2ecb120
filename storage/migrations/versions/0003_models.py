"""Trained models, their files, and what was done with them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("scores", sa.Text, nullable=False),
        sa.Column("previous", sa.Text),
        sa.Column("promoted_at", TIME),
        sa.Column("promoted_by", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
    )
    champion = sa.text("state = 'champion'")
    op.create_index(
        "ix_models_champion", "models", ["state"], unique=True, sqlite_where=champion, postgresql_where=champion
    )
    op.create_table(
        "model_contents",
        sa.Column(
            "model_id", sa.Text, sa.ForeignKey("models.id", deferrable=True, initially="DEFERRED"), primary_key=True
        ),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "model_events",
        sa.Column("at", TIME, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("model_id", sa.Text),
        sa.Column("night", sa.Text),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.UniqueConstraint("night"),
    )
