"""Exports: lossless lines, and sheets in which nothing that a citizen wrote is a formula."""

import io
import json
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from cli.exporting import is_formula_like, write_jsonl, write_xlsx

CORPORA = Path(__file__).parents[3] / "shared/corpora"
FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(1+1)*cmd|' /C calc'!A0", "\t=1", "\r=1", "\n=1", "  =1", "＝1+1", "＋1", "－1",
    "＠SUM(A1)", "=HYPERLINK(\"http://a.example\",\"x\")", "=cmd|'/C calc'!'A1'", "–2+3", "−2",
]  # fmt: skip
TEXTS = [
    "路灯不亮", "a=b", "1-2", "", " 前后有空格 ", "一\n二", "😀", "#N/A", "#REF!", "_x0041_", "12345678901234567", "'x",
]  # fmt: skip


def exported(texts: list[str], folder: Path) -> list[str | None]:
    path = folder / "cases.xlsx"
    assert write_xlsx([{"text": text} for text in texts], path) == len(texts)
    book = load_workbook(path)
    rows = list(book.active.iter_rows(min_row=2))
    assert all(row[0].data_type in ("s", "n", "inlineStr") and row[0].data_type != "f" for row in rows)
    assert all(row[0].value is None or isinstance(row[0].value, str) for row in rows)
    quoted = [row[0].quotePrefix for row in rows]
    assert quoted == [is_formula_like(text.replace("\r", "\n")) for text in texts]
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "<f " not in sheet
    return [row[0].value for row in rows]


def test_no_cell_is_a_formula_and_words_stay_as_they_were(tmp_path: Path) -> None:
    assert all(is_formula_like(text) for text in FORMULAS)
    assert exported(FORMULAS, tmp_path) == [text.replace("\r", "\n") for text in FORMULAS]


def test_ordinary_texts_stay_as_they_were(tmp_path: Path) -> None:
    assert not any(is_formula_like(text) for text in TEXTS)
    read_back = [text if text is not None else "" for text in exported(TEXTS, tmp_path)]
    # openpyxl doesn't undo the escape that Excel undoes.
    assert [text.replace("_x005F_", "_") for text in read_back] == TEXTS


def test_the_known_attack_lists_stay_text(tmp_path: Path) -> None:
    lists = sorted((CORPORA / "patt").glob("*"))
    naughty = CORPORA / "blns/blns.json"
    if not lists or not naughty.exists():
        pytest.skip(f"{CORPORA} is not on this machine")
    lines = [line.strip() for file in lists for line in re.split(r"[\r\n]+", file.read_text("utf-8", "replace"))]
    texts = [text for text in [*lines, *json.loads(naughty.read_text("utf-8"))] if text]
    assert sum(is_formula_like(text) for text in texts) > 20
    assert len(exported(texts, tmp_path)) == len(texts)


def test_what_a_sheet_cannot_hold_is_marked(tmp_path: Path) -> None:
    bell, half, long = exported(["a\x00\x07b", "a\ud800b\uffff", "长" * 40_000], tmp_path)
    assert (bell, half) == ("a\ufffd\ufffdb", "a\ufffdb\ufffd")
    assert long is not None
    assert len(long) == 32_767
    assert long.endswith("全文见 jsonl 导出〕")


def test_numbers_moments_and_lists(tmp_path: Path) -> None:
    path = tmp_path / "cases.xlsx"
    row = {
        "id": 381234567890123456, "parts": 3, "at": datetime(2026, 11, 22, 16, 30, tzinfo=UTC),
        "co": ["zhzf", "ga"], "rating": None, "sealed": False, "bad": float("nan"),
    }  # fmt: skip
    write_xlsx([row], path)
    values = [cell.value for cell in load_workbook(path).active[2]]
    assert values == ["381234567890123456", 3, "2026-11-23 00:30:00", '["zhzf", "ga"]', None, False, "nan"]


def test_rows_of_other_shapes_are_refused_and_none_is_fine(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="other columns"):
        write_xlsx([{"a": 1}, {"b": 1}], tmp_path / "x.xlsx")
    assert write_xlsx([], tmp_path / "x.xlsx") == 0
    assert load_workbook(tmp_path / "x.xlsx").active.max_row <= 1


def test_lines_are_lossless_and_one_a_row() -> None:
    texts = [*FORMULAS, *TEXTS, "a\u2028b\u2029c\x85d\x0be\x00", "\ud800", "長"]
    file = io.StringIO()
    assert write_jsonl([{"text": text, "at": datetime(2026, 1, 1, tzinfo=UTC)} for text in texts], file) == len(texts)
    lines = file.getvalue().encode().decode().removesuffix("\n").split("\n")
    assert [json.loads(line)["text"] for line in lines] == texts
    assert json.loads(lines[0])["at"] == "2026-01-01T00:00:00+00:00"
    assert not any(mark in file.getvalue() for mark in "\u2028\u2029\x85")
    assert "路灯不亮" in file.getvalue()
