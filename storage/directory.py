"""The directory of stations, deputies, departments, members, rules and places, loaded when its version number rose."""

from typing import Any

from sqlalchemy import BigInteger, Text, cast, literal
from sqlalchemy.dialects import postgresql, sqlite

from routing.directory import Directory
from storage.schema import meta
from storage.session import Session
from storage.tables import Tables
from storage.work import Work

_KEY = "directory_version"
_VERSION = f"SELECT value FROM meta WHERE key = '{_KEY}'"


def _bump(insert: Any) -> Any:
    first = insert(meta).values(key=literal(_KEY), value=literal("1"))
    risen = cast(cast(meta.c.value, BigInteger) + 1, Text)
    return first.on_conflict_do_update(index_elements=[meta.c.key], set_={"value": risen})


_BUMP = {False: _bump(sqlite.insert), True: _bump(postgresql.insert)}


class DirectoryCache:
    """One process's copy of the directory. Safe to share between threads: it is replaced whole."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._directory: Directory | None = None

    def current(self, session: Session) -> Directory:
        """The directory as of this transaction, which must not have changed it yet: what is read here outlives it."""
        with session.together():
            # The way to the server that begins the transaction.
            answer = session.ask(_VERSION)
        rows = answer()
        version = int(rows[0][0]) if rows else 0
        known = self._directory
        if known is not None and known.version == version:
            return known
        # The number was read first: if somebody commits between the two, the next group loads again.
        loaded = self._load(session, version)
        # A reader whose snapshot is a moment old must not take the newer directory from the others.
        if known is None or known.version < version:
            self._directory = loaded
        return loaded

    def _load(self, session: Session, version: int) -> Directory:
        def all_of(mapper: Any) -> list[Any]:
            return [mapper.from_row(row) for row in session.rows(f"{mapper.select_sql} ORDER BY {mapper.key_name}")]

        tables = self._tables
        return Directory(
            version,
            stations=all_of(tables.stations),
            deputies=all_of(tables.deputies),
            departments=all_of(tables.departments),
            members=all_of(tables.members),
            rules=all_of(tables.routing_rules),
            places=all_of(tables.places),
        )


def bump_if_changed(work: Work) -> None:
    """Make every process load the directory again if this unit of work wrote to one of its tables."""
    tables = work.tables
    people = (tables.stations, tables.deputies, tables.departments, tables.members)
    if work.wrote(*people, tables.routing_rules, tables.places):
        work.session.run(_BUMP[work.session.postgresql])
