"""The sealed track: read by integrity officers alone, and every reading is written down."""

import pytest

from routing.errors import Refused
from routing.sealed import consent_to_transfer, new_sealed_number, read_sealed, transfer
from tests.conftest import Clock
from tests.routing.county import ADMIN, BRIBE, DEPUTY, INTEGRITY, OFFICER, STAFF, County


@pytest.fixture
def number(county: County) -> str:
    return county.report(BRIBE)


def test_an_integrity_officer_reads_it_and_that_is_written_down(county: County, number: str) -> None:
    assert county.does(read_sealed, INTEGRITY, number) == BRIBE
    event = county.events(number)[-1]
    assert (event.kind, event.actor_id) == ("sealed_read", county.member(INTEGRITY).id)


@pytest.mark.parametrize("name", [STAFF, DEPUTY, OFFICER, ADMIN])
def test_nobody_else_does(county: County, number: str, name: str) -> None:
    with pytest.raises(Refused, match=r"error\.not_found"):
        county.does(read_sealed, name, number)
    assert county.steps(number) == ["received", "seal"]


def test_an_ordinary_case_is_not_read_by_that_door(county: County) -> None:
    with pytest.raises(Refused, match=r"error\.not_found"):
        county.does(read_sealed, INTEGRITY, county.report())


def test_the_citizen_may_ask_for_the_hand_over(county: County, number: str) -> None:
    county.says(lambda uow, contact, case: consent_to_transfer(uow, contact.id, case), number)
    assert county.case(number).transfer_consent
    assert county.steps(number)[-1] == "transfer_consent"


def test_a_hand_over_leaves_the_receipt_and_erases_the_words(county: County, number: str, clock: Clock) -> None:
    county.does(transfer, INTEGRITY, number, "回执 2026-11")
    case = county.case(number)
    assert (case.state.value, case.close_reason, case.closed_at) == ("transferred", "transferred", clock.now)
    assert county.events(number)[-1].data == {"receipt": "回执 2026-11"}
    assert county.agenda(number) == {}
    with county.work() as uow:
        (submission,) = uow.submissions.of_case(case.id)
        assert [(part.text, part.sealed_text) for part in uow.submissions.parts(submission.id)] == [(None, None)]
    assert county.does(read_sealed, INTEGRITY, number) == ""


@pytest.mark.parametrize("name", [STAFF, DEPUTY, OFFICER, ADMIN])
def test_only_an_integrity_officer_hands_over(county: County, number: str, name: str) -> None:
    with pytest.raises(Refused, match=r"error\.role"):
        county.does(transfer, name, number, "回执")
    assert county.does(read_sealed, INTEGRITY, number) == BRIBE


def test_it_is_handed_over_once(county: County, number: str) -> None:
    county.does(transfer, INTEGRITY, number, "回执")
    with pytest.raises(Refused, match=r"error\.state"):
        county.does(transfer, INTEGRITY, number, "回执")
    with pytest.raises(Refused, match=r"error\.not_found"):
        county.says(lambda uow, contact, case: consent_to_transfer(uow, contact.id, case), number)


def test_its_number_cannot_be_counted(county: County, clock: Clock) -> None:
    numbers = {new_sealed_number(county.station("HP"), clock.now) for _ in range(200)}
    assert len(numbers) == 200
    assert all(number.startswith("HP-261123-") and number[10:].isalpha() for number in numbers)
