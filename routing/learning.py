"""Learning from what people confirmed and corrected: a challenger is trained and held against the champion.

lessons ─┬─ 7/10 of the cases ── packaged model, adapted ── challenger
         ├─ 1/10 ── how sure the challenger may be (its temperature)
         └─ 2/10, never learned from ── champion | challenger ── better beyond chance?
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from nlp.classify import Classifier
from nlp.comparison import Comparison, compare
from nlp.evaluation import department_answers, judge, read_examples, report
from nlp.evaluation_figures import Answer, calibration_error
from nlp.model_bytes import from_bytes, packaged_arrays, to_bytes
from nlp.privacy import mask
from nlp.taxonomy import Taxonomy
from routing.examples import Example, Weighted, counts, fingerprint, split
from routing.lesson_weights import weigh
from routing.trained import TrainedModel

#: Fewer lessons, or fewer held back, say nothing; of those to learn from, two categories are needed at least.
FEWEST: Final = 50
FEWEST_HELD_BACK: Final = 10
#: So many corrections of one suggestion are a county's habit.
_HABIT: Final = 3


@dataclass(frozen=True, slots=True)
class TooFew:
    """There is not enough to learn from. `why` names a key of the sentences in `cli.model`."""

    why: str
    lessons: int


@dataclass(frozen=True, slots=True)
class Challenger:
    """A new model with its file. `better` than the champion beyond chance, and no worse where it must not be."""

    model: TrainedModel
    content: bytes
    better: bool


class Learner:
    """Trains challengers for one taxonomy, on the packaged model."""

    def __init__(self, packaged: Classifier) -> None:
        self.packaged = packaged
        self.taxonomy: Taxonomy = packaged.taxonomy
        self.leads = {leaf.code: leaf.lead for leaf in self.taxonomy.leaves}

    def read(self, text: str) -> str:
        """A text as it is learned from: what tells who somebody is masked, then in matching form."""
        return self.packaged.form(mask(text)).text

    def train(self, examples: Sequence[Example], champion: Classifier, now: datetime) -> Challenger | TooFew:
        """Train on `examples` and compare with `champion`. Takes seconds to minutes; the same lessons give the same
        model. Raises `nlp.model.ModelError` where the packaged model is damaged."""
        from nlp.training.county import NothingToLearn, adapt, warmer

        taught, to_warm, held_back = split(examples)
        weighed = weigh([example.lesson for example in examples])
        if len(examples) < FEWEST:
            return TooFew("few", len(examples))
        if len(held_back) < FEWEST_HELD_BACK:
            return TooFew("few_held_back", len(examples))
        base = self.packaged.model
        moved = habits([example for example, one in zip(examples, weighed, strict=True) if one.trusted])
        columns = [code for code in self.leads if code in base.columns]
        digest = fingerprint(taught, base.id)
        data = {
            "hash": digest,
            **counts(examples, weighed),
            "held_back": len(held_back),
            "until": max(example.lesson.at for example in examples).isoformat(),
        }
        name = f"{now:%y%m%d}-{digest[:4]}"
        header = {"id": name, "base": base.id, "made": now.date().isoformat(), "data": data}
        try:
            arrays = adapt(packaged_arrays(), self._lessons(taught, columns), columns, header)
        except NothingToLearn:
            return TooFew("one_category", len(examples))
        classifier = self.packaged.with_model(from_bytes(to_bytes(arrays), self.taxonomy))
        if to_warm := [example for example in to_warm if example.lesson.category in columns]:
            right = np.array([columns.index(example.lesson.category) for example in to_warm], np.intp)
            arrays = warmer(arrays, np.array([_chances(classifier, e.text, columns) for e in to_warm]), right)
        content = to_bytes(arrays)
        classifier = self.packaged.with_model(from_bytes(content, self.taxonomy))
        scores, better = measure(champion, classifier, moved, held_back)
        return Challenger(TrainedModel(name, now, base.id, data=data, scores=scores), content, better)

    def _lessons(self, taught: Sequence[Weighted], columns: Sequence[str]) -> list[Any]:
        from nlp.training.county import Taught

        return [
            Taught(
                example.text,
                example.lesson.category,
                weight,
                example.lesson.reporter_id,
                _chances(self.packaged, example.text, columns),
            )
            for example, weight in taught
        ]


def measure(
    champion: Classifier, challenger: Classifier, moved: set[str], held_back: Sequence[Example]
) -> tuple[dict[str, Any], bool]:
    """Figures of both (shares 0 to 1), and whether the challenger may take over. `moved`: see `habits`.

    It may if it is better beyond chance on what was held back, and on the shipped sentences misses no more dangers and
    corruption, raises no more false alarms and is not worse beyond chance in naming the department.
    """
    before, after = _answers(champion, held_back), _answers(challenger, held_back)
    compared = _compare(before, after)
    shipped = [sentence for sentence in read_examples() if sentence.expected.isdisjoint(moved)]
    was, now = (list(judge(classifier, shipped)) for classifier in (champion, challenger))
    departments = _compare(*(department_answers(judged, champion.taxonomy) for judged in (was, now)))
    old, new = (report(judged, champion.taxonomy) for judged in (was, now))
    scores = {
        **{key: round(value, 4) for key, value in asdict(compared).items()},
        "ece": round(calibration_error(after), 4),
        "safety_recall": round(new.safety_recall, 4),
        "integrity_recall": round(new.integrity_recall, 4),
        "department_top1": round(departments.second, 4),
        "department_top1_before": round(departments.first, 4),
        "champion": champion.model.id,
    }
    harmless = (
        new.safety_recall >= old.safety_recall
        and new.integrity_recall >= old.integrity_recall
        and new.false_alarms_hard <= old.false_alarms_hard
        and not departments.worse
    )
    return scores, compared.better and harmless


def habits(examples: Sequence[Example]) -> set[str]:
    """The categories that people here often set to another one: what was shipped says nothing about them."""
    corrected = Counter(e.lesson.suggested for e in examples if e.lesson.suggested != e.lesson.category)
    return {code for code, count in corrected.items() if code is not None and count >= _HABIT}


def _compare(first: Sequence[Answer], second: Sequence[Answer]) -> Comparison:
    return compare([answer.right for answer in first], [answer.right for answer in second])


def _chances(classifier: Classifier, text: str, columns: Sequence[str]) -> Any:
    """The chances of the columns, without the doubt that remains however clear a text is (`nlp.ranking`)."""
    chances = classifier.believed(text)
    return np.array([chances[code] for code in columns], np.float32)


def _answers(classifier: Classifier, examples: Sequence[Example]) -> list[Answer]:
    return [
        Answer("", at, frozenset({example.lesson.category}), classifier.chances(example.text))
        for at, example in enumerate(examples, start=1)
    ]
