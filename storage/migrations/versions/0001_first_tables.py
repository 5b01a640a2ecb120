"""The first tables.

A revision is never edited once it is released: it does not import `storage.schema`, which goes on changing.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def refers(target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, deferrable=True, initially="DEFERRED")


def where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    op.create_table(
        "calendar_overrides",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("is_workday", sa.Boolean, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
    )
    op.create_table(
        "contacts",
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("notice_version", sa.Text),
        sa.Column("notice_at", TIME),
        sa.Column("address_id", ID),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "departments",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("aliases", sa.Text, nullable=False),
        sa.Column("hotline", sa.Text),
        sa.Column("restricted", sa.Boolean, nullable=False),
        sa.Column("refer_only", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "inbox",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("replies", sa.Text, nullable=False),
        sa.Column("sealed_body", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("channel", "account", "external_id"),
    )
    op.create_index("ix_inbox_failed", "inbox", ["id"], **where("state = 'failed'"))
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "stations",
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("parent_id", ID, refers("stations.id")),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("reception", sa.Text, nullable=False),
        sa.Column("phone", sa.Text),
        sa.Column("duty_phone", sa.Text),
        sa.Column("gas_phone", sa.Text),
        sa.Column("lift_phone", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "access_attempts",
        sa.Column("contact_id", ID, refers("contacts.id"), primary_key=True, autoincrement=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "addresses",
        sa.Column("contact_id", ID, refers("contacts.id"), nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("next_seq", sa.Integer, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("channel", "account", "user_id"),
    )
    op.create_index("ix_addresses_contact_id", "addresses", ["contact_id"])
    op.create_table(
        "case_counters",
        sa.Column("station_id", ID, refers("stations.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "deputies",
        sa.Column("station_id", ID, refers("stations.id"), nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("reception", sa.Text, nullable=False),
        sa.Column("skills", sa.Text, nullable=False),
        sa.Column("substitute_id", ID, refers("deputies.id")),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("away_until", TIME),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "cases",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("station_id", ID, refers("stations.id"), nullable=False),
        sa.Column("reporter_id", ID, refers("contacts.id"), nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("news_at", TIME, nullable=False),
        sa.Column("deputy_id", ID, refers("deputies.id")),
        sa.Column("code", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("resume_state", sa.Text),
        sa.Column("urgency", sa.Text, nullable=False),
        sa.Column("category", sa.Text),
        sa.Column("department", sa.Text),
        sa.Column("co_departments", sa.Text, nullable=False),
        sa.Column("suggestion", sa.Text, nullable=False),
        sa.Column("held_from_deputy", sa.Boolean, nullable=False),
        sa.Column("transfer_consent", sa.Boolean, nullable=False),
        sa.Column("heard_by", ID),
        sa.Column("heard_at", TIME),
        sa.Column("returns", sa.Integer, nullable=False),
        sa.Column("question", sa.Text),
        sa.Column("answer_class", sa.Text),
        sa.Column("answer", sa.Text),
        sa.Column("answered_at", TIME),
        sa.Column("promised_on", sa.Text),
        sa.Column("rating", sa.Text),
        sa.Column("rating_reason", sa.Text),
        sa.Column("closed_at", TIME),
        sa.Column("close_reason", sa.Text),
        sa.Column("event_count", sa.Integer, nullable=False),
        sa.Column("event_hash", sa.Text, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_cases_created_at", "cases", ["created_at"])
    op.create_index("ix_cases_department_created_at", "cases", ["department", "created_at"])
    op.create_index("ix_cases_deputy_id_created_at", "cases", ["deputy_id", "created_at"])
    op.create_index("ix_cases_sealed", "cases", ["created_at"], **where("state IN ('sealed', 'transferred')"))
    op.create_index("ix_cases_station_id_created_at", "cases", ["station_id", "created_at"])
    op.create_table(
        "codes",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("station_id", ID, refers("stations.id"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("deputy_id", ID, refers("deputies.id")),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.Column("expires_at", TIME),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "conversations",
        sa.Column("address_id", ID, refers("addresses.id"), nullable=False),
        sa.Column("contact_id", ID, refers("contacts.id"), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("offered", sa.Text, nullable=False),
        sa.Column("station_id", ID, refers("stations.id")),
        sa.Column("deputy_id", ID, refers("deputies.id")),
        sa.Column("code", sa.Text),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("address_id"),
    )
    op.create_table(
        "members",
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("station_id", ID, refers("stations.id")),
        sa.Column("department", sa.Text, refers("departments.code")),
        sa.Column("deputy_id", ID, refers("deputies.id")),
        sa.Column("contact_id", ID, refers("contacts.id")),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("on_duty", sa.Boolean, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "assignments",
        sa.Column("case_id", ID, refers("cases.id"), nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("final", sa.Boolean, nullable=False),
        sa.Column("confirm_by", TIME),
        sa.Column("confirmed_at", TIME),
        sa.Column("confirmed_by", ID),
        sa.Column("due_at", TIME),
        sa.Column("due_days", sa.Integer, nullable=False),
        sa.Column("due_unit", sa.Text, nullable=False),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("ix_assignments_case_id", "assignments", ["case_id"])
    op.create_table(
        "buttons",
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("contact_id", ID, refers("contacts.id"), nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("args", sa.Text, nullable=False),
        sa.Column("case_id", ID, refers("cases.id")),
        sa.Column("case_state", sa.Text),
        sa.Column("used_at", TIME),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "case_events",
        sa.Column("case_id", ID, refers("cases.id"), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor_role", sa.Text, nullable=False),
        sa.Column("actor_id", ID),
        sa.Column("from_state", sa.Text),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.UniqueConstraint("case_id", "seq"),
    )
    op.create_table(
        "invitations",
        sa.Column("member_id", ID, refers("members.id"), nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("secret_hash"),
    )
    op.create_table(
        "notices",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("contact_id", ID, refers("contacts.id"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("params", sa.Text, nullable=False),
        sa.Column("buttons", sa.Text, nullable=False),
        sa.Column("address_id", ID, refers("addresses.id")),
        sa.Column("case_id", ID, refers("cases.id")),
        sa.Column("member_id", ID, refers("members.id")),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until", TIME),
        sa.Column("sent_at", TIME),
        sa.Column("external_id", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("ix_notices_case_id", "notices", ["case_id"])
    op.create_index(
        "ix_notices_claim",
        "notices",
        ["priority", "id", "due_at", "lease_until", "contact_id"],
        **where("state = 'pending'"),
    )
    op.create_index("ix_notices_external", "notices", ["address_id", "external_id"], **where("external_id IS NOT NULL"))
    op.create_index("ix_notices_recipient", "notices", ["contact_id", "priority", "id"], **where("state = 'pending'"))
    op.create_table(
        "scans",
        sa.Column("code", sa.Text, refers("codes.code"), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
    )
    op.create_index("ix_scans_code_channel", "scans", ["code", "channel"])
    op.create_table(
        "submissions",
        sa.Column("contact_id", ID, refers("contacts.id"), nullable=False),
        sa.Column("address_id", ID, refers("addresses.id"), nullable=False),
        sa.Column("station_id", ID, refers("stations.id"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("deputy_id", ID, refers("deputies.id")),
        sa.Column("code", sa.Text),
        sa.Column("case_id", ID, refers("cases.id")),
        sa.Column("submitted_at", TIME),
        sa.Column("withdrawn_at", TIME),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("ix_submissions_case_id", "submissions", ["case_id"])
    op.create_index("ix_submissions_contact_id", "submissions", ["contact_id"])
    op.create_table(
        "files",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("mime", sa.Text),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text),
        sa.Column("reference", sa.Text),
        sa.Column("submission_id", ID, refers("submissions.id")),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("name"),
    )
    op.create_index("ix_files_pending", "files", ["id"], **where("state = 'pending'"))
    op.create_table(
        "follow_ups",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("case_id", ID, refers("cases.id")),
        sa.Column("submission_id", ID, refers("submissions.id")),
        sa.Column("params", sa.Text, nullable=False),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("ix_follow_ups_case", "follow_ups", ["case_id"], **where("state = 'pending'"))
    op.create_index("ix_follow_ups_due", "follow_ups", ["due_at", "id"], **where("state = 'pending'"))
    op.create_index("ix_follow_ups_submission", "follow_ups", ["submission_id"], **where("state = 'pending'"))
    op.create_table(
        "mailbox",
        sa.Column("address_id", ID, refers("addresses.id"), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("sealed", sa.Boolean, nullable=False),
        sa.Column("notice_id", ID, refers("notices.id")),
        sa.Column("case_id", ID, refers("cases.id")),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.UniqueConstraint("address_id", "notice_id"),
        sa.UniqueConstraint("address_id", "seq"),
    )
    op.create_table(
        "submission_parts",
        sa.Column("submission_id", ID, refers("submissions.id"), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("sealed_text", sa.Text),
        sa.Column("file_id", ID, refers("files.id")),
        sa.Column("lat", sa.Float(53)),
        sa.Column("lon", sa.Float(53)),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("submission_id", "seq"),
    )
    append_only()


def append_only() -> None:
    """Case events are never edited, and the database itself sees to it."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER case_events_no_{verb} BEFORE {verb.upper()} ON case_events "
                "BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_case_event_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'case_events is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER case_events_append_only BEFORE UPDATE OR DELETE ON case_events "
        "FOR EACH ROW EXECUTE FUNCTION refuse_case_event_change()"
    )
