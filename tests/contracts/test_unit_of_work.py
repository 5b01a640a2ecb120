"""What the unit of work promises, on both databases."""
# ruff: noqa: PT012 - what is refused is refused when the transaction's block ends

from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, cast, get_type_hints

import pytest
from sqlalchemy import Text

from routing.case import Case, CaseEvent, CaseState, PartKind, StoredFile, append_event
from routing.code import Code, CodeKind
from routing.errors import Conflict, DuplicateMessage
from routing.inbox import InboxRecord
from routing.people import Conversation, Member, Role
from routing.ports import UnitOfWork
from routing.station import Deputy
from storage.errors import StorageFault
from storage.mapper import Mapper, Write
from storage.store import Store
from tests.contracts.rows import case_of, somebody

AT = datetime(2026, 11, 23, 2, 0, 0, 123_000, tzinfo=UTC)


#: Counts, which no column of 64 bits is needed for.
SMALL = {
    "parts", "attempts", "wrong", "round", "due_days", "returns", "next_seq", "event_count", "waiting", "parts_sent",
    "failures", "quiet_from", "quiet_to",
}  # fmt: skip


def filled(mapper: Mapper[Any], copy: int = 0) -> Any:
    """An object with every field set to something else than its default; another one for each `copy`."""
    hints = get_type_hints(mapper.cls)
    plain = {column.name for column in mapper.table.columns if type(column.type) is Text}
    values: dict[str, Any] = {}
    for number, field in enumerate(fields(mapper.cls), start=1):
        hint = str(hints[field.name])
        enum = next((part for part in getattr(hints[field.name], "__args__", [hints[field.name]])), None)
        if hasattr(enum, "__members__"):
            values[field.name] = list(cast("type[Enum]", enum))[-1]
        elif "datetime" in hint:
            values[field.name] = AT + timedelta(milliseconds=number)
        elif hint.startswith("dict"):
            values[field.name] = {"键": ["值\x00", number, None, 1.5, True]}
        elif hint.startswith("list"):
            values[field.name] = [["词\x1a"]]
        elif "bool" in hint:
            values[field.name] = not getattr(field, "default", False)
        elif "float" in hint:
            values[field.name] = 31.2304123456789
        elif "int" in hint:
            large = (1 << 62) + number + 100 * copy
            values[field.name] = number if field.name in ("seq", "version", "size", "position") else large
            if field.name in SMALL:
                values[field.name] = number
        else:
            # A column for the program's own words is plain text; what people and platforms say comes back whole.
            values[field.name] = f"own word {copy}" if field.name in plain else f"{field.name} 字\x00\ud800{copy}"
    return mapper.cls(**values)


def test_every_field_of_every_table_comes_back(store: Store) -> None:
    # Not committed: what a row refers to is looked for only then.
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        for mapper in unit.tables.in_order:
            written = filled(mapper)
            unit.map(mapper).add(written)
            unit.flush()
            (row,) = unit.session.rows(mapper.select_sql)
            assert mapper.from_row(row) == written
            assert mapper.to_row(written) == row
        1 / 0  # noqa: B018


def test_many_rows_come_back_as_they_are_when_written_at_once(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        for mapper in unit.tables.in_order:
            written = [filled(mapper, copy) for copy in range(3)]
            for obj in written:
                unit.map(mapper).add(obj)
            unit.flush()
            rows = unit.session.rows(f"{mapper.select_sql} ORDER BY {mapper.key_name}")
            assert [mapper.from_row(row) for row in rows] == written
        1 / 0  # noqa: B018


def test_a_row_is_one_object(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        case = case_of(unit, who, "HP-1")
    with store.transaction() as unit:
        found = unit.cases.get(case.id)
        assert found == case
        assert found is not case
        assert unit.cases.by_number("HP-1") is found
        assert list(unit.cases.list(station_ids=[who.station.id])) == [found]
        assert unit.cases.list(station_ids=None)[0] is found


def test_a_change_is_written_without_being_asked(store: Store) -> None:
    with store.transaction() as unit:
        case = case_of(unit, somebody(unit), "HP-1")
    with store.transaction() as unit:
        found = unit.cases.get(case.id)
        assert found is not None
        found.state = CaseState.ACCEPTED
        found.suggestion["departments"] = ["城管"]
        # A changed field that is indexed, and one that is not.
        found.department = "urban"
        found.answer = "已修"
    with store.transaction() as unit:
        again = unit.cases.get(case.id)
        assert again is not None
        assert (again.state, again.suggestion, again.department, again.answer, again.version) == (
            CaseState.ACCEPTED,
            {"departments": ["城管"]},
            "urban",
            "已修",
            1,
        )
        # Only read: nothing is written.
    with store.transaction() as unit:
        assert unit.cases.get(case.id) == again


def test_a_query_sees_what_is_pending(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        case = case_of(unit, who, "HP-1")
        assert unit.cases.counts(station_ids=None)["state"] == {"received": 1}
        case.state = CaseState.ACCEPTED
        assert unit.cases.counts(station_ids=None)["state"] == {"accepted": 1}
        assert unit.contacts.addresses_of(who.contact.id) == [who.address]


def test_leaving_by_an_error_keeps_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        who = somebody(unit)
        unit.flush()
        1 / 0  # noqa: B018
    with store.transaction() as unit:
        assert unit.contacts.get(who.contact.id) is None
        assert unit.contacts.address(*who.address_key) is None


def test_what_is_known_to_be_absent_is_found_once_it_is_added(store: Store) -> None:
    with store.transaction() as unit:
        assert unit.contacts.address("webchat", "citizen", "u1") is None
        who = somebody(unit)
        assert unit.contacts.address("webchat", "citizen", "u1") is who.address
        assert unit.conversations.of_address(who.address.id) is None
        unit.conversations.add(Conversation(who.address.id, who.contact.id, unit.now))
        assert unit.conversations.of_address(who.address.id) is not None
        assert unit.codes.get("0000000G") is None
        unit.codes.add(Code("0000000G", CodeKind.STATION, who.station.id, unit.now))
        assert unit.codes.get("0000000G") is not None


def test_a_row_that_somebody_else_changed_is_a_conflict(store: Store) -> None:
    with store.transaction() as unit:
        case = case_of(unit, somebody(unit), "HP-1")
    with pytest.raises(Conflict), store.transaction() as unit:
        found = unit.cases.get(case.id)
        assert found is not None
        unit.session.rows(f"UPDATE cases SET version = version + 1 WHERE id = {case.id} RETURNING id")
        found.state = CaseState.CLOSED


def test_the_same_message_twice_is_a_duplicate(store: Store) -> None:
    def take_in(unit: UnitOfWork) -> None:
        unit.inbox.add(InboxRecord("webchat", "citizen", "m1", unit.now))

    with store.transaction() as unit:
        take_in(unit)
    with pytest.raises(DuplicateMessage), store.transaction() as unit:
        take_in(unit)


def test_two_people_cannot_have_one_address(store: Store) -> None:
    with store.transaction() as unit:
        station = somebody(unit, "same").station
    with pytest.raises(Conflict) as caught, store.transaction() as unit:
        somebody(unit, "same", station)
    assert "same" not in str(caught.value)


def test_an_error_that_was_caught_still_stops_the_commit(store: Store) -> None:
    with store.transaction() as unit:
        station = somebody(unit, "same").station
    with pytest.raises(Conflict), store.transaction() as unit:
        who = somebody(unit, "same", station)
        with suppress(Conflict):
            unit.contacts.addresses_of(who.contact.id)
    with store.transaction() as unit:
        assert unit.contacts.get(who.contact.id) is None


def test_a_conflict_that_was_caught_still_stops_the_commit(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        case = case_of(unit, who, "HP-1")
    with pytest.raises(Conflict), store.transaction() as unit:
        found = unit.cases.get(case.id)
        assert found is not None
        unit.session.rows(f"UPDATE cases SET version = version + 1 WHERE id = {case.id} RETURNING id")
        found.state = CaseState.CLOSED
        # The next message of the group meets the conflict of this one.
        unit.settle()
        with suppress(Conflict):
            unit.cases.list(station_ids=None)
        somebody(unit, "u2", who.station)
    with store.transaction() as unit:
        assert unit.contacts.address("webchat", "citizen", "u2") is None


def test_a_reference_to_nothing_is_refused_at_the_commit(store: Store) -> None:
    with pytest.raises(StorageFault) as caught, store.transaction() as unit:
        unit.cases.add(Case("HP-1", 5, 6, "webchat", unit.now, unit.now))
    assert "HP-1" not in str(caught.value)


def test_rows_may_be_added_in_any_order(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        deputy = Deputy(who.station.id, "086", "张三")
        unit.members.add(Member(Role.DEPUTY, "张三", unit.now, deputy_id=deputy.id))
        unit.flush()
        unit.stations.add_deputy(deputy)


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="time zone"), store.transaction() as unit:
        who = somebody(unit)
        who.contact.notice_at = datetime(2026, 1, 1)  # noqa: DTZ001


def test_parts_of_a_millisecond_are_dropped_on_both_databases(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        who.contact.notice_at = AT.replace(microsecond=123_999)
    with store.transaction() as unit:
        found = unit.contacts.get(who.contact.id)
        assert found is not None
        assert found.notice_at == AT


def _case_with_an_event(store: Store) -> tuple[Case, CaseEvent]:
    with store.transaction() as unit:
        case = case_of(unit, somebody(unit), "HP-1")
        event = append_event(case, at=unit.now, kind="received", actor_role="citizen", actor_id=1, from_state=None)
        unit.cases.add_event(event)
    return case, event


def test_a_changed_event_is_refused_by_the_unit_of_work(store: Store) -> None:
    case, _ = _case_with_an_event(store)
    with pytest.raises(TypeError, match="never edited"), store.transaction() as unit:
        unit.cases.events(case.id)[0].kind = "accepted"


@pytest.mark.parametrize("statement", ["UPDATE case_events SET kind = 'x'", "DELETE FROM case_events"])
def test_a_changed_event_is_refused_by_the_database(store: Store, statement: str) -> None:
    case, event = _case_with_an_event(store)
    with pytest.raises(StorageFault, match="append-only"), store.transaction() as unit:
        unit.session.write(Write(statement), [()])
    with store.transaction() as unit:
        assert list(unit.cases.events(case.id)) == [event]


def test_a_file_is_found_by_the_name_it_got_later(store: Store) -> None:
    with store.transaction() as unit:
        file = StoredFile(PartKind.PHOTO, "telegram", unit.now, state="pending", reference="r")
        unit.files.add(file)
        assert unit.files.by_name("x.jpg") is None
        assert list(unit.files.pending()) == [file]
        file.name, file.state = "x.jpg", "stored"
        assert unit.files.by_name("x.jpg") is file
        assert list(unit.files.pending()) == []


def test_a_value_that_a_query_cannot_take_is_said_plainly(store: Store) -> None:
    with store.transaction() as unit:
        with pytest.raises(ValueError, match="time zone"):
            unit.follow_ups.due(datetime(2026, 1, 1), 5)  # noqa: DTZ001
        who = somebody(unit)
    with store.transaction() as unit:
        assert unit.contacts.get(who.contact.id) is not None
