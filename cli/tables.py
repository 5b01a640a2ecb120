"""Reading a roster file (.xlsx or .yaml) into rows, within limits that a hostile or broken file can't pass."""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from openpyxl import load_workbook

from routing.roster_read import Tables
from routing.roster_sheets import Cell, Problem, RawRow, RosterInvalid

MAX_FILE: Final = 8 * 1024 * 1024
MAX_UNPACKED: Final = 64 * 1024 * 1024
MAX_PARTS: Final = 200
MAX_SHEETS: Final = 20
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 60
MAX_CELL: Final = 4_000
#: YAML is read into memory several times its size.
MAX_YAML: Final = 2 * 1024 * 1024
MAX_DEPTH: Final = 8

# The C parser is ten times as fast; a PyYAML built without it lacks the name.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_tables(path: Path) -> Tables:
    """The rows of a file by sheet, unchecked. Raises `RosterInvalid` where it isn't such a file or is too large, and
    `OSError` where it can't be opened."""
    kind = path.suffix.lower()
    size = path.stat().st_size
    if kind == ".xlsx":
        _limit(size, MAX_FILE)
        return _read_xlsx(path)
    if kind in (".yaml", ".yml"):
        _limit(size, MAX_YAML)
        return _read_yaml(path)
    raise _invalid("file.kind", name=path.name)


def _limit(size: int, most: int) -> None:
    if size > most:
        raise _invalid("file.size", most=most // (1024 * 1024))


def _invalid(key: str, sheet: str | None = None, row: int | None = None, **params: object) -> RosterInvalid:
    return RosterInvalid([Problem(key, sheet, row, None, params)])


def _read_xlsx(path: Path) -> Tables:
    _check_archive(path)
    try:
        # It warns of drawings and validations, which a roster has no use for.
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore", UserWarning)
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            if len(book.worksheets) > MAX_SHEETS:
                raise _invalid("file.sheets", most=MAX_SHEETS)
            return {sheet.title: _sheet_rows(sheet) for sheet in book.worksheets}
    except RosterInvalid:
        raise
    # Whatever openpyxl stumbles over in a damaged file, from zip to XML to a missing part, means the same.
    except Exception as error:
        raise _invalid("file.broken", reason=_reason(error)) from error


def _check_archive(path: Path) -> None:
    """What a zip declares it holds; `zipfile` reads no more than is declared."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _invalid("file.broken", reason=_reason(error)) from error
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise _invalid("file.unpacked", most=MAX_UNPACKED // (1024 * 1024))


def _sheet_rows(sheet: Any) -> list[RawRow]:
    # A file may declare a million empty rows, or fewer than it has.
    sheet.reset_dimensions()
    headings: list[str] | None = None
    rows: list[RawRow] = []
    for number, values in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1, values_only=True), start=1):
        if all(value is None for value in values):
            continue
        if len(values) > MAX_COLUMNS and values[MAX_COLUMNS] is not None:
            raise _invalid("file.columns", sheet.title, number, most=MAX_COLUMNS)
        if any(isinstance(value, str) and len(value) > MAX_CELL for value in values):
            raise _invalid("file.cell", sheet.title, number, most=MAX_CELL)
        if headings is None:
            headings = [str(value).strip() if value is not None else "" for value in values[:MAX_COLUMNS]]
            _check_headings(sheet.title, number, headings)
            continue
        if len(rows) == MAX_ROWS:
            raise _invalid("file.rows", sheet.title, number, most=MAX_ROWS)
        rows.append(RawRow(number, dict(_pairs(headings, values))))
    return rows


def _check_headings(sheet: str, row: int, headings: Sequence[str]) -> None:
    named = [heading for heading in headings if heading]
    doubled = {heading for heading in named if named.count(heading) > 1}
    if doubled:
        raise _invalid("file.heading_twice", sheet, row, value="、".join(sorted(doubled)))


def _pairs(headings: Sequence[str], values: Sequence[Cell]) -> Iterator[tuple[str, Cell]]:
    for position, heading in enumerate(headings):
        if heading:
            yield heading, values[position] if position < len(values) else None


def _read_yaml(path: Path) -> Tables:
    try:
        text = path.read_text("utf-8-sig")
        _check_events(text)
        root = yaml.compose(text, Loader=_Loader)
    except UnicodeDecodeError as error:
        raise _invalid("file.utf8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _invalid("file.yaml", None, line, reason=error.problem or "") from error
    except (yaml.YAMLError, ValueError) as error:
        raise _invalid("file.yaml", reason=_reason(error)) from error
    if root is None:
        return {}
    tables: dict[str, list[RawRow]] = {}
    for name, node in _mapping(root, "file.yaml_sheets"):
        if name in tables:
            raise _invalid("roster.sheet_twice", name, _line(node))
        tables[name] = [_yaml_row(name, item) for item in _items(name, node)]
    return tables


def _check_events(text: str) -> None:
    """Refuse aliases (a short file may unfold to gigabytes) and deep nesting before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise _invalid("file.yaml_alias", None, _line(event))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _invalid("file.yaml_depth", None, _line(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _mapping(node: yaml.Node, key: str, sheet: str | None = None) -> Iterator[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise _invalid(key, sheet, _line(node))
    for name, value in node.value:
        if not isinstance(name, yaml.ScalarNode):
            raise _invalid(key, sheet, _line(name))
        yield str(name.value), value


def _items(sheet: str, node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null"):
        return []
    if not isinstance(node, yaml.SequenceNode):
        raise _invalid("file.yaml_list", sheet, _line(node))
    if len(node.value) > MAX_ROWS:
        raise _invalid("file.rows", sheet, _line(node), most=MAX_ROWS)
    return list(node.value)


def _yaml_row(sheet: str, node: yaml.Node) -> RawRow:
    cells: dict[str, Cell] = {}
    for name, value in _mapping(node, "file.yaml_row", sheet):
        if name in cells:
            raise _invalid("file.heading_twice", sheet, _line(value), value=name)
        cells[name] = _yaml_cell(sheet, value)
    return RawRow(_line(node), cells)


def _yaml_cell(sheet: str, node: yaml.Node) -> Cell:
    """As written: YAML would read the number 012 as ten, and `no` as false."""
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return [_yaml_cell(sheet, item) for item in node.value]
    if not isinstance(node, yaml.ScalarNode):
        raise _invalid("file.yaml_cell", sheet, _line(node))
    if len(node.value) > MAX_CELL:
        raise _invalid("file.cell", sheet, _line(node), most=MAX_CELL)
    return None if node.tag.endswith(":null") else str(node.value)


def _line(at: Any) -> int:
    """Of a node or an event, from 1."""
    return int(at.start_mark.line) + 1


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
