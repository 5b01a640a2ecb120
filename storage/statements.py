"""Core statements in the driver's own SQL.

Executing a Core statement costs ten times what the driver takes for the same SQL. A statement that is used again (those
of the repositories are made once, at import) is therefore compiled once more here, with its constants written into the
SQL: neither database can use an index over `state = 'pending'` for a statement that only says `state = ?`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql.elements import ClauseElement

Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL, and what makes the driver's parameters for it of the statement's own."""

    sql: str
    params: Callable[[Params], Any]


class Statements:
    """The compiled statements of one dialect. Threads may share it."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: WeakKeyDictionary[Executable, Statement | None] = WeakKeyDictionary()

    def get(self, statement: Executable) -> Statement | None:
        """None at the first use, because a statement made for one call is never seen again; and for a statement whose
        SQL depends on its parameters (a list of values)."""
        try:
            known = self._known[statement]
        except KeyError:
            self._known[statement] = None
            return None
        if known is None:
            known = self._known[statement] = self._compile(statement)
        return known if known.sql else None

    def _compile(self, statement: Executable) -> Statement:
        assert isinstance(statement, ClauseElement)
        compiled: Any = statement.compile(dialect=self._dialect)
        if compiled.post_compile_params or compiled.literal_execute_params:
            return Statement("", dict)
        fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        convert: dict[str, Callable[[Any], Any]] = dict(compiled._bind_processors)
        literals = {
            name: literal
            for name, value in fixed.items()
            if (literal := _literal(convert[name](value) if name in convert else value)) is not None
        }
        if compiled.positional:
            return _positional(str(compiled), compiled.positiontup, fixed, convert, literals)
        return _named(str(compiled), list(compiled.params), fixed, convert, literals)


def _literal(value: Any) -> str | None:
    if type(value) is int:
        return str(value)
    if type(value) is str and value.isidentifier():
        return f"'{value}'"
    return None


def _positional(
    sql: str, order: list[str], fixed: Params, convert: dict[str, Callable[[Any], Any]], literals: dict[str, str]
) -> Statement:
    pieces = sql.split("?")
    if len(pieces) != len(order) + 1:
        return Statement("", dict)
    written = [pieces[0]]
    left = []
    for name, piece in zip(order, pieces[1:], strict=True):
        if name in literals:
            written += (literals[name], piece)
        else:
            written += ("?", piece)
            left.append(name)

    def params(given: Params) -> tuple[Any, ...]:
        values = []
        for name in left:
            value = given[name] if name in given else fixed[name]
            values.append(convert[name](value) if name in convert and value is not None else value)
        return tuple(values)

    return Statement("".join(written), params)


def _named(
    sql: str, names: list[str], fixed: Params, convert: dict[str, Callable[[Any], Any]], literals: dict[str, str]
) -> Statement:
    for name, literal in literals.items():
        sql = sql.replace(f"%({name})s", literal)
    left = [name for name in names if name not in literals]

    def params(given: Params) -> Params:
        values = {}
        for name in left:
            value = given[name] if name in given else fixed[name]
            values[name] = convert[name](value) if name in convert and value is not None else value
        return values

    return Statement(sql, params)
