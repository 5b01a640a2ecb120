"""`main.py train`: rebuild the packaged model."""

from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.common import fail, print_json
from cli.evaluate_words import describe
from nlp.evaluation import ExampleError
from nlp.model import MODEL_PATH
from nlp.taxonomy import TaxonomyError, load_taxonomy


def train(messages: Path | None, output: Path | None, *, as_json: bool) -> None:
    """Teach a model of the taxonomy, our own sentences and, where a folder is named, lent messages."""
    # These load numpy; scipy is loaded when it is needed, and asked for in one sentence where there is none.
    from nlp.training.messages import read_lent
    from nlp.training.recipe import train as teach
    from nlp.training.science import TrainingError
    from nlp.training.texts import own_texts

    path = output or MODEL_PATH
    try:
        taxonomy = load_taxonomy()
        own = own_texts(taxonomy)
        lent = read_lent(messages, taxonomy) if messages else None
        with _progress() as progress:
            task = progress.add_task("reading", total=1)
            table = teach(
                taxonomy,
                own,
                lent,
                made=datetime.now(UTC).date().isoformat(),
                tell=lambda what, share: progress.update(task, description=what, completed=share),
            )
            table.write(path)
    except ExampleError as error:
        fail(describe(error))
    except (TrainingError, TaxonomyError, OSError) as error:
        fail(str(error))
    if as_json:
        print_json({"model": str(path), **table.header})
        return
    scores = table.header["scores"]
    typer.echo(f"{path.name}: {table.header['id']}, {len(table.pieces):,} pieces, from {len(own):,} texts of our own")
    for view, figures in scores.items():
        typer.echo(f"  {view}: " + ", ".join(f"{name} {value}" for name, value in figures.items()))


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
