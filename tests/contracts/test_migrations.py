"""The migrations make what `storage.schema` says."""

import logging
import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from routing.errors import StorageUnavailable
from storage import migrate
from storage.engine import writing_engine
from storage.errors import StorageFault
from storage.schema import metadata


def test_the_migrated_schema_is_the_schema(store_url: str) -> None:
    engine = writing_engine(store_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        for table in metadata.tables.values():
            found = {
                (key["constrained_columns"][0], key["referred_table"], key["options"].get("initially"))
                for key in connection.dialect.get_foreign_keys(connection, table.name)
            }
            assert found == {(key.parent.name, key.column.table.name, "DEFERRED") for key in table.foreign_keys}, (
                table.name
            )
    engine.dispose()


def test_indexes_are_partial_where_they_should_be(store_url: str) -> None:
    engine = writing_engine(store_url)
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            sql = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%WHERE%'"
        else:
            sql = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE '%%WHERE%%'"
        partial = {row[0] for row in connection.exec_driver_sql(sql)}
    engine.dispose()
    wanted = {
        index.name
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"].get("where") is not None
    }
    assert partial == wanted


def test_a_second_upgrade_does_nothing(store_url: str) -> None:
    assert not migrate.needed(store_url)
    migrate.upgrade(store_url)
    assert migrate.current(store_url) == migrate.head()


def test_a_new_file_is_made_with_its_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = f"sqlite:///{tmp_path}/a/b/mashang.db"
    assert migrate.needed(url)
    with caplog.at_level(logging.INFO):
        migrate.upgrade(url)
    assert not migrate.needed(url)
    assert caplog.records == []
    assert (tmp_path / "a" / "b" / "mashang.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_a_database_of_a_newer_program_is_refused(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "newer.db"
    shutil.copyfile(sqlite_template, path)
    engine = writing_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    assert migrate.needed(f"sqlite:///{path}")
    with pytest.raises(StorageFault, match="newer"):
        migrate.upgrade(f"sqlite:///{path}")


def test_a_database_that_is_away_is_unavailable() -> None:
    with pytest.raises(StorageUnavailable):
        migrate.needed("postgresql://root@127.0.0.1:1/none")
