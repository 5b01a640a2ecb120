"""Statements of one transaction on one connection, straight to the driver where it is hot."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Executable

from storage.errors import translate
from storage.mapper import Row
from storage.statements import Statements

#: By the dialect's name: all engines of a database compile alike.
_STATEMENTS: dict[str, Statements] = {}


class Session:
    """What the unit of work runs its SQL on. Every error leaves it translated (`storage.errors`).

    After an error the transaction can only be rolled back: `failure` keeps the first one, so that nobody who caught
    it can commit the rest.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.dialect = connection.dialect
        self.postgresql = connection.dialect.name == "postgresql"
        self.failure: Exception | None = None
        self._cursor: Any = connection.connection.cursor()
        self._statements = _STATEMENTS.setdefault(self.dialect.name, Statements(self.dialect))

    def rows(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """Rows of a query in the driver's own SQL, unconverted."""
        try:
            self._cursor.execute(sql, params)
            return self._cursor.fetchall()  # type: ignore[no-any-return]
        except Exception as error:
            raise self._failed(error) from None

    def many(self, sql: str, rows: Sequence[Row]) -> int:
        """Run `sql` for each of `rows`; returns how many rows it hit in all."""
        try:
            if len(rows) == 1:
                self._cursor.execute(sql, rows[0])
            else:
                self._cursor.executemany(sql, rows)
            return int(self._cursor.rowcount)
        except Exception as error:
            raise self._failed(error) from None

    def select(self, statement: Executable, params: dict[str, Any] | None = None) -> list[Row]:
        """Rows of a Core statement with typed parameters; the rows are the driver's own, for `Mapper.from_row`."""
        prepared = self._statements.get(statement)
        if prepared is not None:
            return self.rows(prepared.sql, prepared.params(params or {}))
        try:
            result = self.connection.execute(statement, params)
            cursor = result.cursor
            assert cursor is not None
            rows = list(cursor.fetchall())
            result.close()
            return rows
        except Exception as error:
            raise self._failed(error) from None

    def run(self, statement: Executable, params: dict[str, Any] | None = None) -> None:
        """A Core statement without rows."""
        try:
            self.connection.execute(statement, params)
        except Exception as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> Exception:
        translated = translate(error)
        self.failure = self.failure or translated
        return translated

    def any_of(self, values: Iterable[Any]) -> tuple[str, tuple[Any, ...]]:
        """SQL for "is one of `values`" (encoded, at least one) and its parameters.

        SQLite's list is padded to a power of two, so that few different statements have to be prepared.
        """
        listed = list(values)
        if self.postgresql:
            return "= ANY(%s)", (listed,)
        size = 1 << (len(listed) - 1).bit_length()
        listed += [listed[-1]] * (size - len(listed))
        return f"IN ({', '.join('?' * size)})", tuple(listed)
