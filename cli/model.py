"""`main.py model`: what the county's people taught, and which model suggests."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.common import fail, print_json, transaction

if TYPE_CHECKING:
    from routing.trained import ModelEvent, TrainedModel

model_app = typer.Typer(help="Models that learned from confirmations and corrections.", no_args_is_help=True)


@model_app.command("list", epilog="Example: python main.py model list")
def list_models(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the kept models: what each learned from, how often it was right on cases that none learns from."""
    from cli.learning import as_json

    with transaction() as uow:
        models, events = list(uow.models.all()), list(uow.models.events(10))
    if json:
        print_json({"models": [as_json(model) for model in models], "events": [_event(event) for event in events]})
        return
    _table(models)
    for event in events:
        typer.echo(
            f"{event.at:%Y-%m-%d %H:%M}Z  {event.step.value:11}  {event.model_id or '':11}  {event.who}{_more(event)}"
        )


@model_app.command("promote", epilog="Example: python main.py model promote 261123-7f3a")
def promote(model_id: Annotated[str, typer.Argument(help="As `model list` shows it.")]) -> None:
    """Let a kept model suggest from now on. Running processes take it over within a minute."""
    from cli.learning import who
    from routing.champion import ModelRefused
    from routing.champion import promote as run

    try:
        # Loading the words takes a second: not while others wait to write.
        with transaction() as uow:
            content = uow.models.content(model_id)
        if content is not None:
            _check(content)
        with transaction() as uow:
            run(uow, model_id, who())
    except ModelRefused as refused:
        fail(str(refused))
    typer.echo(f"Model {model_id} suggests from now on.")


@model_app.command("rollback", epilog="Example: python main.py model rollback")
def rollback() -> None:
    """Go back to the champion before. No model takes over by itself after that, until one is promoted."""
    from cli.learning import who
    from routing.champion import ModelRefused
    from routing.champion import rollback as run

    try:
        with transaction() as uow:
            before = run(uow, who())
    except ModelRefused as refused:
        fail(str(refused))
    typer.echo(f"Model {before} suggests from now on.")


@model_app.command("train", epilog="Example: python main.py model train")
def train(
    nightly: Annotated[
        bool, typer.Option("--nightly", help="As the night does: at the lowest priority, and only if enough is new.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train a challenger on what was confirmed and corrected; it takes over if it is better beyond chance."""
    from cli.common import settings
    from cli.learning import run_training

    if nightly:
        os.nice(19)
    print_outcome(run_training(settings(), nightly=nightly), as_json=json)


def _check(content: bytes) -> None:
    """Refuse before it is promoted what the serving processes would refuse."""
    from nlp.classify import Classifier
    from nlp.model import ModelError
    from nlp.taxonomy import load_taxonomy
    from routing.champion import ModelRefused
    from routing.night import with_content

    try:
        with_content(Classifier(load_taxonomy()), content)
    except ModelError as error:
        raise ModelRefused(f"This model can't be used: {error}.") from None


def print_outcome(outcome: dict[str, Any], *, as_json: bool) -> None:
    """Say what came of a training."""
    if as_json:
        print_json(outcome)
    elif not outcome["trained"]:
        typer.echo(f"Nothing was trained: {outcome['why']}.")
    else:
        scores = outcome["scores"]
        typer.echo(
            f"Model {outcome['id']}, of {outcome['data']['lessons']} lessons. "
            f"On {scores['n']} cases that no model learns from it is right in {scores['second']:.1%}, "
            f"{scores['champion']} in {scores['first']:.1%} (p = {scores['p']:.3f})."
        )
        typer.echo("It suggests from now on." if outcome["promoted"] else "It is kept as a challenger.")


def _table(models: "list[TrainedModel]") -> None:
    suggests = next((model.id for model in models if model.state == "champion"), None)
    if suggests is None:
        typer.echo("The packaged model suggests.")
    for model in models:
        scores = model.scores
        typer.echo(
            f"{model.id:12} {model.state.value:10} {model.made_at:%Y-%m-%d}  {model.data['lessons']:6} lessons  "
            f"right {scores['second']:.1%} of {scores['n']} (before: {scores['first']:.1%}, p = {scores['p']:.3f})"
            + (f"  promoted {model.promoted_at:%Y-%m-%d} by {model.promoted_by}" if model.promoted_at else "")
        )
    typer.echo(f"{len(models)} models")


def _more(event: "ModelEvent") -> str:
    from cli.learning import TOO_FEW

    if event.step == "too_few":
        return "  " + TOO_FEW[event.data["why"]].format(**event.data)
    if event.step == "failed":
        return f"  exit code {event.data['code']}; see the log"
    return f"  instead of {event.data['from']}" if "from" in event.data else ""


def _event(event: "ModelEvent") -> dict[str, Any]:
    return {
        "at": event.at.isoformat(),
        "step": event.step.value,
        "who": event.who,
        "model": event.model_id,
        "night": event.night,
        "data": event.data,
    }
