"""`main.py export`: cases as rows for a spreadsheet or a program, masked, never sealed ones; or the routing rules."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from cli.common import fail, transaction
from cli.export_rules import export_rules
from cli.exporting import write_jsonl, write_xlsx
from nlp.privacy import mask
from routing.ports import UnitOfWork

_PAGE = 500


def export_cases(what: str, format: str, output: Path | None) -> None:
    """Write all unsealed cases, newest first."""
    if what == "rules":
        export_rules(output)
        return
    if what != "cases":
        fail("What can be exported: cases, rules.")
    if format not in ("jsonl", "xlsx"):
        fail("--format is jsonl or xlsx.")
    if format == "xlsx" and output is None:
        fail("An xlsx needs a file: --output cases.xlsx")
    with transaction() as uow:
        rows = case_rows(uow)
        if format == "xlsx":
            assert output is not None
            count = write_xlsx(rows, output)
        elif output is None:
            write_jsonl(rows, sys.stdout)
            return
        else:
            with output.open("w", encoding="utf-8") as file:
                count = write_jsonl(rows, file)
    typer.echo(f"{count} cases: {output}")


def case_rows(uow: UnitOfWork) -> Iterator[dict[str, Any]]:
    """One row a case. The citizen's words have phone and identity numbers masked; who they are is not in it."""
    offset = 0
    while page := uow.cases.list(station_ids=None, limit=_PAGE, offset=offset):
        offset += len(page)
        for case in page:
            texts = [
                part.text or ""
                for submission in uow.submissions.of_case(case.id)
                if submission.withdrawn_at is None
                for part in uow.submissions.parts(submission.id)
                if part.text
            ]
            station = uow.directory.stations.get(case.station_id)
            department = uow.directory.departments.get(case.department or "")
            deputy = uow.directory.deputies.get(case.deputy_id or 0)
            yield {
                "number": case.number,
                "created_at": case.created_at.isoformat(),
                "station": station.name if station else "",
                "deputy": deputy.name if deputy else "",
                "channel": case.channel,
                "state": case.state.value,
                "urgency": case.urgency.value,
                "category": case.category or "",
                "department": department.name if department else "",
                "text": mask("\n".join(texts)),
                "answer_class": case.answer_class or "",
                "answer": case.answer or "",
                "rating": case.rating or "",
                "rating_reason": case.rating_reason or "",
                "closed_at": case.closed_at.isoformat() if case.closed_at else "",
                "close_reason": case.close_reason or "",
            }
