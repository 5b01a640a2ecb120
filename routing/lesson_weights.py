"""How much each lesson counts, so that nobody turns the model alone and no frequent matter drowns the rare ones.

- A correction counts more than a suggestion that was only let through, which says what the model said already.
- What a second person agreed to counts twice.
- Who decides against what the others do with the same suggestion counts less, there and in all else they teach.
  Everybody is one voice in this, however much they did: one person who flips everything is outvoted by two.
- A category with many lessons grows with the root of their number.
- What one person says alone is at most a third of what all others say, or as much as ten lessons.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from routing.lesson import How, Lesson

_WORTH: Final = {How.CORRECTED: 1.0, How.REROUTED: 0.5, How.ACCEPTED: 0.5}
_SECONDED: Final = 2.0
#: A lesson is against the others where on average this share of theirs, or less, says the same.
_RARE: Final = 0.1
_AGAINST: Final = 0.2
#: So many others, with so many lessons of the same suggestion in all, are needed to say what is done with it.
_VOICES: Final = 2
_HABIT: Final = 3
#: Whose lessons are in line less often than this is not measured by.
_TRUSTED: Final = 0.5
#: How many lessons in line with the others everybody is lent to begin with.
_LENT: Final = 2.0
_FULL: Final = 30.0
_SHARE: Final = 1 / 3
_LEAST: Final = 10.0


@dataclass(frozen=True, slots=True)
class Weighed:
    """A lesson with its weight (above 0; about 1 for a correction). `against`: the others do otherwise. `trusted`: it
    is in line, and so is most of what its teacher said; only such ones are measured with."""

    lesson: Lesson
    weight: float
    against: bool
    trusted: bool


def weigh(lessons: Sequence[Lesson]) -> list[Weighed]:
    """Weigh lessons against each other, in the same order."""
    against = _against(lessons)
    trust = _trust(lessons, against)
    weights = [
        _WORTH[lesson.how] * (_SECONDED if lesson.seconded_by else 1.0) * trust[lesson.taught_by]
        * (_AGAINST if is_against else 1.0)
        for lesson, is_against in zip(lessons, against, strict=True)
    ]  # fmt: skip
    _balance(lessons, weights)
    _cap(lessons, weights)
    return [
        Weighed(lesson, weight, bool(a), trusted=not a and trust[lesson.taught_by] >= _TRUSTED)
        for lesson, weight, a in zip(lessons, weights, against, strict=True)
    ]


def _against(lessons: Sequence[Lesson]) -> list[bool | None]:
    """Whether the others do otherwise; None where there are too few of them to say."""
    habits: dict[str, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for lesson in lessons:
        if lesson.suggested is not None:
            for who in (lesson.taught_by, *lesson.seconded_by):
                habits[lesson.suggested][who][lesson.category] += 1
    return [_is_against(lesson, habits.get(lesson.suggested or "", {})) for lesson in lessons]


def _is_against(lesson: Lesson, habits: Mapping[int, Counter[str]]) -> bool | None:
    others = [habit for who, habit in habits.items() if who != lesson.taught_by]
    if len(others) < _VOICES or sum(habit.total() for habit in others) < _HABIT:
        return None
    return sum(habit[lesson.category] / habit.total() for habit in others) / len(others) <= _RARE


def _trust(lessons: Sequence[Lesson], against: Sequence[bool | None]) -> dict[int, float]:
    """By person, 0 to 1: the share of their lessons that were in line, of those of which the others said anything."""
    judged: dict[int, Counter[bool]] = defaultdict(Counter)
    for lesson, is_against in zip(lessons, against, strict=True):
        of_person = judged[lesson.taught_by]
        if is_against is not None:
            of_person[is_against] += 1
    return {who: (_LENT + seen[False]) / (_LENT + seen.total()) for who, seen in judged.items()}


def _balance(lessons: Sequence[Lesson], weights: list[float]) -> None:
    totals: dict[str, float] = defaultdict(float)
    for lesson, weight in zip(lessons, weights, strict=True):
        totals[lesson.category] += weight
    for at, lesson in enumerate(lessons):
        weights[at] *= min(1.0, (_FULL / totals[lesson.category]) ** 0.5)


def _cap(lessons: Sequence[Lesson], weights: list[float]) -> None:
    alone: dict[int, list[int]] = defaultdict(list)
    for at, lesson in enumerate(lessons):
        if not lesson.seconded_by:
            alone[lesson.taught_by].append(at)
    whole = sum(weights)
    sums = {who: sum(weights[at] for at in places) for who, places in alone.items()}
    for who, places in alone.items():
        allowed = max(_LEAST, _SHARE * (whole - sums[who]))
        for at in places:
            weights[at] *= min(1.0, allowed / sums[who])
