"""Dataclass to row and back, prepared once per table and database."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Boolean, Dialect, Table

from storage.types import Convert, Converted

T = TypeVar("T")
Row = tuple[Any, ...]


class Lookup(Generic[T]):
    """A second unique key of a table; its columns never change once a row is there."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self._value: Callable[[T], Any] = attrgetter(*columns)

    def key(self, obj: T) -> Row:
        """The key of `obj`, always a tuple."""
        value = self._value(obj)
        return value if len(self.columns) > 1 else (value,)


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that writes rows: `one` takes the values of a row; `many`, where there is such a thing, those of any
    number of rows at once (`as_records`)."""

    one: str
    many: str | None = None


#: What `as_records` calls the values of a row.
_RECORD = tuple(f"c{at}" for at in range(64))


def as_records(rows: Iterable[Row]) -> str:
    """Rows as one JSON text, for PostgreSQL's `json_to_recordset`: it takes half the time of a statement a row."""
    return orjson.dumps([dict(zip(_RECORD, row, strict=False)) for row in rows]).decode()


class Mapper(Generic[T]):
    """Converts between objects of `cls` and rows of `table` as the driver takes and gives them.

    The table's columns are the dataclass's fields, in their order, so that a row is `cls(*row)` but for conversions.
    `lookups` name its other unique keys that objects are asked for by. `owners` are columns that say what a row belongs
    to, each with the SQL condition (or "") on the rows that are asked for by it; they never change once a row is there.
    """

    def __init__(
        self,
        cls: type[T],
        table: Table,
        dialect: Dialect,
        *lookups: tuple[str, ...],
        owners: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        names = [field.name for field in fields(cls)]  # type: ignore[arg-type]  # a dataclass, which no bound can say
        if names != [column.name for column in table.columns]:
            raise TypeError(f"the columns of {table.name} are not the fields of {cls.__name__}")
        self.cls = cls
        self.table = table
        self.names = names
        (key,) = table.primary_key.columns
        self.key_name = key.name
        self.key_at = names.index(key.name)
        self.key: Callable[[T], Any] = attrgetter(key.name)
        self.version_at = names.index("version") if "version" in names else None
        self.mark = "?" if dialect.paramstyle == "qmark" else "%s"
        self._quote = dialect.identifier_preparer.quote
        self._encoders: dict[str, Convert] = {}
        self._decoders: dict[str, Convert] = {}
        for column in table.columns:
            if isinstance(column.type, Converted):
                self._encoders[column.name], self._decoders[column.name] = column.type.converters(dialect.name)
            elif isinstance(column.type, Boolean) and dialect.name == "sqlite":
                self._decoders[column.name] = bool
        #: What the driver stores for an object. Raises `ValueError` or `TypeError` for what the table can't hold.
        self.to_row: Callable[[T], Row] = _compiled("obj", "obj.{}", names, self._encoders, "({},)")
        #: The object that was stored as a row.
        self.from_row: Callable[[Row], T] = _compiled("row", "row[{at}]", names, self._decoders, "make({})", make=cls)

        self.lookups = {columns: Lookup[T](columns) for columns in lookups}
        self.owners = owners
        columns = ", ".join(self._quote(name) for name in names)
        self.select_sql = f"SELECT {columns} FROM {table.name}"
        insert = f"INSERT INTO {table.name} ({columns})"
        types = [column.type.compile(dialect) for column in table.columns]
        records = ", ".join(f"{name} {type_}" for name, type_ in zip(_RECORD, types, strict=False))
        self.insert = Write(
            f"{insert} VALUES ({', '.join([self.mark] * len(names))})",
            f"{insert} SELECT * FROM json_to_recordset({self.mark}::json) AS new({records})"
            if dialect.name == "postgresql"
            else None,
        )
        indexed = {column.name for index in table.indexes for column in index.columns}
        indexed |= {column.name for unique in table.constraints for column in getattr(unique, "columns", ())}
        free = [at for at, name in enumerate(names) if at not in (self.key_at, self.version_at)]
        #: Columns that an UPDATE names only when they changed: naming them costs an index or a reference check.
        self.keyed = [at for at in free if names[at] in indexed]
        self._plain = [at for at in free if names[at] not in indexed]
        self._updates: dict[tuple[int, ...], tuple[Write, Callable[[Row], Row]]] = {}

    def encode(self, name: str, value: Any) -> Any:
        """One value of column `name` as the driver takes it."""
        encode = self._encoders.get(name)
        return value if encode is None or value is None else encode(value)

    def decode(self, name: str, value: Any) -> Any:
        """One value of column `name` from what the driver gave."""
        decode = self._decoders.get(name)
        return value if decode is None or value is None else decode(value)

    def update(self, changed: tuple[int, ...]) -> tuple[Write, Callable[[Row], Row]]:
        """The UPDATE that sets the plain columns, the version and the keyed columns `changed`, where the version is
        still the old one; and what takes its parameters from a new row followed by the old version."""
        if changed not in self._updates:
            assert self.version_at is not None
            at = [*self._plain, *changed, self.version_at]
            sets = ", ".join(f"{self._quote(self.names[i])} = {self.mark}" for i in at)
            sql = (
                f"UPDATE {self.table.name} SET {sets} "
                f"WHERE {self._quote(self.names[self.key_at])} = {self.mark} AND version = {self.mark}"
            )
            self._updates[changed] = Write(sql), itemgetter(*at, self.key_at, len(self.names))
        return self._updates[changed]


def _compiled(
    argument: str, access: str, names: list[str], converters: dict[str, Convert], result: str, **known: Any
) -> Callable[[Any], Any]:
    """A function that takes every value apart at once, as `dataclasses` makes its `__init__`: half the time of a loop
    over converters, for what runs most of all. The names come from the table, never from outside."""
    values = []
    for at, name in enumerate(names):
        value = access.format(name, at=at)
        if name in converters:
            known[f"convert_{at}"] = converters[name]
            value = f"None if (v := {value}) is None else convert_{at}(v)"
        values.append(value)
    source = f"lambda {argument}: {result.format(', '.join(values))}"
    return eval(source, known)  # type: ignore[no-any-return]
