"""The one HTTP client for every platform's API: connections are kept and shared, nothing is retried. Calls go over
`lines_to`, files over `session`.

The address of a call may hold a secret (Telegram puts the token in the path), so nobody logs addresses or the text
of a client's exceptions, which quote them; `quiet` takes the word from libraries that would.
"""

import logging
from typing import TYPE_CHECKING

from bot.lines import USER_AGENT, Lines, Unreadable

if TYPE_CHECKING:
    import aiohttp


class HttpClient:
    """Opens its session at first use, because a session belongs to the loop that is running then.

    The environment's proxies and netrc are not looked at: aiohttp would read them anew for every call.
    """

    def __init__(self, *, connections: int = 100) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._lines: list[Lines] = []

    def lines_to(self, base: str, *, limit: int) -> Lines:
        """Connections of their own to the API at `base`, with answers of at most `limit` bytes."""
        lines = Lines(base, most=self._connections, limit=limit)
        self._lines.append(lines)
        return lines

    @property
    def session(self) -> "aiohttp.ClientSession":
        """The shared session. No time-out of its own matters: each call names one."""
        if self._session is None or self._session.closed:
            # A station with nothing but the web chat calls nobody, and need not hold aiohttp's 9 MB.
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ttl_dns_cache=300),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": USER_AGENT},
                timeout=aiohttp.ClientTimeout(total=30),
            )
        return self._session

    async def close(self) -> None:
        for lines in self._lines:
            lines.close()
        if self._session is not None:
            await self._session.close()


async def read_within(response: "aiohttp.ClientResponse", limit: int) -> bytes:
    """The body of an answer, cut off as soon as it is longer than `limit` bytes, whatever its header announced.

    Raises `Unreadable` for a longer one.
    """
    if (response.content_length or 0) > limit:
        response.close()
        raise Unreadable("too long")
    parts = bytearray()
    async for chunk in response.content.iter_any():
        parts += chunk
        if len(parts) > limit:
            response.close()
            raise Unreadable("too long")
    return bytes(parts)


def quiet(*loggers: str) -> None:
    """Keep libraries from logging addresses and contents of calls below a warning."""
    for name in loggers:
        logging.getLogger(name).setLevel(logging.WARNING)
