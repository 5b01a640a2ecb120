"""What may go after a time, and what must stay."""

from datetime import timedelta

from routing.case import Case, CaseState, PartKind, Submission, SubmissionPart
from routing.people import ButtonGrant, Conversation
from routing.ports import UnitOfWork
from storage.store import Store
from tests.conftest import Clock
from tests.contracts.rows import Somebody, case_of, somebody

LONG = timedelta(days=181)


def told(uow: UnitOfWork, who: Somebody) -> tuple[Case, Submission]:
    """A case of one submission."""
    case = case_of(uow, who, "HP-261123-001")
    submission = Submission(who.contact.id, who.address.id, who.station.id, uow.now, case_id=case.id)
    uow.submissions.add(submission)
    return case, submission


def test_somebody_whose_only_case_closed_long_ago_may_be_forgotten(store: Store, clock: Clock) -> None:
    with store.transaction() as uow:
        who = somebody(uow)
        uow.conversations.add(Conversation(who.address.id, who.contact.id, uow.now))
        case, _ = told(uow, who)
        case.state, case.closed_at = CaseState.CLOSED, uow.now
    clock.move(days=181)

    with store.transaction() as uow:
        assert uow.housekeeping.forgettable(uow.now - timedelta(days=180), 10) == [who.contact.id]
        assert uow.housekeeping.forgettable(uow.now - timedelta(days=182), 10) == []


def test_somebody_with_an_open_case_is_not_forgotten(store: Store, clock: Clock) -> None:
    with store.transaction() as uow:
        who = somebody(uow)
        told(uow, who)
    clock.move(days=400)

    with store.transaction() as uow:
        assert uow.housekeeping.forgettable(uow.now - LONG, 10) == []


def test_somebody_who_wrote_since_is_not_forgotten(store: Store, clock: Clock) -> None:
    with store.transaction() as uow:
        who = somebody(uow)
        uow.conversations.add(Conversation(who.address.id, who.contact.id, uow.now + timedelta(days=300)))
    clock.move(days=400)

    with store.transaction() as uow:
        assert uow.housekeeping.forgettable(uow.now - LONG, 10) == []


def test_expired_buttons_go_and_valid_ones_stay(store: Store, clock: Clock) -> None:
    with store.transaction() as uow:
        who = somebody(uow)
        uow.buttons.add(ButtonGrant("old", who.contact.id, "submit", uow.now + timedelta(days=1)))
        uow.buttons.add(ButtonGrant("new", who.contact.id, "submit", uow.now + timedelta(days=30)))
    clock.move(days=3)

    with store.transaction() as uow:
        uow.housekeeping.purge(uow.now)
    with store.transaction() as uow:
        assert uow.buttons.get("old") is None
        assert uow.buttons.get("new") is not None


def test_the_words_of_a_case_outlive_housekeeping(store: Store, clock: Clock) -> None:
    with store.transaction() as uow:
        who = somebody(uow)
        _, submission = told(uow, who)
        uow.submissions.add_part(SubmissionPart(submission.id, 1, PartKind.TEXT, uow.now, text="路灯不亮"))
    clock.move(days=4000)

    with store.transaction() as uow:
        uow.housekeeping.purge(uow.now)
    with store.transaction() as uow:
        assert [part.text for part in uow.submissions.parts(submission.id)] == ["路灯不亮"]
