"""What staff may do with routing rules, what is refused, and what a dry run counts."""

from datetime import timedelta

import pytest

from routing import casework, rules
from routing.case import CaseState
from routing.errors import Refused
from routing.people import Member
from routing.ports import UnitOfWork
from routing.rule import MAX_RULES, MAX_WORDLESS, Place, RoutingRule, RuleStep
from routing.rule_line import read_line
from routing.rule_trial import MOST, try_rule
from tests.routing.county import BRIBE, CHIEF, CITIZEN, COLLEAGUE, LAMP, STAFF, County

TOP = "俞海"  # staff of the head station, who sees the whole county
ELSEWHERE = "葛青"  # staff of a station beside it


def who(uow: UnitOfWork, name: str) -> Member:
    return next(m for m in uow.directory.members.values() if m.name == name)


def add(county: County, line: str, name: str = TOP, *, on: bool = False) -> int:
    with county.work() as uow:
        rule = rules.draft(uow, county.understanding, who(uow, name), read_line(line))
        rules.add(uow, who(uow, name), rule)
        if on:
            rules.enable(uow, who(uow, name), rule)
        return rule.number


def rule(county: County, number: int) -> RoutingRule:
    with county.work() as uow:
        return next(r for r in uow.rules.all() if r.number == number)


def refused(county: County, line: str, name: str = TOP) -> str:
    with pytest.raises(Refused) as caught:
        add(county, line, name)
    return caught.value.key


# ---------------------------------------------------------------- writing one


def test_a_rule_is_looked_up_as_staff_mean_it(county: County) -> None:
    number = add(county, "词 路灯、灯杆 地 幸福路 站 hb 时 22:00-6:00 类 路灯、cg 交 城管 会办 住建 gongdian")
    kept = rule(county, number)
    assert (kept.words, kept.places, kept.department) == (["路灯", "灯杆"], ["幸福路"], "zhzf")
    assert (kept.co_departments, kept.categories) == (["zhujian", "gongdian"], ["CG04", "CG"])
    assert (kept.station_id, kept.hours) == (county.station("HB").id, "22:00-06:00")
    assert (kept.active, kept.deleted) == (False, False), "nobody has seen its dry run yet"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("词 路灯 交 不存在的局", "department.unknown"),
        ("词 路灯 交 局", "rules.which_department"),
        ("词 路灯 交 纪委", "rules.not_a_handler"),
        ("词 路灯 交 法院", "rules.not_a_handler"),
        ("词 路灯 交 城管 会办 法院", "rules.not_a_handler"),
        ("词 路灯 交 城管 会办 zhujian sthj jtys ga edu", "rules.too_many"),
        ("词 灯 交 城管", "rules.word"),
        ("词 \u200b\u200b\u200b 交 城管", "rules.word"),
        ("词 ！！！ 交 城管", "rules.word"),
        ("词 东南西北中发白一二三四五六七八九春夏秋冬梅 交 城管", "rules.word"),
        (f"词 {'路灯' * 250} 交 城管", "rules.word"),
        ("词 " + " ".join(f"词{n}号" for n in range(21)) + " 交 城管", "rules.too_many"),
        ("类 不存在的类 交 城管", "category.unknown"),
        ("类 " + " ".join(["CG04"] * 21) + " 交 城管", "rules.too_many"),
        ("词 路灯 站 ZZ 交 城管", "rules.station_unknown"),
        ("词 路灯 时 晚上 交 城管", "rules.hours_wrong"),
        ("词 路灯 日 汛期 交 城管", "rules.days_wrong"),
        ("交 城管", "rules.no_condition"),
        ("站 HB 交 城管", "rules.no_condition"),
        ("词 .* (a+)+$ [^灯] 交 城管", None),
        ("词 🚰🚰 👩‍👩‍👧 交 城管", None),
        ("日 06-15至09-30 交 水利", None),
    ],
)
def test_what_can_not_be_a_rule_is_refused_with_its_reason(county: County, line: str, key: str | None) -> None:
    if key is None:
        add(county, line)
    else:
        assert refused(county, line) == key


def test_a_department_that_was_closed_is_told_as_such(county: County) -> None:
    number = add(county, "词 宽带 交 tongxin")
    with county.work() as uow:
        closed = uow.stations.department("tongxin")
        assert closed is not None
        closed.active = False
    assert refused(county, "词 宽带 交 tongxin") == "rules.not_a_handler"
    with county.work() as uow, pytest.raises(Refused, match="not_a_handler"):
        rules.enable(uow, who(uow, TOP), rules.find(uow, who(uow, TOP), str(number)))


def test_a_number_is_never_given_twice(county: County) -> None:
    first = add(county, "词 路灯 交 城管")
    with county.work() as uow:
        rules.delete(uow, who(uow, TOP), rules.find(uow, who(uow, TOP), str(first)))
    assert add(county, "词 路灯 交 城管") == first + 1


def test_there_are_only_so_many(county: County) -> None:
    with county.work() as uow:
        for number in range(1, MAX_RULES + 1):
            uow.rules.add(RoutingRule(number, number, "zhzf", uow.now, words=["路灯"]))
    assert refused(county, "词 路灯 交 城管") == "rules.full"


def test_rules_that_are_tried_for_every_message_are_few(county: County) -> None:
    for _ in range(MAX_WORDLESS):
        add(county, "时 22:00-06:00 交 城管", on=True)
    with pytest.raises(Refused, match="wordless_full"):
        add(county, "时 22:00-06:00 交 城管", on=True)
    add(county, "词 路灯 时 22:00-06:00 交 城管", on=True)


# ---------------------------------------------------------------- whose they are


def test_staff_of_a_station_write_rules_for_it_and_those_below(county: County) -> None:
    assert rule(county, add(county, "词 路灯 交 城管", STAFF)).station_id == county.station("HB").id
    assert rule(county, add(county, "词 路灯 站 HB 交 城管", CHIEF)).station_id == county.station("HB").id
    assert refused(county, "词 路灯 站 HP 交 城管", STAFF) == "rules.station_unknown"
    assert refused(county, "词 路灯 站 QS 交 城管", CHIEF) == "rules.station_unknown"
    assert rule(county, add(county, "词 路灯 交 城管", TOP)).station_id is None


def test_a_rule_is_seen_where_it_decides_and_changed_where_it_belongs(county: County) -> None:
    whole, theirs = add(county, "词 路灯 交 城管", TOP), add(county, "词 路灯 站 HP 交 城管", CHIEF)
    with county.work() as uow:
        assert [r.number for r in rules.shown(uow, who(uow, STAFF))] == [whole, theirs]
        assert [r.number for r in rules.shown(uow, who(uow, ELSEWHERE))] == [whole]
        for name, number in ((STAFF, whole), (STAFF, theirs), (CHIEF, whole), (ELSEWHERE, whole)):
            found = rules.find(uow, who(uow, name), str(number))
            for step in (rules.enable, rules.disable, rules.delete):
                with pytest.raises(Refused, match="not_yours"):
                    step(uow, who(uow, name), found)
            with pytest.raises(Refused, match="not_yours"):
                rules.move(uow, who(uow, name), found, None)
        with pytest.raises(Refused, match="unknown"):
            rules.find(uow, who(uow, ELSEWHERE), str(theirs))
        assert rules.history(uow, who(uow, ELSEWHERE))[0].number == whole, "nor is it in their history"


@pytest.mark.parametrize("typed", ["0", "-1", "99", "9" * 400, "٣", "", "x"])
def test_a_number_that_is_none_is_refused(county: County, typed: str) -> None:
    add(county, "词 路灯 交 城管")
    with county.work() as uow, pytest.raises(Refused, match="unknown"):
        rules.find(uow, who(uow, TOP), typed)


def test_every_step_is_kept_with_who_and_when(county: County) -> None:
    number, other = add(county, "词 路灯 交 城管", STAFF), add(county, "词 井盖 交 城管", STAFF)
    for name, step in ((STAFF, rules.enable), (COLLEAGUE, rules.disable), (STAFF, rules.delete)):
        county.clock.move(minutes=1)
        with county.work() as uow:
            step(uow, who(uow, name), rules.find(uow, who(uow, name), str(number)))
    with county.work() as uow:
        found = [event for event in uow.rules.events() if event.number == number]
        told = [(event.step, uow.directory.members[event.member_id or 0].name) for event in reversed(found)]
        assert told == [
            (RuleStep.ADDED, STAFF), (RuleStep.ENABLED, STAFF),
            (RuleStep.DISABLED, COLLEAGUE), (RuleStep.DELETED, STAFF),
        ]  # fmt: skip
        assert found[-1].data["words"] == ["路灯"]
        assert found[0].at - found[-1].at == timedelta(minutes=3)
        assert [r.number for r in rules.shown(uow, who(uow, STAFF))] == [other]


def test_a_rule_moves_before_another_or_to_the_end(county: County) -> None:
    one, two, three = (add(county, f"词 路灯{n} 交 城管") for n in "甲乙丙")

    def order(moved: int, before: int | None) -> list[int]:
        with county.work() as uow:
            by = {r.number: r for r in rules.standing(uow)}
            rules.move(uow, who(uow, TOP), by[moved], by[before] if before else None)
        with county.work() as uow:
            return [r.number for r in rules.standing(uow)]

    assert order(three, one) == [three, one, two]
    assert order(three, None) == [one, two, three]
    assert order(one, one) == [two, three, one]
    assert order(two, three) == [two, three, one]


# ---------------------------------------------------------------- what they do to a case


def test_an_active_rule_goes_before_the_category(county: County) -> None:
    number = add(county, "词 路灯 地 海珀路 交 供电公司 会办 城管", on=True)
    suggestion = county.case(county.report(LAMP)).suggestion
    assert suggestion["departments"][0] | {"words": []} == {
        "code": "gongdian", "name": "供电公司", "confidence": 1.0, "words": [],
    }  # fmt: skip
    assert [d["code"] for d in suggestion["departments"]][:2] == ["gongdian", "zhzf"]
    assert [d["code"] for d in suggestion["co"]] == ["zhzf"]
    assert suggestion["routed"] | {"words": sorted(suggestion["routed"]["words"])} == {
        "by": "rule", "rule": number, "words": ["海珀路", "路灯"], "instead_of": "zhzf", "category": "CG04",
    }  # fmt: skip
    assert suggestion["categories"][0]["code"] == "CG04", "what the matter is stays as it was"


def test_a_rule_knows_the_station_and_the_hour(county: County) -> None:
    add(county, "词 路灯 站 QS 交 供电公司", on=True)
    assert county.case(county.report(LAMP)).suggestion["routed"] is None
    add(county, "词 路灯 时 22:00-06:00 交 乡镇", on=True)
    assert county.case(county.report(LAMP)).suggestion["routed"] is None
    county.clock.move(hours=13)  # 23:00 in the county
    assert county.case(county.report(LAMP)).suggestion["departments"][0]["code"] == "xiangzhen"


def test_a_project_point_is_a_project_and_no_park(county: County) -> None:
    suggestion = county.case(county.report("口袋公园怎么没动工")).suggestion
    assert (suggestion["categories"][0]["code"], suggestion["sure"]) == ("ZW05", True)
    assert suggestion["departments"][0]["code"] == "zhujian"
    assert (suggestion["routed"]["by"], suggestion["routed"]["place"]) == ("place", "幸福路口袋公园")
    assert [d["code"] for d in suggestion["co"]] == ["fagai", "caizheng"]


def test_a_project_without_a_department_goes_to_the_lead_of_projects(county: County) -> None:
    suggestion = county.case(county.report("公厕改造说好今年做的，怎么没动静")).suggestion
    assert (suggestion["departments"][0]["code"], suggestion["routed"]["place"]) == ("renda", "全县公厕改造提升")


def test_the_co_handlers_of_a_leaf_are_those_of_the_responsibility_list(county: County) -> None:
    suggestion = county.case(county.report(LAMP)).suggestion
    leaf = county.understanding.categories()["CG04"]
    assert suggestion["departments"][0]["code"] == leaf.lead
    assert [d["code"] for d in suggestion["co"]] == list(leaf.co)


def test_corruption_is_sealed_whatever_a_rule_says(county: County) -> None:
    add(county, "词 红包 交 城管", on=True)
    case = county.case(county.report(BRIBE, deputy="012", station="HP"))
    assert (case.state, case.suggestion) == (CaseState.SEALED, {})


# ---------------------------------------------------------------- the dry run


def trial(county: County, line: str, name: str = TOP) -> tuple[int, int, int]:
    with county.work() as uow:
        drafted = rules.draft(uow, county.understanding, who(uow, name), read_line(line))
        found = try_rule(uow, county.understanding, who(uow, name), drafted)
        return found.looked, found.changed, found.agreed


def test_a_dry_run_counts_what_would_have_been_otherwise(county: County) -> None:
    lamp, other = county.report(LAMP), county.report("楼道里有人抽烟")
    county.report("海珀路的路灯又不亮了")
    assert trial(county, "词 路灯 交 供电公司") == (3, 2, 0)
    assert trial(county, "词 路灯 交 城管") == (3, 0, 0), "it would have gone there anyway"
    county.does(casework.assign, STAFF, lamp, county.department("gongdian"))
    assert trial(county, "词 路灯 交 供电公司") == (3, 2, 1)
    with county.work() as uow:
        drafted = rules.draft(uow, county.understanding, who(uow, TOP), read_line("词 抽烟 交 教育局"))
        (example,) = try_rule(uow, county.understanding, who(uow, TOP), drafted).examples
    assert (example[0], example[2]) == (other, "edu")
    assert not rules_of(county), "a dry run keeps nothing"


def rules_of(county: County) -> list[RoutingRule]:
    with county.work() as uow:
        return list(uow.rules.all())


def test_a_dry_run_looks_only_at_cases_that_the_member_may_see(county: County) -> None:
    county.report(LAMP)
    county.report(LAMP, deputy="131", station="QS")
    county.report(BRIBE + "，路灯", deputy="012", station="HP")
    assert trial(county, "词 路灯 交 供电公司", TOP) == (2, 2, 0)
    assert trial(county, "词 路灯 交 供电公司", STAFF) == (1, 1, 0)
    assert trial(county, "词 路灯 交 供电公司", ELSEWHERE) == (1, 1, 0)
    assert trial(county, "词 红包 交 供电公司", TOP) == (2, 0, 0), "a sealed case is in no count"


def test_a_dry_run_leaves_out_what_is_old_or_was_taken_back(county: County) -> None:
    county.report(LAMP)
    county.clock.move(days=31)
    assert trial(county, "词 路灯 交 供电公司") == (0, 0, 0)
    from routing.intake import withdraw

    gone = county.report(LAMP, who="另一位")
    county.says(withdraw, gone, who="另一位")
    assert trial(county, "词 路灯 交 供电公司") == (0, 0, 0)


def test_a_rule_in_use_is_tried_against_the_days_before_it(county: County) -> None:
    number = add(county, "词 路灯 交 供电公司", on=True)
    county.report(LAMP)
    with county.work() as uow:
        found = try_rule(uow, county.understanding, who(uow, TOP), rules.find(uow, who(uow, TOP), str(number)))
    assert (found.looked, found.changed) == (1, 1)
    assert [before for _, before, _ in found.examples] == ["zhzf"]


def test_an_earlier_rule_wins_in_a_dry_run_too(county: County) -> None:
    add(county, "词 路灯 交 供电公司", on=True)
    county.report(LAMP)
    assert trial(county, "词 不亮 交 教育局") == (1, 0, 0)


def test_a_dry_run_stops_at_the_newest_cases(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST == 500
    monkeypatch.setattr("routing.rule_trial.MOST", 2)
    for n in range(3):
        county.report(f"{LAMP}{n}", who=f"{CITIZEN}{n}")
    with county.work() as uow:
        drafted = rules.draft(uow, county.understanding, who(uow, TOP), read_line("词 路灯 交 供电公司"))
        found = try_rule(uow, county.understanding, who(uow, TOP), drafted)
    assert (found.looked, found.changed, found.more) == (2, 2, True)


def test_places_come_with_the_directory(county: County) -> None:
    with county.work() as uow:
        uow.rules.add_place(Place("云岭水库", department="shuili"))
    assert county.case(county.report("云岭水库的事没人管")).suggestion["routed"]["place"] == "云岭水库"
