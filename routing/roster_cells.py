"""What a cell of a roster file holds, in the form that the store keeps."""

import re
from typing import Final

from routing.roster_sheets import Cell, Column, Value, choice_names, clean, fold

_FLAGS: Final = {"是": True, "yes": True, "true": True, "1": True, "否": False, "no": False, "false": False, "0": False}
_SEPARATORS: Final = re.compile(r"[、，,;；\n]+")


def read_cell(column: Column, cell: Cell) -> Value:
    """The value of a cell. Raises `ValueError(key, params)` where it isn't one."""
    if column.kind == "list":
        return _read_list(column, cell)
    if isinstance(cell, list):
        raise ValueError("roster.not_text", {})
    text = _as_text(cell)
    if not text:
        if column.required:
            raise ValueError("roster.empty", {})
        return column.default
    if len(text) > column.most:
        raise ValueError("roster.too_long", {"most": column.most})
    if column.kind == "flag":
        if fold(text).lower() not in _FLAGS:
            raise ValueError("roster.flag", {"value": text[:40]})
        return _FLAGS[fold(text).lower()]
    if column.kind == "choice":
        chosen = column.choices.get(fold(text).lower())
        if chosen is None:
            raise ValueError("roster.choice", {"value": text[:40], "choices": "、".join(choice_names(column))})
        return chosen
    if column.kind in ("code", "number"):
        text = fold(text)
    if column.kind == "number" and text.isascii() and text.isdigit():
        # Excel drops the zeros that posters show.
        text = text.zfill(3)
    if column.pattern and not re.fullmatch(column.pattern, text):
        raise ValueError("roster.form", {"value": text[:40], "help": column.help})
    return text


def _as_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return clean(str(cell))


def _read_list(column: Column, cell: Cell) -> list[str]:
    parts = cell if isinstance(cell, list) else _SEPARATORS.split(str(cell) if cell is not None else "")
    items = list(dict.fromkeys(item for part in parts if (item := _as_text(part))))
    if any(len(item) > column.most for item in items) or len(items) > 40:
        raise ValueError("roster.too_long", {"most": column.most})
    return items
