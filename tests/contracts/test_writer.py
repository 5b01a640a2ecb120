"""Group commit, on both databases."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from routing.errors import Conflict, Refused, StorageUnavailable
from routing.inbox import InboxRecord
from routing.ports import Names, UnitOfWork
from storage.store import Store
from storage.writer import CONFLICT_RETRIES
from tests.contracts.rows import somebody


def take_in(external_id: str) -> Callable[[UnitOfWork], str]:
    """A message that is answered "new", or "again" when it was there already."""

    def fn(unit: UnitOfWork) -> str:
        if unit.inbox.get("webchat", "citizen", external_id):
            return "again"
        unit.inbox.add(InboxRecord("webchat", "citizen", external_id, unit.now))
        return "new"

    return fn


async def taken_in(store: Store, external_id: str) -> bool:
    return await store.reader.run(lambda unit: unit.inbox.get("webchat", "citizen", external_id) is not None)


async def test_what_is_queued_together_shares_a_commit(store: Store) -> None:
    results = await asyncio.gather(*(store.writer.run(take_in(f"m{n}")) for n in range(40)))
    assert results == ["new"] * 40
    assert store.writer.counters.commits == 1
    assert store.writer.counters.messages == 40
    assert await taken_in(store, "m39")


async def test_a_message_repeated_within_a_group_is_seen(store: Store) -> None:
    names = Names(inbox_key=("webchat", "citizen", "m1"))
    assert await asyncio.gather(*(store.writer.run(take_in("m1"), names) for _ in range(3))) == [
        "new",
        "again",
        "again",
    ]


async def test_a_group_takes_no_more_than_its_size(store: Store) -> None:
    store.writer._group_size = 16
    await asyncio.gather(*(store.writer.run(take_in(f"m{n}")) for n in range(40)))
    assert store.writer.counters.groups == 3


async def test_nobody_hears_before_the_commit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.writer.run(take_in("m0"))
    may_commit = threading.Event()
    commit = store.writer._transaction.commit

    def late_commit() -> None:
        assert may_commit.wait(5)
        commit()

    monkeypatch.setattr(store.writer._transaction, "commit", late_commit)
    running = asyncio.create_task(store.writer.run(take_in("m1")))
    done, _ = await asyncio.wait([running], timeout=0.1)
    assert not done
    assert not await taken_in(store, "m1")
    may_commit.set()
    assert await running == "new"
    assert await taken_in(store, "m1")


async def test_one_that_fails_does_not_harm_the_others(store: Store) -> None:
    def refuse(unit: UnitOfWork) -> None:
        unit.inbox.add(InboxRecord("webchat", "citizen", "refused", unit.now))
        raise Refused("case.closed")

    def break_a_rule(unit: UnitOfWork) -> None:
        unit.inbox.add(InboxRecord("webchat", "citizen", "broken", unit.now, replies=[{"at": unit.now}]))

    results = await asyncio.gather(
        store.writer.run(take_in("m1")),
        store.writer.run(refuse),
        store.writer.run(take_in("m2")),
        store.writer.run(break_a_rule),
        store.writer.run(take_in("m3")),
        return_exceptions=True,
    )
    assert [results[at] for at in (0, 2, 4)] == ["new"] * 3
    assert isinstance(results[1], Refused)
    assert isinstance(results[3], TypeError)
    assert [await taken_in(store, name) for name in ("m1", "m2", "m3", "refused", "broken")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert store.writer.counters.reruns == 5


async def test_a_conflict_is_run_again(store: Store) -> None:
    tries = []

    def conflict_twice(unit: UnitOfWork) -> int:
        tries.append(unit)
        if len(tries) < 3:
            raise Conflict("test")
        return len(tries)

    assert await store.writer.run(conflict_twice) == 3
    # Each try had a fresh view.
    assert len(set(map(id, tries))) == 3


async def test_a_conflict_that_stays_is_raised_at_last(store: Store) -> None:
    with store.transaction() as unit:
        station = somebody(unit, "same").station

    def clash(unit: UnitOfWork) -> None:
        somebody(unit, "same", station)

    with pytest.raises(Conflict):
        await store.writer.run(clash)
    assert store.writer.counters.reruns == CONFLICT_RETRIES + 1
    assert await store.writer.run(take_in("m1")) == "new"


async def test_a_caller_that_gave_up_harms_nobody(store: Store) -> None:
    tasks = [asyncio.create_task(store.writer.run(take_in(f"m{n}"))) for n in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert (results[0], results[2]) == ("new", "new")
    assert isinstance(results[1], asyncio.CancelledError)
    assert not await taken_in(store, "m1")
    assert await store.writer.run(take_in("m4")) == "new"


async def test_a_caller_that_gives_up_during_the_commit_harms_nobody(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    committing, may_commit = threading.Event(), threading.Event()
    commit = store.writer._transaction.commit

    def late_commit() -> None:
        committing.set()
        assert may_commit.wait(5)
        commit()

    monkeypatch.setattr(store.writer._transaction, "commit", late_commit)
    tasks = [asyncio.create_task(store.writer.run(take_in(f"m{n}"))) for n in range(3)]
    assert await asyncio.to_thread(committing.wait, 5)
    tasks[0].cancel()
    await asyncio.sleep(0)
    may_commit.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[1:] == ["new", "new"]
    assert isinstance(results[0], asyncio.CancelledError)
    assert await taken_in(store, "m0")


async def test_closing_finishes_what_is_queued(store: Store) -> None:
    store.writer._group_size = 2
    tasks = [asyncio.create_task(store.writer.run(take_in(f"m{n}"))) for n in range(9)]
    await asyncio.sleep(0)
    await store.writer.close()
    assert await asyncio.gather(*tasks) == ["new"] * 9
    with pytest.raises(StorageUnavailable):
        await store.writer.run(take_in("late"))


async def test_named_keys_are_fetched_for_the_whole_group(store: Store) -> None:
    with store.transaction() as unit:
        station = somebody(unit, "u0").station
        for number in range(1, 20):
            somebody(unit, f"u{number}", station)

    def touch(user_id: str) -> Callable[[UnitOfWork], int]:
        def fn(unit: UnitOfWork) -> int:
            address = unit.contacts.address("webchat", "citizen", user_id)
            assert address is not None
            assert unit.contacts.get(address.contact_id) is not None
            assert unit.conversations.of_address(address.id) is None
            assert unit.codes.get("NOSUCHCO") is None
            assert unit.inbox.get("webchat", "citizen", f"m-{user_id}") is None
            return address.next_seq

        return fn

    def names(user_id: str) -> Names:
        return Names(
            inbox_key=("webchat", "citizen", f"m-{user_id}"),
            address_key=("webchat", "citizen", user_id),
            code="NOSUCHCO",
            button="nosuchbutton",
            case_number="HP-0",
            notice_ids=(1,),
        )

    queries: list[str] = []
    _count_queries(store, queries)
    users = [f"u{number}" for number in range(20)]
    assert await asyncio.gather(*(store.writer.run(touch(user), names(user)) for user in users)) == [1] * 20
    # Version of the directory apart: contacts locked (PostgreSQL), addresses, contacts, conversations, inbox, codes,
    # buttons, cases, notices.
    assert 0 < len(queries) <= 9
    assert store.writer.counters.commits == 1


def _count_queries(store: Store, into: list[str]) -> None:
    """Note the SQL of every query that goes to the driver without SQLAlchemy."""
    units = store.writer._transaction._units
    original = units.on

    def on(*args: object, **kwargs: object) -> object:
        unit = original(*args, **kwargs)  # type: ignore[arg-type]
        ask = unit.session.ask

        def counted(sql: str, params: object = ()) -> object:
            into.append(sql)
            return ask(sql, params)  # type: ignore[arg-type]

        unit.session.ask = counted  # type: ignore[method-assign, assignment]
        return unit

    units.on = on  # type: ignore[method-assign, assignment]


async def test_the_reader_sees_what_is_committed_and_keeps_nothing(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)

    def change(unit: UnitOfWork) -> int:
        contact = unit.contacts.get(who.contact.id)
        assert contact is not None
        contact.language = "en"
        somebody(unit, "another", who.station)
        return len(unit.contacts.addresses_of(who.contact.id))

    assert await store.reader.run(change) == 1
    with store.transaction() as unit:
        contact = unit.contacts.get(who.contact.id)
        assert contact is not None
        assert contact.language == "zh_CN"
        assert unit.contacts.address("webchat", "citizen", "another") is None
    with pytest.raises(Refused):
        await store.reader.run(_refuse)


def _refuse(unit: UnitOfWork) -> None:
    raise Refused("error.not_found")
