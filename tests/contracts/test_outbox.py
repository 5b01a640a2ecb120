"""How notices are claimed: in order for each person, once among several processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from routing.follow_up import FollowUp, FollowUpKind
from routing.notice import Notice, NoticeState, Priority
from routing.people import Contact
from storage.store import Store
from storage.unit_of_work import SqlUnitOfWork
from tests.conftest import Clock
from tests.contracts.rows import case_of, notice_to, somebody

LEASE = timedelta(seconds=30)


def claim(unit: SqlUnitOfWork, owner: str = "a", limit: int = 50) -> list[Notice]:
    return list(unit.notices.claim(owner, unit.now, unit.now + LEASE, limit))


def test_the_most_urgent_goes_first_then_the_oldest(store: Store) -> None:
    with store.transaction() as unit:
        contact = somebody(unit).contact
        reminder = notice_to(unit, contact, Priority.REMINDER)
        push = notice_to(unit, contact, Priority.PUSH)
        urgent = notice_to(unit, contact, Priority.URGENT)
        push_again = notice_to(unit, contact, Priority.PUSH)
    with store.transaction() as unit:
        assert [notice.id for notice in claim(unit, limit=3)] == [urgent.id, push.id, push_again.id]
        assert [notice.id for notice in claim(unit)] == [reminder.id]
        assert claim(unit) == []


def test_a_lease_holds_until_its_end(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        notice_to(unit, somebody(unit).contact)
    with store.transaction() as unit:
        (claimed,) = claim(unit, "a")
        assert (claimed.lease_owner, claimed.lease_until) == ("a", clock.now + LEASE)
    clock.move(seconds=29)
    with store.transaction() as unit:
        assert claim(unit, "b") == []
    clock.move(seconds=1)
    with store.transaction() as unit:
        (again,) = claim(unit, "b")
        assert again.lease_owner == "b"


def test_a_claimed_notice_is_written_like_any_other(store: Store) -> None:
    with store.transaction() as unit:
        notice = notice_to(unit, somebody(unit).contact)
        (claimed,) = claim(unit)
        assert claimed is notice
        claimed.state = NoticeState.SENT
    with store.transaction() as unit:
        assert unit.notices.counts() == {"sent": 1}
        assert claim(unit) == []


def test_nobody_is_told_the_second_thing_before_the_first(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        first = somebody(unit, "u1")
        other = somebody(unit, "u2", first.station)
        notice_to(unit, first.contact)
    with store.transaction() as unit:
        (held,) = claim(unit, "a")
    with store.transaction() as unit:
        behind = notice_to(unit, first.contact)
        reply = notice_to(unit, first.contact, Priority.REPLY)
        elsewhere = notice_to(unit, other.contact)
    with store.transaction() as unit:
        # Leased: only another priority and another person go on.
        assert [notice.id for notice in claim(unit, "b")] == [reply.id, elsewhere.id]
    with store.transaction() as unit:
        back = unit.notices.get(held.id)
        assert back is not None
        back.due_at, back.lease_owner, back.lease_until = clock.now + timedelta(minutes=1), None, None
    with store.transaction() as unit:
        # Not yet due again.
        assert claim(unit, "b") == []
    with store.transaction() as unit:
        back = unit.notices.get(held.id)
        assert back is not None
        back.state = NoticeState.FAILED
    with store.transaction() as unit:
        assert [notice.id for notice in claim(unit, "b")] == [behind.id]


def test_what_is_not_due_waits(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        contact = somebody(unit).contact
        notice = notice_to(unit, contact)
        notice.due_at = clock.now + timedelta(minutes=1)
        assert claim(unit) == []
        assert unit.notices.oldest_pending(clock.now) is None
    clock.move(minutes=2)
    with store.transaction() as unit:
        assert unit.notices.oldest_pending(clock.now) == notice.due_at
        assert len(claim(unit)) == 1


def test_notices_are_found_for_their_case_and_for_what_was_replied_to(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        case = case_of(unit, who, "HP-1")
        notice = notice_to(unit, who.contact)
        notice.case_id, notice.address_id, notice.external_id = case.id, who.address.id, "tg-7"
        notice.state = NoticeState.SENT
        assert unit.notices.by_external_id(who.address.id, "tg-7") is notice
        assert unit.notices.by_external_id(who.address.id, "tg-8") is None
        assert unit.notices.of_case(case.id, ["sent", "pending"]) == [notice]
        assert unit.notices.of_case(case.id, ["pending"]) == []


def test_what_waits_for_somebody_to_write_is_not_claimed_and_is_due_in_its_order_when_they_do(
    store: Store, clock: Clock
) -> None:
    with store.transaction() as unit:
        who, other = somebody(unit, "u1"), somebody(unit, "u2")
        waited = [notice_to(unit, who.contact) for _ in range(3)]
        elsewhere = notice_to(unit, other.contact)
        for notice in (*waited, elsewhere):
            notice.state = NoticeState.WAITING
    clock.move(hours=1)
    with store.transaction() as unit:
        assert claim(unit) == []
        assert unit.notices.oldest_pending(clock.now) is None
        resumed = unit.notices.resume(who.contact.id)
        assert [notice.id for notice in resumed] == [notice.id for notice in waited]
        assert unit.notices.to_claim
        assert list(unit.notices.waiting(who.contact.id, Priority.PUSH)) == [notice.id for notice in waited]
        new = notice_to(unit, who.contact)
    with store.transaction() as unit:
        assert unit.notices.oldest_pending(clock.now) == clock.now, "it is late from now on, not since it was told"
        assert [notice.id for notice in claim(unit)] == [*(notice.id for notice in waited), new.id]
        assert unit.notices.counts() == {"pending": 4, "waiting": 1}
        assert unit.notices.resume(who.contact.id) == []


@contextmanager
def two_processes(store: Store) -> Iterator[tuple[SqlUnitOfWork, SqlUnitOfWork]]:
    """Two transactions open at once."""
    with store.transaction() as one, store.transaction() as two:
        yield one, two


def _recipients(store: Store, count: int) -> list[Contact]:
    with store.transaction() as unit:
        first = somebody(unit, "u0")
        return [first.contact] + [somebody(unit, f"u{n}", first.station).contact for n in range(1, count)]


@pytest.mark.postgresql
class TestOnASharedDatabase:
    @pytest.fixture
    def store_url(self, postgresql_url: str) -> str:
        return postgresql_url

    def test_two_claims_at_once_share_the_work(self, store: Store) -> None:
        contacts = _recipients(store, 20)
        with store.transaction() as unit:
            for contact in contacts:
                notice_to(unit, contact)
        with two_processes(store) as (one, two):
            first = {notice.id for notice in claim(one, "a", 12)}
            second = {notice.id for notice in claim(two, "b", 12)}
            assert len(first) == 12
            assert len(second) == 8
            assert not first & second

    def test_two_claims_at_once_never_split_one_person(self, store: Store) -> None:
        contacts = _recipients(store, 3)
        with store.transaction() as unit:
            for contact in contacts:
                notice_to(unit, contact)
                notice_to(unit, contact)
        with two_processes(store) as (one, two):
            first = claim(one, "a", 3)
            assert [notice.contact_id for notice in first] == [contacts[n].id for n in (0, 0, 1)]
            # The second notice to contacts[1] is locked by nobody, and yet left to the first claim.
            second = claim(two, "b", 50)
            assert [notice.contact_id for notice in second] == [contacts[2].id] * 2

    def test_due_follow_ups_go_to_one_process(self, store: Store) -> None:
        with store.transaction() as unit:
            case = case_of(unit, somebody(unit), "HP-1")
            for _ in range(5):
                unit.follow_ups.add(FollowUp(FollowUpKind.NO_NEWS, unit.now, unit.now, case_id=case.id))
        with two_processes(store) as (one, two):
            first = {follow_up.id for follow_up in one.follow_ups.due(one.now, 3)}
            second = {follow_up.id for follow_up in two.follow_ups.due(two.now, 50)}
            assert (len(first), len(second)) == (3, 2)
            assert not first & second
