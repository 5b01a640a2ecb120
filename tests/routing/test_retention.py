"""The privacy notice promises that who somebody is goes 180 days after their last case closed."""

from collections.abc import Sequence

import pytest

from cli.demo_data import load_demo_county
from nlp.classify import Classifier
from nlp.taxonomy import default_taxonomy
from routing.case import Case, CaseState, PartKind, StoredFile, Submission, SubmissionPart
from routing.notice import Notice, NoticeState
from routing.people import Address, Contact, Conversation
from routing.retention import Housekeeper
from routing.suggestion import Understanding
from storage.store import Store
from tests.conftest import Clock


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return Understanding(Classifier(default_taxonomy()))


def closed_case(store: Store) -> tuple[Address, Submission, StoredFile]:
    """A case of somebody who left a phone number and a voice, closed now."""
    with store.transaction() as uow:
        load_demo_county(uow)
    with store.transaction() as uow:
        station = next(iter(uow.directory.stations.values()))
        contact = Contact(uow.now)
        address = Address(contact.id, "telegram", "citizen", "42", uow.now)
        case = Case("HB-261123-001", station.id, contact.id, "telegram", uow.now, uow.now, state=CaseState.CLOSED)
        case.closed_at = uow.now
        submission = Submission(contact.id, address.id, station.id, uow.now, case_id=case.id)
        saved = store.files.save(b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead" + bytes(40), "audio/ogg")
        voice = StoredFile(PartKind.VOICE, "telegram", uow.now, name=saved.name, submission_id=submission.id)
        uow.contacts.add(contact)
        uow.contacts.add_address(address)
        uow.conversations.add(Conversation(address.id, contact.id, uow.now))
        uow.cases.add(case)
        uow.submissions.add(submission)
        uow.files.add(voice)
        told = SubmissionPart(submission.id, 1, PartKind.TEXT, uow.now, text="路灯不亮，电话13800001234")
        uow.submissions.add_part(told)
        uow.submissions.add_part(SubmissionPart(submission.id, 2, PartKind.VOICE, uow.now, file_id=voice.id))
    return address, submission, voice


def words(store: Store, submission: Submission) -> Sequence[str | None]:
    with store.transaction() as uow:
        return [part.text for part in uow.submissions.parts(submission.id)]


async def test_after_180_days_nobody_can_tell_who_it_was(
    sqlite_store: Store, clock: Clock, understanding: Understanding
) -> None:
    address, submission, voice = closed_case(sqlite_store)
    clock.move(days=181)

    await Housekeeper(sqlite_store.writer, sqlite_store.files, understanding).tidy()

    with sqlite_store.transaction() as uow:
        assert uow.contacts.address("telegram", "citizen", "42") is None
        erased = uow.contacts.address_by_id(address.id)
        assert erased is not None
        assert erased.state == "erased"
        kept = uow.files.get(voice.id)
        assert kept is not None
        assert kept.name is None
    text = words(sqlite_store, submission)[0]
    assert text is not None
    assert text.startswith("路灯不亮")
    assert "13800001234" not in text


async def test_what_waited_for_them_to_write_waits_no_longer(
    sqlite_store: Store, clock: Clock, understanding: Understanding
) -> None:
    address, _, _ = closed_case(sqlite_store)
    with sqlite_store.transaction() as uow:
        contact, kept = uow.contacts.get(address.contact_id), uow.contacts.address_by_id(address.id)
        assert contact is not None
        assert kept is not None
        notice = Notice("case.message", contact.id, uow.now, uow.now, state=NoticeState.WAITING)
        uow.notices.add(notice)
        contact.waiting, kept.allowance = 1, {"open": {"message": [0, 0]}}
    clock.move(days=179)
    await Housekeeper(sqlite_store.writer, sqlite_store.files, understanding).tidy()
    with sqlite_store.transaction() as uow:
        assert uow.notices.counts() == {"waiting": 1}
    clock.move(days=2)
    await Housekeeper(sqlite_store.writer, sqlite_store.files, understanding).tidy()
    with sqlite_store.transaction() as uow:
        assert uow.notices.counts() == {"obsolete": 1}
        contact, kept = uow.contacts.get(address.contact_id), uow.contacts.address_by_id(address.id)
        assert (contact.waiting, kept.allowance) == (0, None)  # type: ignore[union-attr]


async def test_before_that_everything_stays(sqlite_store: Store, clock: Clock, understanding: Understanding) -> None:
    _, submission, _ = closed_case(sqlite_store)
    clock.move(days=179)

    await Housekeeper(sqlite_store.writer, sqlite_store.files, understanding).tidy()

    with sqlite_store.transaction() as uow:
        assert uow.contacts.address("telegram", "citizen", "42") is not None
    assert words(sqlite_store, submission)[0] == "路灯不亮，电话13800001234"


async def test_whoever_writes_again_later_is_a_new_contact(
    sqlite_store: Store, clock: Clock, understanding: Understanding
) -> None:
    closed_case(sqlite_store)
    clock.move(days=181)
    housekeeper = Housekeeper(sqlite_store.writer, sqlite_store.files, understanding)
    await housekeeper.tidy()
    await housekeeper.tidy()

    with sqlite_store.transaction() as uow:
        again = Contact(uow.now)
        uow.contacts.add(again)
        uow.contacts.add_address(Address(again.id, "telegram", "citizen", "42", uow.now))
