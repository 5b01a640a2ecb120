"""How the citizen was served, in their own words. Silence is never counted as satisfied."""

import pytest

from routing import casework, satisfaction
from routing.case import CaseState
from routing.errors import Refused
from tests.routing.county import COLLEAGUE, DEPUTY, OFFICER, STAFF, County


@pytest.fixture
def number(county: County) -> str:
    made = county.report()
    county.does(casework.assign, STAFF, made, county.department("zhzf"))
    county.does(casework.confirm, OFFICER, made)
    county.does(casework.answer, OFFICER, made, "solved", "修好了", None)
    county.news(made)
    return made


@pytest.mark.parametrize("rating", ["satisfied", "mostly"])
def test_a_satisfied_citizen_closes_the_case(county: County, number: str, rating: str) -> None:
    county.says(satisfaction.rate, number, rating)
    case = county.case(number)
    assert (case.state, case.rating, case.close_reason) == (CaseState.CLOSED, rating, "rated")
    assert case.closed_at == county.clock.now
    told = county.news(number)
    assert sorted(told) == sorted((name, "line.rated") for name in (STAFF, COLLEAGUE, DEPUTY, OFFICER, "高峰"))
    assert {kind: follow_up.params["days"] for kind, follow_up in county.agenda(number).items()} == {"look_back": 30}


def test_a_dissatisfied_citizen_opens_a_review(county: County, number: str) -> None:
    county.says(satisfaction.rate, number, "dissatisfied")
    case = county.case(number)
    assert (case.state, case.rating, case.closed_at) == (CaseState.REVIEW, "dissatisfied", None)
    assert county.news(number) == [(STAFF, "card.review"), (COLLEAGUE, "card.review")]
    assert set(county.agenda(number)) == {"staff_silent", "no_news"}, "and is not left without news"
    county.says(satisfaction.give_reason, number, "slow")
    assert county.case(number).rating_reason == "slow"
    assert county.news(number) == [(STAFF, "line.rating_reason"), (COLLEAGUE, "line.rating_reason")]


def test_a_promise_is_looked_back_at_twice(county: County, number: str) -> None:
    with county.work() as uow:
        held = uow.cases.by_number(number)
        assert held is not None
        held.answer_class = "planned"
    county.says(satisfaction.rate, number, "satisfied")
    with county.work() as uow:
        pending = uow.follow_ups.pending_of_case(county.case(number).id)
        assert [(f.kind.value, f.params["days"]) for f in pending] == [("look_back", 30), ("look_back", 90)]


@pytest.mark.parametrize("rating", ["", "excellent", "满意"])
def test_an_unknown_rating_is_refused(county: County, number: str, rating: str) -> None:
    with pytest.raises(Refused, match=r"error\.button"):
        county.says(satisfaction.rate, number, rating)
    assert county.case(number).state is CaseState.ANSWERED


@pytest.mark.parametrize("rating", satisfaction.RATINGS)
def test_only_an_answered_case_is_rated(county: County, rating: str) -> None:
    number = county.report()
    with pytest.raises(Refused, match=r"error\.state"):
        county.says(satisfaction.rate, number, rating)
    assert county.steps(number) == ["received"]
    assert county.case(number).rating is None


def test_nobody_rates_twice(county: County, number: str) -> None:
    county.says(satisfaction.rate, number, "satisfied")
    with pytest.raises(Refused, match=r"error\.state"):
        county.says(satisfaction.rate, number, "mostly")
    assert county.case(number).rating == "satisfied"


def test_silence_closes_without_a_rating(county: County, number: str) -> None:
    with county.work() as uow:
        held = uow.cases.by_number(number)
        assert held is not None
        satisfaction.close_unrated(uow, held)
    case = county.case(number)
    assert (case.state, case.close_reason, case.rating) == (CaseState.CLOSED, "unanswered", None)
    assert "look_back" in county.agenda(number)
    with county.work() as uow:
        assert uow.cases.counts(station_ids=None)["rating"] == {}


def test_what_stayed_solved_is_noted(county: County, number: str) -> None:
    county.says(satisfaction.rate, number, "satisfied")
    county.says(satisfaction.look_back, number, True)
    assert county.case(number).state is CaseState.CLOSED
    assert county.events(number)[-1].data == {"good": True}


@pytest.mark.parametrize("closed_by", ["rating", "silence"])
def test_what_did_not_stay_solved_is_reviewed(county: County, number: str, closed_by: str) -> None:
    if closed_by == "rating":
        county.says(satisfaction.rate, number, "satisfied")
    else:
        county.says(lambda uow, contact, case: satisfaction.close_unrated(uow, case), number)
    county.news(number)
    county.says(satisfaction.look_back, number, False)
    case = county.case(number)
    assert (case.state, case.rating) == (CaseState.REVIEW, "dissatisfied")
    assert {kind for _, kind in county.news(number)} == {"card.review"}


def test_a_look_back_at_a_case_under_review_changes_nothing(county: County, number: str) -> None:
    county.says(satisfaction.rate, number, "dissatisfied")
    before = county.steps(number)
    with county.work() as uow:
        held = uow.cases.by_number(number)
        assert held is not None
        with pytest.raises(Refused, match=r"error\.state"):
            satisfaction.look_back(uow, county.contact(uow), held, good=False)
    assert county.steps(number) == before
