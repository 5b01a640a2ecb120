"""A roster as a workbook (.xlsx): a sheet a table, its first row the headings."""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from cli.tables_limits import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_PARTS,
    MAX_ROWS,
    MAX_SHEETS,
    MAX_UNPACKED,
    invalid,
)
from routing.roster_read import Tables
from routing.roster_sheets import Cell, RawRow, RosterInvalid


def read_xlsx(path: Path) -> Tables:
    """The rows by sheet. Raises `RosterInvalid`, and `OSError` where the file can't be opened."""
    _check_archive(path)
    try:
        # It warns of drawings and validations, which a roster has no use for.
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore", UserWarning)
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            if len(book.worksheets) > MAX_SHEETS:
                raise invalid("file.sheets", most=MAX_SHEETS)
            return {sheet.title: _sheet_rows(sheet) for sheet in book.worksheets}
    except RosterInvalid:
        raise
    # Whatever openpyxl stumbles over in a damaged file, from zip to XML to a missing part, means the same.
    except Exception as error:
        raise invalid("file.broken") from error


def _check_archive(path: Path) -> None:
    """What a zip declares it holds; `zipfile` reads no more than is declared."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise invalid("file.broken") from error
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise invalid("file.unpacked", most=MAX_UNPACKED // (1024 * 1024))


def _sheet_rows(sheet: Any) -> list[RawRow]:
    # A file may declare a million empty rows, or fewer than it has.
    sheet.reset_dimensions()
    headings: list[str] | None = None
    rows: list[RawRow] = []
    for number, values in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1, values_only=True), start=1):
        if all(value is None for value in values):
            continue
        if len(values) > MAX_COLUMNS and values[MAX_COLUMNS] is not None:
            raise invalid("file.columns", sheet.title, number, most=MAX_COLUMNS)
        if any(isinstance(value, str) and len(value) > MAX_CELL for value in values):
            raise invalid("file.cell", sheet.title, number, most=MAX_CELL)
        if headings is None:
            headings = [str(value).strip() if value is not None else "" for value in values[:MAX_COLUMNS]]
            _check_headings(sheet.title, number, headings)
            continue
        if len(rows) == MAX_ROWS:
            raise invalid("file.rows", sheet.title, number, most=MAX_ROWS)
        rows.append(RawRow(number, dict(_pairs(headings, values))))
    return rows


def _check_headings(sheet: str, row: int, headings: Sequence[str]) -> None:
    named = [heading for heading in headings if heading]
    doubled = {heading for heading in named if named.count(heading) > 1}
    if doubled:
        raise invalid("file.heading_twice", sheet, row, value="、".join(sorted(doubled)))


def _pairs(headings: Sequence[str], values: Sequence[Cell]) -> Iterator[tuple[str, Cell]]:
    for position, heading in enumerate(headings):
        if heading:
            yield heading, values[position] if position < len(values) else None
