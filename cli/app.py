"""The command line. Each command imports what it needs when it runs, so that `--help` stays quick."""

from pathlib import Path
from typing import Annotated

import typer

from cli.codes import codes_app
from cli.database import database_app
from cli.inbox import inbox_app
from cli.model import model_app
from cli.wechat import wechat_app

app = typer.Typer(
    name="mashang",
    help="Mashang 码上: the message desk of a deputy liaison station (人大代表联络站).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(codes_app, name="codes")
app.add_typer(database_app, name="db")
app.add_typer(inbox_app, name="inbox")
app.add_typer(model_app, name="model")
app.add_typer(wechat_app, name="wechat")


@app.command(epilog="Example: python main.py serve --demo")
def serve(
    demo: Annotated[
        bool, typer.Option(help="Load a fictional county into an empty database and print ways in.")
    ] = False,
) -> None:
    """Serve the web chat, the pages and the configured channels until stopped."""
    from cli.common import settings
    from cli.serve import serve as run

    run(settings(), demo=demo)


@app.command(epilog="Example: python main.py demo")
def demo() -> None:
    """Play one matter from a scanned code to its rating in the terminal, on the real parts, with time moved."""
    from cli.demo import play

    play()


@app.command(epilog="Example: python main.py invite staff --name 陈静")
def invite(
    role: Annotated[str, typer.Argument(help="deputy, officer, staff, admin or integrity")],
    name: Annotated[str, typer.Option(help="The person's name as in the roster, or a deputy's number.")],
    department: Annotated[str | None, typer.Option(help="Officers: department code, name or alias.")] = None,
    station: Annotated[str | None, typer.Option(help="Station prefix, where the name is not unique.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a one-time link and code (15 minutes) that give somebody of the roster their role."""
    from cli.people import invite as run

    run(role, name, department=department, station=station, as_json=json)


@app.command("import", epilog="Example: python main.py import roster.xlsx --dry-run")
def import_(
    file: Annotated[Path | None, typer.Argument(help="An .xlsx or .yaml roster.", dir_okay=False)] = None,
    template: Annotated[Path | None, typer.Option(help="Write an empty roster (.xlsx or .yaml) here instead.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Say what would change, and change nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Load stations, deputies, departments, officers and staff: all or nothing."""
    from cli.people import import_roster

    import_roster(file, template=template, dry_run=dry_run, as_json=json)


@app.command(epilog="Example: python main.py export cases --format xlsx --output cases.xlsx")
def export(
    what: Annotated[str, typer.Argument(help="cases, or rules (routing rules and places, as import reads them)")],
    format: Annotated[str, typer.Option(help="jsonl or xlsx")] = "jsonl",
    output: Annotated[Path | None, typer.Option(help="File to write; standard output for jsonl if left out.")] = None,
) -> None:
    """Export cases, masked and formula-safe (sealed cases are never exported); or the routing rules."""
    from cli.export import export_cases

    export_cases(what, format, output)


@app.command(epilog='Example: python main.py classify "路灯不亮" --json')
def classify(
    text: Annotated[str, typer.Argument(help="What a citizen might say; - reads standard input.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the suggested departments for a text, and the words that speak for each."""
    from cli.classify import classify as run

    run(text, as_json=json)


@app.command(
    epilog="Example: python main.py evaluate messages.jsonl --text title,detail --label label --label-map map.yaml"
)
def evaluate(
    file: Annotated[
        Path | None, typer.Argument(help="Labelled messages (.jsonl) or sentences and codes (.tsv); ours if left out.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="jsonl: fields that make the text, parted by commas.")] = None,
    label: Annotated[str | None, typer.Option(help="jsonl: the field with the right label.")] = None,
    label_map: Annotated[Path | None, typer.Option(help="jsonl: YAML of label: [leaf codes].")] = None,
    first: Annotated[int | None, typer.Option(help="jsonl: only the first so many characters.")] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A model file, an id of `model list`, packaged, or none: rules only. As shipped if left out."
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Where the confusion picture goes (.svg or .png); build/ if left out.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure classification on labelled messages or sentences: how often it is right, and as sure as it is right."""
    from cli.evaluate import Messages
    from cli.evaluate import evaluate as run

    run(file, Messages(text, label, label_map, first), model=model, picture=picture, as_json=json)


@app.command(epilog="Example: python main.py train --messages ../shared/data")
def train(
    messages: Annotated[
        Path | None, typer.Option(help="A folder of lent messages to learn from too.", file_okay=False, exists=True)
    ] = None,
    output: Annotated[Path | None, typer.Option(help="File to write; the packaged model if left out.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rebuild the packaged model from our own sentences (needs scipy); a county's cases: `model train`."""
    from cli.train import train as run

    run(messages, output, as_json=json)


@app.command(epilog="Example: python main.py backup /var/backups/mashang")
def backup(target: Annotated[Path, typer.Argument(help="A new folder.", file_okay=False)]) -> None:
    """Copy the database and the files, beside a running serve."""
    from cli.database import backup as run

    run(target)


@app.command(epilog="Example: python main.py restore /var/backups/mashang")
def restore(source: Annotated[Path, typer.Argument(help="A folder made by backup.", file_okay=False)]) -> None:
    """Put a backup into an empty data folder."""
    from cli.database import restore as run

    run(source)


@app.command(epilog="Example: python main.py doctor wechat")
def doctor(
    channel: Annotated[
        str | None, typer.Argument(help="Try this channel for real: wechat, wecom, dingtalk, telegram or web.")
    ] = None,
    settings: Annotated[bool, typer.Option("--settings", help="List every setting with its help.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is missing, what is wrong and what each channel can do. Exits with 1 when something is wrong."""
    if channel is not None:
        from cli.doctor_channels import doctor_of

        doctor_of(channel, as_json=json)
        return
    from cli.doctor import doctor as run

    run(list_settings=settings, as_json=json)
