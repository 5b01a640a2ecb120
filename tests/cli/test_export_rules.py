"""Routing rules and places as a file: out, into another county, and what is refused on the way in."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.export_rules import rule_tables
from cli.exporting import write_sheets
from cli.tables import read_tables
from routing.roster import RosterInvalid, apply_roster, read_roster
from routing.rule import RuleStep
from storage.store import Store
from tests.conftest import Clock
from tests.routing.county import County, open_county

PLACE = {"name": "云岭水库", "kind": "project", "aliases": ["云岭大坝"], "department": "shuili", "station": "QS"}
RULE = {
    "number": "1", "words": ["路灯", "=1+1"], "places": ["幸福路"], "categories": ["CG04", "cg"], "station": "HB",
    "hours": "22:00-6:00", "days": "6-15至9-30", "department": "gongdian", "co": ["zhzf"],
}  # fmt: skip


@pytest.fixture
async def county(sqlite_template: Path, sqlite_url: str, clock: Clock) -> Any:
    async with open_county(sqlite_template, sqlite_url, clock) as county:
        yield county


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rules.yaml"


def load(county: County, file: Path, **tables: list[dict[str, Any]]) -> tuple[int, int, int]:
    if tables:
        file.write_text(yaml.safe_dump(tables, allow_unicode=True), "utf-8")
    with county.work() as uow:
        found = apply_roster(uow, read_roster(read_tables(file)), uow.now)
    return found.added, found.changed, found.unchanged


def problems(county: County, file: Path, **tables: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    with pytest.raises(RosterInvalid) as caught:
        load(county, file, **tables)
    return [(problem.key, problem.column) for problem in caught.value.problems]


def test_a_file_brings_rules_in_switched_off_and_a_second_time_changes_nothing(county: County, file: Path) -> None:
    assert load(county, file, rules=[RULE], places=[PLACE]) == (2, 0, 0)
    assert load(county, file, rules=[RULE], places=[PLACE]) == (0, 0, 2)
    with county.work() as uow:
        (rule,) = uow.directory.rules
        assert (rule.hours, rule.days, rule.categories) == ("22:00-06:00", "06-15~09-30", ["CG04", "CG"])
        assert (rule.station_id, rule.active) == (county.station("HB").id, False)
        assert [(event.step, event.member_id) for event in uow.rules.events()] == [(RuleStep.ADDED, None)]
        place = next(place for place in uow.directory.places if place.name == "云岭水库")
        assert (place.department, place.station_id) == ("shuili", county.station("QS").id)


def test_a_rule_that_a_file_changes_is_off_until_it_is_looked_at_again(county: County, file: Path) -> None:
    load(county, file, rules=[RULE])
    with county.work() as uow:
        uow.rules.all()[0].active = True
    assert load(county, file, rules=[RULE]) == (0, 0, 1)
    with county.work() as uow:
        assert uow.rules.all()[0].active, "what is the same stays in use"
    assert load(county, file, rules=[{**RULE, "department": "zhzf", "co": []}]) == (0, 1, 0)
    with county.work() as uow:
        assert not uow.rules.all()[0].active
        assert uow.rules.events()[0].step is RuleStep.CHANGED


@pytest.mark.parametrize("suffix", ["yaml", "xlsx"])
def test_what_is_exported_can_be_imported(county: County, file: Path, tmp_path: Path, suffix: str) -> None:
    load(county, file, rules=[RULE, {"number": "7", "words": ["井盖"], "department": "zhzf"}], places=[PLACE])
    from cli.export_rules import _flat
    from routing.roster_sheets import BY_KEY

    with county.work() as uow:
        tables = rule_tables(uow)
    again = tmp_path / f"again.{suffix}"
    if suffix == "yaml":
        again.write_text(yaml.safe_dump(tables, allow_unicode=True), "utf-8")
    else:
        write_sheets({BY_KEY[name].heading: [_flat(row) for row in rows] for name, rows in tables.items()}, again)
    count = sum(map(len, tables.values()))
    assert load(county, again) == (0, 0, count)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"department": "nobody"}, ("roster.no_department", "department")),
        ({"department": "jiwei"}, ("roster.not_a_handler", "department")),
        ({"department": "fayuan"}, ("roster.not_a_handler", "department")),
        ({"co": ["zhzf", "jiwei"]}, ("roster.not_a_handler", "co")),
        ({"co": ["zhzf", "zhujian", "edu", "rs", "ga"]}, ("roster.too_many", "co")),
        ({"station": "ZZ"}, ("roster.no_station", "station")),
        ({"words": ["灯"]}, ("roster.word", "words")),
        ({"words": ["\u200b\u200b"]}, None),
        ({"words": [f"词{n}号" for n in range(21)]}, ("roster.too_many", "words")),
        ({"words": ["路" * 21]}, ("roster.too_long", "words")),
        ({"words": ["(a+)+$", "🚰🚰", ".*"]}, None),
        ({"categories": ["XX99"]}, ("roster.no_category", "categories")),
        ({"hours": "晚上"}, ("roster.hours", "hours")),
        ({"days": "02-30至03-01"}, ("roster.days", "days")),
        ({"number": "0"}, ("roster.form", "number")),
        ({"number": "../1"}, ("roster.form", "number")),
    ],
)
def test_a_row_that_leads_nowhere_is_refused(
    county: County, file: Path, change: dict[str, Any], problem: tuple[str, str] | None
) -> None:
    if problem is None:
        load(county, file, rules=[{**RULE, **change}])
    else:
        assert problems(county, file, rules=[{**RULE, **change}]) == [problem]
        with county.work() as uow:
            assert not uow.directory.rules


def test_a_rule_without_a_condition_or_of_a_deleted_number_is_refused(county: County, file: Path) -> None:
    assert problems(county, file, rules=[{"number": "1", "department": "zhzf"}]) == [("roster.no_condition", None)]
    load(county, file, rules=[RULE])
    with county.work() as uow:
        uow.rules.all()[0].deleted = True
    assert problems(county, file, rules=[RULE]) == [("roster.rule_deleted", "number")]


def test_places_that_lead_nowhere_are_refused(county: County, file: Path) -> None:
    assert problems(county, file, places=[{**PLACE, "department": "jiwei"}]) == [("roster.not_a_handler", "department")]
    assert problems(county, file, places=[{**PLACE, "aliases": ["库"]}]) == [("roster.word", "aliases")]
    assert problems(county, file, places=[{**PLACE, "aliases": ["公园"]}]) == [("roster.common_word", "aliases")]
    assert problems(county, file, places=[{**PLACE, "name": "园"}]) == [("roster.word", "name")]
    assert problems(county, file, places=[{**PLACE, "kind": "volcano"}]) == [("roster.choice", "kind")]
    assert problems(county, file, places=[PLACE, deepcopy(PLACE)]) == [("roster.twice", "name")]


def test_a_department_of_the_same_file_counts(county: County, file: Path) -> None:
    fresh = {"code": "shuiku", "name": "水库管理处"}
    assert load(county, file, departments=[fresh], places=[{**PLACE, "department": "shuiku"}])[0] == 2
    shut = {"code": "zhzf", "name": "综合行政执法局", "restricted": "是"}
    assert problems(county, file, departments=[shut], rules=[{**RULE, "co": ["zhzf"]}]) == [
        ("roster.not_a_handler", "co")
    ]


def test_more_rules_than_there_may_be_are_refused(county: County, file: Path) -> None:
    many = [{"number": str(n), "words": ["路灯"], "department": "zhzf"} for n in range(1, 202)]
    assert problems(county, file, rules=many) == [("roster.too_many_rows", None)]


def test_both_databases_take_the_sheets(store: Store, file: Path) -> None:
    departments = [{"code": "zhzf", "name": "城管"}, {"code": "gongdian", "name": "供电"}]
    stations = [{"prefix": "HB", "name": "海珀站"}]
    places = [{**PLACE, "department": "zhzf", "station": "HB"}]
    file.write_text(
        yaml.safe_dump({"stations": stations, "departments": departments, "places": places, "rules": [RULE]}), "utf-8"
    )
    for expected in ((5, 0), (0, 0)):
        with store.transaction() as uow:
            found = apply_roster(uow, read_roster(read_tables(file)), uow.now)
        assert (found.added, found.changed) == expected
