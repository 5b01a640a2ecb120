"""Routing rules, their history, and named places."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def refers(target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, deferrable=True, initially="DEFERRED")


def upgrade() -> None:
    op.create_table(
        "routing_rules",
        sa.Column("number", ID, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("department", sa.Text, refers("departments.code"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("co_departments", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("places", sa.Text, nullable=False),
        sa.Column("categories", sa.Text, nullable=False),
        sa.Column("station_id", ID, refers("stations.id")),
        sa.Column("hours", sa.Text),
        sa.Column("days", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "places",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("aliases", sa.Text, nullable=False),
        sa.Column("department", sa.Text, refers("departments.code")),
        sa.Column("station_id", ID, refers("stations.id")),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "rule_events",
        sa.Column("number", ID, refers("routing_rules.number"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("member_id", ID, refers("members.id")),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
    )
    op.create_index("ix_rule_events_number", "rule_events", ["number"])
    append_only()


def append_only() -> None:
    """Who changed which rule when is never edited, and the database itself sees to it."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER rule_events_no_{verb} BEFORE {verb.upper()} ON rule_events "
                "BEGIN SELECT RAISE(ABORT, 'rule_events is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_rule_event_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'rule_events is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER rule_events_append_only BEFORE UPDATE OR DELETE ON rule_events "
        "FOR EACH ROW EXECUTE FUNCTION refuse_rule_event_change()"
    )
