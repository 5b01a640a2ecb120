"""Writing posters and QR codes to files, with a progress bar."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import typer
from rich.progress import Progress

from bot.fonts import FontMissing, find_font
from bot.poster import PosterContent, render_posters
from bot.qr import qr_png, qr_svg
from cli.common import fail
from cli.settings import Settings
from cli.wechat_codes import wechat_code_of
from routing.code import Code
from routing.platform_code import PlatformCode
from routing.ports import UnitOfWork
from routing.working_days import local_date


def write_posters(
    uow: UnitOfWork, codes: Sequence[Code], settings: Settings, format: str, output: Path, *, wechat: bool = False
) -> None:
    """Write one file (PDF, or a single QR) or a folder of QR codes, and say where. `wechat`: with WeChat's own QR
    beside ours, as far as it is made, or instead of ours as a bare QR."""
    contents = [_content(uow, code, settings.url) for code in codes]
    if wechat:
        found = [wechat_code_of(uow, settings, code) for code in codes]
        if format != "pdf" and not all(found):
            fail("A code has no QR of WeChat's; it may be revoked.")
        contents = [_with_wechat(content, one) for content, one in zip(contents, found, strict=True)]
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
            written.write_bytes(_qr(contents[0], format))
        else:
            written = output.with_suffix("")
            written.mkdir(parents=True, exist_ok=True)
            for content in contents:
                (written / f"{content.code}.{format}").write_bytes(_qr(content, format))
                progress.advance(task)
    typer.echo(f"{len(contents)} × {format}: {written}")
    if not settings.public_url and (format == "pdf" or not wechat):
        typer.echo(f"Don't hang these up: MASHANG_PUBLIC_URL is not set; they lead to {settings.url}.", err=True)


def _qr(content: PosterContent, format: str) -> bytes:
    url = content.wechat_url or content.url
    return qr_png(url) if format == "png" else qr_svg(url)


def _with_wechat(content: PosterContent, found: PlatformCode | None) -> PosterContent:
    if found is None or found.url is None:
        return content
    # It ends within its last day: the day before is the last whole one.
    until = local_date(found.ends_at - timedelta(days=1)) if found.ends_at else None
    return replace(content, wechat_url=found.url, wechat_until=until)


def _content(uow: UnitOfWork, code: Code, url: str) -> PosterContent:
    station = uow.directory.stations[code.station_id]
    deputy = uow.directory.deputies.get(code.deputy_id or 0)
    return PosterContent(
        station=station.name, code=code.code, url=f"{url}/c/{code.code}", address=station.address,
        reception=(deputy.reception if deputy else "") or station.reception, phone=station.phone,
        deputy_number=deputy.number if deputy else "", deputy_name=deputy.name if deputy else "",
        deputy_level=deputy.level if deputy else "", place=code.place,
    )  # fmt: skip
