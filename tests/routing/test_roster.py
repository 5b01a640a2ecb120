"""A roster file: what is refused and where, and what an import does the first and the second time."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.tables import read_tables
from routing.directory import Directory
from routing.people import Member, Role
from routing.roster import Roster, RosterInvalid, Summary, apply_roster, read_roster
from routing.roster_sheets import RawRow
from routing.rule import Place, RoutingRule, RuleEvent
from routing.station import Department, Deputy, Station

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
DEMO = Path(__file__).parents[2] / "cli/demo_county.yaml"


class Store:
    """The ports that an import uses, over dicts. The directory is made anew for each unit of work."""

    def __init__(self) -> None:
        kinds = (Station, Deputy, Department, Member, RoutingRule, Place, RuleEvent)
        self.rows: dict[type, dict[object, object]] = {kind: {} for kind in kinds}

    def uow(self) -> SimpleNamespace:
        def adder(kind: type, key: str = "id"):
            return lambda row: self.rows[kind].__setitem__(getattr(row, key), row)

        return SimpleNamespace(
            now=NOW,
            directory=Directory(1, *(list(rows.values()) for kind, rows in self.rows.items() if kind is not RuleEvent)),
            stations=SimpleNamespace(
                get=self.rows[Station].get,
                add=adder(Station),
                deputy=self.rows[Deputy].get,
                add_deputy=adder(Deputy),
                department=self.rows[Department].get,
                add_department=adder(Department, "code"),
            ),
            members=SimpleNamespace(get=self.rows[Member].get, add=adder(Member)),
            rules=SimpleNamespace(
                all=lambda: list(self.rows[RoutingRule].values()),
                add=adder(RoutingRule, "number"),
                add_event=adder(RuleEvent),
                place=self.rows[Place].get,
                add_place=adder(Place),
            ),
        )

    def apply(self, roster: Roster) -> Summary:
        return apply_roster(self.uow(), roster, NOW)

    def deputy(self, number: str) -> Deputy:
        return next(d for d in self.rows[Deputy].values() if d.number == number)

    def roles(self, deputy: Deputy) -> list[Member]:
        return [m for m in self.rows[Member].values() if m.deputy_id == deputy.id]


def roster(**sheets: list[dict[str, object]]) -> Roster:
    """A roster from rows; the first row of each sheet is row 2, as under a heading."""
    return read_roster({name: [RawRow(n, row) for n, row in enumerate(rows, 2)] for name, rows in sheets.items()})


def problems(**sheets: list[dict[str, object]]) -> list[tuple[str, str | None, int | None, str | None]]:
    with pytest.raises(RosterInvalid) as caught:
        Store().apply(roster(**sheets))
    return [(p.key, p.sheet, p.row, p.column) for p in caught.value.problems]


STATION = {"prefix": "HP", "name": "海平站"}
DEPUTY = {"number": "086", "name": "林秋", "station": "HP"}


def test_the_demo_county_is_taken_whole_and_a_second_time_changes_nothing() -> None:
    store = Store()
    first = store.apply(read_roster(read_tables(DEMO)))
    assert (first.added, first.changed, first.unchanged) == (len(first.changes), 0, 0)
    again = store.apply(read_roster(read_tables(DEMO)))
    assert (again.added, again.changed, again.unchanged) == (0, 0, len(first.changes))


def test_the_demo_county_has_what_the_scenarios_need() -> None:
    store = Store()
    store.apply(read_roster(read_tables(DEMO)))
    prefixes = {s.prefix: s for s in store.rows[Station].values()}
    assert prefixes["HB"].parent_id == prefixes["HP"].id
    assert prefixes["HP"].parent_id == prefixes["HZ"].id
    assert {s.tier for s in prefixes.values()} == {"总站", "中心站", "站"}
    lin = store.deputy("086")
    assert (lin.name, lin.station_id, lin.skills[0]) == ("林秋", prefixes["HB"].id, "就业")
    assert lin.substitute_id == store.deputy("087").id
    departments = store.rows[Department]
    assert departments["jiwei"].restricted
    assert departments["fayuan"].refer_only
    assert "12345" in departments["shuju"].aliases
    members = list(store.rows[Member].values())
    assert {m.role for m in members} == {Role.DEPUTY, Role.OFFICER, Role.STAFF, Role.ADMIN, Role.INTEGRITY}
    assert {"zhzf", "rs", "ranqi", "gongshui", "jtys", "scjg", "ga"} <= {m.department for m in members}
    assert all(m.contact_id is None for m in members)
    phones = [p for s in prefixes.values() for p in (s.phone, s.duty_phone, s.gas_phone, s.lift_phone) if p]
    assert all(phone.startswith("0571-8000-") for phone in phones)


def test_only_what_differs_is_changed_and_named() -> None:
    store = Store()
    store.apply(roster(stations=[STATION], deputies=[DEPUTY | {"skills": "就业、医疗", "reception": "周二"}]))
    summary = store.apply(roster(stations=[STATION], deputies=[DEPUTY | {"skills": ["就业"], "reception": "周二"}]))
    assert [(c.name, c.outcome, c.fields) for c in summary.changes] == [
        ("HP 海平站", "unchanged", ()),
        ("086 林秋", "changed", ("skills",)),
    ]
    assert store.deputy("086").skills == ["就业"]


def test_an_absent_column_stays_an_empty_cell_empties_and_a_status_is_kept() -> None:
    store = Store()
    store.apply(roster(stations=[STATION], deputies=[DEPUTY | {"title": "医生", "level": "县", "status": "请假"}]))
    store.apply(roster(deputies=[DEPUTY | {"level": None, "status": ""}]))
    lin = store.deputy("086")
    assert (lin.title, lin.level, lin.status) == ("医生", "", "away")


def test_numbers_that_a_spreadsheet_shortened_are_the_same_deputy() -> None:
    store = Store()
    store.apply(roster(stations=[STATION], deputies=[DEPUTY]))
    for number in (86, 86.0, "86", "０８６", " 086 "):
        assert store.apply(roster(deputies=[DEPUTY | {"number": number}])).unchanged == 1


def test_chinese_headings_and_choices_are_understood() -> None:
    store = Store()
    rows = {
        "站点": {"编号前缀*": "ＨＰ", "名称*": "海平站", "层级": "中心站"},
        "代表": {"代表编号*": 86, "姓名*": "林秋", "所在站前缀": "ＨＰ", "状态": "在任"},
        "部门": {"代码": "fayuan", "名称": "人民法院", "类别": "司法", "受限": "否"},
        "联络员": {"姓名": "甲", "部门代码": "fayuan"},
        "工作人员": {"姓名": "乙", "所在站前缀": "HP", "角色": "工作人员"},
    }
    store.apply(roster(**{sheet: [row] for sheet, row in rows.items()}))
    assert store.deputy("086").status == "active"
    assert store.rows[Department]["fayuan"].refer_only


def test_rows_may_refer_to_later_rows_and_to_the_store() -> None:
    store = Store()
    store.apply(roster(stations=[STATION | {"prefix": "HB", "parent": "HP"}, STATION]))
    store.apply(
        roster(
            deputies=[
                DEPUTY | {"substitute": "87"},
                DEPUTY | {"number": "087", "name": "张", "station": "HB", "substitute": "086"},
            ]
        )
    )
    assert store.deputy("086").substitute_id == store.deputy("087").id
    assert store.deputy("087").substitute_id == store.deputy("086").id


def test_everything_wrong_is_told_at_once_with_sheet_row_and_column() -> None:
    assert problems(
        stations=[STATION | {"tier": "分站"}, {"prefix": "hp站", "name": ""}, STATION | {"phone": "打给我"}],
        deputies=[{"number": "086", "name": "林" * 41}],
        staff=[{"name": "甲", "role": "staff"}],
    ) == [
        ("roster.choice", "stations", 2, "tier"),
        ("roster.form", "stations", 3, "prefix"),
        ("roster.empty", "stations", 3, "name"),
        ("roster.form", "stations", 4, "phone"),
        ("roster.too_long", "deputies", 2, "name"),
        ("roster.empty", "deputies", 2, "station"),
        ("roster.staff_station", "staff", 2, "station"),
    ]


@pytest.mark.parametrize(
    ("sheets", "expected"),
    [
        ({"stations": [STATION, STATION]}, ("roster.twice", "stations", 3, "prefix")),
        ({"stations": [STATION | {"parent": "ZZ"}]}, ("roster.no_station", "stations", 2, "parent")),
        ({"stations": [STATION | {"parent": "HP"}]}, ("roster.own_parent", "stations", 2, "parent")),
        ({"deputies": [DEPUTY]}, ("roster.no_station", "deputies", 2, "station")),
        (
            {"stations": [STATION], "deputies": [DEPUTY | {"substitute": "999"}]},
            ("roster.no_deputy", "deputies", 2, "substitute"),
        ),
        (
            {"stations": [STATION], "deputies": [DEPUTY | {"substitute": "86"}]},
            ("roster.own_substitute", "deputies", 2, "substitute"),
        ),
        ({"officers": [{"name": "甲", "department": "zhzf"}]}, ("roster.no_department", "officers", 2, "department")),
        ({"staff": [{"name": "甲", "station": "HP", "role": "admin"}]}, ("roster.no_station", "staff", 2, "station")),
        ({"stations": [STATION | {"prefx": "HP"}]}, ("roster.unknown_column", "stations", 2, "prefx")),
        ({"people": [STATION]}, ("roster.unknown_sheet", "people", None, None)),
        ({"stations": [STATION | {"name": ["a", "b"]}]}, ("roster.not_text", "stations", 2, "name")),
        ({"stations": [{"备注": "示例"} | STATION]}, ("roster.nothing", None, None, None)),
        ({}, ("roster.nothing", None, None, None)),
    ],
)
def test_what_is_refused(sheets: dict, expected: tuple) -> None:
    assert problems(**sheets) == [expected]


def test_stations_above_each_other_are_refused() -> None:
    ring = [STATION | {"prefix": "AA", "parent": "BB"}, STATION | {"prefix": "BB", "parent": "AA"}]
    assert [key for key, *_ in problems(stations=ring)] == ["roster.circle", "roster.circle"]


def test_a_number_at_several_stations_is_no_substitute_for_a_third() -> None:
    three = [STATION, STATION | {"prefix": "HB"}, STATION | {"prefix": "DH"}]
    same = [DEPUTY | {"number": "087", "station": at} for at in ("HP", "HB")]
    found = problems(stations=three, deputies=[*same, DEPUTY | {"station": "DH", "substitute": "087"}])
    assert found == [("roster.which_deputy", "deputies", 4, "substitute")]


def test_nothing_is_touched_when_a_reference_leads_nowhere() -> None:
    store = Store()
    with pytest.raises(RosterInvalid):
        store.apply(roster(stations=[STATION], deputies=[DEPUTY, DEPUTY | {"number": "1", "station": "ZZ"}]))
    assert not any(store.rows.values())


def test_a_deputy_who_leaves_loses_the_role_and_returns_only_by_a_new_invitation() -> None:
    store = Store()
    store.apply(roster(stations=[STATION], deputies=[DEPUTY]))
    lin = store.deputy("086")
    store.roles(lin)[0].contact_id = 7
    store.apply(roster(deputies=[DEPUTY | {"status": "离任"}]))
    assert [m.active for m in store.roles(lin)] == [False]
    store.apply(roster(deputies=[DEPUTY | {"status": "在任"}]))
    assert [(m.active, m.contact_id) for m in store.roles(lin)] == [(False, 7), (True, None)]


def test_a_number_given_to_somebody_else_does_not_pass_the_role_on() -> None:
    store = Store()
    store.apply(roster(stations=[STATION], deputies=[DEPUTY]))
    lin = store.deputy("086")
    store.apply(roster(deputies=[DEPUTY | {"name": "林秋秋"}]))
    assert [(m.name, m.active) for m in store.roles(lin)] == [("林秋秋", True)]
    store.roles(lin)[0].contact_id = 7
    store.apply(roster(deputies=[DEPUTY | {"name": "新代表"}]))
    assert [(m.name, m.active, m.contact_id) for m in store.roles(lin)] == [
        ("林秋秋", False, 7),
        ("新代表", True, None),
    ]


def test_a_role_that_was_taken_away_stays_away() -> None:
    store = Store()
    rows = {"stations": [STATION], "deputies": [DEPUTY], "staff": [{"name": "甲", "station": "HP", "role": "staff"}]}
    store.apply(roster(**rows))
    for member in store.rows[Member].values():
        member.active = False
    store.apply(roster(**rows))
    assert [m.active for m in store.rows[Member].values()] == [False, False]
