"""规则 in the chat: a rule is put into use only under its dry run, by whom it belongs to; hostile lines do nothing."""

import pytest

from bot.dialogs.rules import _VERBS
from bot.wording import LANGUAGES, Wording
from routing.rule import RoutingRule
from tests.bot.dialogs.chat import Chat
from tests.routing.county import ADMIN, CHIEF, DEPUTY, INTEGRITY, LAMP, OFFICER, STAFF, County

LINE = "词 路灯 交 供电公司"


def desk(county: County, who: str = STAFF) -> Chat:
    return Chat(county, who, work=True)


def kept(county: County) -> list[RoutingRule]:
    with county.work() as uow:
        return list(uow.rules.all())


def test_a_rule_is_added_tried_and_put_into_use_with_a_button(county: County) -> None:
    county.report(LAMP)
    staff = desk(county)
    assert staff.say(f"规则 加 {LINE}") == ["rules.added"]
    trial = staff.last("rules.added").params["trial"]["params"]
    assert (trial["looked"], trial["changed"]) == (1, 1)
    assert not kept(county)[0].active
    assert staff.press("rules.button_on") == ["rules.enabled"]
    assert kept(county)[0].active
    assert staff.press("rules.button_on") == ["rules.enabled"], "pressed twice, it is still in use"


def test_to_enable_shows_the_dry_run_first(county: County) -> None:
    staff = desk(county)
    staff.say(f"规则 加 {LINE}")
    assert staff.say("规则 启用 1") == ["rules.confirm"]
    assert not kept(county)[0].active
    assert staff.say("1") == ["rules.enabled"], "the button can also be answered by number"
    assert staff.say("规则 启用 1") == ["rules.enabled"]


def test_the_button_of_a_rule_that_was_changed_meanwhile_does_nothing(county: County) -> None:
    staff = desk(county)
    staff.say(f"规则 加 {LINE}")
    staff.say(f"规则 加 {LINE}")
    token = staff.buttons["rules.button_on"]
    desk(county, "王磊").say("规则 移 2 1")
    assert staff.say(kind="button", button=token) == ["rules.changed"]
    assert not any(rule.active for rule in kept(county))


def test_the_button_is_for_whom_it_was_made(county: County) -> None:
    staff = desk(county)
    staff.say(f"规则 加 {LINE}")
    assert desk(county, CHIEF).say(kind="button", button=staff.buttons["rules.button_on"]) == ["error.button"]


@pytest.mark.parametrize("who", [DEPUTY, OFFICER, ADMIN, INTEGRITY])
def test_only_staff_have_rules(county: County, who: str) -> None:
    desk(county).say(f"规则 加 {LINE}")
    for said in ("规则", "/rules", f"规则 加 {LINE}", "规则 启用 1", "规则 删 1", "规则 试 路灯", "规则 记录"):
        assert desk(county, who).say(said) == ["error.role"]
    assert [rule.deleted for rule in kept(county)] == [False]


def test_the_list_names_what_each_rule_asks_for(county: County) -> None:
    staff = desk(county)
    assert staff.say("规则") == ["rules.none"]
    staff.say("规则 加 词 路灯、灯杆 地 幸福路 类 CG04 时 22:00-06:00 日 06-15至09-30 → 供电公司 会办 城管")
    assert staff.say("规则") == ["rules.list"]
    (line,) = staff.last("rules.list").params["lines"]
    assert Wording().render(line["key"], "zh_CN", line["params"]) == (
        "规则 1（未启用）　词：路灯、灯杆　地：幸福路　类：CG04　站：海珀社区代表联络站　时：22:00-06:00"
        "　日：06-15~09-30 → 供电公司（会办：综合行政执法局）"
    )


def test_the_list_says_where_a_department_takes_no_cases_any_more(county: County) -> None:
    staff = desk(county)
    staff.say(f"规则 加 {LINE}")
    staff.press("rules.button_on")

    def state() -> str:
        staff.say("规则")
        (line,) = staff.last("rules.list").params["lines"]
        return str(line["params"]["state"]["key"])

    assert state() == "rules.state_on"
    with county.work() as uow:
        closed = uow.stations.department("gongdian")
        assert closed is not None
        closed.active = False
    assert state() == "rules.state_stuck"


def test_a_rule_is_stopped_moved_and_deleted(county: County) -> None:
    staff = desk(county)
    for line in (LINE, "词 井盖 交 城管"):
        staff.say(f"规则 加 {line}")
        staff.press("rules.button_on")
    assert staff.say("规则 移 2 1") == ["rules.moved"]
    assert [rule.number for rule in kept(county)] == [2, 1]
    assert staff.say("规则 移 2 最后") == ["rules.moved_last"]
    assert [rule.number for rule in kept(county)] == [1, 2]
    assert staff.say("规则 移 2 2") == ["rules.moved"]
    assert staff.say("规则 停用 2") == ["rules.disabled"]
    assert staff.say("规则 删 1") == ["rules.deleted"]
    assert [(rule.number, rule.active, rule.deleted) for rule in kept(county)] == [(1, False, True), (2, False, False)]
    assert staff.say("规则 删 1") == ["rules.unknown"]
    assert staff.say("规则 记录") == ["rules.history"]
    assert len(staff.last("rules.history").params["lines"]) == 8


def test_a_sentence_is_tried_and_told_what_it_would_meet(county: County) -> None:
    staff = desk(county)
    assert staff.say("规则 试 路灯不亮") == ["rules.would_category"]
    assert staff.say("规则 试 口袋公园怎么没动工") == ["rules.would_place"]
    assert staff.say("规则 试 嗯") == ["rules.would_nothing"]
    staff.say(f"规则 加 {LINE}")
    staff.press("rules.button_on")
    assert staff.say("规则 试 路灯不亮") == ["rules.would_rule"]
    assert desk(county, CHIEF).say("规则 试 路灯不亮") == ["rules.would_rule"], "staff above try the rules below"
    assert desk(county, "葛青").say("规则 试 路灯不亮") == ["rules.would_category"]
    assert staff.say("规则 试 1") == ["rules.tried"]
    assert staff.say(f"规则 试 {LINE}") == ["rules.tried"]
    assert len(kept(county)) == 1, "what was tried is not kept"


HOSTILE = (
    "词 " + "路" * 1_000_000 + " 交 城管", "词 " + "a" * 1_000_000, "加" * 1_000, "加 交", "加 → → →", "加 词词词",
    "加 词 路灯 交 ../../etc/passwd", "加 词 路灯 交 '; DROP TABLE routing_rules; --", "加 词 {number} 交 {department}",
    "加 词 路灯 交 不存在", "加 词 路灯 交 纪委", "加 词 路灯 时 99:99-00:00 交 城管", "加 词 路灯 类 * 交 城管",
    "试 " + "路灯" * 10_000, "移", "移 1", "移 1 x", "移 x 1", "启用", "启用 " + "9" * 5_000, "删 -1", "停用 ١",
    "x", "\x00",
    "加 词 👩‍👩‍👧‍👦 交 👩‍👩‍👧‍👦", "加 站 站 站 交 城管", "\u202e加 词 路灯 交 城管",
)  # fmt: skip


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_line_is_answered_and_changes_nothing(county: County, said: str) -> None:
    staff = desk(county)
    (key,) = staff.say(f"规则 {said}")
    assert Wording().render(key, "zh_CN", staff.last(key).params)
    assert kept(county) == []


def test_words_that_look_like_patterns_are_words(county: County) -> None:
    staff = desk(county)
    assert staff.say("规则 加 词 .* (a+)+$ 🚰🚰 {text} 交 供电公司") == ["rules.added"]
    staff.press("rules.button_on")
    assert county.case(county.report(LAMP)).suggestion["routed"] is None
    assert county.case(county.report("他在墙上写了(a+)+$，路灯坏了")).suggestion["routed"]["words"] == ["(a+)+$"]


@pytest.mark.parametrize("verb", _VERBS)
def test_a_verb_in_the_other_script_is_the_same(county: County, verb: str) -> None:
    from opencc import OpenCC

    staff = desk(county)
    keys = [staff.say(f"规则 {written} 77 77") for written in (verb, OpenCC("s2t").convert(verb), verb.upper())]
    assert keys[0] == keys[1] == keys[2] != ["usage.rules"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_examples_of_the_commands_work(county: County, language: str) -> None:
    """What the sentences tell staff to type is understood, in every language."""
    staff = desk(county, "俞海")
    wording = Wording()
    for key in ("rules.none", "rules.line_wrong", "rules.nowhere", "rules.no_condition"):
        example = wording.line(key, language).rpartition("例如：")[2].rpartition("or example: ")[2].rstrip("。.")
        assert staff.say(example) == ["rules.added"], (key, example)
