"""Statements of one transaction on one connection, straight to the driver where it is hot."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Executable

from routing.errors import Conflict
from storage.errors import translate
from storage.mapper import Row, Write, as_records
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
        self._driver: Any = connection.connection
        self._cursor: Any = self._driver.cursor()
        self._statements = _STATEMENTS.setdefault(self.dialect.name, Statements(self.dialect))
        self._together = False
        #: What was written and not looked at yet: how many rows it should have hit, of which table.
        self._to_check: list[tuple[Any, int, str]] = []

    @contextmanager
    def together(self) -> Iterator[None]:
        """Statements in the block are sent without waiting for the answers to those before them, where an answer is a
        way to a server and back: PostgreSQL. What they raise is raised in the block or at its end."""
        if not self.postgresql or self._together:
            yield
            return
        self._together = True
        try:
            with self._driver.dbapi_connection.pipeline():
                yield
        except Exception as error:
            raise self._failed(error) from None
        finally:
            self._together = False
        self._check()

    def ask(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> Callable[[], list[Row]]:
        """Send a query in the driver's own SQL; what is returned gives its rows, unconverted."""
        try:
            cursor: Any = self._driver.cursor() if self._together else self._cursor
            cursor.execute(sql, params)
            if not self._together:
                rows: list[Row] = cursor.fetchall()
                return lambda: rows
        except Exception as error:
            raise self._failed(error) from None

        def answer() -> list[Row]:
            try:
                return cursor.fetchall()  # type: ignore[no-any-return]
            except Exception as error:
                raise self._failed(error) from None

        return answer

    def rows(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """Rows of a query in the driver's own SQL, unconverted."""
        return self.ask(sql, params)()

    def write(self, write: Write, rows: Sequence[Row], *, each_of: str = "") -> None:
        """Run `write` for each of `rows`. Raises `Conflict` if there is not one row for each of them in the table
        `each_of`; inside of `together`, at its end."""
        try:
            cursor: Any = self._driver.cursor() if self._together else self._cursor
            if len(rows) == 1:
                cursor.execute(write.one, rows[0])
            elif write.many is not None:
                cursor.execute(write.many, (as_records(rows),))
            else:
                cursor.executemany(write.one, rows)
        except Exception as error:
            raise self._failed(error) from None
        if each_of:
            self._to_check.append((cursor, len(rows), each_of))
            if not self._together:
                self._check()

    def _check(self) -> None:
        to_check, self._to_check = self._to_check, []
        for cursor, count, table in to_check:
            if cursor.rowcount != count:
                raise self._failed(Conflict(f"{table}: a row was changed by somebody else"))

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
