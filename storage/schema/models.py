"""Trained models, their files, and who changed which one suggests."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from routing.trained import ModelState, ModelStep
from storage.schema.base import metadata, refers
from storage.types import EnumText, Id, Json, UtcTime, Words

_CHAMPION = text("state = 'champion'")

models = Table(
    "models",
    metadata,
    Column("id", Text, primary_key=True),
    Column("made_at", UtcTime, nullable=False),
    Column("base", Text, nullable=False),
    Column("state", EnumText(ModelState), nullable=False),
    Column("data", Json, nullable=False),
    Column("scores", Json, nullable=False),
    Column("previous", Text),
    Column("promoted_at", UtcTime),
    Column("promoted_by", Words),
    Column("version", Integer, nullable=False),
    Index("ix_models_champion", "state", unique=True, sqlite_where=_CHAMPION, postgresql_where=_CHAMPION),
)

model_contents = Table(
    "model_contents",
    metadata,
    Column("model_id", Text, refers("models.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

model_events = Table(
    "model_events",
    metadata,
    Column("at", UtcTime, nullable=False),
    Column("step", EnumText(ModelStep), nullable=False),
    Column("who", Words, nullable=False),
    Column("model_id", Text),
    Column("night", Text),
    Column("data", Json, nullable=False),
    Column("id", Id, primary_key=True, autoincrement=False),
    UniqueConstraint("night"),
)
