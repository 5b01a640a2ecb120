"""A button means one thing, for one person, while the case still stands where it stood."""

import pytest

from routing.buttons import LIFETIME, literal, offer, press
from routing.case import CaseState
from routing.errors import Refused
from routing.people import ButtonGrant
from tests.conftest import Clock
from tests.routing.county import CITIZEN, County


@pytest.fixture
def number(county: County) -> str:
    return county.report()


def make(county: County, number: str, **how: object) -> str:
    with county.work() as uow:
        case = uow.cases.by_number(number)
        _, token = offer(uow, county.contact(uow).id, "button.right", "right", case=case, **how)  # type: ignore[arg-type]
        return token


def pressed(county: County, token: str, who: str = CITIZEN) -> ButtonGrant:
    with county.work() as uow:
        return press(uow, county.contact(uow, who).id, token)


def refusal(county: County, token: str, who: str = CITIZEN) -> str:
    with pytest.raises(Refused) as refused:
        pressed(county, token, who)
    assert not refused.value.params, "nothing leaks"
    return refused.value.key


def test_it_carries_what_was_offered(county: County, number: str) -> None:
    grant = pressed(county, make(county, number, reason="slow"))
    assert (grant.action, grant.args, grant.case_id) == ("right", {"reason": "slow"}, county.case(number).id)


def test_its_token_is_short_random_and_fits_every_platform(county: County, number: str) -> None:
    tokens = {make(county, number) for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) == 22 and token.isascii() for token in tokens)


@pytest.mark.parametrize("token", ["", "no such token", "x" * 64, "x" * 65, "路灯", "\u0000"])
def test_an_unknown_one_is_refused(county: County, token: str) -> None:
    assert refusal(county, token) == "error.button"


def test_anothers_is_refused_as_if_it_were_not_there(county: County, number: str) -> None:
    assert refusal(county, make(county, number), who="路人") == "error.button"


def test_it_ends(county: County, number: str, clock: Clock) -> None:
    token = make(county, number)
    clock.now += LIFETIME
    assert refusal(county, token) == "error.button"


def test_it_works_until_its_end(county: County, number: str, clock: Clock) -> None:
    token = make(county, number)
    clock.now += LIFETIME
    clock.move(milliseconds=-1)
    assert pressed(county, token).action == "right"


@pytest.mark.parametrize(
    ("how", "moved_to", "works"),
    [
        ({}, CaseState.CLOSED, True),
        ({"in_state": True}, CaseState.RECEIVED, True),
        ({"in_state": True}, CaseState.ACCEPTED, False),
        ({"in_state": True, "also_in": [CaseState.ACCEPTED]}, CaseState.ACCEPTED, True),
        ({"in_state": True, "also_in": [CaseState.ACCEPTED]}, CaseState.PROPOSED, False),
    ],
)
def test_when_the_case_has_moved_on(
    county: County, number: str, how: dict[str, object], moved_to: CaseState, works: bool
) -> None:
    token = make(county, number, **how)
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        case.state = moved_to
    if works:
        assert pressed(county, token).action == "right"
    else:
        assert refusal(county, token) == "error.button_state"


def test_a_literal_label_is_no_key() -> None:
    assert literal("城管") == "=城管"
