"""Identifiers made by the application: time-ordered and 63 bits wide.

Layout, high to low: 41 bits of milliseconds since 2024-01-01, 10 bits of process salt, 12 bits of counter.
Rows of one table are therefore appended near each other, and nothing has to be read back after an insert.
"""

import secrets
import threading
import time
from collections.abc import Callable

EPOCH_MS = 1_704_067_200_000
_COUNTER_BITS = 12
_SALT_BITS = 10


class IdMaker:
    """Makes ids that rise within one process; two processes differ by their salt.

    Two processes may draw the same salt; the primary key then refuses the second row and the writer runs its
    message again, so a clash costs a retry, never a mix-up.
    """

    def __init__(self, clock_ms: Callable[[], int] | None = None) -> None:
        self._clock_ms = clock_ms or (lambda: time.time_ns() // 1_000_000)
        self._salt = secrets.randbelow(1 << _SALT_BITS)
        self._lock = threading.Lock()
        self._last_ms = 0
        self._counter = 0

    def __call__(self) -> int:
        with self._lock:
            # The wall clock may step back; ids never do.
            now = max(self._clock_ms() - EPOCH_MS, self._last_ms)
            if now > self._last_ms:
                self._last_ms, self._counter = now, 0
            else:
                self._counter += 1
                if self._counter >> _COUNTER_BITS:
                    self._last_ms, self._counter = self._last_ms + 1, 0
            return (self._last_ms << (_SALT_BITS + _COUNTER_BITS)) | (self._salt << _COUNTER_BITS) | self._counter


new_id = IdMaker()
