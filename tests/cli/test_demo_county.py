"""The demo county in a real database: rows that refer to each other, a dry run, a second time."""

from pathlib import Path

import pytest

from cli import tables
from cli.tables import read_tables
from routing.roster import Roster, apply_roster, read_roster
from storage.store import Store

DEMO = Path(tables.__file__).with_name("demo_county.yaml")


def test_the_demo_county_is_kept_once(store: Store) -> None:
    roster = read_roster(read_tables(DEMO))
    with store.transaction() as uow:
        assert apply_roster(uow, roster, uow.now).added > 80
    with store.transaction() as uow:
        again = apply_roster(uow, roster, uow.now)
        assert (again.added, again.changed) == (0, 0)
        deputies = {deputy.number: deputy for deputy in uow.directory.deputies.values()}
        assert deputies["086"].substitute_id == deputies["087"].id
        assert deputies["087"].substitute_id == deputies["086"].id


def test_a_dry_run_keeps_nothing(sqlite_store: Store) -> None:
    roster = read_roster(read_tables(DEMO))
    with pytest.raises(_DryRun):
        _try(sqlite_store, roster)
    with sqlite_store.transaction() as uow:
        assert not uow.directory.stations


class _DryRun(Exception):
    pass


def _try(store: Store, roster: Roster) -> None:
    with store.transaction() as uow:
        assert apply_roster(uow, roster, uow.now).added > 80
        raise _DryRun
