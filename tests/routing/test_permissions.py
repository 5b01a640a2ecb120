"""Who may see a case and who may do what with it."""

import pytest

from routing import casework, intake
from routing.case import Case, CaseState, PartKind, StoredFile
from routing.errors import Forbidden
from routing.people import Member, Role
from routing.permissions import MATRIX, Operation, may, may_see_file, member_for, member_sees, reporter_sees
from routing.ports import UnitOfWork
from routing.sealed import transfer
from routing.workflow import Actor
from tests.routing.county import (
    ADMIN,
    BRIBE,
    CHIEF,
    CITIZEN,
    COLLEAGUE,
    DEPUTY,
    GAS,
    INTEGRITY,
    OFFICER,
    OTHER_OFFICER,
    STAFF,
    SUBSTITUTE,
    County,
)

O = Operation  # noqa: E741

#: What everybody decides for themselves.
OWN = {O.LINK, O.PUSH}
#: What each role may be asked to do, written down a second time.
MAY: dict[Role, set[Operation]] = {
    Role.DEPUTY: {O.HEAR, O.ADD_NOTE, O.FOLLOW, O.ASK, O.PROPOSE_DEPARTMENT, O.LIST, O.EXPLAIN, *OWN},
    Role.OFFICER: {O.CONFIRM, O.RETURN, O.ANSWER, O.ASK, O.LIST, O.EXPLAIN, *OWN},
    Role.STAFF: set(Operation) - {O.HEAR, O.FOLLOW, O.PROPOSE_DEPARTMENT, O.RETURN, O.TRANSFER},
    Role.ADMIN: {O.CODES, O.INVITE, O.STATISTICS, *OWN},
    Role.INTEGRITY: {O.TRANSFER, *OWN},
    Role.CITIZEN: set(),
    Role.SYSTEM: set(),
}


@pytest.mark.parametrize("role", Role)
def test_what_a_role_may(county: County, role: Role) -> None:
    member = Member(role, "某人", county.clock.now)
    assert {operation for operation in Operation if may(member, operation)} == MAY[role]
    member.active = False
    assert not any(may(member, operation) for operation in Operation), "a role that was taken away"


def test_a_deputy_can_never_order_or_decide() -> None:
    """Deputies Law 2025, Arts. 31 and 59."""
    deciding = {
        O.ACCEPT, O.DECLINE, O.ASSIGN, O.RECLASSIFY, O.GIVE_DEPUTY, O.URGE, O.CLOSE, O.REDO, O.SEAL, O.CONFIRM,
        O.RETURN, O.ANSWER, O.TRANSFER, O.INVITE, O.CODES,
    }  # fmt: skip
    assert not MATRIX[Role.DEPUTY] & deciding


def seen_by(county: County, number: str) -> set[str]:
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        return {member.name for member in uow.directory.members.values() if member_sees(uow, member, case)}


#: The staff of station HB and of the stations above it.
STAFF_OF_HB = {STAFF, COLLEAGUE, CHIEF, "孙浩", "俞海", "唐悦"}


def test_a_fresh_case_is_seen_by_its_deputy_and_the_staff_of_its_station_and_above(county: County) -> None:
    assert seen_by(county, county.report()) == STAFF_OF_HB | {DEPUTY}
    assert seen_by(county, county.report(deputy=None)) == STAFF_OF_HB
    above = county.report(deputy="012", station="HP")
    assert seen_by(county, above) == STAFF_OF_HB - {STAFF, COLLEAGUE} | {"顾明远"}


@pytest.mark.parametrize("text", ["林秋代表从来不见人，找不到她", GAS])
def test_a_text_held_back_is_not_seen_by_the_deputy(county: County, text: str) -> None:
    assert seen_by(county, county.report(text)) == STAFF_OF_HB


def test_a_department_sees_what_it_was_given_while_it_has_it(county: County) -> None:
    number = county.report()
    zhzf, rs, jtys = (county.department(code) for code in ("zhzf", "rs", "jtys"))
    county.does(casework.assign, STAFF, number, zhzf, [rs])
    lead, co = {OFFICER, "高峰"}, {OTHER_OFFICER}
    assert seen_by(county, number) == STAFF_OF_HB | {DEPUTY} | lead | co
    county.does(casework.return_case, OFFICER, number, "不归我们管")
    assert seen_by(county, number) == STAFF_OF_HB | {DEPUTY}
    county.does(casework.assign, STAFF, number, jtys)
    assert seen_by(county, number) == STAFF_OF_HB | {DEPUTY, "褚亮"}
    county.does(casework.assign, STAFF, number, zhzf)
    assert seen_by(county, number) == STAFF_OF_HB | {DEPUTY} | lead
    county.does(casework.confirm, OFFICER, number)
    county.does(casework.answer, OFFICER, number, "solved", "修好了", None)
    assert seen_by(county, number) == STAFF_OF_HB | {DEPUTY} | lead, "whoever answered still sees what came of it"


@pytest.mark.parametrize("state", [CaseState.WITHDRAWN, CaseState.MERGED])
def test_a_department_no_longer_sees_what_was_taken_back(county: County, state: CaseState) -> None:
    number = county.report()
    county.does(casework.assign, STAFF, number, county.department("zhzf"))
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        case.state = state
    assert seen_by(county, number) == STAFF_OF_HB | {DEPUTY}


def test_a_sealed_case_is_seen_by_integrity_officers_alone(county: County) -> None:
    number = county.report(BRIBE, deputy="012", station="HP")
    assert seen_by(county, number) == {INTEGRITY}
    county.does(transfer, INTEGRITY, number, "回执1")
    assert seen_by(county, number) == {INTEGRITY}


def test_an_ordinary_case_is_not_seen_by_integrity_officers_nor_admins(county: County) -> None:
    assert not seen_by(county, county.report()) & {INTEGRITY, ADMIN}


def test_a_case_sealed_by_staff_is_gone_for_everybody_who_worked_on_it(county: County) -> None:
    number = county.report("路灯不亮，听说里面有猫腻")
    county.does(lambda uow, member, case: intake.seal_case(uow, case, Actor(Role.STAFF, member.id)), STAFF, number)
    assert seen_by(county, number) == {INTEGRITY}


def take_away(county: County, name: str) -> None:
    with county.work() as uow:
        member = uow.members.get(county.member(name).id)
        assert member is not None
        member.active = False


def asks(county: County, name: str, operation: Operation, number: str | None) -> str:
    """The member's name by whose role it is allowed, or the key of the refusal."""
    with county.work() as uow:
        case = uow.cases.by_number(number) if number else None
        try:
            return member_for(uow, county.contact(uow, name), operation, case).name
        except Forbidden as forbidden:
            return forbidden.key


def test_what_may_not_be_known_is_told_apart_from_what_may_not_be_done(county: County) -> None:
    number = county.report()
    assert asks(county, STAFF, O.ACCEPT, number) == STAFF
    assert asks(county, DEPUTY, O.ACCEPT, number) == "error.role"
    assert asks(county, SUBSTITUTE, O.HEAR, number) == "error.not_found", "another deputy's"
    assert asks(county, "葛青", O.ACCEPT, number) == "error.not_found", "another station's"
    assert asks(county, OFFICER, O.CONFIRM, number) == "error.not_found", "not given to this department"
    assert asks(county, ADMIN, O.INVITE, None) == ADMIN
    assert asks(county, CITIZEN, O.LIST, None) == "error.role"


def test_a_role_that_was_taken_away_is_gone_at_the_next_press(county: County) -> None:
    number = county.report()
    assert asks(county, STAFF, O.ACCEPT, number) == STAFF
    with county.work() as uow:
        former = county.contact(uow, STAFF)
    take_away(county, STAFF)
    with county.work() as uow:
        case = uow.cases.by_number(number)
        with pytest.raises(Forbidden, match=r"error\.not_found"):
            member_for(uow, former, O.ACCEPT, case)
    assert STAFF not in seen_by(county, number)


def test_somebody_with_two_roles_acts_in_the_one_that_allows_it(county: County) -> None:
    number = county.report()
    with county.work() as uow:
        staff = uow.members.get(county.member(STAFF).id)
        assert staff is not None
        staff.contact_id = county.member(DEPUTY).contact_id
    assert asks(county, DEPUTY, O.HEAR, number) == DEPUTY
    assert asks(county, DEPUTY, O.ACCEPT, number) == STAFF


def test_a_citizen_sees_their_own_cases_alone(county: County) -> None:
    mine, other = county.report(who="甲"), county.report(who="乙")

    def sees(uow: UnitOfWork, number: str, who: str) -> bool:
        case = uow.cases.by_number(number)
        return case is not None and reporter_sees(uow, county.address(uow, who), case)

    with county.work() as uow:
        assert (sees(uow, mine, "甲"), sees(uow, other, "甲")) == (True, False)
        assert not sees(uow, mine, DEPUTY)


def file_of(uow: UnitOfWork, case: Case) -> StoredFile:
    (submission,) = uow.submissions.of_case(case.id)
    file = StoredFile(PartKind.PHOTO, "plain", uow.now, name="a.jpg", mime="image/jpeg")
    uow.files.add(file)
    intake.add_parts(uow, submission, files=[file])
    return file


@pytest.mark.parametrize(
    ("text", "seers"), [("路灯不亮", {CITIZEN, STAFF, DEPUTY, CHIEF}), (BRIBE, {CITIZEN, INTEGRITY})]
)
def test_a_photo_is_seen_by_its_sender_and_by_who_sees_the_case(county: County, text: str, seers: set[str]) -> None:
    number = county.report(text)
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        file = file_of(uow, case)
        asked = {CITIZEN, "路人", STAFF, DEPUTY, CHIEF, SUBSTITUTE, OFFICER, INTEGRITY, ADMIN, "葛青"}
        assert {name for name in asked if may_see_file(uow, county.address(uow, name), file)} == seers


def test_a_file_of_no_case_is_seen_by_nobody_but_its_sender(county: County) -> None:
    with county.work() as uow:
        stray = StoredFile(PartKind.PHOTO, "plain", uow.now)
        uow.files.add(stray)
        assert not may_see_file(uow, county.address(uow, STAFF), stray)
        address, conversation = county.chat_of(uow, CITIZEN)
        conversation.station_id = next(iter(uow.directory.stations))
        intake.take(uow, conversation, address, files=[stray])
        assert may_see_file(uow, address, stray)
        assert not may_see_file(uow, county.address(uow, STAFF), stray)
