"""`main.py evaluate`: how often classification is right, on a file of labelled messages or sentences."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.progress import track

from bot.fonts import FontMissing, PosterFont, find_font
from cli.common import fail, print_json, settings
from cli.confusion import Labels, draw, to_svg, write_png
from cli.evaluate_model import make_classifier
from cli.evaluate_report import names_of, show_dangers, show_figures, show_reliability, show_worst
from cli.evaluate_words import describe, printable, shown, warning
from nlp.evaluation import (
    EXAMPLES_PATH,
    ExampleError,
    department_answers,
    judge,
    read_examples,
    report,
    unknown_codes,
)
from nlp.evaluation_figures import Answer, confusion
from nlp.evaluation_labels import judge as judge_labels
from nlp.evaluation_labels import label_figures, leaves_as_labels, read_label_map, read_messages
from nlp.taxonomy import Taxonomy, TaxonomyError, load_taxonomy

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Messages:
    """How a file of JSON lines is to be read. None: as usual (`text`, `label`, leaf codes, whole texts)."""

    text: str | None = None
    label: str | None = None
    label_map: Path | None = None
    first: int | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What was measured: the figures, the ranked answers behind them and what these are called, and how else to tell
    people of it."""

    figures: Mapping[str, Any]
    answers: Sequence[Answer]
    names: Mapping[str, str]
    show_more: Callable[[Console], None] = lambda console: None


def evaluate(
    file: Path | None,
    messages: Messages,
    *,
    model: str | None = None,
    picture: Path | None = None,
    as_json: bool = False,
) -> None:
    """Measure, and print JSON or a report. Ends with 1 and one sentence where something can't be used."""
    path = file or EXAMPLES_PATH
    try:
        font = _font_for(picture)
        outcome = _measured(path, messages, model, as_json=as_json)
        if as_json:
            print_json(outcome.figures)
            if picture is not None:
                _write_picture(picture, font, path.name, outcome)
        else:
            console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
            show_figures(console, path.name, outcome.figures)
            show_reliability(console, outcome.answers)
            show_worst(console, outcome.answers, outcome.names)
            outcome.show_more(console)
            _show_picture(console, picture, font, path, outcome)
    except ExampleError as problem:
        fail(describe(problem))
    except FontMissing as problem:
        fail(str(problem))


def _measured(path: Path, messages: Messages, model: str | None, *, as_json: bool) -> _Outcome:
    kind = path.suffix.lower()
    if kind not in (".jsonl", ".ndjson", ".tsv"):
        raise ExampleError("file.kind", file=path.name)
    if kind == ".tsv" and messages != Messages():
        raise ExampleError("options.jsonl")
    try:
        taxonomy = load_taxonomy()
        if kind == ".tsv":
            return _measured_examples(path, taxonomy, model, as_json)
        return _measured_messages(path, messages, taxonomy, model, as_json)
    except TaxonomyError as error:
        fail(str(error))
    except FileNotFoundError as error:
        raise ExampleError("file.missing", file=Path(error.filename or path).name) from None
    except OSError as error:
        raise ExampleError("file.open", file=Path(error.filename or path).name, reason=error.strerror or "") from None


def _measured_messages(path: Path, how: Messages, taxonomy: Taxonomy, model: str | None, as_json: bool) -> _Outcome:
    if how.first is not None and how.first < 1:
        raise ExampleError("options.first")
    fields = [field.strip() for field in (how.text or "text").split(",") if field.strip()]
    if not fields:
        raise ExampleError("options.text")
    labels = read_label_map(how.label_map, taxonomy) if how.label_map else leaves_as_labels(taxonomy)
    rows = read_messages(path, fields, how.label or "label", labels, how.first)
    if len({row.label for row in rows}) == 1:
        typer.echo(warning("one_label"), err=True)
    judged = list(judge_labels(make_classifier(taxonomy, model), _with_progress(rows, as_json), labels))
    return _Outcome(
        label_figures(judged), [one.answer for one in judged], {label: printable(label) for label in labels}
    )


def _measured_examples(path: Path, taxonomy: Taxonomy, model: str | None, as_json: bool) -> _Outcome:
    rows = read_examples(path)
    if unknown := unknown_codes(rows, taxonomy):
        typer.echo(warning("unknown_codes", codes="、".join(unknown[:10])), err=True)
    judged = list(judge(make_classifier(taxonomy, model), _with_progress(rows, as_json)))
    answers = department_answers(judged, taxonomy)
    codes = {code for answer in answers for code in (*answer.expected, *answer.ranked)}
    return _Outcome(
        report(judged, taxonomy).to_json(),
        answers,
        names_of(codes, taxonomy),
        lambda console: show_dangers(console, judged, taxonomy),
    )


def _with_progress(rows: Sequence[_Row], as_json: bool) -> Iterable[_Row]:
    """The rows, with a bar on standard error for whoever watches; none for a program that reads the JSON."""
    console = Console(stderr=True)
    hidden = not console.is_terminal or (as_json and not sys.stdout.isatty())
    return track(rows, shown("measuring"), console=console, transient=True, disable=hidden)


def _font_for(picture: Path | None) -> PosterFont | None:
    """What a PNG is written with; asked for before minutes of measuring. An SVG needs none."""
    if picture is None or picture.suffix.lower() == ".svg":
        return None
    if picture.suffix.lower() != ".png":
        raise ExampleError("picture.kind")
    return find_font(settings().poster_font or None)


def _show_picture(
    console: Console, picture: Path | None, font: PosterFont | None, path: Path, outcome: _Outcome
) -> None:
    """Say where the picture is. One that nobody asked for may fail: all else has been told."""
    to = picture or Path("build", f"confusion-{path.stem}.svg")
    try:
        _write_picture(to, font, path.name, outcome)
    except ExampleError as problem:
        if picture is not None:
            raise
        typer.echo(describe(problem), err=True)
    else:
        console.print(shown("picture", file=str(to)), markup=False)


def _write_picture(path: Path, font: PosterFont | None, file: str, outcome: _Outcome) -> None:
    labels = Labels(
        shown("picture_title", file=file), shown("axes"), shown("nothing"), lambda right, n: f"{right:.0%} · {n:,}"
    )
    picture = draw(confusion(outcome.answers), outcome.names, labels)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if font is None:
            path.write_text(to_svg(picture), "utf-8")
        else:
            write_png(picture, font, path)
    except OSError as error:
        raise ExampleError("picture.write", file=str(path), reason=error.strerror or "") from None
