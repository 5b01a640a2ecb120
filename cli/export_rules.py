"""`main.py export rules`: the routing rules and named places, in the form that `import` reads."""

from pathlib import Path
from typing import Any

import typer
import yaml

from cli.common import fail, transaction
from cli.exporting import write_sheets
from routing.ports import UnitOfWork
from routing.roster_sheets import BY_KEY


def export_rules(output: Path | None) -> None:
    """Write both tables as .xlsx or .yaml, by the ending of the file. Deleted rules are not in it."""
    suffix = output.suffix.lower() if output else ""
    if output is None or suffix not in (".xlsx", ".yaml", ".yml"):
        fail("Rules need a file: --output rules.xlsx or --output rules.yaml")
    with transaction() as uow:
        tables = rule_tables(uow)
        if suffix == ".xlsx":
            write_sheets({BY_KEY[name].heading: [_flat(row) for row in rows] for name, rows in tables.items()}, output)
        else:
            text = yaml.safe_dump(tables, allow_unicode=True, sort_keys=False, width=1000)
            output.write_text(text, encoding="utf-8")
    count = sum(map(len, tables.values()))
    typer.echo(f"{count} rows: {output}")


def rule_tables(uow: UnitOfWork) -> dict[str, list[dict[str, Any]]]:
    """The rows of the sheets "places" and "rules", the rules in their order."""
    stations = {station.id: station.prefix for station in uow.directory.stations.values()}
    places = [
        {
            "name": place.name, "kind": place.kind.value, "aliases": list(place.aliases),
            "department": place.department or "", "station": stations.get(place.station_id or 0, ""),
            "active": place.active,
        }
        for place in uow.directory.places
    ]  # fmt: skip
    rules = [
        {
            "number": str(rule.number), "words": list(rule.words), "places": list(rule.places),
            "categories": list(rule.categories), "station": stations.get(rule.station_id or 0, ""),
            "hours": rule.hours or "", "days": rule.days or "", "department": rule.department,
            "co": list(rule.co_departments),
        }
        for rule in sorted(uow.directory.rules, key=lambda rule: (rule.position, rule.number))
        if not rule.deleted
    ]  # fmt: skip
    return {"places": places, "rules": rules}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row for a sheet: lists in one cell, flags as people write them."""
    flags = {True: "是", False: "否"}
    return {
        name: "、".join(value) if isinstance(value, list) else flags[value] if isinstance(value, bool) else value
        for name, value in row.items()
    }
