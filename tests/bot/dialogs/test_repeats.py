"""相似 and 热点, as staff type them."""

import pytest

from routing import casework, intake
from routing.buttons import literal
from routing.notices import tell_members
from routing.people import Role
from routing.workflow import Actor
from tests.bot.dialogs.chat import Chat
from tests.routing.county import BRIBE, CITIZEN, DEPUTY, INTEGRITY, LAMP, OFFICER, STAFF, County

PLANT = [f"海悦新城旁边建搅拌站，灰尘满天飞，{end}" for end in ("没人管吗", "受不了", "什么时候搬走")]


@pytest.fixture
def staff(county: County) -> Chat:
    return Chat(county, STAFF, work=True)


def tell(county: County, *texts: str) -> list[str]:
    return [county.report(text, who=f"群众{number}") for number, text in enumerate(texts)]


def test_the_same_matter_is_listed_with_people_and_buttons(county: County, staff: Chat) -> None:
    first, second, third = tell(county, LAMP, LAMP + "，我电话13800138000", LAMP + "，请快来修")
    assert staff.say(f"相似 {first}") == ["similar.found"]
    said = staff.last("similar.found")
    assert said.params["people"] == 3
    lines = str(said.params["lines"])
    assert second in lines
    assert third in lines
    assert "13800138000" not in lines
    assert staff.press(literal(third)) == ["staff.case"]


def test_the_card_s_button_lists_them(county: County, staff: Chat) -> None:
    first, *_ = tell(county, LAMP, LAMP)
    with county.work() as uow:
        case = uow.cases.by_number(first)
        assert case is not None
        member = county.member(STAFF)
        tell_members(uow, [member], "card.repeats", case, {"people": 2})
    assert staff.press("button.similar") == ["similar.found"]


def test_a_long_text_is_cut_and_a_list_as_well(county: County, staff: Chat) -> None:
    first, *others = tell(county, *[LAMP + "，" + "请快来修" * 30] * 12)
    staff.say(f"相似 {first}")
    said = staff.last("similar.found")
    assert len(said.params["lines"]) == len(said.buttons) == 8
    assert str(len(others) - 8) in str(said.params["more"])
    assert all(len(str(line["text"])) <= 41 for line in _fields(said.params["lines"]))


def _fields(lines: list[dict[str, object]]) -> list[dict[str, object]]:
    return [next(value for value in line.values() if isinstance(value, dict)) for line in lines]


def test_by_replying_to_a_card(county: County, staff: Chat) -> None:
    first, _ = tell(county, LAMP, LAMP)
    assert staff.say("相似", reply_to=staff.card(first)) == ["similar.found"]


@pytest.mark.parametrize("typed", ["相似", "相似 路灯", "相似 HB-261123-999", "相似 " + "9" * 5000])
def test_what_names_no_case_is_refused(county: County, staff: Chat, typed: str) -> None:
    tell(county, LAMP, LAMP)
    assert staff.say(typed) in (["usage.similar"], ["error.not_found"])


def test_a_sealed_case_is_as_if_it_were_not_there(county: County, staff: Chat) -> None:
    told = tell(county, LAMP, LAMP, LAMP)
    with county.work() as uow:
        case = uow.cases.by_number(told[1])
        assert case is not None
        intake.seal_case(uow, case, Actor(Role.STAFF, county.member(STAFF).id))
    staff.say(f"相似 {told[0]}")
    assert told[1] not in str(staff.heard)
    assert staff.last("similar.found").params["people"] == 2
    assert staff.say(f"相似 {told[1]}") == ["error.not_found"]
    bribe = county.report(BRIBE, who="另一位")
    assert staff.say(f"相似 {bribe}") == ["error.not_found"]


@pytest.mark.parametrize("who", [DEPUTY, OFFICER, INTEGRITY])
@pytest.mark.parametrize("typed", ["相似 {n}", "热点"])
def test_others_may_not(county: County, who: str, typed: str) -> None:
    first, _ = tell(county, LAMP, LAMP)
    assert Chat(county, who, work=True).say(typed.format(n=first)) in (["error.role"], ["error.not_found"])


def test_hot_topics(county: County, staff: Chat) -> None:
    assert staff.say("热点") == ["hot.none"]
    tell(county, *PLANT)
    assert staff.say("/hot") == ["hot.topics"]
    line = str(staff.last("hot.topics").params["lines"])
    assert "海悦新城" in line
    assert "搅拌站" in line
    assert "hot.unassigned" in line


def test_a_topic_says_with_whom_it_is_and_opens_its_cases(county: County, staff: Chat) -> None:
    told = tell(county, *PLANT)
    for number in told:
        county.does(casework.assign, STAFF, number, county.department("zhzf"))
    staff.say("热点")
    assert "综合行政执法局" in str(staff.last("hot.topics").params["lines"])
    ((label, _),) = staff.last("hot.topics").buttons
    assert label.removeprefix("=") in told
    assert staff.press(label) == ["similar.found"]


def test_a_citizen_s_word_hot_is_no_command(county: County) -> None:
    chat = Chat(county, CITIZEN)
    chat.arrive("")
    assert "hot.none" not in chat.say("热点")
