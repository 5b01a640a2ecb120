"""What a roster file may hold: limits that a hostile or broken file can't pass, and how it is refused."""

from typing import Final

from routing.roster_sheets import Problem, RosterInvalid

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


def invalid(key: str, sheet: str | None = None, row: int | None = None, **params: object) -> RosterInvalid:
    """To be raised: the file, or this row of it, can't be read."""
    return RosterInvalid([Problem(key, sheet, row, None, params)])
