"""What members do with a case: its state, its history, who is told, what is followed up, what is refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from routing import casework, satisfaction
from routing.assignment import Assignment
from routing.case import Case, CaseState, Urgency, verify_chain
from routing.errors import Refused
from routing.people import Role
from routing.ports import UnitOfWork
from routing.workflow import Action, Actor, perform
from tests.conftest import Clock
from tests.routing.county import (
    CHIEF,
    CITIZEN,
    COLLEAGUE,
    DEPUTY,
    GAS,
    OFFICER,
    OTHER_OFFICER,
    STAFF,
    SUBSTITUTE,
    County,
)

SECOND_OFFICER = "高峰"  # of the same department
ZHZF = {OFFICER, SECOND_OFFICER}


@pytest.fixture
def number(county: County) -> str:
    made = county.report()
    county.news(made)
    return made


def assigned(county: County, number: str, *co: str) -> None:
    county.does(casework.assign, STAFF, number, county.department("zhzf"), [county.department(code) for code in co])


def confirmed(county: County, number: str) -> None:
    assigned(county, number)
    county.does(casework.confirm, OFFICER, number)


def answered(county: County, number: str) -> None:
    confirmed(county, number)
    county.does(casework.answer, OFFICER, number, "solved", "修好了", None)


def assignments(county: County, number: str) -> list[Assignment]:
    with county.work() as uow:
        return list(uow.assignments.of_case(county.case(number).id))


def by_kind(news: list[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for who, kind in news:
        found.setdefault(kind, set()).add(who)
    assert sum(map(len, found.values())) == len(news), f"somebody was told the same thing twice: {news}"
    return found


def refused(county: County, step: Callable[..., object], name: str, number: str, *args: Any) -> str:
    """The key of the refusal. What is refused has changed nothing: no state, no history, no notice, no agenda."""

    def look() -> tuple[object, ...]:
        return county.case(number), county.events(number), county.agenda(number), len(county.notices(number))

    before = look()
    told = ""
    with county.work() as uow:
        member = county.member(name)
        try:
            step(uow, member, uow.cases.by_number(number), *args)
        except Refused as refusal:
            told = refusal.key
    assert told, "it was not refused"
    assert look() == before, "the transaction is kept when a dialog words the refusal, so nothing may be half done"
    return told


# --- listening -----------------------------------------------------------------------------------------------------


def test_a_deputys_listening_accepts_and_assigns_nothing(county: County, number: str, clock: Clock) -> None:
    assert county.does(casework.hear, DEPUTY, number) is True
    case = county.case(number)
    assert (case.state, case.department, case.heard_by) == (CaseState.ACCEPTED, None, county.member(DEPUTY).id)
    assert case.heard_at == clock.now
    assert by_kind(county.news(number)) == {"case.heard": {CITIZEN}, "line.heard": {STAFF, COLLEAGUE}}
    assert set(county.agenda(number)) == {"staff_silent", "no_news"}, "staff still have to assign it"
    assert county.steps(number) == ["received", "hear"]


def test_listening_twice_tells_nobody_again(county: County, number: str) -> None:
    county.does(casework.hear, DEPUTY, number)
    county.news(number)
    assert county.does(casework.hear, DEPUTY, number) is False
    assert county.news(number) == []
    assert county.steps(number) == ["received", "hear"]


def test_listening_to_a_case_under_way_moves_nothing(county: County, number: str) -> None:
    confirmed(county, number)
    assert county.does(casework.hear, DEPUTY, number) is True
    assert county.case(number).state is CaseState.ASSIGNED
    assert county.steps(number)[-1] == "hear"


def test_nobody_listens_to_a_case_that_is_over(county: County, number: str) -> None:
    county.does(casework.decline, STAFF, number, "已在法院")
    assert refused(county, casework.hear, DEPUTY, number) == "case.over"


# --- accepting and declining ---------------------------------------------------------------------------------------


def test_accepting_is_told_and_followed_up(county: County, number: str) -> None:
    county.does(casework.accept, STAFF, number)
    assert county.case(number).state is CaseState.ACCEPTED
    assert county.news(number) == [(CITIZEN, "case.accepted")]
    assert set(county.agenda(number)) == {"deputy_silent", "staff_silent", "no_news"}


def test_declining_ends_the_case_with_a_reason(county: County, number: str, clock: Clock) -> None:
    county.does(casework.decline, STAFF, number, "已在法院审理，请拨 12368")
    case = county.case(number)
    assert (case.state, case.close_reason, case.closed_at) == (CaseState.DECLINED, "declined", clock.now)
    (notice,) = [n for n in county.notices(number) if n.kind == "case.declined"]
    assert notice.params["reason"] == "已在法院审理，请拨 12368"
    assert county.agenda(number) == {}


@pytest.mark.parametrize("name", [DEPUTY, OFFICER])
@pytest.mark.parametrize("step", [casework.accept, casework.decline])
def test_deputies_and_officers_accept_and_decline_nothing(
    county: County, number: str, name: str, step: Callable[..., None]
) -> None:
    args = ("理由",) if step is casework.decline else ()
    assert refused(county, step, name, number, *args) == "error.role"


# --- assigning -----------------------------------------------------------------------------------------------------


def test_assigning_accepts_on_the_way_and_asks_the_departments(county: County, number: str) -> None:
    assigned(county, number, "rs", "wglt")
    case = county.case(number)
    assert (case.state, case.department, case.co_departments) == (CaseState.PROPOSED, "zhzf", ["rs", "wglt"])
    assert county.steps(number) == ["received", "accept", "propose"]
    assert by_kind(county.news(number)) == {
        "case.accepted": {CITIZEN},
        "case.proposed": {CITIZEN},
        "card.officer": ZHZF,
        "card.officer_co": {OTHER_OFFICER},
        "line.no_officer": {STAFF},  # nobody of wglt has accepted an invitation
        "line.assigned": {DEPUTY},
    }
    lead, *co = assignments(county, number)
    assert (lead.department, lead.part, lead.round, lead.state, lead.final) == ("zhzf", "lead", 1, "proposed", False)
    assert [(a.department, a.part) for a in co] == [("rs", "co"), ("wglt", "co")]
    agenda = county.agenda(number)
    assert set(agenda) == {"deputy_silent", "confirm_due", "no_news"}
    assert agenda["confirm_due"].due_at == lead.confirm_by


def test_a_lead_is_not_its_own_co_handler(county: County, number: str) -> None:
    assigned(county, number, "zhzf", "rs")
    assert county.case(number).co_departments == ["rs"]
    assert [a.department for a in assignments(county, number)] == ["zhzf", "rs"]


def test_the_answer_is_due_as_the_category_says(county: County, number: str) -> None:
    sla = county.case(number).suggestion["sla_workdays"]
    assigned(county, number)
    assert [a.due_days for a in assignments(county, number)] == [sla]


@pytest.mark.parametrize("code", ["fayuan", "jiwei"])
@pytest.mark.parametrize("as_co", [False, True])
def test_a_court_or_the_discipline_organ_is_never_assigned(county: County, number: str, code: str, as_co: bool) -> None:
    body, other = county.department(code), county.department("zhzf")
    lead, co = (other, [body]) if as_co else (body, [])
    assert refused(county, casework.assign, STAFF, number, lead, co) == "assign.not_a_handler"


@pytest.mark.parametrize("name", [DEPUTY, OFFICER, "严正", "马晓"])
@pytest.mark.parametrize("state", [CaseState.ACCEPTED, CaseState.PROPOSED, CaseState.ASSIGNED])
def test_only_staff_assign(county: County, number: str, name: str, state: CaseState) -> None:
    put(county, number, state)
    assert refused(county, casework.assign, name, number, county.department("rs")) == "error.role"


def put(county: County, number: str, state: CaseState) -> None:
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        case.state, case.department = state, "zhzf"


def test_assigning_anew_takes_the_case_from_the_former_department(county: County, number: str) -> None:
    confirmed(county, number)
    county.news(number)
    county.does(casework.assign, STAFF, number, county.department("rs"))
    case = county.case(number)
    assert (case.state, case.department) == (CaseState.PROPOSED, "rs")
    former, now = assignments(county, number)
    assert [(a.department, a.state) for a in (former, now)] == [("zhzf", "superseded"), ("rs", "proposed")]
    news = by_kind(county.news(number))
    assert news["card.officer"] == {OTHER_OFFICER}
    assert news["case.proposed"] == {CITIZEN}
    assert set(county.agenda(number)) == {"deputy_silent", "confirm_due", "no_news"}


def test_a_closed_case_is_not_assigned(county: County, number: str) -> None:
    county.does(casework.decline, STAFF, number, "已在法院")
    assert refused(county, casework.assign, STAFF, number, county.department("rs")) == "error.state"


# --- confirming and returning --------------------------------------------------------------------------------------


def test_confirming_starts_the_clock(county: County, number: str, clock: Clock) -> None:
    assigned(county, number, "rs")
    county.news(number)
    clock.move(hours=1)
    county.does(casework.confirm, OFFICER, number)
    assert county.case(number).state is CaseState.ASSIGNED
    assert by_kind(county.news(number)) == {
        "case.assigned": {CITIZEN},
        "line.confirmed": {STAFF, COLLEAGUE, DEPUTY, SECOND_OFFICER, OTHER_OFFICER},
    }
    lead, co = assignments(county, number)
    assert (lead.state, co.state, lead.confirmed_at) == ("confirmed", "confirmed", clock.now)
    assert lead.confirmed_by == county.member(OFFICER).id
    agenda = county.agenda(number)
    assert set(agenda) == {"deputy_silent", "answer_due", "no_news"}
    assert agenda["answer_due"].due_at == lead.due_at
    sla = timedelta(days=county.case(number).suggestion["sla_workdays"])
    assert lead.due_at == (clock.now + sla).replace(hour=9, minute=30), "17:30 on the last of its workdays"


def test_an_emergency_is_answered_within_two_hours(county: County, clock: Clock) -> None:
    number = county.report(GAS)
    county.does(casework.contacted, STAFF, number)
    county.does(casework.assign, STAFF, number, county.department("ranqi"))
    county.does(casework.confirm, "郑勇", number)
    assert county.agenda(number)["answer_due"].due_at == clock.now + timedelta(hours=2)


def test_staff_confirm_in_a_departments_place(county: County, number: str) -> None:
    assigned(county, number)
    county.does(casework.confirm, STAFF, number)
    assert county.case(number).state is CaseState.ASSIGNED


def test_a_co_handler_neither_confirms_nor_answers_nor_returns(county: County, number: str) -> None:
    assigned(county, number, "rs")
    assert refused(county, casework.confirm, OTHER_OFFICER, number) == "case.lead_only"
    assert refused(county, casework.return_case, OTHER_OFFICER, number, "不归我们管") == "case.co_return"
    county.does(casework.confirm, OFFICER, number)
    assert refused(county, casework.answer, OTHER_OFFICER, number, "solved", "好了", None) == "case.lead_only"


def test_returning_goes_back_to_staff_with_the_reason(county: County, number: str) -> None:
    assigned(county, number, "rs")
    county.news(number)
    county.does(casework.return_case, OFFICER, number, "不属本局职责", "gongdian")
    case = county.case(number)
    assert (case.state, case.department, case.co_departments, case.returns) == (CaseState.ACCEPTED, None, [], 1)
    assert by_kind(county.news(number)) == {"card.returned": {STAFF, COLLEAGUE}}
    notice = county.notices(number)[-1]
    assert notice.params["reason"] == "不属本局职责"
    assert notice.params["better"]["params"]["department"] == "供电公司"
    assert {(a.state, a.reason) for a in assignments(county, number)} == {("returned", "不属本局职责")}
    assert set(county.agenda(number)) == {"deputy_silent", "staff_silent", "no_news"}
    assert county.events(number)[-1].data == {"reason": "不属本局职责", "better": "gongdian", "department": "zhzf"}


def test_the_third_department_cannot_return(county: County, number: str) -> None:
    """Disputed twice, the station names the handler, who may not return it (潍坊 22)."""
    for code, officer in (("zhzf", OFFICER), ("rs", OTHER_OFFICER)):
        county.does(casework.assign, STAFF, number, county.department(code))
        county.does(casework.return_case, officer, number, "不归我们管")
    county.news(number)
    county.does(casework.assign, STAFF, number, county.department("zhzf"))
    assert by_kind(county.news(number))["card.officer_final"] == ZHZF
    assert assignments(county, number)[-1].final
    assert refused(county, casework.return_case, OFFICER, number, "还是不归我们管") == "case.final"
    county.does(casework.confirm, OFFICER, number)
    assert county.case(number).state is CaseState.ASSIGNED


def test_a_department_that_had_answered_cannot_return_what_another_was_given(county: County, number: str) -> None:
    answered(county, number)
    county.says(satisfaction.rate, number, "dissatisfied")
    county.does(casework.redo, STAFF, number, "再去看看")
    county.does(casework.assign, STAFF, number, county.department("rs"))
    assert refused(county, casework.return_case, OFFICER, number, "不归我们管") == "case.lead_only"
    assert refused(county, casework.confirm, OFFICER, number) == "case.lead_only"


@pytest.mark.parametrize("name", [DEPUTY, STAFF])
def test_only_officers_return(county: County, number: str, name: str) -> None:
    assigned(county, number)
    assert refused(county, casework.return_case, name, number, "理由") in ("error.role", "case.lead_only")


# --- asking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "who"),
    [(DEPUTY, {"key": "word.deputy", "params": {"name": DEPUTY}}), (STAFF, None), (OFFICER, "综合行政执法局")],
)
def test_a_question_waits_for_five_days(county: County, number: str, clock: Clock, name: str, who: Any) -> None:
    county.does(casework.hear, DEPUTY, number)
    confirmed(county, number)
    county.news(number)
    county.does(casework.ask, name, number, "是哪一盏？")
    case = county.case(number)
    assert (case.state, case.resume_state, case.question) == (CaseState.NEEDS_INFO, CaseState.ASSIGNED, "是哪一盏？")
    assert county.news(number) == [(CITIZEN, "case.asked")]
    params = county.notices(number)[-1].params
    assert params["question"] == "是哪一盏？"
    assert params["who"] == (who or {"key": "word.station", "params": {}})
    assert county.agenda(number)["info_expires"].due_at == clock.now + timedelta(days=5)
    with county.work() as uow:
        _, conversation = county.chat_of(uow, CITIZEN)
        assert conversation.data["asked"] == case.id
        assert conversation.offered == [], "a bare number is an answer now, and no button"


def test_a_deputy_who_asks_listens_by_that(county: County, number: str) -> None:
    county.does(casework.ask, DEPUTY, number, "是哪一盏？")
    assert county.steps(number) == ["received", "hear", "ask"]
    assert county.case(number).heard_by == county.member(DEPUTY).id


def test_a_deputy_who_cannot_ask_now_does_not_listen_by_trying(county: County, number: str) -> None:
    assigned(county, number)
    assert refused(county, casework.ask, DEPUTY, number, "是哪一盏？") == "error.state"


def test_one_question_at_a_time(county: County, number: str) -> None:
    county.does(casework.ask, DEPUTY, number, "是哪一盏？")
    assert refused(county, casework.ask, STAFF, number, "几号楼？") == "error.state"


# --- answering -----------------------------------------------------------------------------------------------------


def test_an_answer_is_brought_with_the_question_of_satisfaction(county: County, number: str, clock: Clock) -> None:
    confirmed(county, number)
    county.news(number)
    county.does(casework.answer, OFFICER, number, "solved", "路灯昨晚修好了", None)
    case = county.case(number)
    assert (case.state, case.answer_class, case.answer) == (CaseState.ANSWERED, "solved", "路灯昨晚修好了")
    assert (case.answered_at, case.promised_on, case.rating) == (clock.now, None, None)
    assert by_kind(county.news(number)) == {
        "case.answered": {CITIZEN}, "line.answered": {STAFF, COLLEAGUE, DEPUTY},
    }  # fmt: skip
    (notice,) = [n for n in county.notices(number) if n.kind == "case.answered"]
    assert [label for label, _ in notice.buttons] == [f"button.rate_{rating}" for rating in satisfaction.RATINGS]
    assert set(county.agenda(number)) == {"rating_reminder"}
    assert [a.state for a in assignments(county, number)] == ["done"]


def test_a_plan_needs_its_date(county: County, number: str) -> None:
    confirmed(county, number)
    assert refused(county, casework.answer, OFFICER, number, "planned", "明年改造", None) == "answer.needs_date"
    county.does(casework.answer, OFFICER, number, "planned", "明年改造", "2027-03-31")
    assert county.case(number).promised_on == "2027-03-31"
    assert (CITIZEN, "case.answered_planned") in county.news(number)


def test_staff_answer_an_accepted_case_themselves(county: County, number: str) -> None:
    county.does(casework.accept, STAFF, number)
    county.does(casework.close, STAFF, number, "已当场解释清楚")
    case = county.case(number)
    assert (case.state, case.answer_class, case.closed_at) == (CaseState.ANSWERED, "solved", None)
    assert (CITIZEN, "case.answered") in county.news(number)


@pytest.mark.parametrize("state", [CaseState.RECEIVED, CaseState.PROPOSED, CaseState.NEEDS_INFO, CaseState.CLOSED])
def test_what_is_not_under_way_is_not_answered(county: County, number: str, state: CaseState) -> None:
    assigned(county, number)
    put(county, number, state)
    for step, args in ((casework.answer, ("solved", "好了", None)), (casework.close, ("好了",))):
        assert refused(county, step, STAFF, number, *args) == "error.state"


def test_a_deputy_answers_nothing(county: County, number: str) -> None:
    county.does(casework.accept, STAFF, number)
    assert refused(county, casework.answer, DEPUTY, number, "solved", "好了", None) == "error.role"
    assert refused(county, casework.close, DEPUTY, number, "好了") == "error.role"


# --- review --------------------------------------------------------------------------------------------------------


@pytest.fixture
def in_review(county: County, number: str) -> str:
    answered(county, number)
    county.says(satisfaction.rate, number, "dissatisfied")
    county.news(number)
    return number


def test_redoing_sends_it_to_the_department_again(county: County, in_review: str, clock: Clock) -> None:
    county.does(casework.redo, STAFF, in_review, "请到现场复查")
    case = county.case(in_review)
    assert (case.state, case.department, case.closed_at) == (CaseState.ASSIGNED, "zhzf", None)
    assert by_kind(county.news(in_review)) == {"card.redo": ZHZF, "case.redo": {CITIZEN}, "line.redo": {DEPUTY}}
    assert county.steps(in_review)[-1] == "redo"
    agenda = county.agenda(in_review)
    assert agenda["answer_due"].due_at == (clock.now + timedelta(days=3)).replace(hour=9, minute=30)
    assert "no_news" in agenda
    assert assignments(county, in_review)[-1].state == "confirmed"


def test_the_second_time_it_goes_on_under_supervision(county: County, in_review: str) -> None:
    county.does(casework.redo, STAFF, in_review, "请到现场复查")
    county.does(casework.answer, OFFICER, in_review, "solved", "又修了", None)
    county.says(satisfaction.rate, in_review, "dissatisfied")
    county.does(casework.redo, STAFF, in_review, "挂牌督办")
    assert [step for step in county.steps(in_review) if step in ("redo", "supervise")] == ["redo", "supervise"]


def test_upholding_closes_with_an_explanation(county: County, in_review: str, clock: Clock) -> None:
    county.does(casework.close, STAFF, in_review, "已按标准修复，附照片")
    case = county.case(in_review)
    assert (case.state, case.close_reason, case.closed_at) == (CaseState.CLOSED, "upheld", clock.now)
    assert case.rating == "dissatisfied", "what the citizen said stays"
    assert county.news(in_review) == [(CITIZEN, "case.upheld"), (DEPUTY, "line.upheld")]
    assert county.agenda(in_review) == {}


def test_what_staff_answered_themselves_is_not_redone_by_nobody(county: County, number: str) -> None:
    county.does(casework.accept, STAFF, number)
    county.does(casework.close, STAFF, number, "已当场解释清楚")
    county.says(satisfaction.rate, number, "dissatisfied")
    assert refused(county, casework.redo, STAFF, number, "再看看") == "redo.no_department"


@pytest.mark.parametrize("name", [DEPUTY, OFFICER])
def test_only_staff_decide_a_review(county: County, in_review: str, name: str) -> None:
    assert refused(county, casework.redo, name, in_review, "再看看") == "error.role"
    assert refused(county, casework.close, name, in_review, "维持") == "error.role"


# --- words are needed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["", "  ", "\u3000\n"])
@pytest.mark.parametrize(
    ("step", "args", "key"),
    [
        (casework.decline, (), "usage.decline"), (casework.return_case, (), "usage.return"),
        (casework.ask, (), "usage.ask"), (casework.close, (), "usage.close"), (casework.note, (), "usage.note"),
        (casework.message_citizen, (), "usage.message"),
    ],
)  # fmt: skip
def test_a_step_that_needs_words_is_refused_without(
    county: County, number: str, step: Callable[..., None], args: tuple[str, ...], key: str, blank: str
) -> None:
    assert refused(county, step, STAFF, number, blank, *args) == key


def test_an_answer_without_words_is_refused(county: County, number: str) -> None:
    confirmed(county, number)
    assert refused(county, casework.answer, OFFICER, number, "solved", " ", None) == "usage.answer"


# --- the rest of what staff do -------------------------------------------------------------------------------------


def test_the_right_category_is_kept_with_who_said_so(county: County, number: str) -> None:
    former = county.case(number).category
    county.does(casework.reclassify, STAFF, number, "CG05")
    assert county.case(number).category == "CG05"
    event = county.events(number)[-1]
    assert (event.kind, event.data) == ("reclassify", {"from": former, "category": "CG05"})
    assert event.actor_id == county.member(STAFF).id


def test_another_deputy_is_asked_to_listen(county: County, number: str, clock: Clock) -> None:
    county.does(casework.hear, DEPUTY, number)
    county.news(number)
    clock.move(hours=30)
    county.does(casework.give_deputy, STAFF, number, county.deputy("087").id)
    case = county.case(number)
    assert (case.deputy_id, case.heard_by, case.heard_at) == (county.deputy("087").id, None, None)
    assert county.news(number) == [(SUBSTITUTE, "card.deputy")]
    assert county.agenda(number)["deputy_silent"].due_at == clock.now + timedelta(hours=24)


def test_a_text_held_back_is_released_to_the_deputy(county: County) -> None:
    number = county.report("林秋代表从来不见人")
    county.news(number)
    county.does(casework.give_deputy, STAFF, number, county.deputy("086").id)
    assert not county.case(number).held_from_deputy
    assert county.news(number) == [(DEPUTY, "card.deputy")]


def test_a_deputy_without_a_chat_is_not_waited_for(county: County, number: str) -> None:
    with county.work() as uow:
        member = uow.members.get(county.member(SUBSTITUTE).id)
        assert member is not None
        member.contact_id = None
    county.does(casework.give_deputy, STAFF, number, county.deputy("087").id)
    assert county.news(number) == [(STAFF, "line.deputy_unbound")]
    assert "deputy_silent" not in county.agenda(number)


def test_no_deputy_is_given_a_case_that_is_over(county: County, number: str) -> None:
    county.does(casework.decline, STAFF, number, "已在法院")
    assert refused(county, casework.give_deputy, STAFF, number, county.deputy("087").id) == "case.over"


@pytest.mark.parametrize(("state", "kind"), [("proposed", "card.confirm_due"), ("assigned", "card.answer_due")])
def test_urging_reminds_the_department(county: County, number: str, state: str, kind: str) -> None:
    (assigned if state == "proposed" else confirmed)(county, number)
    county.news(number)
    assert county.does(casework.urge, STAFF, number) == "综合行政执法局"
    assert by_kind(county.news(number)) == {kind: ZHZF}
    assert county.steps(number)[-1] == "urge"


@pytest.mark.parametrize("state", [CaseState.RECEIVED, CaseState.ACCEPTED, CaseState.ANSWERED, CaseState.CLOSED])
def test_nobody_is_urged_where_no_department_has_it(county: County, number: str, state: CaseState) -> None:
    put(county, number, state)
    assert refused(county, casework.urge, STAFF, number) == "urge.nobody"


def test_a_note_reaches_who_works_on_it_and_never_the_citizen(county: County, number: str) -> None:
    assigned(county, number)
    county.news(number)
    county.does(casework.note, DEPUTY, number, "现场看过，灯杆也歪了")
    assert by_kind(county.news(number)) == {"line.note": {STAFF, COLLEAGUE, *ZHZF}}
    assert county.events(number)[-1].data == {"text": "现场看过，灯杆也歪了"}


def test_a_message_reaches_the_citizen(county: County, number: str, clock: Clock) -> None:
    clock.move(hours=1)
    county.does(casework.message_citizen, STAFF, number, "师傅明天上午到")
    assert county.news(number) == [(CITIZEN, "case.message")]
    assert county.case(number).news_at == clock.now, "that was news"


def test_a_proposal_moves_nothing(county: County, number: str) -> None:
    county.does(casework.propose_department, DEPUTY, number, county.department("gongdian"), "灯归供电")
    case = county.case(number)
    assert (case.state, case.department) == (CaseState.RECEIVED, None)
    assert by_kind(county.news(number)) == {"card.deputy_proposed": {STAFF, COLLEAGUE}}
    assert county.events(number)[-1].data == {"department": "gongdian", "reason": "灯归供电"}


def test_following_is_a_line_in_the_history(county: County, number: str) -> None:
    county.does(casework.follow, DEPUTY, number)
    assert county.steps(number) == ["received", "follow"]


def test_reaching_the_person_in_danger_ends_the_ringing(county: County) -> None:
    number = county.report(GAS)
    county.does(casework.contacted, STAFF, number)
    assert county.steps(number) == ["received", "contacted", "accept"]
    assert "duty_silent" not in county.agenda(number)
    county.does(casework.contacted, COLLEAGUE, number)
    assert county.case(number).state is CaseState.ACCEPTED


def test_one_member_of_a_station_is_on_duty(county: County) -> None:
    def on_duty() -> set[str]:
        with county.work() as uow:
            return {member.name for member in uow.directory.members.values() if member.on_duty}

    for by, duty in ((STAFF, COLLEAGUE), (CHIEF, "孙浩"), (STAFF, STAFF)):
        with county.work() as uow:
            casework.set_duty(uow, county.member(by), county.member(duty))
    assert on_duty() == {"孙浩", STAFF}, "one for each station"


# --- all of it -----------------------------------------------------------------------------------------------------


def test_the_history_of_a_whole_life_holds(county: County, number: str) -> None:
    county.does(casework.hear, DEPUTY, number)
    assigned(county, number)
    county.does(casework.return_case, OFFICER, number, "不归我们管", "gongdian")
    confirmed(county, number)
    county.does(casework.note, STAFF, number, "已催过一次 😀")
    county.does(casework.answer, OFFICER, number, "planned", "年底前改造", "2026-12-31")
    county.says(satisfaction.rate, number, "dissatisfied")
    county.does(casework.redo, STAFF, number, "请再看看")
    county.does(casework.answer, OFFICER, number, "solved", "改好了", None)
    county.says(satisfaction.rate, number, "satisfied")
    assert county.steps(number) == [
        "received", "hear", "propose", "return", "propose", "confirm", "note", "answer", "object", "redo", "answer",
        "rate",
    ]  # fmt: skip
    assert verify_chain(county.case(number), county.events(number)) is None


def test_no_step_is_a_deputys_to_decide(county: County, number: str) -> None:
    """Whatever a dialog may let through by mistake, the table refuses it."""
    deciding = set(Action) - {Action.HEAR, Action.ASK}

    def everything(uow: UnitOfWork, member: Any, case: Case) -> None:
        for action in deciding:
            for state in CaseState:
                case.state, case.resume_state = state, CaseState.ASSIGNED
                with pytest.raises(Refused):
                    perform(case, action, Actor(Role.DEPUTY, member.id), uow.now)
        case.state, case.resume_state = CaseState.RECEIVED, None

    county.does(everything, DEPUTY, number)
    assert county.case(number).urgency is Urgency.NORMAL
