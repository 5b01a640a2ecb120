"""What `benchmarks/classifiers.py` measured, as tables: a line a contestant, the sets beside one another."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

TITLES = {
    "leaf": "The project's own test sentences: leaf top-1 / top-3, department top-1 (%)",
    "label": "Lent messages, one fold of five by group: accuracy / macro-F1 / top-3, calibration error (%)",
}
_SHOWN = {"leaf": ("accuracy", "top3", "department"), "label": ("accuracy", "macro_f1", "top3", "ece")}


def show(console: Console, found: Mapping[str, Any]) -> None:
    """Print a table for each task, then who did not run and why."""
    for task in dict.fromkeys(row["task"] for row in found["rows"]):
        console.print(_table(task, [row for row in found["rows"] if row["task"] == task]))
    for sentence in found["missing"]:
        console.print(f"Left out: {sentence}.", markup=False)


def _table(task: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    sets = {row["set"]: row["n"] for row in rows}
    table = Table("", *(f"{name} ({n:,})" for name, n in sets.items()), "µs a text", "learned in", title=TITLES[task])
    for contestant in dict.fromkeys(row["contestant"] for row in rows):
        of_it = {row["set"]: row for row in rows if row["contestant"] == contestant}
        first = next(iter(of_it.values()))
        table.add_row(
            contestant,
            *(" / ".join(map(_percent, (of_it[name][key] for key in _SHOWN[task]))) for name in sets),
            " / ".join(f"{of_it[name]['us']:,.0f}" for name in sets),
            f"{first['learned_in']:.0f} s" if first["learned_in"] else "",
        )
    return table


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f}"
