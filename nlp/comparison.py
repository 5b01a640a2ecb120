"""Whether one of two classifiers is better than the other on the same texts, beyond chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: Chance alone gives a difference as large as this less often than once in twenty.
SIGNIFICANT: Final = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """On ``n`` texts; ``won`` were right only with the second, ``lost`` only with the first.

    ``first`` and ``second`` are the shares that are right, ``p`` McNemar's exact two-sided chance of such a
    difference between two that are equally good.
    """

    n: int
    first: float
    second: float
    won: int
    lost: int
    p: float

    @property
    def better(self) -> bool:
        """Whether the second is better beyond chance."""
        return self.won > self.lost and self.p < SIGNIFICANT

    @property
    def worse(self) -> bool:
        """Whether the second is worse beyond chance."""
        return self.lost > self.won and self.p < SIGNIFICANT


def compare(first: Sequence[bool], second: Sequence[bool]) -> Comparison:
    """Compare which texts two classifiers had right, text by text. Raises ValueError for lists of unlike length."""
    won = sum(b and not a for a, b in zip(first, second, strict=True))
    lost = sum(a and not b for a, b in zip(first, second, strict=True))
    n = len(first)
    return Comparison(n, sum(first) / max(1, n), sum(second) / max(1, n), won, lost, exact_sign_test(won, lost))


def exact_sign_test(won: int, lost: int) -> float:
    """Give the two-sided chance that fair coins fall at least as unevenly as ``won`` to ``lost``; 1 for none."""
    total, fewer = won + lost, min(won, lost)
    tail = sum(math.comb(total, k) for k in range(fewer + 1))
    # Whole numbers, so that thousands of coins neither overflow nor round to nothing too early.
    return min(1.0, 2 * tail / 2**total) if total < 1000 else min(1.0, _normal_tail(won, lost))


def _normal_tail(won: int, lost: int) -> float:
    """The same by the normal curve with continuity correction: beside a thousand coins it is exact enough."""
    z = max(0.0, abs(won - lost) - 1) / math.sqrt(won + lost)
    return math.erfc(z / math.sqrt(2))
