"""What joining chats asks of both databases."""

import asyncio
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from routing import linking
from routing.case import Submission
from routing.errors import Conflict
from routing.notice import NoticeState
from routing.people import LinkCode, Member, Role
from routing.ports import Names, UnitOfWork
from storage.engine import writing_engine
from storage.store import Store
from tests.conftest import Clock
from tests.contracts.rows import Somebody, case_of, notice_to, somebody


def made(store: Store, *users: str) -> list[Somebody]:
    with store.transaction() as unit:
        first = somebody(unit, users[0])
        return [first, *(somebody(unit, user, first.station) for user in users[1:])]


def code_for(who: Somebody, store: Store, secret_hash: str = "hash") -> LinkCode:
    with store.transaction() as unit:
        code = LinkCode(
            who.contact.id, who.address.id, "citizen", secret_hash, unit.now, unit.now + timedelta(minutes=15)
        )
        unit.contacts.add_link_code(code)
    return code


def test_a_code_is_found_by_its_hash_and_by_who_made_it(store: Store) -> None:
    one, other = made(store, "one", "other")
    code = code_for(one, store)
    with store.transaction() as unit:
        assert unit.contacts.link_code("hash") == code
        assert unit.contacts.link_code("another") is None
        assert unit.contacts.link_code_by_id(code.id) == code
        assert list(unit.contacts.link_codes_of(one.contact.id)) == [code]
        assert list(unit.contacts.link_codes_of(other.contact.id)) == []


def test_two_codes_have_no_hash_in_common(store: Store) -> None:
    (one,) = made(store, "one")
    code_for(one, store)
    with pytest.raises(Conflict):
        code_for(one, store)


def test_old_codes_are_purged(store: Store, clock: Clock) -> None:
    (one,) = made(store, "one")
    code_for(one, store)
    clock.move(days=1)
    with store.transaction() as unit:
        unit.housekeeping.purge(unit.now)
    with store.transaction() as unit:
        assert unit.contacts.link_code("hash") is not None
    clock.move(minutes=16)
    with store.transaction() as unit:
        unit.housekeeping.purge(unit.now)
    with store.transaction() as unit:
        assert unit.contacts.link_code("hash") is None


def test_what_is_unfinished_is_pending_or_waiting_in_order(store: Store) -> None:
    one, other = made(store, "one", "other")
    with store.transaction() as unit:
        notices = [notice_to(unit, one.contact) for _ in NoticeState]
        for notice, state in zip(notices, NoticeState, strict=True):
            notice.state = state
        leased = notice_to(unit, one.contact)
        leased.lease_owner, leased.lease_until = "a", unit.now + timedelta(minutes=1)
        notice_to(unit, other.contact)
        # Also what this transaction has just added.
        assert [n.id for n in unit.notices.unfinished(one.contact.id)] == [notices[0].id, notices[1].id, leased.id]
    with store.transaction() as unit:
        unit.notices.mark_sent("a", [(leased.id, one.address.id, "x")])
        assert [n.id for n in unit.notices.unfinished(one.contact.id)] == [notices[0].id, notices[1].id]


def test_a_claimed_notice_that_is_put_off_stays_put_off(store: Store, clock: Clock) -> None:
    (one,) = made(store, "one")
    with store.transaction() as unit:
        notice_to(unit, one.contact)
    with store.transaction() as unit:
        (claimed,) = unit.notices.claim("a", unit.now, unit.now + timedelta(seconds=30), 10)
        claimed.due_at, claimed.lease_owner, claimed.lease_until = unit.now + timedelta(hours=8), None, None
    clock.move(hours=7)
    with store.transaction() as unit:
        assert list(unit.notices.claim("a", unit.now, unit.now + timedelta(seconds=30), 10)) == []
    clock.move(hours=1)
    with store.transaction() as unit:
        assert len(unit.notices.claim("a", unit.now, unit.now + timedelta(seconds=30), 10)) == 1


def test_two_become_one_and_part_again(store: Store) -> None:
    phone, web = made(store, "phone", "web")
    with store.transaction() as unit:
        mine, other = case_of(unit, phone, "HP-1"), case_of(unit, web, "HP-2")
        for who, case in ((phone, mine), (web, other)):
            unit.submissions.add(Submission(who.contact.id, who.address.id, who.station.id, unit.now, case_id=case.id))
        news = notice_to(unit, web.contact)
        news.case_id = other.id
    with store.transaction() as unit:
        contact, address = unit.contacts.get(phone.contact.id), unit.contacts.address_by_id(phone.address.id)
        assert contact is not None
        assert address is not None
        issued = linking.make_code(unit, contact, address, "citizen")
    with store.transaction() as unit:
        contact, address = unit.contacts.get(web.contact.id), unit.contacts.address_by_id(web.address.id)
        assert contact is not None
        assert address is not None
        linking.join(unit, contact, address, linking.read_code(unit, contact, "citizen", issued.shown))
    with store.transaction() as unit:
        assert {c.number for c in unit.cases.of_reporter(phone.contact.id)} == {"HP-1", "HP-2"}
        assert list(unit.cases.of_reporter(web.contact.id)) == []
        assert [a.id for a in unit.contacts.addresses_of(phone.contact.id)] == [phone.address.id, web.address.id]
        assert [n.id for n in unit.notices.unfinished(phone.contact.id)] == [news.id]
        joined = linking.living(unit, web.contact.id)
        assert joined is not None
        assert joined.id == phone.contact.id
        address = unit.contacts.address_by_id(web.address.id)
        assert address is not None
        alone = linking.leave(unit, joined, address).contact
    with store.transaction() as unit:
        assert [c.number for c in unit.cases.of_reporter(phone.contact.id)] == ["HP-1"]
        assert [c.number for c in unit.cases.of_reporter(alone.id)] == ["HP-2"]
        assert [n.id for n in unit.notices.unfinished(alone.id)] == [news.id]
        assert [e.kind for e in unit.cases.events(other.id)] == ["linked", "unlinked"]


def test_a_members_role_is_in_the_next_directory(store: Store) -> None:
    (one,) = made(store, "one")
    with store.transaction() as unit:
        unit.members.add(Member(Role.STAFF, "陈静", unit.now, contact_id=one.contact.id))
    with store.transaction() as unit:
        contact, address = unit.contacts.get(one.contact.id), unit.contacts.address_by_id(one.address.id)
        assert contact is not None
        assert address is not None
        issued = linking.make_code(unit, contact, address, "work")
        member = linking.offered(unit, issued.secret)
        assert member is not None
        assert member.name == "陈静"


@pytest.mark.postgresql
async def test_who_is_held_is_handled_by_nobody_else(
    postgresql_url: str, sqlite_store: Store, clock: Clock, tmp_path: Path
) -> None:
    """Else what somebody says while they are joined would be left with a contact that nobody is any more."""
    store = Store(postgresql_url, clock=clock, sealer=sqlite_store.sealer, data_dir=tmp_path / "data")
    (one,) = made(store, "one")
    engine = writing_engine(postgresql_url)
    free = text("SELECT id FROM contacts WHERE id = :id FOR NO KEY UPDATE SKIP LOCKED")
    with engine.connect() as other:
        with store.transaction() as unit:
            held = unit.contacts.hold(one.contact.id)
            assert held is not None
            assert held.id == one.contact.id
            assert other.execute(free, {"id": one.contact.id}).all() == []
        assert other.execute(free, {"id": one.contact.id}).all() == [(one.contact.id,)]
    engine.dispose()
    await store.aclose()


@pytest.mark.postgresql
async def test_what_is_said_while_they_are_joined_is_theirs(
    postgresql_url: str, sqlite_store: Store, clock: Clock, tmp_path: Path
) -> None:
    """Two processes: one joins the web chat to the phone, the other takes in what is said in it meanwhile."""
    stores = [
        Store(postgresql_url, clock=clock, sealer=sqlite_store.sealer, data_dir=tmp_path / "data") for _ in range(2)
    ]
    phone, web = made(stores[0], "phone", "web")
    with stores[0].transaction() as unit:
        issued = linking.make_code(unit, phone.contact, phone.address, "citizen")
    joining = threading.Event()

    def join(unit: UnitOfWork) -> None:
        contact, address = unit.contacts.get(web.contact.id), unit.contacts.address(*web.address_key)
        assert contact is not None
        assert address is not None
        if contact.joined_to is None:
            linking.join(unit, contact, address, linking.read_code(unit, contact, "citizen", issued.shown))
        joining.set()
        # Long enough for the other to come to the lock.
        time.sleep(0.3)

    def say(unit: UnitOfWork) -> int:
        address = unit.contacts.address(*web.address_key)
        assert address is not None
        unit.submissions.add(Submission(address.contact_id, address.id, web.station.id, unit.now))
        return address.contact_id

    names = Names(address_key=web.address_key)
    first = asyncio.create_task(stores[0].writer.run(join, names))
    await asyncio.to_thread(joining.wait, 5)
    assert await stores[1].writer.run(say, names) == phone.contact.id
    await first
    with stores[0].transaction() as unit:
        assert list(unit.submissions.of_contact(web.contact.id)) == []
        assert len(unit.submissions.of_contact(phone.contact.id)) == 1
    for store in stores:
        await store.aclose()
