"""One table's objects within one unit of work: each row once, written when flushed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import Executable

from routing.errors import Conflict
from storage.mapper import Mapper, Row
from storage.session import Session

T = TypeVar("T")
Key = tuple[Any, ...]


class IdentityMap(Generic[T]):
    """Hands out, adds and writes the objects of one table.

    Which objects changed is found by comparing what was handed out with the row it came from. Handing out is noted
    per piece of work (`settle` ends one), so that an object is compared once for each that used it, not at each flush.
    """

    def __init__(
        self, session: Session, mapper: Mapper[T], *, writes: bool = True, before: Callable[[], None] = lambda: None
    ) -> None:
        """`before` writes what this table's new rows may refer to."""
        self.session = session
        self.mapper = mapper
        self._writes = writes
        self._before = before
        self._objects: dict[Any, T] = {}
        self._absent: set[Any] = set()
        self._stored: dict[Any, Row] = {}
        self._new: dict[Any, T] = {}
        self._used: dict[Any, T] = {}
        self._used_before: dict[Any, T] = {}
        #: By the mapper's lookups; None where the table is known to have no such row.
        self._known: dict[Key, dict[Key, T | None]] = {columns: {} for columns in mapper.lookups}
        #: Whether this unit of work wrote to the table.
        self.wrote = False

    def get(self, key: Any) -> T | None:
        """By primary key: from memory, else from the table."""
        obj = self._objects.get(key)
        if obj is not None:
            self._used[key] = obj
            return obj
        if key in self._absent:
            return None
        self.fetch([key])
        obj = self._objects.get(key)
        if obj is not None:
            self._used[key] = obj
        return obj

    def known(self, key: Any) -> T | None:
        """By primary key, if it is in memory."""
        obj = self._objects.get(key)
        if obj is not None:
            self._used[key] = obj
        return obj

    def find(self, columns: tuple[str, ...], *key: Any) -> T | None:
        """By one of the unique keys given as lookups: from memory, else from the table."""
        known = self._known[columns]
        if key not in known:
            self.fetch_by(columns, [key])
        obj = known[key]
        if obj is not None:
            self._used[self.mapper.key(obj)] = obj
        return obj

    def add(self, obj: T) -> None:
        """Have `obj` inserted with the next flush."""
        key = self.mapper.key(obj)
        if key in self._objects:
            raise ValueError(f"{self.mapper.table.name}: this row was added before")
        self._objects[key] = self._new[key] = self._used[key] = obj
        for columns, lookup in self.mapper.lookups.items():
            self._known[columns][lookup.key(obj)] = obj

    def select(
        self, statement: Executable, params: dict[str, Any] | None = None, of: tuple[str, Any] | None = None
    ) -> list[T]:
        """Objects of a query over all of this table's columns; what is pending for the table is written first.

        `of` is a column that never changes, and the only value of it that the query looks at: nothing is written for it
        unless something of that value is pending.
        """
        if of is None or self._pending(*of):
            self.flush()
        found = self.load(self.session.select(statement, params))
        for obj in found:
            self._used[self.mapper.key(obj)] = obj
        return found

    def _pending(self, name: str, value: Any) -> bool:
        """Whether anything with this value in a column is new or changed."""
        value_of = attrgetter(name)
        if any(value_of(obj) == value for obj in self._new.values()):
            return True
        return any(
            value_of(obj) == value and self._stored.get(key) != self.mapper.to_row(obj)
            for used in (self._used, self._used_before)
            for key, obj in used.items()
        )

    # -- prefetch ---------------------------------------------------------------------------------------------------

    def fetch(self, keys: Iterable[Any], suffix: str = "") -> list[T]:
        """Load rows by primary key, noting those that are not there. `suffix` is SQL after the condition."""
        wanted = [key for key in dict.fromkeys(keys) if key not in self._objects and key not in self._absent]
        if not wanted:
            return []
        name = self.mapper.key_name
        sql, params = self.session.any_of(self.mapper.encode(name, key) for key in wanted)
        found = self.load(self.session.rows(f"{self.mapper.select_sql} WHERE {name} {sql}{suffix}", params))
        self._absent.update(key for key in wanted if key not in self._objects)
        return found

    def fetch_by(self, columns: tuple[str, ...], keys: Iterable[Key]) -> list[T]:
        """Load rows by a lookup's keys, noting those that are not there. All but the key's last column usually agree
        within a group, so it is one query for each value of those."""
        known, lookup = self._known[columns], self.mapper.lookups[columns]
        buckets: dict[Key, list[Any]] = defaultdict(list)
        for key in dict.fromkeys(keys):
            if key not in known:
                buckets[key[:-1]].append(key[-1])
        found: list[T] = []
        for head, lasts in buckets.items():
            fixed = [self.mapper.encode(name, value) for name, value in zip(columns, head, strict=False)]
            sql, params = self.session.any_of(self.mapper.encode(columns[-1], last) for last in lasts)
            where = "".join(f"{name} = {self.mapper.mark} AND " for name in columns[:-1])
            rows = self.session.rows(f"{self.mapper.select_sql} WHERE {where}{columns[-1]} {sql}", [*fixed, *params])
            for last in lasts:
                known[(*head, last)] = None
            for obj in self.load(rows):
                known[lookup.key(obj)] = obj
                found.append(obj)
        return found

    def load(self, rows: Iterable[Row], *, refresh: bool = False) -> list[T]:
        """Objects of `rows`, each the one that was handed out before if there is one.

        With `refresh`, what the table says replaces what is in memory: for rows that a statement has just changed.
        """
        found = []
        at = self.mapper.key_at
        for row in rows:
            # Keys are ids and tokens, which need no conversion to be compared but for escaped text.
            obj = self.mapper.from_row(row) if refresh or row[at] not in self._objects else self._objects[row[at]]
            key = self.mapper.key(obj)
            known = self._objects.get(key)
            if known is None or refresh:
                if known is not None:
                    for name in self.mapper.names:
                        setattr(known, name, getattr(obj, name))
                    obj = known
                self._objects[key] = obj
                self._stored[key] = row
                self._absent.discard(key)
            else:
                obj = known
            found.append(obj)
        return found

    # -- writing ----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """A piece of work ended; the next one may touch other objects."""
        if self._used:
            self._used_before.update(self._used)
            self._used.clear()

    def flush(self) -> None:
        """Write what is new and what changed. Raises `Conflict` when somebody else changed one of the rows."""
        if not self._writes or not (self._new or self._used or self._used_before):
            return
        self._before()
        self.insert()
        self.update()

    def insert(self) -> None:
        """Write what is new."""
        if not self._new:
            return
        rows = [self.mapper.to_row(obj) for obj in self._new.values()]
        self.session.many(self.mapper.insert_sql, rows)
        self._stored.update(zip(self._new, rows, strict=True))
        self._absent.difference_update(self._new)
        self._new.clear()
        self.wrote = True

    def update(self) -> None:
        """Write what changed since it was loaded or last written."""
        used = {**self._used_before, **self._used}
        self._used_before.clear()
        if not used:
            return
        mapper = self.mapper
        pending: dict[tuple[int, ...], list[tuple[Any, Row]]] = defaultdict(list)
        for key, obj in used.items():
            old = self._stored.get(key)
            new = mapper.to_row(obj)
            if old is None or new == old:
                continue
            at = mapper.version_at
            if at is None:
                raise TypeError(f"{mapper.table.name}: rows are appended, never edited")
            version = old[at] + 1
            obj.version = version  # type: ignore[attr-defined]  # a mapper with `version_at` has it
            row = (*new[:at], version, *new[at + 1 :])
            changed = tuple(i for i in mapper.keyed if new[i] != old[i])
            pending[changed].append((key, (*row, old[at])))
        for changed, updates in pending.items():
            # In order of key, so that two processes wait for each other instead of dead-locking.
            updates.sort(key=lambda update: update[0])
            self._write(changed, updates)

    def _write(self, changed: tuple[int, ...], updates: Sequence[tuple[Any, Row]]) -> None:
        sql, params = self.mapper.update(changed)
        if self.session.many(sql, [params(row) for _, row in updates]) != len(updates):
            conflict = Conflict(f"{self.mapper.table.name}: a row was changed by somebody else")
            self.session.failure = self.session.failure or conflict
            raise conflict
        for key, row in updates:
            self._stored[key] = row[:-1]
        self.wrote = True
