"""Replies that the process which made them sends itself: leased at birth, marked sent with somebody else's commit."""

import asyncio
import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from routing.notice import Notice, NoticeState, Priority
from routing.ports import UnitOfWork
from storage.store import Store
from storage.unit_of_work import SqlUnitOfWork
from tests.conftest import Clock
from tests.contracts.rows import Somebody, case_of, notice_to, somebody

LEASE = timedelta(seconds=30)


def leased(unit: UnitOfWork, who: Somebody, owner: str = "a") -> Notice:
    notice = Notice("told", who.contact.id, unit.now, unit.now, priority=Priority.REPLY)
    notice.lease_owner, notice.lease_until = owner, unit.now + LEASE
    unit.notices.add(notice)
    return notice


def test_what_somebody_still_waits_for_is_known_before_it_is_written(store: Store) -> None:
    with store.transaction() as unit:
        who, other = somebody(unit), somebody(unit, "u2")
        first = notice_to(unit, who.contact, Priority.REPLY)
        notice_to(unit, other.contact, Priority.REPLY)
        notice_to(unit, who.contact, Priority.PUSH)
        assert list(unit.notices.waiting(who.contact.id, Priority.REPLY)) == [first.id]
    with store.transaction() as unit:
        assert list(unit.notices.waiting(who.contact.id, Priority.REPLY)) == [first.id]


def test_what_was_born_leased_is_not_to_be_claimed(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        notice = leased(unit, who)
        assert not unit.notices.to_claim
        notice_to(unit, who.contact)
        assert unit.notices.to_claim
    with store.transaction() as unit:
        assert notice.id not in [n.id for n in unit.notices.claim("b", unit.now, unit.now + LEASE, 10)]
    clock.move(seconds=31)
    with store.transaction() as unit:
        assert notice.id in [n.id for n in unit.notices.claim("b", unit.now, unit.now + LEASE, 10)]


def test_what_was_sent_is_marked_whether_it_is_in_memory_or_not(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        notices = [leased(unit, who) for _ in range(3)]
    with store.transaction() as unit:
        known = unit.notices.get(notices[0].id)
        unit.notices.mark_sent("a", [(n.id, who.address.id, f"t{n.id}") for n in notices])
        assert known is not None
        assert known.state is NoticeState.SENT
    with store.transaction() as unit:
        for notice in notices:
            found = unit.notices.get(notice.id)
            assert found is not None
            assert (found.state, found.external_id, found.sent_at) == (NoticeState.SENT, f"t{notice.id}", unit.now)
            assert (found.address_id, found.attempts, found.lease_owner) == (who.address.id, 1, None)
            assert found.version == 1


def test_a_mark_is_seen_by_whatever_asks_next(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        sent, waiting = leased(unit, who), notice_to(unit, who.contact, Priority.REPLY)
    with store.transaction() as unit:
        unit.notices.mark_sent("a", [(sent.id, who.address.id, "t1")])
        assert unit.notices.counts() == {"sent": 1, "pending": 1}
        assert unit.notices.by_external_id(who.address.id, "t1") is not None
        assert [notice.id for notice in unit.notices.claim("b", unit.now, unit.now + LEASE, 10)] == [waiting.id]


def test_what_another_owner_holds_is_not_marked(store: Store) -> None:
    with store.transaction() as unit:
        notice = leased(unit, who := somebody(unit), "b")
    with store.transaction() as unit:
        unit.notices.mark_sent("a", [(notice.id, who.address.id, "t")])
    with store.transaction() as unit:
        found = unit.notices.get(notice.id)
        assert found is not None
        assert (found.state, found.lease_owner) == (NoticeState.PENDING, "b")


def test_the_leases_of_the_dead_are_released(store: Store) -> None:
    with store.transaction() as unit:
        notice = leased(unit, somebody(unit))
    with store.transaction() as unit:
        unit.notices.release()
    with store.transaction() as unit:
        assert [n.id for n in unit.notices.claim("b", unit.now, unit.now + LEASE, 10)] == [notice.id]


async def test_patient_work_shares_the_next_commit(store: Store) -> None:
    done: list[str] = []

    def note(what: str) -> None:
        done.append(what)

    patient = asyncio.create_task(store.writer.run(lambda unit: note("patient"), wait=5))
    await asyncio.sleep(0.05)
    assert done == []
    await store.writer.run(lambda unit: note("urgent"))
    await asyncio.wait_for(patient, 5)
    assert done == ["patient", "urgent"]
    assert store.writer.counters.commits == 1


async def test_patient_work_outlives_a_writer_that_has_nothing_else_to_do(store: Store) -> None:
    first = asyncio.create_task(store.writer.run(lambda unit: "first"))
    await asyncio.sleep(0)
    patient = asyncio.create_task(store.writer.run(lambda unit: "patient", wait=0.05))
    assert await first == "first"
    asyncio.get_running_loop().call_soon(lambda: None)
    late = asyncio.create_task(store.writer.run(lambda unit: "late", wait=0.05))
    await store.writer.run(lambda unit: None)
    assert await asyncio.wait_for(asyncio.gather(patient, late), 5) == ["patient", "late"]


async def test_patient_work_that_comes_during_a_commit_waits_for_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    committing, may_commit = threading.Event(), threading.Event()
    commit = store.writer._transaction.commit

    def slow_commit() -> None:
        committing.set()
        assert may_commit.wait(5)
        commit()

    monkeypatch.setattr(store.writer._transaction, "commit", slow_commit)
    running = asyncio.create_task(store.writer.run(lambda unit: "running"))
    await asyncio.to_thread(committing.wait, 5)
    patient = asyncio.create_task(store.writer.run(lambda unit: "patient", wait=0.05))
    await asyncio.sleep(0)
    may_commit.set()
    assert await running == "running"
    assert await asyncio.wait_for(patient, 5) == "patient"


async def test_patient_work_goes_alone_when_nobody_comes(store: Store) -> None:
    await asyncio.wait_for(store.writer.run(lambda unit: None, wait=0.01), 5)
    assert store.writer.counters.commits == 1


async def test_patient_work_is_finished_before_the_end(store: Store) -> None:
    patient = asyncio.create_task(store.writer.run(lambda unit: "done", wait=60))
    await asyncio.sleep(0)
    await store.writer.close()
    assert await patient == "done"


def _new_parents_after_their_children(unit: SqlUnitOfWork) -> None:
    """A query over follow-ups, while a case and its follow-up are both new."""
    from routing.follow_up import FollowUp, FollowUpKind

    case = case_of(unit, somebody(unit, "u9"), "HP-9")
    unit.follow_ups.add(FollowUp(FollowUpKind.NO_NEWS, unit.now, unit.now, case_id=case.id))
    assert len(unit.follow_ups.due(unit.now, 5)) == 1
    # An open reference would make SQLite look through whole tables for every further case.
    assert unit.session.connection.execute(text("SELECT count(*) FROM cases")).scalar_one() == 1


def test_what_a_row_refers_to_is_written_before_it(store: Store) -> None:
    with store.transaction() as unit:
        _new_parents_after_their_children(unit)


def test_what_belongs_to_a_case_is_known_without_writing_it(store: Store) -> None:
    from routing.follow_up import FollowUp, FollowUpKind

    def follow_up(unit: UnitOfWork, case_id: int) -> FollowUp:
        added = FollowUp(FollowUpKind.NO_NEWS, unit.now, unit.now, case_id=case_id)
        unit.follow_ups.add(added)
        return added

    with store.transaction() as unit:
        who = somebody(unit)
        mine, other = case_of(unit, who, "HP-1"), case_of(unit, who, "HP-2")
        stored = follow_up(unit, mine.id)
        assert unit.follow_ups.pending_of_case(other.id) == []
        assert unit.follow_ups.pending_of_case(mine.id) == [stored]
        assert unit.session.rows("SELECT count(*) FROM follow_ups") == [(0,)]
    with store.transaction() as unit:
        added = follow_up(unit, mine.id)
        found = unit.follow_ups.pending_of_case(mine.id)
        assert found == [stored, added]
        found[0].state = "cancelled"
        assert unit.follow_ups.pending_of_case(mine.id) == [added]
    with store.transaction() as unit:
        assert unit.follow_ups.pending_of_case(mine.id) == [added]
