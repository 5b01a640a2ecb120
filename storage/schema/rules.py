"""Routing rules with their history, and the named places of the county."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, UniqueConstraint

from routing.rule import PlaceKind, RuleStep
from storage.schema.base import metadata, refers
from storage.types import EnumText, Id, Json, UtcTime, Words

routing_rules = Table(
    "routing_rules",
    metadata,
    Column("number", Id, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
    Column("department", Words, refers("departments.code"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("co_departments", Json, nullable=False),
    Column("words", Json, nullable=False),
    Column("places", Json, nullable=False),
    Column("categories", Json, nullable=False),
    Column("station_id", Id, refers("stations.id")),
    Column("hours", Text),
    Column("days", Text),
    Column("active", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

rule_events = Table(
    "rule_events",
    metadata,
    Column("number", Id, refers("routing_rules.number"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("step", EnumText(RuleStep), nullable=False),
    Column("member_id", Id, refers("members.id")),
    Column("data", Json, nullable=False),
    Column("id", Id, primary_key=True, autoincrement=False),
    Index(None, "number"),
)

places = Table(
    "places",
    metadata,
    Column("name", Words, nullable=False),
    Column("kind", EnumText(PlaceKind), nullable=False),
    Column("aliases", Json, nullable=False),
    Column("department", Words, refers("departments.code")),
    Column("station_id", Id, refers("stations.id")),
    Column("active", Boolean, nullable=False),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("name"),
)
