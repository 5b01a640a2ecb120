"""Lessons as a county might give them: our own sentences, some of which this county classifies in its own way."""

import functools
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from nlp.evaluation import read_examples
from nlp.training.texts import EXAMPLES
from routing.examples import Example
from routing.learning import Learner
from routing.lesson import How, Lesson
from tests.routing.county import understanding

#: Here street lamps are the roads' matter, and so on.
HABIT = {"CG04": "CG05", "JT03": "JT06", "HS01": "HS08", "HJ01": "HJ02"}
NOW = datetime(2026, 11, 22, tzinfo=UTC)
STAFF, OFFICERS = (1, 2, 3), (7, 8, 9)

Labels = Callable[[str, int], str]


@functools.cache
def learner() -> Learner:
    return Learner(understanding().classifier)


@functools.cache
def sentences() -> list[tuple[str, str]]:
    """Text and the one category that is right for it: of two hands, of which the packaged model is very sure."""
    rows = [row for path in EXAMPLES[:3:2] for row in read_examples(path)]
    pairs = [(row.text, next(iter(row.expected))) for row in rows if len(row.expected) == 1]
    return [(text, code) for text, code in pairs if code in learner().leads]


def lessons(
    count: int, habit: Mapping[str, str] = HABIT, poisoner: Labels | None = None, poisoned: int = 0
) -> list[Example]:
    """`count` lessons of three who are right by the county's habit, and `poisoned` more of one who labels as told."""
    chosen = random.Random(1)
    moved = [pair for pair in sentences() if pair[1] in habit]
    rest = [pair for pair in sentences() if pair[1] not in habit]
    honest = moved + chosen.sample(rest, count - len(moved))
    chosen.shuffle(honest)
    given = [_example(at, text, habit.get(code, code), chosen.choice(STAFF)) for at, (text, code) in enumerate(honest)]
    if poisoner is not None:
        for at, (text, code) in enumerate(chosen.sample(rest, poisoned), start=count):
            given.append(_example(at, text, poisoner(code, at), 66, seconded=False))
    return given


def _example(at: int, text: str, right: str, who: int, *, seconded: bool = True) -> Example:
    suggested, form = _read(text)
    lesson = Lesson(
        case_id=1000 + at, reporter_id=5000 + at, category=right,
        how=How.ACCEPTED if suggested == right else How.CORRECTED, taught_by=who, at=NOW + timedelta(minutes=at),
        suggested=suggested, seconded_by=(OFFICERS[at % 3],) if seconded else (),
    )  # fmt: skip
    return Example(lesson, form)


@functools.cache
def _read(text: str) -> tuple[str, str]:
    """What is suggested first, and the text as it is learned from."""
    chances = learner().packaged.chances(text)
    return max(chances, key=chances.__getitem__), learner().read(text)
