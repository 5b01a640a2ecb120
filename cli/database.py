"""`main.py db`, `backup` and `restore`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.common import fail, settings

if TYPE_CHECKING:
    from routing.case import Case
    from routing.ports import UnitOfWork

database_app = typer.Typer(help="The database.", no_args_is_help=True)


@database_app.command("upgrade", epilog="Example: python main.py db upgrade")
def upgrade() -> None:
    """Bring the tables to the newest version. `serve` does this by itself."""
    from routing.errors import StorageUnavailable
    from storage.migrate import current, head
    from storage.migrate import upgrade as run

    chosen = settings()
    try:
        chosen.data_dir.mkdir(parents=True, exist_ok=True)
        before = current(chosen.database)
        run(chosen.database)
    except (StorageUnavailable, OSError) as error:
        fail(f"The database can't be upgraded: {error}")
    typer.echo(f"Tables: {before or 'none'} → {head()}")


@database_app.command("verify", epilog="Example: python main.py db verify")
def verify() -> None:
    """Check the hash chain of every case's history. Exits with 1 when a line was changed or removed."""
    from cli.common import transaction
    from routing.case import verify_chain

    checked, broken = 0, []
    with transaction() as uow:
        for case in _every_case(uow):
            checked += 1
            wrong = verify_chain(case, list(uow.cases.events(case.id)))
            if wrong is not None:
                broken.append(f"{case.number}: {wrong}")
    for line in broken:
        typer.echo(line, err=True)
    typer.echo(f"{checked} histories checked, {len(broken)} broken")
    if broken:
        raise typer.Exit(1)


def _every_case(uow: "UnitOfWork") -> "Iterator[Case]":
    yield from uow.cases.sealed(1_000_000)
    offset = 0
    while page := uow.cases.list(station_ids=None, limit=500, offset=offset):
        offset += len(page)
        yield from page


def backup(target: Path) -> None:
    """Copy the database and the files into a new folder."""
    from storage.backup import BackupError
    from storage.backup import backup as run

    chosen = settings()
    try:
        run(chosen.database, chosen.data_dir, target)
    except (BackupError, OSError) as error:
        fail(str(error))
    typer.echo(f"Backup: {target}. Keep the secret key as well, in another place: without it nothing sealed opens.")


def restore(source: Path) -> None:
    """Put a backup into an empty data folder."""
    from storage.backup import BackupError
    from storage.backup import restore as run

    chosen = settings()
    try:
        run(source, chosen.database, chosen.data_dir)
    except (BackupError, OSError) as error:
        fail(str(error))
    typer.echo(f"Restored into {chosen.data_dir}")
