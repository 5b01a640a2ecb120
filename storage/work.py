"""The part of a unit of work that repositories see: its session and its identity maps."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from storage.identity_map import IdentityMap
from storage.mapper import Mapper
from storage.session import Session
from storage.tables import Tables

T = TypeVar("T")


class Work:
    """Identity maps of one transaction, made when first asked for. Without `writes`, nothing is ever flushed."""

    def __init__(self, session: Session, tables: Tables, *, writes: bool = True) -> None:
        self.session = session
        self.tables = tables
        self.writes = writes
        self._maps: dict[Mapper[Any], IdentityMap[Any]] = {}
        #: What repositories put off to write it for the whole group at once.
        self.before_flush: list[Callable[[], None]] = []

    def map(self, mapper: Mapper[T]) -> IdentityMap[T]:
        """The objects of one table."""
        known = self._maps.get(mapper)
        if known is None:
            known = self._maps[mapper] = IdentityMap(
                self.session, mapper, writes=self.writes, before=lambda: self._insert_before(mapper)
            )
        return cast("IdentityMap[T]", known)

    def settle(self) -> None:
        """One piece of work of the group ended."""
        for known in self._maps.values():
            if known.used:
                known.settle()

    def _insert_before(self, mapper: Mapper[Any]) -> None:
        """Write the new rows of the tables that `mapper`'s may refer to.

        With a reference open, SQLite looks through every table that refers to it for each further row, which takes
        the longer the more cases there are.
        """
        for earlier in self.tables.in_order:
            if earlier is mapper:
                return
            if earlier in self._maps:
                self._maps[earlier].insert()

    def flush(self) -> None:
        """Write everything that is pending: new rows in the order of the tables, then changes."""
        if not self.writes:
            return
        maps = [self._maps[mapper] for mapper in self.tables.in_order if mapper in self._maps]
        with self.session.together():
            for write in self.before_flush:
                write()
            for known in maps:
                known.insert()
            for known in maps:
                known.update()

    def let_go(self) -> None:
        """The unit is not used any more. It and its repositories refer to each other, so all that a group touched would
        lie about until the garbage collector looks for it, which takes a twentieth of the time."""
        self.__dict__.clear()

    def wrote(self, *mappers: Mapper[Any]) -> bool:
        """Whether any of these tables was written to."""
        return any(mapper in self._maps and self._maps[mapper].wrote for mapper in mappers)
