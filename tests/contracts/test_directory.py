"""The directory follows what is written, for every process."""
# ruff: noqa: PT012 - what is refused is refused when the transaction's block ends

import pytest

from routing.people import Member, Role
from routing.station import Department, Deputy, Station
from storage.sealer import AesSealer
from storage.store import Store
from tests.conftest import Clock
from tests.contracts.rows import somebody


def test_the_directory_holds_the_four_tables(store: Store) -> None:
    with store.transaction() as unit:
        assert unit.directory.version == 0
        who = somebody(unit)
        deputy = Deputy(who.station.id, "086", "张三", skills=["法律"])
        department = Department("urban", "城管")
        member = Member(Role.STAFF, "王五", unit.now, station_id=who.station.id, contact_id=who.contact.id)
        unit.stations.add_deputy(deputy)
        unit.stations.add_department(department)
        unit.members.add(member)
    with store.transaction() as unit:
        directory = unit.directory
        assert directory.version == 1
        assert directory.stations == {who.station.id: who.station}
        assert directory.deputies == {deputy.id: deputy}
        assert directory.departments == {"urban": department}
        assert directory.members_of(who.contact.id) == [member]


def test_it_is_the_same_object_until_something_changes(store: Store) -> None:
    with store.transaction() as unit:
        station = somebody(unit).station
    with store.transaction() as unit:
        first = unit.directory
        somebody(unit, "u2", station)
    with store.transaction() as unit:
        assert unit.directory is first
        changed = unit.stations.get(station.id)
        assert changed is not None
        changed.name = "新名"
    with store.transaction() as unit:
        assert unit.directory is not first
        assert unit.directory.stations[station.id].name == "新名"
        assert first.stations[station.id].name == "和平站"


def test_what_was_not_committed_is_in_no_directory(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        unit.stations.add(Station("HP", "和平站"))
        unit.flush()
        1 / 0  # noqa: B018
    with store.transaction() as unit:
        assert (unit.directory.version, unit.directory.stations) == (0, {})


async def test_another_process_and_the_reader_see_the_change(store: Store, store_url: str, clock: Clock) -> None:
    other = Store(store_url, clock=clock, sealer=AesSealer("test key"), data_dir=store.files.folder)
    try:
        assert await other.reader.run(lambda unit: unit.directory.stations) == {}
        with store.transaction() as unit:
            station = somebody(unit).station
        assert await other.reader.run(lambda unit: list(unit.directory.stations)) == [station.id]
        assert await other.writer.run(lambda unit: list(unit.directory.stations)) == [station.id]
    finally:
        await other.aclose()
