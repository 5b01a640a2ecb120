"""WeChat's own QR codes for codes of ours: made at the platform where they are missing, with a progress bar."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from cli.wechat import at_platform
from routing.code import Code

if TYPE_CHECKING:
    from bot.http import HttpClient
    from cli.settings import Settings
    from routing.platform_code import PlatformCode
    from routing.ports import UnitOfWork
    from storage.store import Store


def make_wechat_codes(codes: Sequence[Code], *, quiet: bool = False) -> None:
    """Have a QR made for each valid code that has none. `quiet`: nothing is printed unless something is wrong.

    Ends the command with a plain line when WeChat makes none, or no more; what was made until then is kept.
    """
    from rich.progress import Progress

    from bot.channels.wechat_codes import LIMIT, WARN_FROM, CodesUsedUp
    from cli.common import fail
    from cli.platforms import wechat_codes

    async def work(chosen: "Settings", store: "Store", http: "HttpClient") -> tuple[bool, int, list[Code]]:
        made_by = wechat_codes(chosen, store, http)
        assert made_by is not None, "at_platform wants an account"
        left, full = [], False
        with Progress(disable=quiet or len(codes) < 2) as progress:
            for code in progress.track(codes, description="公众号码"):
                try:
                    if await made_by.obtain(code) is None:
                        left.append(code)
                except CodesUsedUp:
                    full = True
                    break
        return full, await store.reader.run(made_by.lasting), left

    full, lasting, left = at_platform(work)
    if full:
        fail(
            f"This WeChat account has made all of its {LIMIT} lasting codes and can make no more, ever; revoking gives "
            "none back. Make codes with an end (--days), or print posters without --wechat."
        )
    if left:
        fail(f"{len(left)} codes are being made by another process; say it again in a minute.")
    if lasting >= WARN_FROM:
        typer.echo(f"Careful: {lasting} of the account's {LIMIT} lasting codes are made.", err=True)


def wechat_code_of(uow: "UnitOfWork", chosen: "Settings", code: Code) -> "PlatformCode | None":
    """The QR of a code that leads to the account of the settings now; None where there is none."""
    if not chosen.wechat_app_id:
        return None
    row = uow.platform_codes.get("wechat", chosen.wechat_app_id, code.code)
    return row if row is not None and row.leads_until(uow.now) else None


def wechat_row(found: "PlatformCode | None") -> dict[str, Any] | None:
    """As `--json` prints it."""
    if found is None:
        return None
    return {"url": found.url, "until": found.ends_at.isoformat() if found.ends_at else None}
