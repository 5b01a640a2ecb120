"""Writing posters and QR codes to files, with a progress bar."""

from collections.abc import Sequence
from pathlib import Path

import typer
from rich.progress import Progress

from bot.fonts import FontMissing, find_font
from bot.poster import PosterContent, render_posters
from bot.qr import qr_png, qr_svg
from cli.common import fail
from cli.settings import Settings
from routing.code import Code
from routing.ports import UnitOfWork


def write_posters(uow: UnitOfWork, codes: Sequence[Code], settings: Settings, format: str, output: Path) -> None:
    """Write one file (PDF, or a single QR) or a folder of QR codes, and say where."""
    contents = [_content(uow, code, settings.url) for code in codes]
    with Progress(disable=len(contents) < 2) as progress:
        task = progress.add_task("码", total=len(contents))
        if format == "pdf":
            try:
                font = find_font(settings.poster_font or None)
            except FontMissing as error:
                fail(str(error))
            output.write_bytes(render_posters(contents, font, lambda _: progress.advance(task)))
            written = output
        elif len(contents) == 1:
            written = output if output.suffix == f".{format}" else output.with_suffix(f".{format}")
            written.write_bytes(_qr(contents[0].url, format))
        else:
            written = output.with_suffix("")
            written.mkdir(parents=True, exist_ok=True)
            for content in contents:
                (written / f"{content.code}.{format}").write_bytes(_qr(content.url, format))
                progress.advance(task)
    typer.echo(f"{len(contents)} × {format}: {written}")


def _qr(url: str, format: str) -> bytes:
    return qr_png(url) if format == "png" else qr_svg(url)


def _content(uow: UnitOfWork, code: Code, url: str) -> PosterContent:
    station = uow.directory.stations[code.station_id]
    deputy = uow.directory.deputies.get(code.deputy_id or 0)
    return PosterContent(
        station=station.name, code=code.code, url=f"{url}/c/{code.code}", address=station.address,
        reception=(deputy.reception if deputy else "") or station.reception, phone=station.phone,
        deputy_number=deputy.number if deputy else "", deputy_name=deputy.name if deputy else "",
        deputy_level=deputy.level if deputy else "", place=code.place,
    )  # fmt: skip
