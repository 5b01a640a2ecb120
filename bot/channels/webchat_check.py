"""Trying the web chat for `main.py doctor web`: do the pages come at the address that is printed in the codes?"""

from typing import Final

import aiohttp

from bot.channels.finding import Finding
from bot.http import HttpClient, read_within
from bot.lines import Unreadable

_LONGEST: Final = 256 * 1024
#: A browser's word for looking ahead, so that nobody is counted as having come.
_LOOKING: Final = {"Sec-Purpose": "prefetch", "Accept": "text/html"}


async def check_web(http: HttpClient, url: str, code: str | None) -> list[Finding]:
    """Ask the public address `url` for its health, the chat, and the page of a valid `code`, if there is one."""
    paths = [("health", "/health"), ("chat page", "/chat")]
    if code is not None:
        paths.insert(1, ("page of a code", f"/c/{code}"))
    return [await _asked(http, name, url + path) for name, path in paths]


async def _asked(http: HttpClient, name: str, url: str) -> Finding:
    try:
        async with http.session.get(
            url, headers=_LOOKING, timeout=aiohttp.ClientTimeout(total=10), allow_redirects=False
        ) as response:
            await read_within(response, _LONGEST)
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError, Unreadable, ValueError) as error:
        todo = f"{type(error).__name__}: is `main.py serve` running, and does the proxy lead there? Try {url} yourself"
        return Finding(name, False, todo)
    if status == 200:
        return Finding(name, True, detail=url)
    if status == 503:
        return Finding(name, False, f"{url} answers 503: what it says, and the log of `main.py serve`, name the part")
    return Finding(name, False, f"{url} answers {status}: the proxy must hand every path on to `main.py serve`")
