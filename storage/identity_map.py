"""One table's objects within one unit of work: each row once, written when flushed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import Executable

from storage.mapper import Mapper, Row
from storage.session import Session

T = TypeVar("T")
Key = tuple[Any, ...]


def _nothing() -> None:
    """There was nothing to ask."""


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
        #: What the piece of work that is running was handed out or added.
        self.used: dict[Any, T] = {}
        self._used_before: dict[Any, T] = {}
        #: By the mapper's lookups; None where the table is known to have no such row.
        self._known: dict[Key, dict[Key, T | None]] = {columns: {} for columns in mapper.lookups}
        #: By the mapper's owners, as far as they are here; `_whole` names those of whom all rows are.
        self._owned: dict[str, dict[Any, dict[Any, T]]] = {column: {} for column in mapper.owners}
        self._whole: dict[str, set[Any]] = {column: set() for column in mapper.owners}
        self._made: set[Any] = set()
        #: Whether this unit of work wrote to the table.
        self.wrote = False

    def get(self, key: Any) -> T | None:
        """By primary key: from memory, else from the table."""
        obj = self._objects.get(key)
        if obj is not None:
            self.used[key] = obj
            return obj
        if key in self._absent:
            return None
        self.ask([key])()
        obj = self._objects.get(key)
        if obj is not None:
            self.used[key] = obj
        return obj

    def known(self, key: Any) -> T | None:
        """By primary key, if it is in memory."""
        obj = self._objects.get(key)
        if obj is not None:
            self.used[key] = obj
        return obj

    def find(self, columns: tuple[str, ...], *key: Any, stored: bool = True) -> T | None:
        """By one of the unique keys given as lookups: from memory, else from the table, unless it can't be `stored`."""
        known = self._known[columns]
        if key not in known and stored:
            self.ask_by(columns, [key])()
        obj = known.get(key)
        if obj is not None:
            self.used[self.mapper.key(obj)] = obj
        return obj

    def add(self, obj: T) -> None:
        """Have `obj` inserted with the next flush."""
        key = self.mapper.key(obj)
        if key in self._objects:
            raise ValueError(f"{self.mapper.table.name}: this row was added before")
        self._objects[key] = self._new[key] = self.used[key] = obj
        self._made.add(key)
        for columns, lookup in self.mapper.lookups.items():
            self._known[columns][lookup.key(obj)] = obj
        for column, owned in self._owned.items():
            owned.setdefault(getattr(obj, column), {})[key] = obj

    def made(self, key: Any) -> bool:
        """Whether this unit of work added the row: no table can refer to it yet but by what was added here too."""
        return key in self._made

    def stored_keys(self) -> list[Any]:
        """Of what is in memory, the keys of what the table had before."""
        return [key for key in self._objects if key not in self._made]

    def owned(self, column: str, owner: Any) -> list[T]:
        """The objects that belong to `owner`, in no order: from memory once the table was asked. An object that no
        longer meets the mapper's condition may be among them."""
        if owner not in self._whole[column]:
            self.ask_owned(column, [owner])()
        found = self._owned[column].get(owner, {})
        self.used.update(found)
        return list(found.values())

    def select(self, statement: Executable, params: dict[str, Any] | None = None) -> list[T]:
        """Objects of a query over all of this table's columns; what is pending for the table is written first."""
        self.flush()
        found = self.load(self.session.select(statement, params))
        for obj in found:
            self.used[self.mapper.key(obj)] = obj
        return found

    # -- prefetch ---------------------------------------------------------------------------------------------------

    # Each sends its queries, and what it returns takes the answers in, so that several can be under way at once.

    def ask(self, keys: Iterable[Any]) -> Callable[[], None]:
        """Load rows by primary key, noting those that are not there."""
        wanted = [key for key in dict.fromkeys(keys) if key not in self._objects and key not in self._absent]
        if not wanted:
            return _nothing
        name = self.mapper.key_name
        sql, params = self.session.any_of(self.mapper.encode(name, key) for key in wanted)
        answer = self.session.ask(f"{self.mapper.select_sql} WHERE {name} {sql}", params)

        def take() -> None:
            self.load(answer())
            self._absent.update(key for key in wanted if key not in self._objects)

        return take

    def ask_by(self, columns: tuple[str, ...], keys: Iterable[Key]) -> Callable[[], list[T]]:
        """Load rows by a lookup's keys, noting those that are not there. All but the key's last column usually agree
        within a group, so it is one query for each value of those."""
        known, lookup = self._known[columns], self.mapper.lookups[columns]
        buckets: dict[Key, list[Any]] = defaultdict(list)
        for key in dict.fromkeys(keys):
            if key not in known:
                buckets[key[:-1]].append(key[-1])
        answers = [(head, lasts, self._ask_by(columns, head, lasts)) for head, lasts in buckets.items()]

        def take() -> list[T]:
            found: list[T] = []
            for head, lasts, answer in answers:
                loaded = self.load(answer())
                known.update(((*head, last), None) for last in lasts)
                known.update((lookup.key(obj), obj) for obj in loaded)
                found += loaded
            return found

        return take

    def _ask_by(self, columns: tuple[str, ...], head: Key, lasts: Sequence[Any]) -> Callable[[], list[Row]]:
        mapper = self.mapper
        fixed = [mapper.encode(name, value) for name, value in zip(columns, head, strict=False)]
        sql, params = self.session.any_of(mapper.encode(columns[-1], last) for last in lasts)
        where = "".join(f"{name} = {mapper.mark} AND " for name in columns[:-1])
        return self.session.ask(f"{mapper.select_sql} WHERE {where}{columns[-1]} {sql}", [*fixed, *params])

    def ask_owned(self, column: str, owners: Iterable[Any]) -> Callable[[], None]:
        """Load the rows of these owners. What is pending need not be written for it: it is in memory already."""
        whole, owned = self._whole[column], self._owned[column]
        wanted = [owner for owner in dict.fromkeys(owners) if owner not in whole]
        if not wanted:
            return _nothing
        sql, params = self.session.any_of(wanted)
        condition = self.mapper.owners[column]
        where = f"{column} {sql} AND {condition}" if condition else f"{column} {sql}"
        answer = self.session.ask(f"{self.mapper.select_sql} WHERE {where}", params)

        def take() -> None:
            for obj in self.load(answer()):
                owned.setdefault(getattr(obj, column), {})[self.mapper.key(obj)] = obj
            whole.update(wanted)

        return take

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
        self._used_before |= self.used
        self.used.clear()

    def flush(self) -> None:
        """Write what is new and what changed. Raises `Conflict` when somebody else changed one of the rows."""
        if not self._writes or not (self._new or self.used or self._used_before):
            return
        with self.session.together():
            self._before()
            self.insert()
            self.update()

    def insert(self) -> None:
        """Write what is new."""
        if not self._new:
            return
        rows = [self.mapper.to_row(obj) for obj in self._new.values()]
        self.session.write(self.mapper.insert, rows)
        self._stored.update(zip(self._new, rows, strict=True))
        self._absent.difference_update(self._new)
        # As they stand now, but for what the piece of work that is running may yet do to them.
        for key in self._new:
            self._used_before.pop(key, None)
        self._new.clear()
        self.wrote = True

    def update(self) -> None:
        """Write what changed since it was loaded or last written."""
        if not (self._used_before or self.used):
            return
        used = {**self._used_before, **self.used}
        self._used_before.clear()
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
        write, params = self.mapper.update(changed)
        self.session.write(write, [params(row) for _, row in updates], each_of=self.mapper.table.name)
        for key, row in updates:
            self._stored[key] = row[:-1]
        self.wrote = True
