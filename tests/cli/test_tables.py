"""Roster files as they come: templates, broken files, bombs."""

import io
import string
import zipfile
from pathlib import Path

import pytest
import yaml
from openpyxl import Workbook, load_workbook

from cli import tables, tables_limits, tables_xlsx, tables_yaml
from cli.roster_messages import describe
from cli.roster_template import EXAMPLE_NOTE, template_workbook, write_template
from cli.tables import read_tables
from routing import roster_read, roster_references, roster_routing
from routing.roster_read import read_roster
from routing.roster_sheets import SHEETS, Problem, RosterInvalid

CORPORA = Path(__file__).parents[3] / "shared/corpora"


def refused(path: Path) -> Problem:
    with pytest.raises(RosterInvalid) as caught:
        read_roster(read_tables(path))
    assert len(caught.value.problems) == 1
    for language in ("zh", "en"):
        assert "{" not in describe(caught.value.problems[0], language)
    return caught.value.problems[0]


def yaml_file(folder: Path, text: str | bytes) -> Path:
    path = folder / "roster.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("name", ["t.xlsx", "t.yaml"])
def test_the_template_imports_nothing_until_it_is_filled_in(tmp_path: Path, name: str) -> None:
    write_template(tmp_path / name)
    assert refused(tmp_path / name).key == "roster.nothing"


@pytest.mark.parametrize("name", ["t.xlsx", "t.yaml"])
def test_the_examples_of_the_template_are_right(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_template(path)
    if name.endswith("yaml"):
        path.write_text(path.read_text("utf-8").replace(EXAMPLE_NOTE, "真的"), "utf-8")
    else:
        book = load_workbook(path)
        for page in book.worksheets[:-1]:
            page.cell(2, page.max_column, "真的")
        book.save(path)
    roster = read_roster(read_tables(path))
    assert [len(roster[sheet.key]) for sheet in SHEETS] == [1] * len(SHEETS)
    assert roster["deputies"][0].values["number"] == "086"
    assert roster["departments"][0].values["aliases"] == ["城管", "城管局", "执法局"]


def test_the_template_has_a_sheet_each_with_all_columns() -> None:
    book = template_workbook()
    assert book.sheetnames == ["站点", "代表", "部门", "联络员", "工作人员", "地点", "规则", "说明"]
    for sheet in SHEETS:
        headings = [cell.value for cell in book[sheet.heading][1]]
        assert headings == [c.heading + "*" * c.required for c in sheet.columns]


def test_rows_carry_the_number_that_the_reader_sees(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    page.title = "站点"
    for row, values in ((1, ["编号前缀", "名称"]), (3, ["HP", "海平站"]), (7, ["hb", "海珀站"])):
        for column, value in enumerate(values, 1):
            page.cell(row, column, value)
    book.save(tmp_path / "t.xlsx")
    problem = refused(tmp_path / "t.xlsx")
    assert (problem.key, problem.sheet, problem.row, problem.column) == ("roster.form", "stations", 7, "prefix")
    assert describe(problem).startswith("【站点】第 7 行“编号前缀”：“hb”的写法不对")

    problem = refused(yaml_file(tmp_path, "stations:\n\n  - {prefix: HP, name: a}\n  - prefix: HP\n    name: b\n"))
    assert (problem.key, problem.row) == ("roster.twice", 4)
    assert describe(problem, "en") == '[stations] row 4 "prefix": "HP" repeats row 3; remove one.'


def test_yaml_values_stay_as_written(tmp_path: Path) -> None:
    path = yaml_file(tmp_path, "deputies:\n- {number: 012, name: no, station: HP, title: ~, skills: [1e3, 是]}\n")
    assert read_tables(path)["deputies"][0].cells == {
        "number": "012", "name": "no", "station": "HP", "title": None, "skills": ["1e3", "是"],
    }  # fmt: skip


def test_a_formula_counts_as_what_it_showed(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "stations"
    book.active.append(["prefix", "name"])
    book.active.append(["HP", "=1+1"])
    book.save(tmp_path / "t.xlsx")
    assert refused(tmp_path / "t.xlsx").key == "roster.empty"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("stations: [", "file.yaml"),
        ("stations: 5", "file.yaml_list"),
        ("- a", "file.yaml_sheets"),
        ("? [a]\n: b", "file.yaml_sheets"),
        ("stations: [a]", "file.yaml_row"),
        ("stations: [{prefix: {a: b}}]", "file.yaml_cell"),
        ("stations: [{name: [[a]]}]", "file.yaml_cell"),
        ("stations: [{prefix: HP, prefix: HB}]", "file.heading_twice"),
        ("stations: []\nstations: []", "roster.sheet_twice"),
        ("stations: []\n站点: []", "roster.sheet_twice"),
        ("a: &x [1]\nb: [*x, *x]", "file.yaml_alias"),
        ("stations: " + "[" * 20 + "]" * 20, "file.yaml_depth"),
        pytest.param("[" * 500_000, "file.yaml_depth", id="deep"),
        ("stations: !!python/object/apply:os.system [true]", "file.yaml_row"),
        pytest.param("stations: [{name: " + "长" * 5000 + "}]", "file.cell", id="long"),
        ("a: 1\n---\nb: 2", "file.yaml"),
        ("a: \x07", "file.yaml"),
        ("", "roster.nothing"),
        (b"stations: \xff\xfe", "file.utf8"),
        pytest.param(b"\x00" * 100, "file.yaml", id="zeros"),
    ],
)
def test_yaml_that_is_not_a_roster(tmp_path: Path, text: str | bytes, key: str) -> None:
    assert refused(yaml_file(tmp_path, text)).key == key


def test_files_of_other_kinds_and_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("prefix,name")
    assert refused(tmp_path / "a.csv").key == "file.kind"
    for number, content in enumerate((b"", b"PK\x03\x04", b"<html>", b"\x00" * 1000)):
        path = tmp_path / f"{number}.xlsx"
        path.write_bytes(content)
        assert refused(path).key == "file.broken"
    monkeypatch.setattr(tables, "MAX_FILE", 100)
    template_workbook().save(tmp_path / "big.xlsx")
    assert refused(tmp_path / "big.xlsx").key == "file.size"


def changed(folder: Path, part: str, content: bytes) -> Path:
    """The template with one of its parts replaced."""
    whole = io.BytesIO()
    template_workbook().save(whole)
    path = folder / "changed.xlsx"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return path


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    assert refused(changed(tmp_path, "xl/worksheets/sheet1.xml", b" " * (tables_limits.MAX_UNPACKED + 1))).key == (
        "file.unpacked"
    )


def test_xml_attacks_in_a_sheet_are_a_broken_file(tmp_path: Path) -> None:
    bombs = sorted((CORPORA / "defusedxml").rglob("*.xml"))
    if not bombs:
        pytest.skip(f"{CORPORA}/defusedxml is not on this machine")
    for bomb in bombs:
        for part in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"):
            assert refused(changed(tmp_path, part, bomb.read_bytes())).key in ("file.broken", "roster.nothing")


def sheet_xml(rows: str) -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    size = '<dimension ref="A1:XFD1048576"/>'
    return f'<worksheet xmlns="{main}">{size}<sheetData>{rows}</sheetData></worksheet>'.encode()


def cell(reference: str, value: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{value}</t></is></c>'


def test_sparse_and_endless_sheets_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = "xl/worksheets/sheet1.xml"
    head = f'<row r="1">{cell("A1", "prefix")}{cell("B1", "name")}</row>'
    last = f'<row r="900000">{cell("A900000", "hp")}{cell("XFD900000", "x")}</row>'
    far = changed(tmp_path, part, sheet_xml(head + last))
    with pytest.raises(RosterInvalid) as caught:
        read_roster(read_tables(far))
    assert {(p.key, p.row) for p in caught.value.problems} == {("roster.form", 900000), ("roster.empty", 900000)}

    letters = [a + b for a in ["", *string.ascii_uppercase[:2]] for b in string.ascii_uppercase][:61]
    wide = head + '<row r="2">' + "".join(cell(f"{letter}2", "x") for letter in letters) + "</row>"
    assert refused(changed(tmp_path, part, sheet_xml(wide))).key == "file.columns"

    monkeypatch.setattr(tables_xlsx, "MAX_ROWS", 3)
    rows = "".join(f'<row r="{n}">{cell(f"A{n}", "HP")}</row>' for n in range(2, 6))
    assert refused(changed(tmp_path, part, sheet_xml(head + rows))).key == "file.rows"


def test_every_problem_has_its_sentence_in_both_languages() -> None:
    words = yaml.safe_load(Path(tables.__file__).with_name("wording").joinpath("roster.yaml").read_text("utf-8"))
    used = set()
    for module in (tables, tables_xlsx, tables_yaml, roster_read, roster_references, roster_routing):
        source = Path(module.__file__).read_text("utf-8")
        used |= {key for key in words if f'"{key}"' in source}
    cells = Path(roster_read.__file__).with_name("roster_cells.py").read_text("utf-8")
    used |= {key for key in words if f'"{key}"' in cells}
    assert used == set(words) - {"place"}
    for key in used:
        fields = [
            {name for _, name, *_ in string.Formatter().parse(words[key][language]) if name}
            for language in ("zh", "en")
        ]
        assert fields[0] == fields[1], key
