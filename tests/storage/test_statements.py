"""Core statements in the driver's own SQL."""

import pytest
from sqlalchemy import Dialect, bindparam, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from routing.notice import Priority
from storage.schema import cases, notices
from storage.statements import Statements


@pytest.fixture(params=[SQLiteDialect_pysqlite, PGDialect_psycopg])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    made: Dialect = request.param()
    return made


def test_constants_are_written_and_the_rest_is_converted(dialect: Dialect) -> None:
    statement = select(notices.c.id).where(
        notices.c.state == "pending", notices.c.priority == bindparam("priority"), notices.c.kind == bindparam("kind")
    )
    statements = Statements(dialect)
    assert statements.get(statement) is None, "the first use may be the only one"
    prepared = statements.get(statement)
    assert prepared is not None
    assert "'pending'" in prepared.sql
    params = prepared.params({"priority": Priority.REPLY, "kind": "told"})
    assert params == ((1, "told") if dialect.positional else {"priority": 1, "kind": "told"})
    assert prepared.sql.count("?" if dialect.positional else "%(") == 2


def test_a_list_of_values_is_left_to_sqlalchemy(dialect: Dialect) -> None:
    statement = select(cases.c.id).where(cases.c.number.in_(bindparam("numbers", expanding=True)))
    statements = Statements(dialect)
    assert [statements.get(statement) for _ in range(3)] == [None, None, None]


def test_a_constant_that_is_no_plain_word_stays_a_parameter(dialect: Dialect) -> None:
    statement = select(cases.c.id).where(cases.c.number == "it's")
    statements = Statements(dialect)
    statements.get(statement)
    prepared = statements.get(statement)
    assert prepared is not None
    assert "it's" not in prepared.sql
    assert "it's" in (prepared.params({}) if dialect.positional else prepared.params({}).values())


def test_statements_that_nobody_holds_are_forgotten(dialect: Dialect) -> None:
    statements = Statements(dialect)
    for number in range(50):
        statements.get(select(cases.c.id).where(cases.c.number == str(number)))
    assert len(statements._known) < 50
