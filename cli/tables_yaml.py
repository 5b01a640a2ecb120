"""A roster as YAML: a list of mappings a table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cli.tables_limits import MAX_CELL, MAX_DEPTH, MAX_ROWS, invalid
from routing.roster_read import Tables
from routing.roster_sheets import Cell, RawRow

# The C parser is ten times as fast; a PyYAML built without it lacks the name.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Tables:
    """The rows by table. Raises `RosterInvalid`, and `OSError` where the file can't be opened."""
    try:
        text = path.read_text("utf-8-sig")
        _check_events(text)
        root = yaml.compose(text, Loader=_Loader)
    except UnicodeDecodeError as error:
        raise invalid("file.utf8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise invalid("file.yaml", None, line, reason=error.problem or "") from error
    except (yaml.YAMLError, ValueError) as error:
        raise invalid("file.yaml", reason=str(error)[:200]) from error
    if root is None:
        return {}
    tables: dict[str, list[RawRow]] = {}
    for name, node in _mapping(root, "file.yaml_sheets"):
        if name in tables:
            raise invalid("roster.sheet_twice", name, _line(node))
        tables[name] = [_yaml_row(name, item) for item in _items(name, node)]
    return tables


def _check_events(text: str) -> None:
    """Refuse aliases (a short file may unfold to gigabytes) and deep nesting before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise invalid("file.yaml_alias", None, _line(event))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise invalid("file.yaml_depth", None, _line(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _mapping(node: yaml.Node, key: str, sheet: str | None = None) -> Iterator[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise invalid(key, sheet, _line(node))
    for name, value in node.value:
        if not isinstance(name, yaml.ScalarNode):
            raise invalid(key, sheet, _line(name))
        yield str(name.value), value


def _items(sheet: str, node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null"):
        return []
    if not isinstance(node, yaml.SequenceNode):
        raise invalid("file.yaml_list", sheet, _line(node))
    if len(node.value) > MAX_ROWS:
        raise invalid("file.rows", sheet, _line(node), most=MAX_ROWS)
    return list(node.value)


def _yaml_row(sheet: str, node: yaml.Node) -> RawRow:
    cells: dict[str, Cell] = {}
    for name, value in _mapping(node, "file.yaml_row", sheet):
        if name in cells:
            raise invalid("file.heading_twice", sheet, _line(value), value=name)
        cells[name] = _yaml_cell(sheet, value)
    return RawRow(_line(node), cells)


def _yaml_cell(sheet: str, node: yaml.Node) -> Cell:
    """As written: YAML would read the number 012 as ten, and `no` as false."""
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return [_yaml_cell(sheet, item) for item in node.value]
    if not isinstance(node, yaml.ScalarNode):
        raise invalid("file.yaml_cell", sheet, _line(node))
    if len(node.value) > MAX_CELL:
        raise invalid("file.cell", sheet, _line(node), most=MAX_CELL)
    return None if node.tag.endswith(":null") else str(node.value)


def _line(at: Any) -> int:
    """Of a node or an event, from 1."""
    return int(at.start_mark.line) + 1
