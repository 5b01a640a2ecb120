"""Rows of our own tables as SQLite takes them, filled where nothing was said. For the floor and for big databases."""

from functools import cache
from typing import Any

from sqlalchemy import Boolean, Table, Text

from storage.schema import metadata
from storage.types import Json


@cache
def insert_sql(table: str) -> str:
    """The statement that takes what `Rows.make` gives."""
    names = [column.name for column in metadata.tables[table].columns]
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table} ({quoted}) VALUES ({', '.join('?' * len(names))})"


class Rows:
    """Makes rows; columns that may be empty are, the others get "", 0 or an empty list."""

    def __init__(self) -> None:
        self._filled: dict[str, dict[str, Any]] = {
            name: {column.name: _filling(column) for column in table.columns} for name, table in metadata.tables.items()
        }

    def make(self, table: str, **values: Any) -> tuple[Any, ...]:
        """One row, in the order of the table's columns."""
        row = self._filled[table] | values
        return tuple(row.values())


def _filling(column: Any) -> Any:
    if column.nullable:
        return None
    if isinstance(column.type, Json):
        return "[]" if column.name in ("replies", "buttons", "offered", "co_departments", "aliases", "skills") else "{}"
    if column.name == "state":
        return {"addresses": "active", "conversations": "idle", "inbox": "handled"}.get(column.table.name, "pending")
    if column.name == "language":
        return "zh_CN"
    if isinstance(column.type, Boolean):
        return 0
    text = isinstance(column.type, Text) or issubclass(column.type.__class__, Text) or _is_text(column)
    return "" if text else 0


def _is_text(column: Any) -> bool:
    return isinstance(getattr(column.type, "impl", None), Text)


def tables() -> list[Table]:
    """All tables, those that others refer to first."""
    return list(metadata.sorted_tables)
