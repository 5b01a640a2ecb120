"""How often ranked answers are right, and whether they are as sure as they are right.

All shares are from 0 to 1. A share of nothing is 0. What is measured is a list of `Answer`: a label of a message, or
the department of a sentence; the figures do not care which.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

BINS: Final = 15
"""Of equal width, as in Guo et al., On Calibration of Modern Neural Networks (2017)."""

SUREST: Final = (0.5, 0.7, 0.9)
"""The parts of the messages, surest first, for which the accuracy is told."""


@dataclass(frozen=True)
class Answer:
    """What is right for one text, and what chance each possible answer was given.

    ``line`` is where the text stands in its file, from 1. Answers without a chance may be left out of ``chances``.
    """

    text: str
    line: int
    expected: frozenset[str]
    chances: Mapping[str, float]

    @cached_property
    def ranked(self) -> tuple[str, ...]:
        """What has any chance, best first; equal ones in the order of ``chances``."""
        found = [name for name, chance in self.chances.items() if chance > 0]
        return tuple(sorted(found, key=lambda name: -self.chances[name]))

    @property
    def given(self) -> str | None:
        """The first answer; None where nothing has any chance."""
        return self.ranked[0] if self.ranked else None

    @property
    def said(self) -> float:
        """How sure the first answer claims to be."""
        return self.chances[self.ranked[0]] if self.ranked else 0.0

    @property
    def right(self) -> bool:
        """Whether the first answer is an expected one."""
        return self.given in self.expected

    @property
    def truth(self) -> str:
        """The answer to count it under: the given one if it is right, else an expected one."""
        return self.given if self.given is not None and self.right else min(self.expected)


class Bin(NamedTuple):
    """Answers that claim to be about as sure: how many, how sure on the average, how many of them are right."""

    n: int
    said: float
    right: float


def top(answers: Sequence[Answer], places: int) -> float:
    """The share with an expected answer among the first ``places``."""
    return _share(answers, lambda answer: not answer.expected.isdisjoint(answer.ranked[:places]))


def macro_f1(answers: Sequence[Answer]) -> float:
    """The mean F1 over all names that are expected or given, as scikit-learn's ``f1_score(average="macro")``.

    A text without any answer costs the recall of its own name, and is no name itself.
    """
    expected = Counter(answer.truth for answer in answers)
    given = Counter(answer.given for answer in answers if answer.given is not None)
    right = Counter(answer.truth for answer in answers if answer.right)
    names = expected.keys() | given.keys()
    return sum(2 * right[name] / (expected[name] + given[name]) for name in names) / max(1, len(names))


def reliability(answers: Sequence[Answer], bins: int = BINS) -> list[Bin]:
    """The calibration curve: answers by how sure they claim to be, ascending; empty bins are left out."""
    held: dict[int, list[Answer]] = {}
    for answer in answers:
        held.setdefault(min(int(answer.said * bins), bins - 1), []).append(answer)
    return [
        Bin(len(held[at]), sum(answer.said for answer in held[at]) / len(held[at]), top(held[at], 1))
        for at in sorted(held)
    ]


def calibration_error(answers: Sequence[Answer], bins: int = BINS) -> float:
    """The expected calibration error (ECE): the mean distance between said and right, bins weighted by size."""
    return sum(held.n * abs(held.said - held.right) for held in reliability(answers, bins)) / max(1, len(answers))


def coverage(answers: Sequence[Answer], share: float) -> float:
    """The accuracy on the surest ``share`` of the answers, at least one of them."""
    surest = sorted(answers, key=lambda answer: -answer.said)
    return top(surest[: max(1, round(len(surest) * share))], 1)


def confusion(answers: Sequence[Answer]) -> Counter[tuple[str, str | None]]:
    """How often each (expected, given) came; given None: no answer."""
    return Counter((answer.truth, answer.given) for answer in answers)


def worst(answers: Sequence[Answer], most: int) -> list[Answer]:
    """The wrong answers that claimed to be surest, surest first."""
    wrong = [answer for answer in answers if answer.ranked and not answer.right]
    return sorted(wrong, key=lambda answer: -answer.said)[:most]


def _share(answers: Sequence[Answer], holds: Callable[[Answer], bool]) -> float:
    return sum(map(holds, answers)) / max(1, len(answers))
