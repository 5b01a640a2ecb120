"""Two chats become one person by a code that works once, and part again with what was theirs."""

import sqlite3
from datetime import timedelta

import pytest

from routing import casework, intake, linking
from routing.buttons import offer, press
from routing.case import verify_chain
from routing.code import ALPHABET
from routing.errors import Forbidden, Refused
from routing.guessing import WRONG_CODES_AN_HOUR
from routing.invitations import LENGTH, Issued
from routing.notice import Notice, NoticeState
from routing.people import Contact
from routing.permissions import may_see_file, reporter_sees
from routing.retention import erase_identities
from routing.sealed import transfer
from tests.conftest import Clock
from tests.routing.county import BRIBE, CITIZEN, DEPUTY, INTEGRITY, STAFF, County
from tests.routing.test_permissions import file_of

PHONE, WEB = "手机", "网页"


def code(county: County, who: str = PHONE, audience: str = "citizen") -> Issued:
    with county.work() as uow:
        return linking.make_code(uow, county.contact(uow, who), county.address(uow, who), audience)


def join(county: County, issued: Issued | str, who: str = WEB, audience: str = "citizen") -> linking.Joined:
    typed = issued if isinstance(issued, str) else issued.shown
    with county.work() as uow:
        contact, address = county.contact(uow, who), county.address(uow, who)
        return linking.join(uow, contact, address, linking.read_code(uow, contact, audience, typed))


def refusal(county: County, typed: Issued | str, who: str = WEB, audience: str = "citizen") -> str:
    """Why a code is refused. Counted as when it is answered: in a transaction that is kept."""
    with county.work() as uow:
        contact = county.contact(uow, who)
        try:
            linking.read_code(uow, contact, audience, typed if isinstance(typed, str) else typed.shown)
        except Refused as refused:
            return refused.key
    return ""


def leave(county: County, who: str = WEB) -> linking.Left:
    with county.work() as uow:
        return linking.leave(uow, county.contact(uow, who), county.address(uow, who))


def cases(county: County, who: str) -> set[str]:
    with county.work() as uow:
        return {case.number for case in intake.cases_told(uow, county.address(uow, who))}


def contact(county: County, who: str) -> Contact:
    with county.work() as uow:
        return county.contact(uow, who)


# --- the code --------------------------------------------------------------------------------------------------------


def test_it_joins_two_chats(county: County) -> None:
    mine, other = county.report(who=PHONE), county.report(who=WEB)
    joined = join(county, code(county))
    assert (joined.there, joined.here) == ([mine], [other])
    assert contact(county, PHONE).id == contact(county, WEB).id == joined.contact.id
    assert cases(county, PHONE) == cases(county, WEB) == {mine, other}


def test_it_works_once(county: County) -> None:
    issued = code(county)
    join(county, issued)
    assert refusal(county, issued, "别人") == "link.wrong"


def test_reading_it_uses_nothing_up(county: County) -> None:
    issued = code(county)
    assert refusal(county, issued) == refusal(county, issued) == ""


def test_it_is_good_for_a_quarter_of_an_hour(county: County, clock: Clock) -> None:
    first, second = code(county), code(county, "丙")
    clock.move(minutes=15, milliseconds=-1)
    assert refusal(county, second) == ""
    clock.move(milliseconds=1)
    assert refusal(county, first) == refusal(county, second) == "link.wrong"


def test_a_new_one_takes_the_place_of_the_last(county: County) -> None:
    first, second = code(county), code(county)
    assert refusal(county, first) == "link.wrong"
    assert refusal(county, second) == ""


def test_five_an_hour_are_given(county: County, clock: Clock) -> None:
    for _ in range(linking.CODES_AN_HOUR):
        code(county)
    with pytest.raises(Refused) as refused:
        code(county)
    assert refused.value.key == "link.too_many"
    clock.move(hours=1)
    code(county)


def test_ten_wrong_ones_an_hour_may_be_tried(county: County, clock: Clock) -> None:
    issued = code(county)
    wrong = [refusal(county, "AAAA-BBBB-CCCC") for _ in range(WRONG_CODES_AN_HOUR)]
    assert set(wrong) == {"link.wrong"}
    assert refusal(county, issued) == "link.limit", "not even the right one"
    assert refusal(county, issued, "别人") == ""
    clock.move(hours=1)
    assert refusal(county, code(county)) == ""


def test_leaving_gives_no_new_tries(county: County) -> None:
    join(county, code(county))
    for _ in range(WRONG_CODES_AN_HOUR):
        refusal(county, "AAAA-BBBB-CCCC")
    leave(county)
    assert refusal(county, code(county)) == "link.limit"


def test_it_is_of_no_use_in_the_chat_that_made_it(county: County) -> None:
    assert refusal(county, code(county), PHONE) == "link.same"


@pytest.mark.parametrize("typed", ["", "x" * 300, "路灯不亮", "AAAA-AAAA-AAAA", "join_"])
def test_a_guess_is_wrong(county: County, typed: str) -> None:
    code(county)
    assert refusal(county, typed) == "link.wrong"


def test_it_is_read_as_people_type_it(county: County) -> None:
    issued = code(county)
    for typed in (issued.secret, issued.shown.lower(), issued.shown.replace("-", " "), issued.shown.replace("-", "－")):
        assert refusal(county, typed) == ""


def test_only_a_hash_is_kept(county: County, sqlite_url: str) -> None:
    issued = code(county)
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        dump = "\n".join(database.iterdump())
    database.close()
    assert "link_codes" in dump
    assert issued.secret not in dump
    assert issued.shown not in dump
    assert len(ALPHABET) ** LENGTH == 2**60


def test_no_more_than_eight_chats(county: County, clock: Clock) -> None:
    for number in range(linking.MOST_ADDRESSES - 1):
        clock.move(minutes=20)
        join(county, code(county, f"手机{number}"), f"手机{number + 1}")
    with pytest.raises(Refused) as refused:
        join(county, code(county, "手机0"), "又一个")
    assert refused.value.key == "link.full"


# --- what goes with it -----------------------------------------------------------------------------------------------


def test_the_history_says_so_and_stays_whole(county: County) -> None:
    number = county.report(who=WEB)
    before = county.events(number)
    join(county, code(county))
    leave(county)
    events = county.events(number)
    assert events[: len(before)] == before
    assert [event.kind for event in events[len(before) :]] == ["linked", "unlinked"]
    assert verify_chain(county.case(number), events) is None
    assert county.case(number).reporter_id == contact(county, WEB).id


def test_a_draft_goes_on(county: County) -> None:
    with county.work() as uow:
        address, conversation = county.chat_of(uow, WEB)
        conversation.station_id = county.station("HB").id
        draft = intake.take(uow, conversation, address, text="路灯不亮")
    joined = join(county, code(county))
    with county.work() as uow:
        address, conversation = county.chat_of(uow, WEB)
        found = intake.draft_of(uow, conversation)
        assert found is not None
        assert (found.id, found.contact_id) == (draft.id, joined.contact.id)
        case = intake.submit(uow, county.understanding, found, "plain")
    assert case.reporter_id == joined.contact.id
    assert cases(county, PHONE) == {case.number}


@pytest.mark.parametrize(
    ("maker", "typer", "stays"), [("zh_CN", "zh_TW", "zh_TW"), ("zh_TW", "zh_CN", "zh_TW"), ("en", "zh_TW", "en")]
)
def test_the_language_that_was_chosen_stays(county: County, maker: str, typer: str, stays: str) -> None:
    with county.work() as uow:
        county.contact(uow, PHONE).language = maker
        county.contact(uow, WEB).language = typer
    assert join(county, code(county)).contact.language == stays


def test_the_later_privacy_notice_counts(county: County, clock: Clock) -> None:
    with county.work() as uow:
        old, new = county.contact(uow, PHONE), county.contact(uow, WEB)
        old.notice_version, old.notice_at = "2025-01", uow.now - timedelta(days=300)
        new.notice_version, new.notice_at = "2026-11", uow.now
    joined = join(county, code(county))
    assert (joined.contact.notice_version, joined.contact.notice_at) == ("2026-11", clock.now)


def told(county: County, who: str, number: str | None = None, **fields: object) -> int:
    with county.work() as uow:
        notice = Notice("case.accepted", county.contact(uow, who).id, uow.now, uow.now)
        notice.case_id = county.case(number).id if number else None
        for name, value in fields.items():
            setattr(notice, name, value)
        if notice.state is NoticeState.WAITING:
            county.contact(uow, who).waiting += 1
        uow.notices.add(notice)
        return notice.id


def owners(county: County, *ids: int) -> list[int]:
    with county.work() as uow:
        return [notice.contact_id for notice_id in ids if (notice := uow.notices.get(notice_id)) is not None]


def test_what_was_not_told_yet_goes_with_its_case(county: County) -> None:
    mine, other = county.report(who=PHONE), county.report(who=WEB)
    before = told(county, WEB, other)
    joined = join(county, code(county))
    assert owners(county, before) == [joined.contact.id]
    about_mine, about_other = told(county, PHONE, mine), told(county, PHONE, other)
    with county.work() as uow:
        there = county.address(uow, WEB).id
    pinned = told(county, PHONE, address_id=there)
    left = leave(county)
    assert owners(county, before, about_other, pinned) == [left.contact.id] * 3
    assert owners(county, about_mine) == [joined.contact.id]


def test_what_waits_for_one_chat_may_go_by_the_other(county: County) -> None:
    waiting = told(county, PHONE, state=NoticeState.WAITING)
    joined = join(county, code(county))
    with county.work() as uow:
        notice = uow.notices.get(waiting)
        assert notice is not None
        assert notice.state is NoticeState.PENDING
    assert joined.contact.waiting == 0


def test_what_waits_is_counted_where_it_waits(county: County) -> None:
    number = county.report(who=WEB)
    joined = join(county, code(county))
    told(county, PHONE, number, state=NoticeState.WAITING)
    told(county, PHONE, state=NoticeState.WAITING)
    left = leave(county)
    assert (left.contact.waiting, contact(county, PHONE).waiting) == (1, 1)
    assert contact(county, PHONE).id == joined.contact.id


def test_a_button_of_before_works_on(county: County) -> None:
    with county.work() as uow:
        (_, token), (_, others) = (offer(uow, county.contact(uow, who).id, "x", "submit") for who in (WEB, "别人"))
    join(county, code(county))
    with county.work() as uow:
        assert press(uow, county.contact(uow, WEB).id, token).action == "submit"
        with pytest.raises(Refused):
            press(uow, county.contact(uow, WEB).id, others)
    leave(county)
    with county.work() as uow, pytest.raises(Refused):
        press(uow, county.contact(uow, WEB).id, token)


# --- sealed ----------------------------------------------------------------------------------------------------------


def test_a_sealed_case_stays_with_its_chat(county: County) -> None:
    sealed = county.report(BRIBE, who=WEB)
    joined = join(county, code(county))
    assert list(joined.here) == []
    assert cases(county, PHONE) == set()
    assert cases(county, WEB) == {sealed}
    with county.work() as uow:
        case = uow.cases.by_number(sealed)
        assert case is not None
        phone, web = county.address(uow, PHONE), county.address(uow, WEB)
        assert (reporter_sees(uow, phone, case), reporter_sees(uow, web, case)) == (False, True)
        with pytest.raises(Forbidden):
            intake.own_case(uow, phone, sealed)
        file = file_of(uow, case)
        assert (may_see_file(uow, phone, file), may_see_file(uow, web, file)) == (False, True)
    assert county.steps(sealed) == ["received", "seal"], "its history tells nothing of it"


def test_news_of_a_sealed_case_go_to_its_chat_alone(county: County) -> None:
    sealed = county.report(BRIBE, who=WEB)
    join(county, code(county))
    county.does(transfer, INTEGRITY, sealed, "海纪收2026-118")
    with county.work() as uow:
        web = county.address(uow, WEB).id
    assert [n.address_id for n in county.notices(sealed) if n.kind == "case.transferred"] == [web]


def test_a_case_that_is_sealed_later_is_gone_from_the_other_chat(county: County) -> None:
    number = county.report(who=WEB)
    join(county, code(county))
    assert cases(county, PHONE) == {number}
    county.does(lambda uow, member, case: intake.seal_case(uow, case, intake.SYSTEM), STAFF, number)
    assert (cases(county, PHONE), cases(county, WEB)) == (set(), {number})


# --- leaving ---------------------------------------------------------------------------------------------------------


def test_who_leaves_takes_their_own_and_nothing_else(county: County) -> None:
    mine, other = county.report(who=PHONE), county.report(who=WEB)
    join(county, code(county))
    later = county.report("菜场后门的垃圾堆了一个星期", who=WEB)
    left = leave(county)
    assert cases(county, PHONE) == {mine}
    assert cases(county, WEB) == {other, later}
    assert contact(county, WEB).id == left.contact.id != contact(county, PHONE).id
    assert contact(county, PHONE).address_id == left.others[0].id


def test_whoever_made_the_code_can_leave_as_well(county: County) -> None:
    mine, other = county.report(who=PHONE), county.report(who=WEB)
    join(county, code(county))
    leave(county, PHONE)
    assert (cases(county, PHONE), cases(county, WEB)) == ({mine}, {other})


def test_where_the_chat_stood_is_forgotten_but_for_its_own(county: County) -> None:
    mine, other = county.report(who=PHONE), county.report(who=WEB)
    join(county, code(county))
    with county.work() as uow:
        asked = county.case(other)
        _, conversation = county.chat_of(uow, WEB)
        conversation.state, conversation.offered = "adding", ["token"]
        conversation.data = {"case": county.case(mine).id, "asked": asked.id}
    leave(county)
    with county.work() as uow:
        _, conversation = county.chat_of(uow, WEB)
        assert (conversation.state, conversation.offered, conversation.data) == ("idle", [], {"asked": asked.id})


def test_the_only_chat_has_nothing_to_leave(county: County) -> None:
    with pytest.raises(Refused) as refused:
        leave(county)
    assert refused.value.key == "link.none"


def test_a_code_of_the_chat_that_left_is_void(county: County) -> None:
    join(county, code(county))
    issued = code(county, WEB)
    leave(county)
    assert refusal(county, issued, "别人") == "link.wrong"


def test_they_can_be_joined_and_parted_again(county: County) -> None:
    mine, other = county.report(who=PHONE), county.report(who=WEB)
    for _ in range(3):
        join(county, code(county))
        assert cases(county, PHONE) == {mine, other}
        leave(county)
        assert (cases(county, PHONE), cases(county, WEB)) == ({mine}, {other})


# --- members ---------------------------------------------------------------------------------------------------------


def at_new_desk(county: County, who: str = "新设备") -> None:
    with county.work() as uow:
        county.chat_of(uow, who, "desk")


def join_desk(county: County, issued: Issued, who: str = "新设备") -> linking.Joined:
    with county.work() as uow:
        address, _ = county.chat_of(uow, who, "desk")
        guest = uow.contacts.get(address.contact_id)
        assert guest is not None
        return linking.join(uow, guest, address, linking.read_code(uow, guest, "work", issued.shown))


def test_a_role_goes_with_the_person(county: County) -> None:
    joined = join_desk(county, code(county, STAFF, "work"))
    with county.work() as uow:
        assert [m.name for m in uow.directory.members_of(joined.contact.id)] == [STAFF]
        address, _ = county.chat_of(uow, "新设备", "desk")
        assert address.contact_id == joined.contact.id
        linking.leave(uow, joined.contact, address)
        assert uow.directory.members_of(address.contact_id) == []
        assert [m.name for m in uow.directory.members_of(joined.contact.id)] == [STAFF]


def test_a_members_code_never_joins_a_citizen_nor_the_other_way_round(county: County) -> None:
    assert refusal(county, code(county, STAFF, "work")) == "link.wrong"
    assert refusal(county, code(county), "新设备", "work") == "link.wrong"


def test_a_code_is_worth_what_its_maker_is_now(county: County) -> None:
    issued = code(county, STAFF, "work")
    with county.work() as uow:
        assert linking.offered(uow, issued.secret) == county.member(STAFF)
        member = uow.members.get(county.member(STAFF).id)
        assert member is not None
        member.active = False
    assert refusal(county, issued, "新设备", "work") == "link.wrong"
    with county.work() as uow:
        assert linking.offered(uow, issued.secret) is None


def test_roles_of_two_people_are_never_gathered_in_one(county: County) -> None:
    assert refusal(county, code(county, STAFF, "work"), DEPUTY, "work") == "link.has_role"


# --- the whole person ------------------------------------------------------------------------------------------------


async def test_all_chats_are_forgotten_together_and_none_alone(county: County, clock: Clock) -> None:
    number = county.report("我叫王小明，路灯不亮", who=WEB)
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        intake.withdraw(uow, county.contact(uow, WEB), case)
    joined = join(county, code(county))
    clock.move(days=100)
    with county.work() as uow:
        # They wrote in the other chat.
        _, conversation = county.chat_of(uow, PHONE)
        conversation.updated_at = uow.now
    clock.move(days=100)
    with county.work() as uow:
        erase_identities(uow, county.understanding)
        assert {a.state for a in uow.contacts.addresses_of(joined.contact.id)} == {"active"}
    clock.move(days=100)
    with county.work() as uow:
        erase_identities(uow, county.understanding)
        found = uow.contacts.addresses_of(joined.contact.id)
        assert [(a.state, a.user_id) for a in found] == [("erased", f"erased-{a.id}") for a in found]
        assert len(found) == 2
        (submission,) = uow.submissions.of_contact(joined.contact.id)
        assert [part.text for part in uow.submissions.parts(submission.id)] == ["我叫王**，路灯不亮"]


def test_one_person_counts_once(county: County) -> None:
    first, second = county.report(who=PHONE), county.report(who=WEB)

    def people() -> set[int]:
        with county.work() as uow:
            return {p for each in uow.told.of([county.case(n).id for n in (first, second)]) for p in each.people}

    assert len(people()) == 2
    with county.work() as uow:
        newest = uow.told.newest_change()
    join(county, code(county))
    assert len(people()) == 1
    with county.work() as uow:
        changed = {case_id for _, case_id in uow.told.changed(newest, 10)}
    assert changed == {county.case(second).id}, "whoever counts people hears of it"


def test_a_question_may_be_answered_in_any_chat(county: County) -> None:
    number = county.report(who=WEB)
    join(county, code(county))

    def asked() -> list[int | None]:
        with county.work() as uow:
            return [county.chat_of(uow, who)[1].data.get("asked") for who in (PHONE, WEB)]

    county.does(casework.accept, STAFF, number)
    county.does(casework.ask, STAFF, number, "哪一盏灯？")
    assert asked() == [county.case(number).id] * 2
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        intake.supplement(uow, county.contact(uow, PHONE), case, text="第三盏")
    assert asked() == [None, None], "and what they say next is none"


def test_what_is_added_goes_to_what_was_told_in_this_chat(county: County) -> None:
    number = county.report(who=CITIZEN)
    with county.work() as uow:
        # The same matter, told by somebody else and merged.
        address, conversation = county.chat_of(uow, WEB)
        conversation.station_id = county.station("HB").id
        other = intake.take(uow, conversation, address, text="灯也不亮")
        other.case_id = county.case(number).id
    join(county, code(county, CITIZEN))
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        intake.supplement(uow, county.contact(uow, WEB), case, text="还是不亮")
        assert [part.text for part in uow.submissions.parts(other.id)] == ["灯也不亮", "还是不亮"]
