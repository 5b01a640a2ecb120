"""Writing rows out so that what a citizen wrote stays text: no cell of theirs becomes a formula.

Why: https://owasp.org/www-community/attacks/CSV_Injection. In .xlsx a cell has a type, so text is stored as text and
marked "quotePrefix" (what a typed apostrophe sets), which keeps it text when it is edited; the words stay as they were.
"""

import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final, TextIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

Row = Mapping[str, Any]

#: What a spreadsheet's cell may hold (Excel's limit); longer text ends with a mark. JSON lines keep it whole.
MAX_CELL: Final = 32_767
#: A row of a sheet is numbered to here (Excel's limit).
MAX_ROWS: Final = 1_048_576
_CUT: Final = "…〔过长，已截断；全文见 jsonl 导出〕"
_MAX_EXACT: Final = 10**15
_BEIJING: Final = timezone(timedelta(hours=8))

# Plain and full-width signs, after any blanks; a tab or line end may hide what follows. The dash is one that
# spreadsheets turn into a minus.
_FORMULA: Final = re.compile(r"^[\t\r\n]|^\s*[=+\-@|%＝＋－＠–−]")
# What XML 1.0 can't hold, and lone surrogates, which UTF-8 can't.
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Excel reads _x0041_ in a cell as "A".
_ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def write_jsonl(rows: Iterable[Row], file: TextIO) -> int:
    """One JSON object a line, lossless; returns how many. `file` is open as UTF-8 text.

    Moments are ISO 8601 in UTC. Line separators inside a text are escaped, so a line is always one row.
    """
    count = 0
    for row in rows:
        file.write(_json_line(row) + "\n")
        count += 1
    return count


def write_xlsx(rows: Iterable[Row], path: Path, sheet: str = "诉求件") -> int:
    """One sheet with a heading row; returns how many rows. The columns are those of the first row.

    Moments are shown in Beijing time. Raises `ValueError` beyond 1,048,575 rows, and where a row has other columns.
    """
    return write_sheets({sheet: rows}, path)


def write_sheets(sheets: Mapping[str, Iterable[Row]], path: Path) -> int:
    """As `write_xlsx`, a sheet each by name; returns how many rows there are in all."""
    book = Workbook(write_only=True)
    count = 0
    try:
        for name, rows in sheets.items():
            page = book.create_sheet(name)
            page.freeze_panes = "A2"
            count += _fill(page, rows)
        file = path.open("wb")
    except BaseException:
        # openpyxl collects rows in a temporary file, which only a save removes.
        book.save(io.BytesIO())
        raise
    with file:
        book.save(file)
    return count


def _fill(page: Any, rows: Iterable[Row]) -> int:
    columns: list[str] | None = None
    count = 0
    for row in rows:
        if columns is None:
            columns = list(row)
            page.append([_heading(page, name) for name in columns])
        if list(row) != columns:
            raise ValueError(f"row {count + 1} has other columns than the first: {sorted(set(row) ^ set(columns))}")
        count += 1
        if count >= MAX_ROWS:
            raise ValueError(f"a sheet holds {MAX_ROWS - 1} rows; export jsonl, or fewer cases")
        page.append([_cell(page, row[name]) for name in columns])
    return count


def is_formula_like(text: str) -> bool:
    """Whether a spreadsheet might read `text` as a formula."""
    return bool(_FORMULA.match(text))


def _json_line(row: Row) -> str:
    line = json.dumps(row, ensure_ascii=False, default=_json_value)
    try:
        line.encode()
    except UnicodeEncodeError:
        return json.dumps(row, default=_json_value)
    # These end a line for some readers; in JSON they can only stand inside a text.
    return line.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} can't be exported")


def _heading(page: Any, name: str) -> Any:
    cell = _text_cell(page, name)
    cell.font = Font(bold=True)
    return cell


def _cell(page: Any, value: Any) -> Any:
    if value is None or isinstance(value, bool) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, int):
        # A spreadsheet counts in 15 digits; the case's own id has more.
        return value if abs(value) < _MAX_EXACT else _text_cell(page, str(value))
    if isinstance(value, datetime):
        return _text_cell(page, value.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S"))
    if isinstance(value, date):
        return _text_cell(page, value.isoformat())
    if isinstance(value, list | tuple | dict):
        return _text_cell(page, json.dumps(value, ensure_ascii=False, default=_json_value))
    return _text_cell(page, str(value))


def _text_cell(page: Any, text: str) -> Any:
    if len(text) > MAX_CELL:
        text = text[: MAX_CELL - len(_CUT)] + _CUT
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _ESCAPED.sub("_x005F_", _ILLEGAL.sub("\ufffd", text))
    cell = WriteOnlyCell(page, text)
    # openpyxl makes a formula of "=…" and an error of "#N/A".
    cell.data_type = "s"
    cell.quotePrefix = is_formula_like(text)
    return cell
