"""`main.py inbox`: messages whose handling failed are kept sealed and can be run again."""

import asyncio
from typing import Annotated

import typer

from cli.common import print_json, settings, transaction

inbox_app = typer.Typer(help="Messages whose handling failed.", no_args_is_help=True)


@inbox_app.command("list", epilog="Example: python main.py inbox list")
def list_failed(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List failed messages: when, on which channel, and the kind of error. What they say stays sealed."""
    with transaction() as uow:
        rows = [
            {"id": r.id, "channel": r.channel, "account": r.account, "at": r.received_at.isoformat(), "error": r.error}
            for r in uow.inbox.failed()
        ]
    if json:
        print_json(rows)
        return
    for row in rows:
        typer.echo("  ".join(str(value) for value in row.values()))
    typer.echo(f"{len(rows)} failed")


@inbox_app.command("retry", epilog="Example: python main.py inbox retry")
def retry() -> None:
    """Run every failed message again. Its sender hears the answer through the outbox of a running serve."""
    from cli.wiring import build_desk, make_understanding, open_store

    chosen = settings()
    store = open_store(chosen)
    understanding = make_understanding()

    async def run() -> tuple[int, int]:
        desk = build_desk(chosen, store, understanding)
        with store.transaction() as uow:
            failed = [(r.channel, r.account, r.external_id) for r in uow.inbox.failed()]
        done = 0
        for channel, account, external_id in failed:
            try:
                await desk.reception.retry(channel, account, external_id)
                done += 1
            except Exception as error:
                typer.echo(f"{channel} {account}: still fails ({type(error).__name__})", err=True)
        await desk.http.close()
        await store.aclose()
        return done, len(failed)

    done, total = asyncio.run(run())
    typer.echo(f"{done} of {total} handled")
    if done < total:
        raise typer.Exit(1)
