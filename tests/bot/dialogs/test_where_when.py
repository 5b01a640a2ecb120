"""Where and when, as receipts and cards tell it."""

import pytest

from bot.cards import case_view
from bot.where_when import heard, heard_line
from bot.wording import LANGUAGES, Wording
from routing.case import Case
from tests.bot.dialogs.chat import Chat
from tests.routing.county import BRIBE, STAFF, County

LAMP_THERE = "昨天晚上海珀路口的路灯不亮了"


def receipt(county: County, text: str) -> str:
    chat = Chat(county)
    chat.arrive()
    chat.say(text)
    chat.say("提交")
    (say,) = [say for say in chat.heard if say.key.startswith("receipt.")]
    return Wording().render(say.key, "zh_CN", say.params)


def card(county: County, number: str) -> str:
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        return Wording().render("card.staff", "zh_CN", case_view(uow, county.understanding, case).params)


def test_a_receipt_says_where_and_when(county: County) -> None:
    assert "听到的地点：海珀路口；时间：昨天晚上（11月22日）\n" in receipt(county, LAMP_THERE)


@pytest.mark.parametrize(
    ("text", "line"),
    [("海珀路的路灯坏了", "\n听到的地点：海珀路\n"), ("每天晚上楼下烧烤摊吵得睡不着", "\n听到的时间：每天晚上\n")],
)
def test_a_receipt_says_one_of_them(county: County, text: str, line: str) -> None:
    assert line in receipt(county, text)


def test_a_receipt_that_is_not_sure_of_the_department_says_it_too(county: County) -> None:
    said = receipt(county, "昨天晚上在石桥村，有个事情想说一下")
    assert "工作人员看过再定" in said
    assert "听到的地点：石桥村；时间：" in said


def test_a_receipt_without_them_has_no_line_for_them(county: County) -> None:
    said = receipt(county, "路灯不亮")
    assert "听到的" not in said
    assert "\n\n" not in said


def test_what_is_personal_is_not_said_back(county: County) -> None:
    assert "听到的地点" not in receipt(county, "我住阳光花园3栋2单元501，楼道灯不亮")


def test_a_card_tells_the_day_that_would_have_to_be_reckoned(county: County) -> None:
    number = county.report(LAMP_THERE)
    county.clock.move(days=3)
    assert "听到的地点：海珀路口；时间：昨天晚上（11月22日）\n" in card(county, number)


def test_a_card_with_a_few_words_needs_no_repetition(county: County) -> None:
    assert "听到的" not in card(county, county.report("海珀路的路灯坏了"))
    longer = "海珀路的路灯坏了，晚上黑漆漆的，" + "老人小孩走路都看不见，" * 5
    assert "听到的地点：海珀路\n" in card(county, county.report(longer))


def test_of_a_sealed_case_nothing_is_told(county: County) -> None:
    text = f"昨天晚上在人民公园，{BRIBE}"
    number = county.report(text)
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        assert case.sealed
        assert heard_line(heard(uow, county.understanding, case)) == ""
    assert county.understanding.heard(text, county.clock.now).places, "open words would have been told"


def test_of_a_case_that_was_sealed_later_nothing_is_told(county: County) -> None:
    number = county.report(LAMP_THERE)
    assert Chat(county, STAFF, work=True).say(f"转受限 {number}") == ["staff.sealed"]
    with county.work() as uow:
        case: Case | None = uow.cases.by_number(number)
        assert case is not None
        assert heard_line(heard(uow, county.understanding, case)) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_it(county: County, language: str) -> None:
    told = county.understanding.heard(LAMP_THERE, county.clock.now)
    line = heard_line(told)
    assert isinstance(line, dict)
    said = Wording().render(line["key"], language, line["params"])
    assert "海珀路口" in said
    assert "昨天晚上" in said
    assert "{" not in said
