"""Rows of a file → a roster that is right as far as the file alone can tell, or everything that is wrong with it."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from routing.roster_cells import read_cell
from routing.roster_sheets import (
    IGNORED_SHEETS,
    SHEETS,
    Problem,
    RawRow,
    RosterInvalid,
    Sheet,
    Value,
    find_sheet,
    fold,
    is_example,
)

#: A file by sheet name, as written in it.
Tables = Mapping[str, Sequence[RawRow]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A checked row. `values` holds only the columns that the file has; the others stay as they are in the store."""

    row: int
    values: Mapping[str, Value]

    def text(self, column: str) -> str:
        """A text column, "" where it is empty or absent."""
        value = self.values.get(column)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Roster:
    """Checked entries by sheet key ("stations", "deputies", …), in the order of the file."""

    sheets: Mapping[str, Sequence[Entry]] = field(default_factory=dict)

    def __getitem__(self, sheet: str) -> Sequence[Entry]:
        return self.sheets.get(sheet, ())


def read_roster(tables: Tables) -> Roster:
    """Check every cell. Raises `RosterInvalid` with all problems at once.

    What a row refers to (a station, a department) may stand in the file or in the store already, so that is checked
    by `apply_roster`.
    """
    problems: list[Problem] = []
    found: dict[str, list[Entry]] = {}
    for name, rows in tables.items():
        sheet = find_sheet(name)
        if sheet is None:
            if fold(name).lower() not in IGNORED_SHEETS:
                problems.append(Problem("roster.unknown_sheet", sheet=name[:40], params=_sheet_hint()))
        elif sheet.key in found:
            problems.append(Problem("roster.sheet_twice", sheet=sheet.key))
        else:
            found[sheet.key] = _read_sheet(sheet, rows, problems)
    if not problems and not any(found.values()):
        problems.append(Problem("roster.nothing"))
    if problems:
        raise RosterInvalid(problems)
    return Roster(found)


def _read_sheet(sheet: Sheet, rows: Sequence[RawRow], problems: list[Problem]) -> list[Entry]:
    entries: list[Entry] = []
    first: dict[tuple[Value, ...], int] = {}
    unknown: set[str] = set()
    for raw in rows:
        if is_example(raw.cells) or not any(cell not in (None, "", []) for cell in raw.cells.values()):
            continue
        before = len(problems)
        values = _read_row(sheet, raw, unknown, problems)
        if len(problems) > before:
            continue
        key = tuple(_hashable(values.get(name)) for name in sheet.natural_key)
        if key in first:
            at = {"first": first[key], "value": "、".join(str(part) for part in key if part)}
            problems.append(Problem("roster.twice", sheet.key, raw.row, sheet.natural_key[-1], at))
            continue
        first[key] = raw.row
        entries.append(Entry(raw.row, values))
    return entries


def _read_row(sheet: Sheet, raw: RawRow, unknown: set[str], problems: list[Problem]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, cell in raw.cells.items():
        column = sheet.column(name)
        if column is None:
            # Said once for a sheet, not once for each of its rows.
            if name not in unknown:
                unknown.add(name)
                problems.append(Problem("roster.unknown_column", sheet.key, raw.row, name[:40], _hint(sheet, name)))
            continue
        if column.key == "note" or (column.keep and cell in (None, "")):
            continue
        try:
            values[column.key] = read_cell(column, cell)
        except ValueError as error:
            key, params = error.args
            problems.append(Problem(key, sheet.key, raw.row, column.key, params))
    given = {column.key for name in raw.cells if (column := sheet.column(name))}
    for column in sheet.columns:
        if column.required and column.key not in given:
            problems.append(Problem("roster.empty", sheet.key, raw.row, column.key))
    _check_row(sheet, raw, values, problems)
    return values


def _check_row(sheet: Sheet, raw: RawRow, values: Mapping[str, Value], problems: list[Problem]) -> None:
    if sheet.key == "stations" and values.get("parent") and values["parent"] == values.get("prefix"):
        problems.append(Problem("roster.own_parent", sheet.key, raw.row, "parent"))
    if sheet.key == "deputies" and values.get("substitute") and values["substitute"] == values.get("number"):
        problems.append(Problem("roster.own_substitute", sheet.key, raw.row, "substitute"))
    if sheet.key == "staff" and values.get("role") == "staff" and not values.get("station"):
        problems.append(Problem("roster.staff_station", sheet.key, raw.row, "station"))


def _hashable(value: Value) -> Value:
    return "、".join(value) if isinstance(value, list) else value


def _hint(sheet: Sheet, name: str) -> dict[str, str]:
    names = [column.heading for column in sheet.columns] + [column.key for column in sheet.columns]
    close = difflib.get_close_matches(fold(name).lower(), names, n=1)
    return {"known": close[0] if close else "、".join(column.heading for column in sheet.columns)}


def _sheet_hint() -> dict[str, str]:
    return {"known": "、".join(sheet.heading for sheet in SHEETS)}
