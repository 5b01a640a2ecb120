"""The one HTTP client for every platform's API: connections are kept and shared, nothing is retried.

The address of a call may hold a secret (Telegram puts the token in the path), so nobody logs addresses or the text
of a client's exceptions, which quote them; `quiet` takes the word from libraries that would.
"""

import logging

import aiohttp

USER_AGENT = "mashang"


class HttpClient:
    """Opens its session at first use, because a session belongs to the loop that is running then.

    `proxy` is the URL of an HTTP proxy, or None. The environment's proxies and netrc are not looked at: aiohttp would
    read them anew for every call.
    """

    def __init__(self, *, connections: int = 100, proxy: str | None = None) -> None:
        self._connections = connections
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The shared session. No time-out of its own matters: each call names one."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ttl_dns_cache=300),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": USER_AGENT},
                timeout=aiohttp.ClientTimeout(total=30),
                proxy=self._proxy,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def quiet(*loggers: str) -> None:
    """Keep libraries from logging addresses and contents of calls below a warning."""
    for name in loggers:
        logging.getLogger(name).setLevel(logging.WARNING)
