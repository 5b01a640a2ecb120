"""`main.py codes`: make, list, revoke and print the codes behind posters."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.common import fail, print_json, settings, transaction
from cli.wechat_codes import make_wechat_codes, wechat_code_of, wechat_row
from routing.code import Code, CodeKind, display_code, fold_code, make_code
from routing.ports import UnitOfWork
from routing.station import Deputy, Station

codes_app = typer.Typer(help="Make, list, revoke and print codes.", no_args_is_help=True)


def find_station(uow: UnitOfWork, named: str) -> Station:
    """By prefix or name. Ends the command when there is none."""
    found = [s for s in uow.directory.stations.values() if named.upper() == s.prefix or named == s.name]
    if not found:
        known = "、".join(f"{s.prefix} {s.name}" for s in uow.directory.stations.values()) or "none; import a roster"
        fail(f"There is no station {named!r}. Known: {known}")
    return found[0]


def find_deputy(uow: UnitOfWork, named: str, station: str | None) -> Deputy:
    """By number or name, within a station where one is given. Ends the command when it is not exactly one."""
    within = find_station(uow, station).id if station else None
    found = [
        d for d in uow.directory.deputies.values()
        if d.status != "left" and (within is None or d.station_id == within)
        and (named == d.name or named.lstrip("0") == d.number.lstrip("0"))
    ]  # fmt: skip
    if len(found) != 1:
        fail(f"{len(found)} deputies match {named!r}; give the number, and --station where it is not unique.")
    return found[0]


@codes_app.command("new", epilog="Example: python main.py codes new --deputy 086 --place 海珀社区公告栏")
def new(
    deputy: Annotated[str | None, typer.Option(help="Deputy's number or name.")] = None,
    station: Annotated[str | None, typer.Option(help="Station's prefix or name.")] = None,
    place: Annotated[str, typer.Option(help="Where the poster will hang; arrivals are counted by it.")] = "",
    days: Annotated[
        int | None, typer.Option(min=1, max=366, help="With --station: a stall's code, which ends after so many days.")
    ] = None,
    wechat: Annotated[bool, typer.Option("--wechat", help="Have WeChat make its own QR for it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a code for a deputy, a station or a stall. Make one for each place where a poster hangs."""
    if deputy is None and station is None:
        fail("Say whose code: --deputy 086 or --station HP.")
    if deputy is not None and days is not None:
        fail("A deputy's code has no end: --days goes with --station alone.")
    with transaction() as uow:
        if deputy is not None:
            who = find_deputy(uow, deputy, station)
            code = Code(make_code(), CodeKind.DEPUTY, who.station_id, uow.now, deputy_id=who.id, place=place)
            name = f"{who.number} {who.name}"
        else:
            at = find_station(uow, station or "")
            ends = uow.now + timedelta(days=days) if days else None
            kind = CodeKind.STALL if days else CodeKind.STATION
            code = Code(make_code(), kind, at.id, uow.now, place=place, expires_at=ends)
            name = at.name
        uow.codes.add(code)
    shown: dict[str, Any] = {"code": code.code, "for": name, "place": place, "url": f"{settings().url}/c/{code.code}"}
    if wechat:
        make_wechat_codes([code], quiet=True)
        with transaction() as uow:
            shown["wechat"] = wechat_row(wechat_code_of(uow, settings(), code))
    if json:
        print_json(shown)
    else:
        typer.echo(f"{display_code(code.code)}  {name}  {shown['url']}")
        if wechat:
            typer.echo(f"    {shown['wechat']['url']}")


@codes_app.command("list", epilog="Example: python main.py codes list --json")
def list_codes(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List codes with how often each was scanned, by where it led."""
    chosen = settings()
    with transaction() as uow:
        counts = uow.codes.scan_counts()
        rows = [_row(uow, code, counts) for code in uow.codes.all()]
        if chosen.wechat_app_id:
            for row, code in zip(rows, uow.codes.all(), strict=True):
                row["wechat"] = wechat_row(wechat_code_of(uow, chosen, code))
    if json:
        print_json(rows)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("code", "for", "place", "arrivals", "state", *(["wechat"] if chosen.wechat_app_id else []))
    for row in rows:
        arrivals = "  ".join(f"{channel} {count}" for channel, count in row["arrivals"].items()) or "0"
        cells = [display_code(row["code"]), row["for"], row["place"], arrivals, row["state"]]
        if chosen.wechat_app_id:
            cells.append((row["wechat"]["until"] or "✓")[:10] if row["wechat"] else "–")
        table.add_row(*cells)
    Console().print(table)


def _row(uow: UnitOfWork, code: Code, counts: dict[tuple[str, str], int]) -> dict[str, Any]:
    deputy = uow.directory.deputies.get(code.deputy_id or 0)
    station = uow.directory.stations[code.station_id]
    return {
        "code": code.code,
        "for": f"{deputy.number} {deputy.name}" if deputy else station.name,
        "station": station.prefix,
        "place": code.place,
        "arrivals": {channel: count for (scanned, channel), count in sorted(counts.items()) if scanned == code.code},
        "state": "valid" if code.valid_at(uow.now) else "revoked" if code.revoked_at else "ended",
    }


@codes_app.command("revoke", epilog="Example: python main.py codes revoke 7K3M9QXA")
def revoke(code: Annotated[str, typer.Argument(help="The code as printed.")]) -> None:
    """Revoke a code. Who scans it still gets a kind answer and the stations."""
    with transaction() as uow:
        found = uow.codes.get(fold_code(code) or "")
        if found is None:
            fail(f"There is no code {code!r}; `codes list` shows them.")
        if found.revoked_at is None:
            found.revoked_at = uow.now
    typer.echo(f"{display_code(found.code)} is revoked.")


@codes_app.command("print", epilog="Example: python main.py codes print --all --station HP --output posters.pdf")
def print_codes(
    code: Annotated[str | None, typer.Argument(help="One code as printed.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every valid code (of --station, if given).")] = False,
    station: Annotated[str | None, typer.Option(help="With --all: only this station's.")] = None,
    format: Annotated[str, typer.Option(help="pdf (A4 poster), png or svg (the QR alone)")] = "pdf",
    output: Annotated[
        Path, typer.Option(help="File; with --all a PDF of many pages, or a folder for png and svg.")
    ] = Path("posters.pdf"),
    wechat: Annotated[
        bool, typer.Option("--wechat", help="With WeChat's own QR, made where it is missing; png and svg: it alone.")
    ] = False,
) -> None:
    """Print posters (PDF) or bare QR codes (PNG, SVG)."""
    from cli.posters import write_posters

    if format not in ("pdf", "png", "svg"):
        fail("--format is pdf, png or svg.")
    if (code is None) == (not all_):
        fail("Name one code, or say --all.")
    with transaction() as uow:
        within = find_station(uow, station).id if station else None
        if code is not None:
            found = uow.codes.get(fold_code(code) or "")
            if found is None:
                fail(f"There is no code {code!r}; `codes list` shows them.")
            chosen = [found]
        else:
            chosen = [c for c in uow.codes.all() if c.valid_at(uow.now) and within in (None, c.station_id)]
        if not chosen:
            fail("There is no valid code to print; make one with `codes new`.")
        valid = [code for code in chosen if code.valid_at(uow.now)]
    if wechat:
        make_wechat_codes(valid)
    with transaction() as uow:
        write_posters(uow, chosen, settings(), format, output, wechat=wechat)
