"""Lessons with their texts, and which of them are kept back to compare models on."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from routing.lesson import Lesson, lesson_of
from routing.lesson_weights import Weighed, weigh
from routing.ports import UnitOfWork

#: The newest lessons are learned from, so many at most: five thousand take 17 s of one core.
MOST: Final = 20_000
_PAGE: Final = 500
_NEWEST: Final = 1 << 63

_PARTS: Final = 10
_HELD_BACK: Final = (0, 1)
_TO_WARM: Final = (2,)
#: Of what one person says alone, so many may be held back however little the others said.
_LEAST: Final = 10


class Example(NamedTuple):
    """A lesson and the words it is about: masked, in matching form."""

    lesson: Lesson
    text: str


class Weighted(NamedTuple):
    """An example, and how much its lesson counts."""

    example: Example
    weight: float


class Split(NamedTuple):
    """`taught` is learned from, `to_warm` says how sure the model may be, `held_back` measures it."""

    taught: list[Weighted]
    to_warm: list[Example]
    held_back: list[Example]


def gather(uow: UnitOfWork, leads: Mapping[str, str], read: Callable[[str], str]) -> list[Example]:
    """The newest lessons, newest first. `leads`: leaf code → department; `read` masks a text and gives its form."""
    found: list[Example] = []
    below = _NEWEST - 1
    while len(found) < MOST and (page := uow.histories.below(below, _PAGE)):
        below = page[-1].case_id
        for history in page:
            lesson = lesson_of(history, leads)
            if lesson is not None and (text := read(history.text)).strip():
                found.append(Example(lesson, text))
    return found[:MOST]


def part_of(case_id: int) -> int:
    """In which tenth a case is, 0 to 9: the same for ever, so that what is held back was never learned from."""
    return int.from_bytes(hashlib.sha256(str(case_id).encode()).digest()[:8]) % _PARTS


def split(examples: Sequence[Example]) -> Split:
    """Part examples by their cases. Who tells the same words again is not learned from where they are held back."""
    parts = {example.lesson.case_id: part_of(example.lesson.case_id) for example in examples}
    apart = {example.text for example in examples if parts[example.lesson.case_id] in (*_HELD_BACK, *_TO_WARM)}
    trusted = _trusted(examples)
    taught = [e for e in examples if parts[e.lesson.case_id] not in (*_HELD_BACK, *_TO_WARM) and e.text not in apart]
    weights = [weighed.weight for weighed in weigh([example.lesson for example in taught])]
    return Split(
        taught=[Weighted(*each) for each in zip(taught, weights, strict=True)],
        to_warm=[e for e in trusted if parts[e.lesson.case_id] in _TO_WARM],
        held_back=[e for e in trusted if parts[e.lesson.case_id] in _HELD_BACK],
    )


def _trusted(examples: Sequence[Example]) -> list[Example]:
    """Those to measure with: in line with what the others do, and no more of one person alone than of all others."""
    weighed = [one for one in weigh([example.lesson for example in examples]) if one.trusted]
    in_line = {one.lesson.case_id for one in weighed}
    alone = Counter(one.lesson.taught_by for one in weighed if not one.lesson.seconded_by)
    left = {who: max(_LEAST, len(weighed) - count) for who, count in alone.items()}
    trusted = []
    for example in sorted(
        _of(examples, in_line), key=lambda one: hashlib.sha256(str(one.lesson.case_id).encode()).digest()
    ):
        lesson = example.lesson
        if not lesson.seconded_by:
            left[lesson.taught_by] -= 1
            if left[lesson.taught_by] < 0:
                continue
        trusted.append(example)
    return trusted


def _of(examples: Iterable[Example], case_ids: set[int]) -> list[Example]:
    return [example for example in examples if example.lesson.case_id in case_ids]


def fingerprint(taught: Sequence[Weighted], base: str) -> str:
    """SHA-256 (hex) of what a model learned from: packaged model, cases, their categories, words and weights."""
    digest = hashlib.sha256(base.encode())
    for example, weight in sorted(taught, key=lambda one: one.example.lesson.case_id):
        lesson = example.lesson
        digest.update(f"\n{lesson.case_id}\t{lesson.category}\t{weight:.6f}\t{example.text}".encode())
    return digest.hexdigest()


def counts(examples: Sequence[Example], weighed: Sequence[Weighed]) -> dict[str, int]:
    """How many lessons there are, of which kind, of how many people and categories."""
    lessons = [example.lesson for example in examples]
    return {
        "lessons": len(lessons),
        **{how.value: count for how, count in sorted(Counter(lesson.how for lesson in lessons).items())},
        "seconded": sum(bool(lesson.seconded_by) for lesson in lessons),
        "against": sum(one.against for one in weighed),
        "people": len({lesson.taught_by for lesson in lessons}),
        "categories": len({lesson.category for lesson in lessons}),
    }
