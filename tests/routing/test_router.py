"""Which rule or named place a text meets: the order, the conditions, the longest name, and what it costs."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from nlp.normalise import fold_word
from routing.directory import Directory
from routing.router import Route, Router, Setting
from routing.rule import MAX_RULES, Place, PlaceKind, RoutingRule
from routing.station import Department, Station

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 10:00 in the county
TOP = Station("HZ", "总站")
HERE = Station("HB", "海珀站", parent_id=TOP.id)
ELSEWHERE = Station("QS", "青山站", parent_id=TOP.id)
DEPARTMENTS = [
    Department("zhzf", "城管"),
    Department("zhujian", "住建"),
    Department("edu", "教育"),
    Department("jiwei", "纪委", restricted=True),
    Department("fayuan", "法院", refer_only=True),
    Department("closed", "撤了的局", active=False),
]


def rule(number: int, department: str = "zhzf", **what: object) -> RoutingRule:
    return RoutingRule(number, number, department, NOW, **{"active": True, **what})  # type: ignore[arg-type]


def router(*rules: RoutingRule, places: tuple[Place, ...] = ()) -> Router:
    directory = Directory(1, [TOP, HERE, ELSEWHERE], (), DEPARTMENTS, (), rules, places)
    return Router(directory, fold_word)


def met(found: Route | None) -> int | str | None:
    if found is None:
        return None
    return found.rule.number if found.rule else found.name


def ask(asked: Router, text: str, **setting: object) -> int | str | None:
    return met(asked.find(text, Setting(**{"station_id": HERE.id, "at": NOW, **setting})))  # type: ignore[arg-type]


# ---------------------------------------------------------------- rules


def test_the_first_rule_in_the_order_that_fits_wins() -> None:
    first, second = rule(1, words=["路灯"]), rule(2, words=["路灯", "不亮"])
    assert ask(router(first, second), "路灯不亮") == 1
    first.position = 3
    assert ask(router(first, second), "路灯不亮") == 2
    assert ask(router(first, second), "灯坏了") is None


def test_every_condition_has_to_hold_and_any_of_its_words_is_enough() -> None:
    asked = router(rule(1, words=["路灯", "灯杆"], places=["幸福路", "和平路"]))
    assert ask(asked, "幸福路的灯杆歪了") == 1
    assert ask(asked, "和平路路灯不亮") == 1
    assert ask(asked, "幸福路有个坑") is None
    assert ask(asked, "路灯不亮") is None


def test_what_spoke_for_a_rule_is_told_with_its_place_in_the_text() -> None:
    found = router(rule(1, words=["路灯"], places=["幸福路"])).find("幸福路的路灯", Setting())
    assert found is not None
    assert sorted(found.spans) == [(0, 3), (4, 6)]


@pytest.mark.parametrize(
    ("condition", "setting", "fits"),
    [
        ({"station_id": TOP.id}, {}, True),
        ({"station_id": HERE.id}, {}, True),
        ({"station_id": ELSEWHERE.id}, {}, False),
        ({"station_id": HERE.id}, {"station_id": TOP.id}, False),
        ({"station_id": HERE.id}, {"station_id": None}, False),
        ({"hours": "08:00-12:00"}, {}, True),
        ({"hours": "22:00-06:00"}, {}, False),
        ({"hours": "08:00-12:00"}, {"at": None}, False),
        ({"days": "11-01~12-31"}, {}, True),
        ({"days": "2027-01-01~2027-12-31"}, {}, False),
        ({"categories": ["CG04"]}, {"category": "CG04"}, True),
        ({"categories": ["CG"]}, {"category": "CG04"}, True),
        ({"categories": ["CG04"]}, {"category": "CG05"}, False),
        ({"categories": ["CG04"]}, {}, False),
    ],
)
def test_station_time_and_category(condition: dict[str, object], setting: dict[str, object], fits: bool) -> None:
    for words in ([], ["路灯"]):
        assert ask(router(rule(1, words=words, **condition)), "路灯不亮", **setting) == (1 if fits else None), words


@pytest.mark.parametrize("state", [{"active": False}, {"deleted": True}])
def test_a_rule_that_is_off_or_deleted_says_nothing(state: dict[str, bool]) -> None:
    assert ask(router(rule(1, words=["路灯"], **state)), "路灯不亮") is None


@pytest.mark.parametrize("department", ["jiwei", "fayuan", "closed", "nobody"])
def test_a_rule_whose_department_takes_no_cases_any_more_says_nothing(department: str) -> None:
    asked = router(rule(1, department, words=["路灯"]), rule(2, words=["路灯"]))
    assert ask(asked, "路灯不亮") == 2


@pytest.mark.parametrize("word", [".*", "(a+)+$", "[路灯]", "路|灯", "\\d{3}", "🚰🚰"])
def test_a_word_is_no_pattern(word: str) -> None:
    asked = router(rule(1, words=[word]))
    assert ask(asked, "路灯不亮 123 aaaaaaaa") is None
    assert ask(asked, f"他写了{fold_word(word)}在墙上") == 1


# ---------------------------------------------------------------- places


PARK = Place("幸福路口袋公园", aliases=["口袋公园"], department="zhujian", station_id=HERE.id)


def test_a_project_is_met_by_any_of_its_names() -> None:
    asked = router(places=(PARK,))
    assert ask(asked, "口袋公园怎么没动工") == "幸福路口袋公园"
    assert ask(asked, "幸福路口袋公园怎么没动工") == "幸福路口袋公园"
    assert ask(asked, "公园的椅子坏了") is None


def test_a_rule_goes_before_a_place() -> None:
    asked = router(rule(1, words=["椅子"], places=["口袋公园"]), places=(PARK,))
    assert ask(asked, "口袋公园的椅子坏了") == 1
    assert ask(asked, "口袋公园怎么没动工") == "幸福路口袋公园"


def test_a_rule_that_names_a_place_means_it_under_all_its_names() -> None:
    asked = router(rule(1, places=["幸福路口袋公园"]), places=(PARK,))
    assert ask(asked, "口袋公园怎么没动工") == 1


def test_the_longest_name_counts_and_one_inside_a_longer_one_was_not_said() -> None:
    street = Place("幸福路", PlaceKind.STREET, department="zhzf")
    school = Place("幸福路小学", PlaceKind.INSTITUTION, department="edu")
    asked = router(places=(street, school))
    assert ask(asked, "幸福路小学门口堵") == "幸福路小学"
    assert ask(asked, "幸福路堵") == "幸福路"
    known_only = Place("幸福路小学", PlaceKind.INSTITUTION)
    assert ask(router(places=(street, known_only)), "幸福路小学门口堵") is None
    assert ask(router(places=(street, known_only)), "幸福路堵，幸福路小学也堵") == "幸福路"


def test_a_street_without_a_department_leaves_a_text_to_its_category() -> None:
    assert ask(router(places=(Place("海珀路", PlaceKind.STREET),)), "海珀路的路灯不亮") is None


def test_a_project_without_a_department_is_still_a_project() -> None:
    found = router(places=(Place("公厕改造"),)).find("公厕改造什么时候完", Setting())
    assert found is not None
    assert (found.name, found.department) == ("公厕改造", None)


@pytest.mark.parametrize("department", ["jiwei", "closed"])
def test_a_place_of_a_department_that_takes_no_cases_is_left_out(department: str) -> None:
    assert ask(router(places=(Place("口袋公园", department=department),)), "口袋公园") is None


def test_several_places_of_one_name_count_where_they_agree_or_one_is_near() -> None:
    north = Place("城北口袋公园", aliases=["口袋公园"], department="zhujian", station_id=ELSEWHERE.id)
    assert ask(router(places=(PARK, north)), "口袋公园没动工") == "幸福路口袋公园", "the one of this station"
    assert ask(router(places=(PARK, north)), "口袋公园没动工", station_id=TOP.id) == "口袋公园", "they agree"
    north.department = "zhzf"
    assert ask(router(places=(PARK, north)), "口袋公园没动工", station_id=TOP.id) is None, "they do not"


def test_a_place_out_of_use_and_a_name_of_one_character_are_not_met() -> None:
    assert ask(router(places=(Place("口袋公园", department="edu", active=False),)), "口袋公园") is None
    assert ask(router(places=(Place("园", department="edu"), PARK)), "园") is None


# ---------------------------------------------------------------- cost


def _microseconds(step: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(15):
        began = time.perf_counter()
        for _ in range(300):
            step()
        best = min(best, time.perf_counter() - began)
    return best / 300 * 1e6


TEXT = "幸福路口袋公园旁边的路灯坏了三天了，晚上很黑，老人孩子都不敢走，打了几次电话也没有人来修，麻烦帮忙催一下，" * 2


def test_a_full_house_of_rules_and_places_costs_little_for_a_hundred_characters() -> None:
    """The limit that was set is 10 µs; this allows for a slow machine, and none for a loop over the rules."""
    rules = [rule(n, words=[f"词{n}甲", f"词{n}乙"], places=[f"地点{n}号"], active=True) for n in range(1, MAX_RULES)]
    places = tuple(Place(f"项目{n}点位", aliases=[f"点位{n}的别名"], department="edu") for n in range(1_000))
    asked = router(*rules, rule(MAX_RULES, words=["路灯"], places=["幸福路"]), places=(*places, PARK))
    assert ask(asked, TEXT[:100]) == MAX_RULES
    assert _microseconds(lambda: asked.find(TEXT[:100], Setting(HERE.id, NOW, "CG04"))) < 40


def test_a_text_that_names_the_same_place_without_end_is_not_dear() -> None:
    asked = router(rule(1, words=["aa" * n for n in range(1, 11)]), places=(Place("aaaa", department="edu"), PARK))
    began = time.perf_counter()
    assert ask(asked, "a" * 5_000) == 1
    assert ask(asked, "口袋公园" * 1_250) == "幸福路口袋公园"
    assert time.perf_counter() - began < 0.2
