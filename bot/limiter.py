"""Counting how often somebody knocks, in memory.

A fixed window in two dictionaries' worth of code instead of the `limits` library: its memory storage starts a thread
that walks every key each hundredth of a second, which cost 50 to 500 µs a message with ten thousand sessions.
"""

import ipaddress
import time
from collections.abc import Callable

from starlette.requests import HTTPConnection

_MOST_KEYS = 200_000


class Limiter:
    """At most `allowed` hits per key in each window of `seconds`. Memory is bounded by starting a window anew."""

    def __init__(self, allowed: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.allowed = allowed
        self.seconds = seconds
        self._clock = clock
        self._window = -1
        self._hits: dict[str, int] = {}

    def hit(self, key: str) -> float | None:
        """Count one. None when it is allowed, else the seconds until the next window."""
        self._turn()
        if len(self._hits) >= _MOST_KEYS:
            self._hits.clear()
        count = self._hits[key] = self._hits.get(key, 0) + 1
        return None if count <= self.allowed else self._wait()

    def exhausted(self, key: str) -> float | None:
        """Like `hit`, without counting: the seconds to wait when the next hit would be refused."""
        self._turn()
        return self._wait() if self._hits.get(key, 0) >= self.allowed else None

    def _turn(self) -> None:
        window = int(self._clock() // self.seconds)
        if window != self._window:
            self._window = window
            self._hits.clear()

    def _wait(self) -> float:
        return self.seconds - self._clock() % self.seconds


def client_key(request: HTTPConnection) -> str:
    """Whom an address stands for: one IPv4 address, or the /64 that an IPv6 customer gets."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
