"""`main.py classify`."""

import sys
from datetime import UTC, datetime

import typer

from cli.common import fail, print_json
from nlp.classify import Classifier
from nlp.expressions import find_expressions
from nlp.taxonomy import TaxonomyError, load_taxonomy
from routing.working_days import local_date


def _classifier() -> Classifier:
    try:
        return Classifier(load_taxonomy())
    except TaxonomyError as error:
        fail(str(error))


def classify(text: str, *, as_json: bool) -> None:
    """Show what the desk makes of a text."""
    said = sys.stdin.read() if text == "-" else text
    found = _classifier().classify(said)
    places, times = find_expressions(said, local_date(datetime.now(UTC)))
    if as_json:
        where = [{"kind": place.kind, "name": place.name, "words": said[place.start : place.end]} for place in places]
        when = [{"kind": told.kind, "value": told.value, "words": said[told.start : told.end]} for told in times]
        print_json({**found.to_json(), "places": where, "times": when})
        return
    if found.safety is not None:
        typer.echo(f"危险：{found.safety.name}　{'、'.join(found.safety.call)}")
    if found.integrity is not None:
        typer.echo("廉政线索：只有专责人员可见，12388")
    if found.out_of_scope is not None:
        typer.echo(f"依法走：{found.out_of_scope.refer}")
    for department in found.departments:
        typer.echo(f"{department.confidence:4.0%}  {department.name}　{'、'.join(department.words)}")
    for category in found.categories:
        typer.echo(f"      {category.code} {category.name} {category.confidence:.0%}")
    if places:
        typer.echo(f"地点：{'、'.join(dict.fromkeys(place.name for place in places))}")
    if times:
        typer.echo(f"时间：{'、'.join(f'{said[told.start : told.end]}（{told.value}）' for told in times)}")
    if not found.sure:
        typer.echo("没有把握：交工作人员判断。")
