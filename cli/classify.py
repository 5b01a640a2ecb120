"""`main.py classify` and `main.py evaluate`."""

import sys
from pathlib import Path

import typer

from cli.common import fail, print_json
from nlp.classify import Classifier
from nlp.taxonomy import TaxonomyError, load_taxonomy


def _classifier() -> Classifier:
    try:
        return Classifier(load_taxonomy())
    except TaxonomyError as error:
        fail(str(error))


def classify(text: str, *, as_json: bool) -> None:
    """Show what the desk makes of a text."""
    said = sys.stdin.read() if text == "-" else text
    found = _classifier().classify(said)
    if as_json:
        print_json(found.to_json())
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
    if not found.sure:
        typer.echo("没有把握：交工作人员判断。")


def evaluate(file: Path | None, *, as_json: bool) -> None:
    """Measure on labelled sentences."""
    from nlp.evaluation import EXAMPLES_PATH, ExampleError, read_examples
    from nlp.evaluation import evaluate as measure

    try:
        examples = read_examples(file or EXAMPLES_PATH)
    except (OSError, ExampleError, UnicodeDecodeError) as error:
        fail(str(error))
    figures = measure(_classifier(), examples).to_json()
    if as_json:
        print_json(figures)
    else:
        for name, value in figures.items():
            typer.echo(f"{name:24} {value:g}")
