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
#: An id's milliseconds begin at this bit.
MS_AT = _SALT_BITS + _COUNTER_BITS
_COUNTER_FULL = (1 << _COUNTER_BITS) - 1


class IdMaker:
    """Makes ids that rise within one process; two processes differ by their salt.

    Two processes may draw the same salt; the primary key then refuses the second row and the writer runs its
    message again, so a clash costs a retry, never a mix-up.
    """

    def __init__(self, clock_ms: Callable[[], int] | None = None) -> None:
        self._clock_ms = clock_ms or (lambda: time.time_ns() // 1_000_000)
        self._salt = secrets.randbelow(1 << _SALT_BITS) << _COUNTER_BITS
        self._lock = threading.Lock()
        self._last = 0

    def __call__(self) -> int:
        with self._lock:
            # The wall clock may step back; ids never do.
            first = (self._clock_ms() - EPOCH_MS << MS_AT) | self._salt
            if first > self._last:
                self._last = first
            elif self._last & _COUNTER_FULL != _COUNTER_FULL:
                self._last += 1
            else:
                # The counter is used up: on to the first of the next millisecond.
                self._last += (1 << MS_AT) - _COUNTER_FULL
            return self._last


new_id = IdMaker()
