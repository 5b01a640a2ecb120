"""The tables. A table that holds a dataclass of `routing` has its field names, in its order, as columns."""

from storage.schema.base import calendar_overrides, case_counters, meta, metadata
from storage.schema.cases import (
    assignments,
    case_events,
    cases,
    files,
    follow_ups,
    submission_parts,
    submissions,
)
from storage.schema.messages import buttons, inbox, mailbox, notices
from storage.schema.models import model_contents, model_events, models
from storage.schema.people import (
    access_attempts,
    addresses,
    codes,
    contacts,
    conversations,
    departments,
    deputies,
    invitations,
    link_codes,
    members,
    scans,
    stations,
)
from storage.schema.platforms import platform_codes, platform_tokens
from storage.schema.rules import places, routing_rules, rule_events

__all__ = [
    "access_attempts",
    "addresses",
    "assignments",
    "buttons",
    "calendar_overrides",
    "case_counters",
    "case_events",
    "cases",
    "codes",
    "contacts",
    "conversations",
    "departments",
    "deputies",
    "files",
    "follow_ups",
    "inbox",
    "invitations",
    "link_codes",
    "mailbox",
    "members",
    "meta",
    "metadata",
    "model_contents",
    "model_events",
    "models",
    "notices",
    "places",
    "platform_codes",
    "platform_tokens",
    "routing_rules",
    "rule_events",
    "scans",
    "stations",
    "submission_parts",
    "submissions",
]
