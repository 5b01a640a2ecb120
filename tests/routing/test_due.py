"""What happens when a follow-up is due: at its time, once, and not when the case has moved on.

The clock starts on Monday 23 November 2026, 10:00 in Beijing.
"""

from datetime import UTC, datetime, timedelta

import pytest

from routing import casework, intake, satisfaction
from routing.case import CaseState
from routing.follow_up import FollowUp, FollowUpKind
from routing.notice import Priority
from tests.conftest import Clock
from tests.routing.county import (
    BRIBE,
    CHIEF,
    CITIZEN,
    COLLEAGUE,
    DEPUTY,
    GAS,
    INTEGRITY,
    OFFICER,
    STAFF,
    SUBSTITUTE,
    County,
)

ZHZF = (OFFICER, "高峰")
STATION, ABOVE = (STAFF, COLLEAGUE), (CHIEF, "孙浩")
News = list[tuple[str, str]]


def beijing(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


async def at(county: County, moment: datetime) -> None:
    """Time goes on to a moment."""
    await county.passes(seconds=(moment - county.clock.now).total_seconds())


async def told_at(county: County, number: str, moment: datetime) -> News:
    """Nothing is told a millisecond before; then what is told at that moment."""
    await at(county, moment - timedelta(milliseconds=1))
    assert county.news(number) == [], f"too early, before {moment}"
    await at(county, moment)
    return county.news(number)


def assigned(county: County, number: str) -> None:
    county.does(casework.hear, DEPUTY, number)
    county.does(casework.assign, STAFF, number, county.department("zhzf"))
    county.news(number)


def confirmed(county: County, number: str) -> None:
    assigned(county, number)
    county.does(casework.confirm, OFFICER, number)
    county.news(number)


def answered(county: County, number: str) -> None:
    confirmed(county, number)
    county.does(casework.answer, OFFICER, number, "solved", "修好了", None)
    county.news(number)


@pytest.fixture
def number(county: County) -> str:
    """A case of which only the reminder in question is still to come."""
    made = county.report()
    county.news(made)
    return made


def only(county: County, number: str, *kinds: str) -> None:
    """Take everything else off the agenda, so that a test reads as one story."""
    with county.work() as uow:
        for follow_up in uow.follow_ups.pending_of_case(county.case(number).id):
            if follow_up.kind not in kinds:
                follow_up.state = "cancelled"


# --- a silent deputy -----------------------------------------------------------------------------------------------


async def test_a_silent_deputy_gives_way_to_the_substitute_then_to_staff(county: County, number: str) -> None:
    only(county, number, "deputy_silent")
    told = await told_at(county, number, beijing(24, 10))
    assert told == [(SUBSTITUTE, "card.deputy_substitute"), (CITIZEN, "case.substitute")]
    assert county.case(number).deputy_id == county.deputy("087").id
    told = await told_at(county, number, beijing(25, 10))
    assert told == [(name, "line.deputy_silent") for name in STATION]
    await county.passes(days=30)
    assert county.news(number) == []


async def test_a_deputy_who_listens_is_not_replaced(county: County, number: str) -> None:
    county.does(casework.hear, DEPUTY, number)
    only(county, number, "deputy_silent")
    county.news(number)
    await county.passes(days=3)
    assert county.news(number) == []


@pytest.mark.parametrize("why", ["none", "away", "no chat"])
async def test_without_a_substitute_staff_are_told_after_a_day(county: County, number: str, why: str) -> None:
    only(county, number, "deputy_silent")
    with county.work() as uow:
        deputy, substitute = uow.stations.deputy(county.deputy("086").id), uow.stations.deputy(county.deputy("087").id)
        member = uow.members.get(county.member(SUBSTITUTE).id)
        assert deputy is not None
        assert substitute is not None
        assert member is not None
        if why == "none":
            deputy.substitute_id = None
        elif why == "away":
            substitute.status = "away"
        else:
            member.contact_id = None
    assert await told_at(county, number, beijing(24, 10)) == [(name, "line.deputy_silent") for name in STATION]
    assert county.case(number).deputy_id == county.deputy("086").id
    await county.passes(days=5)
    assert county.news(number) == []


# --- silent staff --------------------------------------------------------------------------------------------------


async def test_silent_staff_are_reminded_then_the_station_above_as_well(county: County, number: str) -> None:
    only(county, number, "staff_silent")
    assert await told_at(county, number, beijing(23, 17, 30)) == [(n, "card.staff_silent") for n in STATION]
    for day in (24, 25, 26, 27, 30):  # each workday, until somebody acts
        told = await told_at(county, number, beijing(day, 17, 30))
        assert told == [(n, "card.staff_silent") for n in (*STATION, *ABOVE)], day
    county.does(casework.assign, STAFF, number, county.department("zhzf"))
    only(county, number, "staff_silent")
    county.news(number)
    await county.passes(days=5)
    assert county.news(number) == []


async def test_what_comes_after_hours_is_due_the_next_workday(county: County, clock: Clock) -> None:
    clock.now = beijing(27, 18)  # Friday evening
    number = county.report()
    assert county.agenda(number)["staff_silent"].due_at == beijing(30, 17, 30)


async def test_what_is_accepted_and_given_to_nobody_is_reminded_of(county: County, number: str) -> None:
    county.does(casework.accept, STAFF, number)
    only(county, number, "staff_silent")
    county.news(number)
    assert await told_at(county, number, beijing(23, 17, 30)) == [(n, "card.staff_silent") for n in STATION]


async def test_staff_are_not_reminded_while_the_citizen_is_asked_but_afterwards(county: County, number: str) -> None:
    county.does(casework.ask, DEPUTY, number, "哪一盏？")
    only(county, number, "staff_silent")
    county.news(number)
    await at(county, beijing(25, 12))
    assert county.news(number) == []
    county.says(intake.supplement, number, text="东头第一盏")
    county.news(number)
    told = await told_at(county, number, beijing(25, 17, 30))
    assert told == [(n, "card.staff_silent") for n in STATION]


async def test_a_review_that_waits_is_reminded_of(county: County, number: str) -> None:
    answered(county, number)
    county.says(satisfaction.rate, number, "dissatisfied")
    only(county, number, "staff_silent")
    county.news(number)
    assert await told_at(county, number, beijing(25, 17, 30)) == [(n, "card.review") for n in STATION]


# --- danger --------------------------------------------------------------------------------------------------------


async def test_a_danger_that_nobody_took_rings_wider_every_quarter_of_an_hour(county: County) -> None:
    with county.work() as uow:
        casework.set_duty(uow, county.member(STAFF), county.member(STAFF))
    number = county.report(GAS)
    assert county.news(number) == [(STAFF, "card.duty")]
    for minute in (15, 30, 45):
        told = await told_at(county, number, beijing(23, 10, minute))
        assert told == [(name, "card.duty") for name in (*STATION, *ABOVE)]
    assert {notice.priority for notice in county.notices(number)} == {Priority.URGENT}
    county.does(casework.contacted, STAFF, number)
    only(county, number, "duty_silent")
    county.news(number)
    await county.passes(hours=2)
    assert county.news(number) == []


async def test_a_danger_that_somebody_took_up_rings_no_more(county: County) -> None:
    number = county.report(GAS)
    assigned(county, number)
    county.news(number)
    await county.passes(minutes=16)
    assert "card.duty" not in {kind for _, kind in county.news(number)}


async def test_a_danger_that_is_over_rings_no_more(county: County) -> None:
    number = county.report(GAS)
    county.says(intake.withdraw, number)
    county.news(number)
    await county.passes(hours=1)
    assert county.news(number) == []


# --- a slow department ---------------------------------------------------------------------------------------------


async def test_a_department_that_does_not_confirm_is_reminded_then_staff_are_told(county: County, number: str) -> None:
    assigned(county, number)
    only(county, number, "confirm_due")
    assert await told_at(county, number, beijing(24, 17, 30)) == [(n, "card.confirm_due") for n in ZHZF]
    told = await told_at(county, number, beijing(25, 17, 30))
    assert told == [(n, "card.confirm_due") for n in ZHZF] + [(n, "line.confirm_late") for n in STATION]
    county.does(casework.confirm, OFFICER, number)
    only(county, number, "confirm_due")
    county.news(number)
    await county.passes(days=5)
    assert county.news(number) == []


async def test_where_nobody_sits_in_the_department_staff_are_told_at_once(county: County, number: str) -> None:
    county.does(casework.assign, STAFF, number, county.department("wglt"))
    only(county, number, "confirm_due")
    county.news(number)
    assert await told_at(county, number, beijing(24, 17, 30)) == [(n, "line.confirm_late") for n in STATION]


async def test_a_late_answer_is_told_to_the_department_the_staff_and_once_to_the_citizen(
    county: County, number: str
) -> None:
    confirmed(county, number)
    only(county, number, "answer_due")
    officers, staff = [(n, "card.answer_due") for n in ZHZF], [(n, "line.answer_late") for n in STATION]
    assert await told_at(county, number, beijing(26, 17, 30)) == [*officers, *staff, (CITIZEN, "case.late")]
    assert await told_at(county, number, beijing(27, 17, 30)) == [*officers, *staff]
    assert await told_at(county, number, beijing(30, 17, 30)) == [*officers, *staff]
    county.does(casework.answer, OFFICER, number, "solved", "修好了", None)
    only(county, number, "answer_due")
    county.news(number)
    await county.passes(days=5)
    assert county.news(number) == []


async def test_a_case_given_to_another_department_reminds_the_former_no_more(county: County, number: str) -> None:
    confirmed(county, number)
    county.does(casework.assign, STAFF, number, county.department("rs"))
    county.news(number)
    await at(county, beijing(30, 17, 30))
    assert not {who for who, _ in county.news(number)} & set(ZHZF)


# --- no news -------------------------------------------------------------------------------------------------------


async def test_a_case_without_news_says_so_every_three_workdays(county: County, number: str) -> None:
    only(county, number, "no_news")
    assert await told_at(county, number, beijing(26, 17, 30)) == [(CITIZEN, "case.no_news")]
    assert await told_at(county, number, beijing(1, 17, 30, month=12)) == [(CITIZEN, "case.no_news")]


async def test_news_starts_the_three_days_anew(county: County, number: str) -> None:
    only(county, number, "no_news")
    await at(county, beijing(25, 12))
    county.does(casework.message_citizen, STAFF, number, "师傅明天到")
    county.news(number)
    assert await told_at(county, number, beijing(30, 17, 30)) == [(CITIZEN, "case.no_news")]


async def test_an_answer_needs_no_other_news(county: County, number: str) -> None:
    county.does(casework.accept, STAFF, number)
    agenda = county.agenda(number)["no_news"]
    county.does(casework.close, STAFF, number, "已解释")
    with county.work() as uow:
        held = uow.follow_ups.get(agenda.id)
        assert held is not None
        held.state = "pending"
    only(county, number, "no_news")
    county.news(number)
    await county.passes(days=10)
    assert county.news(number) == []


async def test_a_review_without_news_says_so_too(county: County, number: str) -> None:
    answered(county, number)
    county.says(satisfaction.rate, number, "dissatisfied")
    only(county, number, "no_news")
    county.news(number)
    assert await told_at(county, number, beijing(26, 17, 30)) == [(CITIZEN, "case.no_news")]


# --- a question without an answer ----------------------------------------------------------------------------------


async def test_a_question_without_an_answer_lets_the_case_go_on(county: County, number: str) -> None:
    confirmed(county, number)
    due = county.agenda(number)["answer_due"].due_at
    county.does(casework.ask, OFFICER, number, "哪一盏？")
    only(county, number, "info_expires", "answer_due")
    county.news(number)
    told = await told_at(county, number, beijing(28, 10))
    assert told[0] == (CITIZEN, "case.info_expired")
    assert set(told[1:]) == {(n, "line.info_expired") for n in (*STATION, DEPUTY, *ZHZF)}
    case = county.case(number)
    assert (case.state, case.question) == (CaseState.ASSIGNED, None)
    assert county.agenda(number)["answer_due"].due_at == due + timedelta(days=5)


async def test_after_a_long_sleep_the_department_first_gets_back_the_time_that_stood_still(
    county: County, number: str
) -> None:
    confirmed(county, number)
    left = county.agenda(number)["answer_due"].due_at - county.clock.now
    county.does(casework.ask, OFFICER, number, "哪一盏？")
    only(county, number, "info_expires", "answer_due")
    county.clock.move(days=30)
    county.news(number)
    await county.due()
    assert {kind for _, kind in county.news(number)} == {"case.info_expired", "line.info_expired"}
    assert county.agenda(number)["answer_due"].due_at == county.clock.now + left


# --- the rating ----------------------------------------------------------------------------------------------------


async def test_silence_after_an_answer_is_reminded_of_once_then_closed_unrated(county: County, number: str) -> None:
    answered(county, number)
    assert await told_at(county, number, beijing(26, 17, 30)) == [(CITIZEN, "case.rating_reminder")]
    reminder = county.notices(number)[-1]
    assert [label for label, _ in reminder.buttons] == [f"button.rate_{rating}" for rating in satisfaction.RATINGS]
    assert await told_at(county, number, beijing(1, 17, 30, month=12)) == [(CITIZEN, "case.closed_unanswered")]
    case = county.case(number)
    assert (case.state, case.close_reason, case.rating) == (CaseState.CLOSED, "unanswered", None)
    assert set(county.agenda(number)) == {"look_back"}


@pytest.mark.parametrize("rating", satisfaction.RATINGS)
async def test_a_rating_ends_the_asking(county: County, number: str, rating: str) -> None:
    answered(county, number)
    county.says(satisfaction.rate, number, rating)
    await county.passes(days=20)
    assert not {"case.rating_reminder", "case.closed_unanswered"} & set(county.told(number, CITIZEN))


# --- looking back --------------------------------------------------------------------------------------------------


async def test_thirty_days_after_closing_it_is_asked_whether_it_stayed_solved(county: County, number: str) -> None:
    answered(county, number)
    county.says(satisfaction.rate, number, "satisfied")
    county.news(number)
    assert await told_at(county, number, beijing(23, 10, month=12)) == [(CITIZEN, "case.look_back")]
    notice = county.notices(number)[-1]
    assert notice.params["days"] == 30
    assert [label for label, _ in notice.buttons] == ["button.still_good", "button.not_good"]
    await county.passes(days=100)
    assert county.news(number) == []


async def test_a_promise_is_asked_about_again_after_ninety(county: County, number: str) -> None:
    confirmed(county, number)
    county.does(casework.answer, OFFICER, number, "planned", "明年改造", "2027-03-31")
    county.says(satisfaction.rate, number, "mostly")
    await county.passes(days=95)
    assert [n.params["days"] for n in county.notices(number) if n.kind == "case.look_back"] == [30, 90]


async def test_a_look_back_on_a_holiday_waits_for_the_next_workday(county: County, number: str, clock: Clock) -> None:
    answered(county, number)
    clock.now = beijing(26, 10)
    county.says(satisfaction.rate, number, "satisfied")
    assert county.agenda(number)["look_back"].due_at == beijing(28, 9, month=12)  # the 26th is a Saturday


async def test_what_is_under_review_is_not_looked_back_at(county: County, number: str) -> None:
    answered(county, number)
    county.says(satisfaction.rate, number, "satisfied")
    county.says(satisfaction.look_back, number, False)
    await county.passes(days=40)
    assert "case.look_back" not in county.told(number, CITIZEN)


# --- sealed --------------------------------------------------------------------------------------------------------


async def test_a_sealed_case_is_reminded_of_until_it_is_handed_over(county: County) -> None:
    number = county.report(BRIBE)
    county.news(number)
    assert await told_at(county, number, beijing(30, 17, 30)) == [(INTEGRITY, "card.integrity")]
    assert await told_at(county, number, beijing(1, 17, 30, month=12)) == [(INTEGRITY, "card.integrity")]


# --- every kind ----------------------------------------------------------------------------------------------------


KINDS = [kind for kind in FollowUpKind if kind is not FollowUpKind.SUBMIT_DRAFT]
OVER = (CaseState.DECLINED, CaseState.WITHDRAWN, CaseState.MERGED, CaseState.TRANSFERRED)


def due_in(county: County, number: str, kind: FollowUpKind, state: CaseState) -> None:
    """One follow-up, due now, and nothing else, on a case that was put into a state."""
    only(county, number)
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        case.state, case.resume_state, case.department = state, CaseState.ASSIGNED, "zhzf"
        uow.follow_ups.add(FollowUp(kind, uow.now, uow.now, case_id=case.id))


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_is_told_of_a_case_that_is_over(county: County, number: str, kind: FollowUpKind) -> None:
    for state in OVER:
        due_in(county, number, kind, state)
        assert await county.due() == 1
        assert (county.news(number), county.agenda(number)) == ([], {}), state
    assert county.steps(number) == ["received"]


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_is_due_is_done_once_and_what_comes_next_lies_ahead(
    county: County, number: str, kind: FollowUpKind
) -> None:
    for state in CaseState:
        due_in(county, number, kind, state)
        assert await county.due() == 1
        assert await county.due() == 0
        assert all(follow_up.due_at > county.clock.now for follow_up in county.agenda(number).values()), state


async def test_after_a_long_stop_each_reminder_comes_once(county: County, number: str, clock: Clock) -> None:
    confirmed(county, number)
    clock.move(days=21)
    await county.due()
    await county.due()
    told = county.news(number)
    assert len(told) == len(set(told)), told
    assert {(n, "card.answer_due") for n in ZHZF} | {(CITIZEN, "case.late")} < set(told)
    assert all(follow_up.due_at > clock.now for follow_up in county.agenda(number).values())
