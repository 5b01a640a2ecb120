"""The chat of members: the buttons of a push, what they ask for, and that roles are checked again at each press."""

import pytest

from routing import casework, satisfaction
from routing.buttons import LIFETIME
from routing.case import CaseState
from routing.notice import NoticeState, word
from tests.bot.dialogs.chat import Chat
from tests.conftest import Clock
from tests.routing.county import CITIZEN, COLLEAGUE, DEPUTY, LAMP, OFFICER, STAFF, County


@pytest.fixture
def number(county: County) -> str:
    return county.report()


@pytest.fixture
def staff(county: County) -> Chat:
    return Chat(county, STAFF, work=True)


@pytest.fixture
def deputy(county: County) -> Chat:
    return Chat(county, DEPUTY, work=True)


@pytest.fixture
def officer(county: County) -> Chat:
    return Chat(county, OFFICER, work=True)


def assigned(county: County, number: str) -> None:
    county.does(casework.assign, STAFF, number, county.department("zhzf"))


def confirmed(county: County, number: str) -> None:
    assigned(county, number)
    county.does(casework.confirm, OFFICER, number)


# --- who is no member ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["你好", "帮助", "受理", "1", "/start", "x" * 5000])
def test_a_stranger_is_told_that_an_invitation_is_needed(county: County, text: str) -> None:
    assert Chat(county, "路人", work=True).say(text) == ["work.stranger"]


def test_a_member_is_helped_by_role(staff: Chat, deputy: Chat) -> None:
    assert staff.say("帮助") == staff.say("/help") == staff.arrive() == ["help.staff"]
    assert deputy.say("?") == ["help.deputy"]


def test_a_photo_is_no_command(staff: Chat) -> None:
    assert staff.say(photos=1) == ["work.text_only"]


# --- pressing ------------------------------------------------------------------------------------------------------


def test_a_deputy_listens_by_a_button(county: County, deputy: Chat, number: str) -> None:
    assert deputy.press("button.hear") == ["deputy.heard"]
    assert deputy.press("button.hear") == ["deputy.heard_before"]
    assert county.steps(number) == ["received", "hear"]


def test_a_deputy_has_no_button_to_order_or_decide(county: County, deputy: Chat, number: str) -> None:
    (card,) = [n for n in county.notices(number) if county.names[n.contact_id] == DEPUTY]
    assert [label for label, _ in card.buttons] == [
        "button.hear", "button.ask", "button.suggest_department", "button.note", "button.follow",
    ]  # fmt: skip


def test_staff_assign_as_suggested_by_one_press_even_after_the_deputy_listened(
    county: County, staff: Chat, deputy: Chat, number: str
) -> None:
    deputy.press("button.hear")
    assert staff.press("=→ 综合行政执法局") == ["staff.assigned"]
    assert county.case(number).department == "zhzf"


def test_the_second_press_of_two_is_told_that_the_matter_moved_on(county: County, staff: Chat, number: str) -> None:
    assert staff.press("button.accept") == ["staff.accepted"]
    assert Chat(county, COLLEAGUE, work=True).press("button.accept") == ["error.button_state"]
    assert county.steps(number) == ["received", "accept"]


def test_anothers_button_does_nothing(county: County, staff: Chat, deputy: Chat, number: str) -> None:
    assert deputy.say(kind="button", button=staff.pushed("button.accept")) == ["error.button"]
    assert county.steps(number) == ["received"]


def test_an_old_button_does_nothing(county: County, staff: Chat, number: str, clock: Clock) -> None:
    clock.now += LIFETIME
    assert staff.press("button.accept") == ["error.button"]


@pytest.mark.parametrize("token", ["", "forged", "'; DROP TABLE cases; --", "x" * 500])
def test_a_forged_button_does_nothing(staff: Chat, token: str) -> None:
    assert staff.say(kind="button", button=token) == ["error.button"]


def revoke(county: County, name: str) -> None:
    with county.work() as uow:
        member = uow.members.get(county.member(name).id)
        assert member is not None
        member.active = False


def test_a_role_that_was_taken_away_presses_nothing(county: County, staff: Chat, number: str) -> None:
    token = staff.pushed("button.accept")
    revoke(county, STAFF)
    assert staff.say(kind="button", button=token) == ["work.stranger"]
    assert county.steps(number) == ["received"]


def test_a_role_that_was_taken_away_while_a_form_was_open_fills_it_in_no_more(
    county: County, staff: Chat, number: str
) -> None:
    """The person is still a member in another role."""
    with county.work() as uow:
        also = uow.members.get(county.member("葛青").id)
        assert also is not None
        also.contact_id = county.member(STAFF).contact_id
    assert staff.press("button.decline") == ["form.decline"]
    revoke(county, STAFF)
    assert staff.say("已在法院") == ["error.not_found"]
    assert county.case(number).state is CaseState.RECEIVED


def test_a_deputy_who_was_replaced_presses_nothing_more(county: County, deputy: Chat, number: str) -> None:
    county.does(casework.give_deputy, STAFF, number, county.deputy("087").id)
    assert deputy.press("button.hear") == ["error.not_found"]


def test_releasing_twice_does_not_ask_the_deputy_again(county: County, staff: Chat, deputy: Chat) -> None:
    number = county.report("林秋代表从来不见人")
    assert staff.press("button.release") == ["staff.released"]
    deputy.press("button.hear")
    county.news(number)
    assert Chat(county, COLLEAGUE, work=True).press("button.release") == ["staff.released"]
    assert county.news(number) == []
    assert county.case(number).heard_by == county.member(DEPUTY).id


# --- forms ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "label", "form", "typed", "key", "step"),
    [
        (DEPUTY, "button.ask", "form.ask", "哪一盏？", "work.asked", "ask"),
        (DEPUTY, "button.note", "form.note", "灯杆也歪了", "work.noted", "note"),
        (DEPUTY, "button.suggest_department", "form.propose", "供电", "deputy.proposed", "propose_department"),
        (STAFF, "button.decline", "form.decline", "已在法院", "staff.declined", "decline"),
        (STAFF, "button.assign_other", "form.assign", "供电 会办 城管", "staff.assigned_co", "propose"),
    ],
)
def test_a_button_asks_for_what_it_needs(
    county: County, number: str, who: str, label: str, form: str, typed: str, key: str, step: str
) -> None:
    chat = Chat(county, who, work=True)
    assert chat.press(label) == [form]
    assert chat.say(typed) == [key]
    assert county.steps(number)[-1] == step
    assert chat.say(typed) == ["work.unknown"], "a form is filled in once"


def test_a_form_that_was_filled_in_wrongly_stays_open(county: County, staff: Chat, number: str) -> None:
    staff.press("button.assign_other")
    assert staff.say("火星局") == ["department.unknown"]
    assert staff.say("公司") == ["department.which"]
    assert staff.say("1") == ["staff.assigned"]


def test_a_command_closes_a_form(county: County, staff: Chat, number: str) -> None:
    staff.press("button.decline")
    staff.say(f"受理 {number}")
    assert staff.say("已在法院") == ["work.unknown"]
    assert county.case(number).state is CaseState.ACCEPTED


def test_a_form_does_nothing_once_the_case_moved_on(county: County, staff: Chat, number: str) -> None:
    staff.press("button.decline")
    county.does(casework.accept, COLLEAGUE, number)
    assert staff.say("已在法院") == ["error.state"]
    assert county.case(number).state is CaseState.ACCEPTED


# --- an officer's answer -------------------------------------------------------------------------------------------


def test_confirming_offers_to_answer(county: County, officer: Chat, number: str) -> None:
    assigned(county, number)
    assert officer.press("button.confirm") == ["officer.confirmed"]
    assert officer.press("button.answer") == ["form.answer"]
    assert officer.say("灯修好了") == ["officer.which_class"]
    assert officer.say("1") == ["officer.answered"]
    case = county.case(number)
    assert (case.answer_class, case.answer) == ("solved", "灯修好了")


@pytest.mark.parametrize(
    ("typed", "answer_class", "answer"),
    [
        ("已解决 灯修好了", "solved", "灯修好了"),
        ("已解決\n灯修好了\n谢谢", "solved", "灯修好了\n谢谢"),
        ("解释 这里没有灯", "explained", "这里没有灯"),
        ("solved fixed", "solved", "fixed"),
        ("转上级 由市里定", "elsewhere", "由市里定"),
    ],
)
def test_an_answer_in_one_line(
    county: County, officer: Chat, number: str, typed: str, answer_class: str, answer: str
) -> None:
    confirmed(county, number)
    assert officer.say(f"答复 {number} {typed}") == ["officer.answered"]
    case = county.case(number)
    assert (case.answer_class, case.answer) == (answer_class, answer)


def test_the_class_can_be_typed(county: County, officer: Chat, number: str) -> None:
    confirmed(county, number)
    officer.say(f"答复 {number} 灯修好了")
    assert officer.say("已解决") == ["officer.answered"]
    assert county.case(number).answer == "灯修好了"


@pytest.mark.parametrize(
    ("date", "promised"),
    [("2027-03-31", "2027-03-31"), ("2027年3月31日", "2027-03-31"), ("12月1日", "2026-12-01"), ("3/31", "2027-03-31")],
)
def test_a_plan_asks_for_its_date(county: County, officer: Chat, number: str, date: str, promised: str) -> None:
    confirmed(county, number)
    assert officer.say(f"答复 {number} 列入计划 改造路灯") == ["officer.needs_date"]
    assert officer.say("快了") == officer.say("2020-01-01") == officer.say("2月30日") == ["officer.needs_date"]
    assert officer.say(date) == ["officer.answered"]
    case = county.case(number)
    assert case.promised_on == promised
    assert case.answer == f"改造路灯（{date}）", "what was no date is not told to the citizen"


def test_a_date_in_the_plan_is_enough(county: County, officer: Chat, number: str) -> None:
    confirmed(county, number)
    assert officer.say(f"答复 {number} 列入计划 2027-03-31 前改造") == ["officer.answered"]
    assert county.case(number).promised_on == "2027-03-31"


def test_the_words_of_one_answer_never_go_to_another_citizen(county: County, officer: Chat) -> None:
    first, second = county.report(who="甲"), county.report("垃圾没人收", who="乙")
    confirmed(county, first)
    confirmed(county, second)
    officer.say(f"答复 {first} 路灯修好了")
    of_first = officer.buttons["answer_class.solved"]
    officer.say(f"答复 {second} 垃圾清走了")
    assert officer.say(kind="button", button=of_first) == ["error.button_state"]
    assert county.case(first).state is CaseState.ASSIGNED
    assert officer.press("answer_class.solved") == ["officer.answered"]
    assert county.case(second).answer == "垃圾清走了"


def test_an_answer_that_was_dropped_is_not_sent_by_its_button(county: County, officer: Chat, number: str) -> None:
    confirmed(county, number)
    officer.say(f"答复 {number} 灯修好了")
    officer.say("列表")
    assert officer.press("answer_class.solved") == ["error.button_state"]
    assert county.case(number).state is CaseState.ASSIGNED


@pytest.mark.parametrize(
    ("typed", "reason", "better"),
    [
        ("不属本局职责，建议 供电", "不属本局职责", "gongdian"),
        ("不属本局职责，建议转交供电公司", "不属本局职责", "gongdian"),
        ("not ours, better: gongdian", "not ours", "gongdian"),
        ("不属本局职责，建议 火星局", "不属本局职责，建议 火星局", None),
        ("不属本局职责", "不属本局职责", None),
    ],
)
def test_a_return_names_the_better_department(
    county: County, officer: Chat, number: str, typed: str, reason: str, better: str | None
) -> None:
    assigned(county, number)
    assert officer.press("button.return") == ["form.return"]
    assert officer.say(typed) == ["officer.returned"]
    assert county.events(number)[-1].data == {"reason": reason, "better": better, "department": "zhzf"}


def test_a_better_department_alone_is_no_reason(county: County, officer: Chat, number: str) -> None:
    assigned(county, number)
    assert officer.say(f"退回 {number} 建议 供电") == ["usage.return"]
    assert county.case(number).state is CaseState.PROPOSED


# --- review and search ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "form", "key", "state"),
    [
        ("button.redo", "form.redo", "staff.redo", CaseState.ASSIGNED),
        ("button.uphold", "form.close", "staff.closed", CaseState.CLOSED),
    ],
)
def test_a_review_is_decided_by_its_buttons(
    county: County, staff: Chat, number: str, label: str, form: str, key: str, state: CaseState
) -> None:
    confirmed(county, number)
    county.does(casework.answer, OFFICER, number, "solved", "修好了", None)
    county.says(satisfaction.rate, number, "dissatisfied")
    assert staff.press(label) == [form]
    assert staff.say("请到现场复查") == [key]
    assert county.case(number).state is state


def test_a_search_shows_all_of_it_with_what_tells_who_it_is_hidden(county: County, staff: Chat) -> None:
    number = county.report("路灯不亮，我电话13800001234" + "，很暗" * 400)
    assert staff.say(f"查 {number}") == ["staff.case"]
    text = staff.heard[0].params["text"]
    assert "13800001234" not in text
    assert len(text) > 1200
    assert staff.heard[0].case_id == county.case(number).id, "a reply to it names the case"


def test_a_search_says_what_has_not_reached_the_reporter(county: County, staff: Chat, number: str) -> None:
    county.does(casework.accept, STAFF, number)
    staff.say(f"查 {number}")
    assert staff.heard[0].params["waiting"] == ""
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        told = uow.notices.of_case(case.id, [NoticeState.PENDING])
        assert {notice.member_id is None for notice in told} == {True, False}
        for notice in told:
            notice.state = NoticeState.WAITING
    staff.say(f"查 {number}")
    theirs = [notice for notice in told if notice.member_id is None]
    assert staff.heard[0].params["waiting"] == word("staff.waiting", count=len(theirs))


def test_the_citizen_reads_the_answer_and_nothing_of_the_talk_behind(county: County, deputy: Chat, number: str) -> None:
    deputy.say(f"补充 {number} 这人我认识，有点难缠")
    confirmed(county, number)
    citizen = Chat(county, CITIZEN)
    citizen.say("进度")
    shown = str(citizen.heard[-1].params)
    assert "难缠" not in shown
    assert LAMP not in shown
