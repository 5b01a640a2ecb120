"""Public holidays that can be reckoned before the State Council has announced them.

Rule: 全国年节及纪念日放假办法 (State Council order 795, in force 2025-01-01), Art. 2 and 6: 13 days, and a day that
falls on a Saturday or Sunday is made up on a working day. Make-up workdays are unknown until the yearly notice.
"""

import functools
from collections.abc import Iterator
from datetime import date, timedelta

# First day of the lunar year, 5th of the 5th and 15th of the 8th lunar month (month and day), in Beijing time.
# Checked against ICU's Chinese calendar, which is a day off in 2027 and 2030: those new moons fall within ten minutes
# of midnight in Beijing.
_LUNAR: dict[int, tuple[tuple[int, int], tuple[int, int], tuple[int, int]]] = {
    2026: ((2, 17), (6, 19), (9, 25)),
    2027: ((2, 6), (6, 9), (9, 15)),
    2028: ((1, 26), (5, 28), (10, 3)),
    2029: ((2, 13), (6, 16), (9, 22)),
    2030: ((2, 3), (6, 5), (9, 12)),
    2031: ((1, 23), (6, 24), (10, 1)),
    2032: ((2, 11), (6, 12), (9, 19)),
    2033: ((1, 31), (6, 1), (9, 8)),
    2034: ((2, 19), (6, 20), (9, 27)),
    2035: ((2, 8), (6, 10), (9, 16)),
}


def fixed_days(year: int) -> frozenset[date]:
    """New Year's Day, 1–2 May and 1–3 October: holidays by the rule itself, whatever the moon does."""
    return frozenset(date(year, month, day) for month, day in ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)))


@functools.lru_cache(maxsize=32)
def reckoned_holidays(year: int) -> frozenset[date]:
    """The statutory days of `year` with their make-up days off. The lunar ones are known through 2035."""
    free: set[date] = set()
    for block in _blocks(year):
        owed = sum(1 for day in block if day.weekday() >= 5 or day in free)
        free.update(block)
        day = block[-1]
        while owed:
            day += timedelta(days=1)
            if day.weekday() < 5 and day not in free:
                free.add(day)
                owed -= 1
    return frozenset(free)


def _blocks(year: int) -> Iterator[list[date]]:
    yield [date(year, 1, 1)]
    if lunar := _LUNAR.get(year):
        spring = date(year, *lunar[0])
        # Art. 2: the eve and the first three days of the lunar year.
        yield [spring + timedelta(days=offset) for offset in range(-1, 3)]
    yield [_qingming(year)]
    yield [date(year, 5, 1), date(year, 5, 2)]
    if lunar:
        yield [date(year, *lunar[1])]
        yield [date(year, *lunar[2])]
    yield [date(year, 10, 1), date(year, 10, 2), date(year, 10, 3)]


def _qingming(year: int) -> date:
    # The usual approximation of the solar term for the 21st century; it is 4 or 5 April.
    short = year % 100
    return date(year, 4, int(short * 0.2422 + 4.81) - short // 4)
