"""`main.py model`: what the county's people taught, and which model suggests."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.common import fail, print_json, transaction

if TYPE_CHECKING:
    from routing.trained import ModelEvent, TrainedModel

#: Steps that `model list` picks what to tell from: half a year of quiet nights.
_LOOKED_AT = 400
_HELD = "After a rollback no model takes over by itself until one is promoted."

model_app = typer.Typer(help="Models that learned from confirmations and corrections.", no_args_is_help=True)


@model_app.command("list", epilog="Example: python main.py model list")
def list_models(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the kept models: what each learned from, how often it was right on cases that none learns from."""
    from cli.learning import as_json
    from routing.champion import held

    with transaction() as uow:
        models, events, waits = list(uow.models.all()), list(uow.models.events(_LOOKED_AT)), held(uow)
    if json:
        print_json({"models": [as_json(model) for model in models], "events": [_event(event) for event in events[:10]]})
        return
    _table(models)
    if waits:
        typer.echo(_HELD)
    for event in _telling(events)[:10]:
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
    typer.echo(f"{_called(before)} suggests from now on. {_HELD}")


@model_app.command("train", epilog="Example: python main.py model train")
def train(
    nightly: Annotated[
        bool, typer.Option("--nightly", help="As the night does: at the lowest priority, and only if enough is new.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train a challenger on what was confirmed and corrected, now and not at night.

    It takes over if it is better beyond chance; else it is kept, and `model promote` takes it all the same.
    """
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
        typer.echo(_what_became(outcome))


def _what_became(outcome: dict[str, Any]) -> str:
    if outcome["promoted"]:
        return "It suggests from now on."
    if outcome["known"] and outcome["state"] == "champion":
        return "The same lessons have made it before, and it suggests already. Nothing is changed."
    if outcome["known"]:
        became = f"The same lessons have made it before; it stays {outcome['state']}."
    elif outcome["held"]:
        became = "It is kept as a challenger: it is better, but somebody rolled back."
    else:
        became = "It is kept as a challenger: not better beyond chance, or worse in the shipped sentences."
    return f"{became} To take it all the same: main.py model promote {outcome['id']}"


def _called(model_id: str) -> str:
    """What a sentence begins with: a model by its id, the packaged one by its name and id."""
    from nlp.model import default_model
    from routing.trained import PACKAGED

    return f"The packaged model ({default_model().id})" if model_id == PACKAGED else f"Model {model_id}"


def _table(models: "list[TrainedModel]") -> None:
    suggests = next((model.id for model in models if model.state == "champion"), None)
    if suggests is None:
        from routing.trained import PACKAGED

        typer.echo(f"{_called(PACKAGED)} suggests.")
    for model in models:
        scores = model.scores
        typer.echo(
            f"{model.id:12} {model.state.value:10} {model.made_at:%Y-%m-%d}  {model.data['lessons']:6} lessons  "
            f"right {scores['second']:.1%} of {scores['n']} (before: {scores['first']:.1%}, p = {scores['p']:.3f})"
            + (f"  promoted {model.promoted_at:%Y-%m-%d} by {model.promoted_by}" if model.promoted_at else "")
        )
    typer.echo("1 model" if len(models) == 1 else f"{len(models)} models")


def _telling(events: "list[ModelEvent]") -> "list[ModelEvent]":
    """Newest first, without what a quiet year would fill the list with: that a night began which came to its end, and
    nights with nothing new before another such."""
    told: list[ModelEvent] = []
    for newer, event in zip([None, *events], events, strict=False):
        ended = newer is not None and newer.who == event.who and newer.step != "began"
        if event.step == "began" and ended:
            continue
        if event.step == "nothing_new" and told and told[-1].step == "nothing_new":
            continue
        told.append(event)
    return told


def _more(event: "ModelEvent") -> str:
    from cli.learning import NOTHING_NEW, TOO_FEW

    if event.step == "too_few":
        return "  " + TOO_FEW[event.data["why"]].format(**event.data)
    if event.step == "nothing_new":
        return f"  {event.data['lessons']} lessons; {NOTHING_NEW}"
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
