"""Reading a roster file (.xlsx or .yaml) into rows, within limits that a hostile or broken file can't pass."""

from pathlib import Path

from cli.tables_limits import MAX_FILE, MAX_YAML, invalid
from cli.tables_yaml import read_yaml
from routing.roster_read import Tables


def read_tables(path: Path) -> Tables:
    """The rows of a file by sheet, unchecked. Raises `RosterInvalid` where it isn't such a file or is too large, and
    `OSError` where it can't be opened."""
    kind = path.suffix.lower()
    size = path.stat().st_size
    if kind == ".xlsx":
        _limit(size, MAX_FILE)
        # The demo county comes through here at every start of `serve --demo`, and openpyxl takes 8 MB.
        from cli.tables_xlsx import read_xlsx

        return read_xlsx(path)
    if kind in (".yaml", ".yml"):
        _limit(size, MAX_YAML)
        return read_yaml(path)
    raise invalid("file.kind", name=path.name)


def _limit(size: int, most: int) -> None:
    if size > most:
        raise invalid("file.size", most=most // (1024 * 1024))
