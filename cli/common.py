"""What every command does alike: read the settings, open the store, print for people or programs.

Every command's file imports this one, and `--help` all of them: what is heavy is imported when it is used.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import orjson
import typer

from routing.errors import Conflict, Refused, StorageUnavailable

if TYPE_CHECKING:
    from cli.settings import Settings
    from storage.unit_of_work import SqlUnitOfWork


def settings() -> "Settings":
    """The settings; a wrong one ends the command with a line that names it."""
    from cli.settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as error:
        fail(str(error))


def fail(message: str) -> NoReturn:
    """End the command with a plain line and exit code 1."""
    typer.echo(message, err=True)
    raise typer.Exit(1)


@contextmanager
def transaction() -> "Iterator[SqlUnitOfWork]":
    """One transaction on the store of the settings; what a rule or the database refuses is said plainly."""
    from bot.wording import Wording
    from cli.wiring import open_store

    chosen = settings()
    try:
        store = open_store(chosen)
    except StorageUnavailable as error:
        fail(f"The database can't be opened: {error}")
    except OSError as error:
        fail(f"{chosen.data_dir} can't be used: {error.strerror}")
    try:
        with store.transaction() as uow:
            yield uow
    except Refused as refused:
        fail(Wording().render(refused.key, "zh_CN", refused.params))
    except (StorageUnavailable, Conflict) as error:
        fail(f"The database can't be written: {error}")
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    finally:
        store.close()


def print_json(value: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
