"""Deputies who know a trade are named beside a case, the closest first; nobody is asked."""

import pytest

from routing.experts import MOST, experts
from tests.routing.county import LAMP, County


def named(county: County, number: str) -> list[tuple[str, str]]:
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        found = experts(uow.directory, county.understanding.categories(), case)
        return [(deputy.number, skill) for deputy, skill in found]


def classified(county: County, category: str | None, **report: str | None) -> str:
    number = county.report(**report)  # type: ignore[arg-type]
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        case.category = category
    return number


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("YL03", [("003", "医保"), ("086", "医疗")]),  # its own name first, then the group's
        ("JT01", [("021", "公交"), ("012", "交通")]),
        ("LD01", [("086", "就业"), ("101", "就业")]),  # the case's own station first
        ("SC07", []),
    ],
)
def test_skills_are_matched_with_the_name_of_a_leaf_or_its_group(
    county: County, category: str, expected: list[tuple[str, str]]
) -> None:
    assert named(county, classified(county, category, deputy=None))[: len(expected) or MOST] == expected


def test_there_are_never_more_than_three(county: County) -> None:
    number = classified(county, "MZ02")
    with county.work() as uow:
        for known in list(uow.directory.deputies.values()):
            deputy = uow.stations.deputy(known.id)
            assert deputy is not None
            deputy.skills = ["养老"]
    assert len(named(county, number)) == MOST


def test_who_was_turned_to_left_or_is_away_is_not_named(county: County) -> None:
    assert ("086", "就业") not in named(county, classified(county, "LD01", deputy="086"))
    number = classified(county, "LD01", deputy=None)
    for status in ("away", "left"):
        with county.work() as uow:
            deputy = uow.stations.deputy(next(d.id for d in uow.directory.deputies.values() if d.number == "086"))
            assert deputy is not None
            deputy.status = status
        assert [number for number, _ in named(county, number)] == ["101"]


def test_the_suggested_category_counts_until_one_is_confirmed(county: County) -> None:
    number = county.report("养老院的护理费怎么收", deputy=None)
    assert ("086", "养老") in named(county, number)
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        case.category = "JY07"
    assert ("102", "托育") in named(county, number)


def test_a_case_without_a_category_names_nobody(county: County) -> None:
    number = classified(county, None, text=LAMP)
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        case.suggestion = {}
    assert named(county, number) == []
