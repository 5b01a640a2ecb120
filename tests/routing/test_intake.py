"""What a citizen can do: arrive, say something over several messages, send it in, add, withdraw."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from cli.export import case_rows
from routing import casework, intake
from routing.case import Case, CaseState, PartKind, StoredFile, Submission, Urgency
from routing.code import Code, CodeKind, make_code
from routing.errors import Forbidden, Refused
from routing.guessing import WRONG_CODES_AN_HOUR
from routing.intake import MAX_PARTS, MAX_TEXT, Arrival
from routing.people import Role
from routing.workflow import Actor
from tests.conftest import Clock
from tests.routing.county import (
    BRIBE,
    CHIEF,
    CITIZEN,
    COLLEAGUE,
    DEPUTY,
    GAS,
    INTEGRITY,
    LAMP,
    OFFICER,
    STAFF,
    County,
)

# --- arriving by a code --------------------------------------------------------------------------------------------


def code_for(county: County, deputy: str | None = "086", station: str = "HB") -> str:
    with county.work() as uow:
        deputy_id = county.deputy(deputy).id if deputy else None
        kind = CodeKind.DEPUTY if deputy else CodeKind.STATION
        code = Code(make_code(), kind, county.station(station).id, uow.now, deputy_id=deputy_id, place="公告栏")
        uow.codes.add(code)
        return code.code


def arrives(county: County, typed: str, who: str = CITIZEN) -> Arrival | str:
    """Where it led, or the key of the refusal."""
    with county.work() as uow:
        _, conversation = county.chat_of(uow, who)
        try:
            return intake.arrive(uow, county.contact(uow, who), conversation, typed, "plain")
        except Refused as refused:
            return refused.key


def bound_to(county: County, who: str = CITIZEN) -> tuple[str | None, int | None, int | None]:
    with county.work() as uow:
        _, conversation = county.chat_of(uow, who)
        return conversation.code, conversation.station_id, conversation.deputy_id


def test_a_code_leads_to_its_deputy_and_is_counted(county: County) -> None:
    code = code_for(county)
    arrival = arrives(county, code[:4].lower() + "-" + code[4:])
    assert isinstance(arrival, Arrival)
    assert (arrival.station.prefix, arrival.deputy and arrival.deputy.name) == ("HB", DEPUTY)
    assert arrival.hearing is not None
    assert arrival.hearing.name == DEPUTY
    assert bound_to(county) == (code, county.station("HB").id, county.deputy("086").id)
    arrives(county, code, "别人")
    with county.work() as uow:
        assert uow.codes.scan_counts() == {(code, "plain"): 2}


def test_a_stations_code_leads_to_the_station(county: County) -> None:
    code = code_for(county, deputy=None)
    assert arrives(county, code) == Arrival(county.station("HB"))


@pytest.mark.parametrize(
    ("status", "until", "named", "hearing"),
    [
        ("away", None, "林秋", "张晓岚"),
        ("away", timedelta(days=5), "林秋", "张晓岚"),
        ("away", timedelta(0), "林秋", "林秋"),  # back since a moment ago
        ("left", None, None, None),  # a poster never leads nowhere: to the station
    ],
)
def test_a_deputy_who_is_away_or_left(
    county: County, status: str, until: timedelta | None, named: str | None, hearing: str | None
) -> None:
    code = code_for(county)
    with county.work() as uow:
        deputy = uow.stations.deputy(county.deputy("086").id)
        assert deputy is not None
        deputy.status, deputy.away_until = status, uow.now + until if until is not None else None
    arrival = arrives(county, code)
    assert isinstance(arrival, Arrival)
    assert (arrival.deputy and arrival.deputy.name, arrival.hearing and arrival.hearing.name) == (named, hearing)


def test_a_revoked_code_says_so_and_binds_nothing(county: County) -> None:
    code = code_for(county)
    with county.work() as uow:
        held = uow.codes.get(code)
        assert held is not None
        held.revoked_at = uow.now
    assert arrives(county, code) == "code.revoked"
    assert bound_to(county) == (None, None, None)


def test_guessing_ends_after_ten_wrong_codes_an_hour(county: County, clock: Clock) -> None:
    right = code_for(county)
    for _ in range(WRONG_CODES_AN_HOUR):
        assert arrives(county, make_code()) == "code.unknown"
        clock.move(minutes=1)
    assert arrives(county, make_code()) == "code.limit"
    assert arrives(county, right) == "code.limit", "else guessing could go on by telling the answers apart"
    assert isinstance(arrives(county, right, "别人"), Arrival), "others are not kept out"
    clock.move(minutes=49)
    assert arrives(county, right) == "code.limit"
    clock.move(minutes=1)
    assert isinstance(arrives(county, right), Arrival)
    assert arrives(county, make_code()) == "code.unknown", "the count begins anew"


def test_what_can_be_no_code_counts_as_wrong(county: County) -> None:
    assert [arrives(county, "路灯") for _ in range(11)] == ["code.unknown"] * 10 + ["code.limit"]


# --- gathering -----------------------------------------------------------------------------------------------------


def say(county: County, text: str = "", who: str = CITIZEN, **what: object) -> Submission:
    with county.work() as uow:
        address, conversation = county.chat_of(uow, who)
        conversation.station_id = county.station("HB").id
        return intake.take(uow, conversation, address, text=text, **what)  # type: ignore[arg-type]


def photo(county: County) -> StoredFile:
    with county.work() as uow:
        file = StoredFile(PartKind.PHOTO, "plain", uow.now, name="a.jpg", mime="image/jpeg")
        uow.files.add(file)
        return file


def cases_of(county: County, who: str = CITIZEN) -> list[Case]:
    with county.work() as uow:
        return list(uow.cases.of_reporter(county.contact(uow, who).id))


def test_several_messages_of_several_kinds_are_one_submission(county: County) -> None:
    say(county, "路灯不亮")
    say(county, location=(30.25, 120.16))
    with county.work() as uow:
        file = photo(county)
        draft = say(county, "三天了", files=[file])
        assert file.submission_id == draft.id
    draft = say(county, "在海珀路 8 号")
    with county.work() as uow:
        parts = uow.submissions.parts(draft.id)
        kept = [(part.seq, part.kind.value, part.text or part.lat or part.file_id) for part in parts]
        assert kept == [
            (1, "text", "路灯不亮"), (2, "location", 30.25), (3, "text", "三天了"), (4, "photo", file.id),
            (5, "text", "在海珀路 8 号"),
        ]  # fmt: skip
        assert intake.said(uow, draft) == "路灯不亮\n三天了\n在海珀路 8 号"
    assert cases_of(county) == []


def test_what_was_said_is_kept_as_it_came(county: County) -> None:
    text = "\u200f阿拉弄堂裡路燈(lù dēng)勿亮\u202e😀👨‍👩‍👧  \t\n＝1+1 '; DROP TABLE cases; --"
    draft = say(county, text)
    with county.work() as uow:
        assert [part.text for part in uow.submissions.parts(draft.id)] == [text]


def test_a_draft_is_full_at_some_point(county: County) -> None:
    with county.work():
        for _ in range(MAX_PARTS):
            draft = say(county, "又一条")
    with pytest.raises(Refused, match=r"intake\.full"):
        say(county, "再一条")
    with county.work() as uow:
        assert len(uow.submissions.parts(draft.id)) == MAX_PARTS


def test_a_message_that_is_too_long_is_refused_and_begins_no_draft(county: County) -> None:
    with pytest.raises(Refused, match=r"intake\.too_long"):
        say(county, "长" * (MAX_TEXT + 1))
    with county.work() as uow:
        assert "draft" not in county.chat_of(uow, CITIZEN)[1].data


def test_nothing_is_taken_before_a_station_is_known(county: County) -> None:
    with county.work() as uow:
        address, conversation = county.chat_of(uow, CITIZEN)
        with pytest.raises(Refused, match=r"intake\.no_station"):
            intake.take(uow, conversation, address, text="路灯不亮")


async def test_a_draft_that_lies_quiet_for_ten_minutes_is_sent_in(county: County, clock: Clock) -> None:
    say(county, "路灯不亮")
    clock.move(minutes=9)
    await county.due()
    say(county, "三天了")
    clock.move(minutes=10, milliseconds=-1)
    await county.due()
    assert cases_of(county) == [], "each message starts the ten minutes anew"
    clock.move(milliseconds=1)
    await county.due()
    (case,) = cases_of(county)
    assert ("群众", "receipt.quiet") in county.news(case.number)
    assert await county.due() == 0
    assert len(cases_of(county)) == 1
    with county.work() as uow:
        _, conversation = county.chat_of(uow, CITIZEN)
        assert (conversation.state, intake.draft_of(uow, conversation)) == ("idle", None)


async def test_a_draft_sent_in_by_its_writer_is_not_sent_in_again(county: County, clock: Clock) -> None:
    draft = say(county, "路灯不亮")
    with county.work() as uow:
        held = uow.submissions.get(draft.id)
        assert held is not None
        intake.submit(uow, county.understanding, held, "plain")
    clock.move(hours=1)
    await county.due()
    assert len(cases_of(county)) == 1


async def test_a_discarded_draft_is_erased_and_never_sent_in(county: County, clock: Clock) -> None:
    file = photo(county)
    draft = say(county, "路灯不亮，我电话13800001234", files=[file])
    say(county, location=(30.25, 120.16))
    with county.work() as uow:
        held = uow.submissions.get(draft.id)
        assert held is not None
        intake.discard(uow, held)
        parts = uow.submissions.parts(draft.id)
        assert not any(part.text or part.lat or part.lon for part in parts)
        held_file = uow.files.get(file.id)
        assert held_file is not None
        assert held_file.name is None, "nothing refers to the photo any more, so it is swept from the disk"
        assert held_file.state != "stored"
    clock.move(hours=1)
    await county.due()
    assert cases_of(county) == []


async def test_quiet_words_while_something_else_was_asked_leave_the_question_open(county: County, clock: Clock) -> None:
    number = county.report()
    county.does(casework.accept, STAFF, number)
    say(county, "还有一件事，垃圾没人收")
    with county.work() as uow:
        _, conversation = county.chat_of(uow, CITIZEN)
        conversation.state = "collecting"
    county.does(casework.ask, STAFF, number, "哪一盏灯？")
    clock.move(minutes=10)
    await county.due()
    with county.work() as uow:
        _, conversation = county.chat_of(uow, CITIZEN)
        assert (conversation.state, conversation.data["asked"]) == ("idle", county.case(number).id)


# --- becoming a case -----------------------------------------------------------------------------------------------


def test_a_case_knows_where_it_comes_from(county: County, clock: Clock) -> None:
    number = county.report()
    case = county.case(number)
    assert number == "HB-261123-001"
    assert (case.state, case.urgency, case.channel) == (CaseState.RECEIVED, Urgency.NORMAL, "plain")
    assert (case.station_id, case.deputy_id) == (county.station("HB").id, county.deputy("086").id)
    assert (case.created_at, case.news_at, case.held_from_deputy) == (clock.now, clock.now, False)
    (received,) = county.events(number)
    assert (received.kind, received.actor_role, received.actor_id) == ("received", "citizen", case.reporter_id)
    assert case.suggestion["departments"][0]["code"] == "zhzf"
    assert case.category == case.suggestion["categories"][0]["code"]


def test_a_text_that_says_little_has_no_category(county: County) -> None:
    case = county.case(county.report("你好，在吗"))
    assert (case.category, case.suggestion["sure"]) == (None, False)


def test_numbers_count_for_each_station_and_day_in_beijing(county: County, clock: Clock) -> None:
    clock.now = datetime(2026, 11, 23, 15, 59, tzinfo=UTC)  # 23:59 in Beijing
    assert [county.report(), county.report()] == ["HB-261123-001", "HB-261123-002"]
    assert county.report(deputy="012", station="HP") == "HP-261123-001"
    clock.move(minutes=1)
    assert county.report() == "HB-261124-001"


def test_who_is_told_of_a_new_case(county: County) -> None:
    news = county.news(county.report())
    assert news == [(STAFF, "card.staff"), (COLLEAGUE, "card.staff"), (DEPUTY, "card.deputy")]


def test_without_a_deputy_the_staff_are_told(county: County) -> None:
    number = county.report(deputy=None)
    assert county.news(number) == [(STAFF, "card.staff"), (COLLEAGUE, "card.staff")]
    assert set(county.agenda(number)) == {"staff_silent", "no_news"}


def test_the_clocks_of_a_new_case(county: County, clock: Clock) -> None:
    agenda = county.agenda(county.report())
    assert {kind: follow_up.due_at - clock.now for kind, follow_up in agenda.items()} == {
        "deputy_silent": timedelta(hours=24),
        "staff_silent": timedelta(hours=7, minutes=30),  # 17:30 today
        "no_news": timedelta(days=3, hours=7, minutes=30),  # 17:30 on the third workday
    }


@pytest.mark.parametrize(
    "text",
    ["林秋代表从来不见人，电话也不接", "086号代表上周说修路灯，到现在没修", "你好，86号代表的车乱停在小区里"],
)
def test_a_text_about_the_deputy_is_seen_by_staff_first(county: County, text: str) -> None:
    number = county.report(text)
    assert county.case(number).held_from_deputy
    assert county.news(number) == [(STAFF, "card.staff_held"), (COLLEAGUE, "card.staff_held")]
    assert "deputy_silent" not in county.agenda(number)
    with county.work() as uow:
        assert uow.cases.of_deputy(county.deputy("086").id) == []


@pytest.mark.parametrize("text", ["林秋代表您好，路灯不亮", "尊敬的林代表：小区门口的路灯不亮"])
def test_a_text_to_the_deputy_is_not_about_them(county: County, text: str) -> None:
    number = county.report(text)
    assert not county.case(number).held_from_deputy
    assert (DEPUTY, "card.deputy") in county.news(number)


def test_a_text_about_the_absent_deputy_is_held_from_the_substitute_as_well(county: County) -> None:
    with county.work() as uow:
        deputy = uow.stations.deputy(county.deputy("086").id)
        assert deputy is not None
        deputy.status = "away"
    for text in ("林秋代表从来不见人", "张晓岚代表从来不见人"):
        number = county.report(text)
        assert county.case(number).held_from_deputy
    assert county.case(county.report(LAMP)).deputy_id == county.deputy("087").id


def test_a_vague_hint_at_corruption_is_seen_by_staff_first(county: County) -> None:
    number = county.report("社区工程一直在拖，有人说里面有猫腻，王主任知道")
    assert not county.case(number).sealed
    assert county.news(number) == [(STAFF, "card.staff_held"), (COLLEAGUE, "card.staff_held")]


# --- danger --------------------------------------------------------------------------------------------------------


def test_danger_rings_the_duty_officer_alone(county: County, clock: Clock) -> None:
    with county.work() as uow:
        casework.set_duty(uow, county.member(STAFF), county.member(COLLEAGUE))
    number = county.report(GAS)
    assert county.case(number).urgency is Urgency.EMERGENCY
    assert county.news(number) == [(COLLEAGUE, "card.duty")]
    agenda = county.agenda(number)
    assert set(agenda) == {"staff_silent", "duty_silent", "no_news"}, "no deputy is waited for"
    assert agenda["duty_silent"].due_at == clock.now + timedelta(minutes=15)


def test_without_a_duty_officer_danger_rings_everybody_of_the_station(county: County) -> None:
    assert county.news(county.report(GAS)) == [(STAFF, "card.duty"), (COLLEAGUE, "card.duty")]


def test_what_the_citizen_calls_urgent_is_an_emergency(county: County) -> None:
    number = county.report("路灯不亮，老人摔了", urgent=True)
    assert county.case(number).urgency is Urgency.EMERGENCY
    assert {kind for _, kind in county.news(number)} == {"card.duty"}


# --- corruption ----------------------------------------------------------------------------------------------------


@pytest.fixture
def sealed(county: County) -> str:
    return county.report(BRIBE, deputy="012", station="HP")


def test_corruption_is_sealed_before_anybody_is_told(county: County, sealed: str) -> None:
    case = county.case(sealed)
    assert (case.state, case.deputy_id, case.category, case.suggestion) == (CaseState.SEALED, None, None, {})
    assert county.news(sealed) == [(INTEGRITY, "card.integrity")]
    assert [(event.kind, event.actor_role) for event in county.events(sealed)] == [
        ("received", "citizen"), ("seal", "system"),
    ]  # fmt: skip
    assert set(county.agenda(sealed)) == {"integrity_due"}


def test_its_words_are_encrypted(county: County, sealed: str, sqlite_url: str) -> None:
    with county.work() as uow:
        (submission,) = uow.submissions.of_case(county.case(sealed).id)
        (part,) = uow.submissions.parts(submission.id)
        assert part.text is None
        assert uow.sealer.open(part.sealed_text or "") == BRIBE
    kept = b"".join(
        path.read_bytes() for path in (county.store.files.folder.parent.parent).glob("mashang.db*") if path.is_file()
    )
    assert b"SQLite" in kept
    assert "红包".encode() not in kept, "not even in the log of the database"


def test_its_number_leaves_no_gap_and_counts_nothing(county: County, sealed: str) -> None:
    assert sealed.startswith("HP-261123-")
    assert sealed[10:].isalpha()
    assert county.report(deputy="012", station="HP") == "HP-261123-001"


def test_it_is_in_no_push_list_count_or_export(county: County, sealed: str) -> None:
    ordinary = county.report(deputy="012", station="HP")
    with county.work() as uow:
        listed = [*uow.cases.list(station_ids=None), *uow.cases.of_deputy(county.deputy("012").id)]
        assert {case.number for case in listed} == {ordinary}
        assert uow.cases.counts(station_ids=None)["state"] == {"received": 1}
        assert [row["number"] for row in case_rows(uow)] == [ordinary]
    assert [(who, kind) for who, kind in county.news(sealed) if who != INTEGRITY] == []
    assert all("红包" not in str(notice.params) for notice in county.notices(sealed))


def test_what_staff_seal_later_is_hidden_like_any_other(county: County) -> None:
    number = county.report("社区工程一直在拖，有人说里面有猫腻，王主任知道")
    county.news(number)
    county.does(lambda uow, member, case: intake.seal_case(uow, case, Actor(Role.STAFF, member.id)), STAFF, number)
    case = county.case(number)
    assert (case.state, case.deputy_id, case.suggestion, case.held_from_deputy) == (CaseState.SEALED, None, {}, True)
    assert county.news(number) == [(INTEGRITY, "card.integrity")]
    assert set(county.agenda(number)) == {"integrity_due"}


def test_an_accepted_case_is_not_sealed_any_more(county: County) -> None:
    number = county.report()
    county.does(casework.accept, STAFF, number)
    with pytest.raises(Refused, match=r"error\.state"):
        county.does(lambda uow, member, case: intake.seal_case(uow, case, Actor(Role.STAFF, member.id)), STAFF, number)


def test_what_is_added_to_a_sealed_case_is_encrypted_as_well(county: County, sealed: str) -> None:
    county.news(sealed)
    county.says(intake.supplement, sealed, text="他姓王，在城建科")
    with county.work() as uow:
        (submission,) = uow.submissions.of_case(county.case(sealed).id)
        assert [part.text for part in uow.submissions.parts(submission.id)] == [None, None]
    assert {who for who, _ in county.news(sealed)} == {INTEGRITY}


# --- one's own case ------------------------------------------------------------------------------------------------


def opens(county: County, number_or_id: str | int, who: str = CITIZEN) -> str:
    with county.work() as uow:
        return intake.own_case(uow, county.address(uow, who), number_or_id).number


def test_a_number_opens_only_ones_own_case(county: County, sealed: str) -> None:
    number = county.report(who="甲")
    assert opens(county, number, "甲") == number
    assert opens(county, county.case(number).id, "甲") == number
    assert opens(county, sealed) == sealed
    missing = "HB-261123-999"
    for asked in (number, missing):
        with pytest.raises(Forbidden) as refused:
            opens(county, asked, "乙")
        assert (refused.value.key, refused.value.params) == ("error.not_found", {"number": asked}), "told alike"
    for asked_id in (county.case(number).id, 1):
        with pytest.raises(Forbidden) as refused:
            opens(county, asked_id, "乙")
        assert (refused.value.key, refused.value.params) == ("error.not_found", {"number": ""})


def test_staff_do_not_open_a_citizens_case_by_the_citizens_door(county: County) -> None:
    number = county.report(who="甲")
    with pytest.raises(Forbidden):
        opens(county, number, STAFF)


# --- adding and taking back ----------------------------------------------------------------------------------------


def test_an_addition_is_kept_and_told_to_who_works_on_it(county: County) -> None:
    number = county.report()
    county.does(casework.assign, STAFF, number, county.department("zhzf"))
    county.news(number)
    county.says(intake.supplement, number, text="灯杆也歪了")
    kinds = Counter(county.news(number))
    assert kinds == Counter((name, "card.supplemented") for name in (STAFF, COLLEAGUE, DEPUTY, OFFICER, "高峰"))
    assert county.steps(number)[-1] == "supplemented"
    assert county.case(number).state is CaseState.PROPOSED


def test_an_answer_to_a_question_lets_the_case_go_on(county: County, clock: Clock) -> None:
    number = county.report()
    county.does(casework.assign, STAFF, number, county.department("zhzf"))
    county.does(casework.confirm, OFFICER, number)
    due = county.agenda(number)["answer_due"].due_at
    county.does(casework.ask, OFFICER, number, "哪一盏灯？")
    clock.move(days=2)
    county.says(intake.supplement, number, text="东头第一盏")
    case = county.case(number)
    assert (case.state, case.question) == (CaseState.ASSIGNED, None)
    assert county.steps(number)[-1] == "inform"
    agenda = county.agenda(number)
    assert "info_expires" not in agenda
    assert agenda["answer_due"].due_at == due + timedelta(days=2), "the clock stood still"
    with county.work() as uow:
        (assignment,) = uow.assignments.of_case(case.id)
        assert assignment.due_at == due + timedelta(days=2)


async def test_the_clock_stands_still_over_the_old_due_date(county: County) -> None:
    number = county.report()
    county.does(casework.assign, STAFF, number, county.department("zhzf"))
    county.does(casework.confirm, OFFICER, number)
    due = county.agenda(number)["answer_due"].due_at
    await county.passes(days=due.day - county.clock.now.day)  # the morning of the day on which it is due
    county.does(casework.ask, OFFICER, number, "哪一盏灯？")
    await county.passes(days=4)
    assert "card.answer_due" not in county.told(number, OFFICER), "nobody is reminded while the citizen is asked"
    county.says(intake.supplement, number, text="东头第一盏")
    assert county.agenda(number)["answer_due"].due_at == due + timedelta(days=4)
    await county.passes(hours=7)
    assert "card.answer_due" not in county.told(number, OFFICER)
    await county.passes(hours=1)
    assert county.told(number, OFFICER)[-1] == "card.answer_due"


@pytest.mark.parametrize("state", [CaseState.DECLINED, CaseState.CLOSED, CaseState.WITHDRAWN, CaseState.MERGED])
def test_nothing_is_added_to_a_case_that_is_over(county: County, state: CaseState) -> None:
    number = county.report()
    with county.work() as uow:
        held = uow.cases.by_number(number)
        assert held is not None
        held.state = state
    with pytest.raises(Refused, match=r"case\.over"):
        county.says(intake.supplement, number, text="灯杆也歪了")
    assert county.steps(number) == ["received"]


def test_taking_back_ends_the_case_and_stops_everybody(county: County) -> None:
    number = county.report()
    county.does(casework.assign, STAFF, number, county.department("zhzf"))
    county.news(number)
    county.says(intake.withdraw, number)
    case = county.case(number)
    assert (case.state, case.close_reason, case.closed_at) == (CaseState.WITHDRAWN, "withdrawn", county.clock.now)
    told = Counter(county.news(number))
    assert told == Counter((name, "line.withdrawn") for name in (STAFF, COLLEAGUE, DEPUTY, OFFICER, "高峰"))
    assert county.agenda(number) == {}
    with county.work() as uow:
        (submission,) = uow.submissions.of_case(case.id)
        assert submission.withdrawn_at == county.clock.now
        assert [row["text"] for row in case_rows(uow)] == [""], "its words are in no export"


def test_one_of_several_who_takes_back_leaves_the_case_to_the_others(county: County) -> None:
    number = county.report(who="甲")
    with county.work() as uow:
        address, conversation = county.chat_of(uow, "乙")
        conversation.station_id = county.station("HB").id
        draft = intake.take(uow, conversation, address, text="我也说路灯不亮")
        draft.case_id = county.case(number).id
    county.news(number)
    county.says(intake.withdraw, number, who="甲")
    assert county.case(number).state is CaseState.RECEIVED
    assert county.steps(number)[-1] == "reporter_withdrew"
    county.does(casework.accept, STAFF, number)
    assert county.news(number) == [("乙", "case.accepted")]
    county.says(intake.withdraw, number, who="乙")
    assert county.case(number).state is CaseState.WITHDRAWN


def test_a_sealed_case_is_not_taken_back_here(county: County, sealed: str) -> None:
    with pytest.raises(Refused, match=r"error\.state"):
        county.says(intake.withdraw, sealed)
    assert county.case(sealed).state is CaseState.SEALED


def test_the_chief_is_told_where_a_station_has_no_staff(county: County) -> None:
    number = county.report("门口路灯不亮", deputy="101", station="DH")
    assert [who for who, kind in county.news(number) if kind == "card.staff"] == [CHIEF, "孙浩"]
