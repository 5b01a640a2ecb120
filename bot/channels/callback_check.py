"""Asking the address of a callback as its platform does when an admin saves it, from outside in."""

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp

from bot.channels.finding import Finding
from bot.http import HttpClient, read_within
from bot.lines import Unreadable

#: Seconds that WeChat and WeCom wait for an answer.
PATIENCE: Final = 5.0
_NAME: Final = "callback address"
#: By status of the answer; {settings}: what `main.py serve` must have read.
_WRONG: Final[Mapping[int, str]] = {
    301: "it redirects, which the platform does not follow; MASHANG_PUBLIC_URL must be the address itself",
    302: "it redirects, which the platform does not follow; MASHANG_PUBLIC_URL must be the address itself",
    400: "the proxy must hand the whole query on as it is",
    403: "`main.py serve` runs with another {settings}, or a clock is wrong; restart it after a change",
    404: "`main.py serve` runs without the platform's settings (restart it), or the proxy leads elsewhere",
    502: "the proxy finds no `main.py serve`",
    503: "`main.py serve` is starting, or its database is away",
}
_OTHER: Final = "something between takes the question for itself; the proxy must hand this path on with its whole query"


async def asked(http: HttpClient, url: str, query: Mapping[str, str], echo: str, settings: str) -> Finding:
    """Whether `url` answers `query` with `echo`. `settings` names those that its signature is made with."""
    began = asyncio.get_running_loop().time()
    try:
        async with http.session.get(
            url, params=query, timeout=aiohttp.ClientTimeout(total=PATIENCE), allow_redirects=False
        ) as response:
            status, body = response.status, await read_within(response, 4096)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, Unreadable) as error:
        advice = "is `main.py serve` running? See MASHANG_PUBLIC_URL, the proxy and its certificate"
        return Finding(_NAME, False, f"{url} is not reached ({type(error).__name__}): {advice}")
    took = asyncio.get_running_loop().time() - began
    if status == 200 and body == echo.encode():
        return Finding(_NAME, True, detail=f"{url} answers in {took:.1f} s")
    return Finding(_NAME, False, f"{url} answers {status}: {_WRONG.get(status, _OTHER).format(settings=settings)}")
