"""What all tables share, and the few that hold no dataclass."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, MetaData, Table, Text

from storage.types import Id, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def refers(target: str) -> ForeignKey:
    """A foreign key that is checked at the commit: a group's rows are written table by table, as queries need them."""
    return ForeignKey(target, deferrable=True, initially="DEFERRED")


meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

case_counters = Table(
    "case_counters",
    metadata,
    Column("station_id", Id, refers("stations.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("last", Integer, nullable=False),
)

calendar_overrides = Table(
    "calendar_overrides",
    metadata,
    Column("day", Date, primary_key=True),
    Column("is_workday", Boolean, nullable=False),
    Column("name", Words, nullable=False),
    Column("source", Words, nullable=False),
)
