"""为什么: the reasons of a suggestion, masked, for whoever may see the case; for others there is no such case."""

import pytest

from bot.wording import LANGUAGES, Wording
from nlp.result import ExplainedCategory, Explanation, Reason
from routing import casework, intake
from routing.case import Case
from routing.people import Contact
from routing.ports import UnitOfWork
from tests.bot.dialogs.chat import Chat
from tests.routing.county import (
    ADMIN,
    BRIBE,
    COLLEAGUE,
    DEPUTY,
    INTEGRITY,
    LAMP,
    OFFICER,
    OTHER_OFFICER,
    STAFF,
    SUBSTITUTE,
    County,
)


def ask(county: County, who: str, number: str) -> tuple[str, str]:
    """The key of the answer and the answer as it is read."""
    chat = Chat(county, who, work=True)
    (key,) = chat.say(f"为什么 {number}")
    return key, Wording().render(key, "zh_CN", chat.last(key).params)


def test_staff_the_deputy_and_the_officer_are_told_the_reasons(county: County) -> None:
    number = county.report(LAMP)
    county.does(casework.assign, STAFF, number, county.department("zhzf"))
    for who in (STAFF, COLLEAGUE, DEPUTY, OFFICER):
        key, text = ask(county, who, number)
        assert key == "why.case"
        assert "CG04 路灯与公共照明，综合行政执法局" in text
        assert "“" in text.split("CG04")[1], "with the words that spoke for it"


def test_who_may_not_see_a_case_hears_what_they_hear_of_none(county: County) -> None:
    number = county.report(LAMP)
    for who in (OTHER_OFFICER, SUBSTITUTE, "葛青", ADMIN, INTEGRITY):
        unknown = number[:-3] + "999"
        assert [said.replace(unknown, number) for said in ask(county, who, unknown)] == list(ask(county, who, number))
        assert ask(county, who, number)[0] == "error.not_found"


def test_a_sealed_case_is_unknown_to_everybody_but_its_officer_who_has_no_reasons_to_ask_for(county: County) -> None:
    number = county.report(BRIBE, deputy="012", station="HP")
    for who in (STAFF, DEPUTY, OFFICER, "赵敏芝", "俞海", "顾明远"):
        assert ask(county, who, number)[0] == "error.not_found"
    assert ask(county, INTEGRITY, number)[0] == "error.role"


def test_a_case_that_was_sealed_later_is_unknown_from_then_on(county: County) -> None:
    number = county.report(LAMP)
    assert Chat(county, STAFF, work=True).say(f"转受限 {number}") == ["staff.sealed"]
    assert ask(county, STAFF, number)[0] == "error.not_found"
    assert ask(county, DEPUTY, number)[0] == "error.not_found"


def test_the_rule_is_told_before_the_categories(county: County) -> None:
    staff = Chat(county, STAFF, work=True)
    staff.say("规则 加 词 路灯 地 海珀路 交 供电公司")
    staff.press("rules.button_on")
    number = county.report(LAMP)
    _, text = ask(county, STAFF, number)
    assert text.index("先看规则：合了规则 1，说到：海珀路、路灯") < text.index("CG04 路灯与公共照明")
    staff.say("规则 停用 1")
    assert "按现在的规则和词表，会建议综合行政执法局。" in ask(county, STAFF, number)[1]


def test_a_named_place_is_told_before_the_categories(county: County) -> None:
    _, text = ask(county, STAFF, county.report("口袋公园怎么没动工"))
    assert text.index("先看地名：说到“幸福路口袋公园”（民生实事项目）") < text.index("CG06")


def test_deputies_who_know_the_trade_are_named_to_staff_alone(county: County) -> None:
    number = county.report("请问哪里有家政培训班可以报名学技能，想找工作")
    assert "懂这一行的代表：101 钱文斌（就业）" in ask(county, STAFF, number)[1]
    assert "懂这一行的代表" not in ask(county, DEPUTY, number)[1]


def close_call(text: str) -> Explanation:
    """Two categories that are near each other; one of the words is a piece of a telephone number."""
    at = text.index("13812345678")
    words = (Reason("路灯", 2, 4, 0.75, True), Reason("13812345678", at, at + 11, 0.25, False))
    return Explanation(
        (
            ExplainedCategory("CG04", "路灯与公共照明", "zhzf", 0.41, words),
            ExplainedCategory("GY02", "供电", "gongdian", 0.38, (Reason("灯", 3, 4, 1.0, False),)),
            ExplainedCategory("CG05", "道路坑洼、井盖与市政设施", "zhzf", 0.05, ()),
        ),
        close=True,
        sure=False,
        model="m-7",
    )


def test_a_close_second_is_told_with_its_words_and_numbers_are_masked(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(county.understanding, "explain", close_call, raising=False)
    number = county.report("海珀路灯不亮，我的电话是13812345678")
    _, text = ask(county, STAFF, number)
    assert "CG04 路灯与公共照明，综合行政执法局，41%：“路灯”75%（词表）、“138******78”25%" in text
    assert "GY02 供电，供电公司，38%：“灯”100%" in text
    assert "其他可能：道路坑洼、井盖与市政设施 5%" in text
    assert "前两类很接近" in text
    assert "现在的模型 m-7" in text
    assert "13812345678" not in text


def test_the_model_that_suggested_is_told_to_staff_and_another_one_in_use_by_now(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = county.report("海珀路灯不亮，我的电话是13812345678")
    suggested_by = county.understanding.classifier.model.id
    assert f"学习模型：{suggested_by}" in ask(county, STAFF, number)[1]
    assert "模型" not in ask(county, DEPUTY, number)[1], "a hash tells a deputy nothing"
    monkeypatch.setattr(county.understanding, "explain", close_call, raising=False)
    assert f"当时给建议的学习模型：{suggested_by}；上面的理由按现在的模型 m-7 算。" in ask(county, STAFF, number)[1]


def test_the_reasons_are_of_what_was_sent_in_and_not_of_what_came_later(county: County) -> None:
    number = county.report(LAMP)
    county.clock.move(minutes=5)

    def adds(uow: UnitOfWork, contact: Contact, case: Case) -> None:
        intake.supplement(uow, contact, case, text="另外小区物业费也太贵了，物业公司什么都不管")

    county.says(adds, number)
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        assert intake.words_at_submission(uow, case) == LAMP
    assert "物业" not in ask(county, STAFF, number)[1]


def test_a_case_without_words_says_so(county: County) -> None:
    with county.work() as uow:
        address, conversation = county.chat_of(uow, "拍照的人")
        conversation.station_id = county.station("HB").id
        draft = intake.take(uow, conversation, address, location=(30.2, 120.1))
        number = intake.submit(uow, county.understanding, draft, "plain").number
    assert ask(county, STAFF, number)[0] == "why.no_words"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_tells_it_without_a_hole(county: County, language: str) -> None:
    chat = Chat(county, STAFF, work=True)
    chat.say(f"/why {county.report('口袋公园怎么没动工')}")
    text = Wording().render("why.case", language, chat.last("why.case").params)
    assert "{" not in text
    assert "  " not in text
    assert len(text.splitlines()) >= 3
