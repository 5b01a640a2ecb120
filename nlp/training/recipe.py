"""From texts to a model: the order of things.

1. The vocabulary (:mod:`nlp.training.vocabulary`).
2. *Leaves*: ridge regression, taught by what was written for the project and by nothing else. Lent
   messages teach it nothing: in every mixture that was tried they cost more on people's own words than
   they gave (docs/classification.md).
3. *Fields* and *formality*, where messages are lent (:mod:`nlp.training.fields`): a formal text's leaf
   gets its field's score on top.
4. Danger and corruption are a column each (squared hinge).
5. Temperatures and doubt, so that what is called 80 % sure is right in eight of ten: for people's own words
   fitted on each writer's sentences, scored by a model of the other writers'; for formal texts on lent
   messages that their columns had not seen.

docs/classification.md tells what else was tried, docs/model-card.md what comes out.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from nlp.model import FORMAL, INTEGRITY, SAFETY, field_column
from nlp.taxonomy import Taxonomy
from nlp.training.formal import Formal
from nlp.training.learn import Linear, Step, hinge
from nlp.training.leaves import Leaves
from nlp.training.messages import Lent
from nlp.training.numbers import RECIPE, Recipe
from nlp.training.science import TrainingError
from nlp.training.space import make_space
from nlp.training.table import Table, hash_leaves, make_table
from nlp.training.texts import Taught


def train(
    taxonomy: Taxonomy,
    own: Sequence[Taught],
    lent: Lent | None = None,
    *,
    made: str,
    recipe: Recipe = RECIPE,
    tell: Step = lambda what, share: None,
) -> Table:
    """Teach a model of ``own`` texts (:func:`nlp.training.texts.own_texts`) and lent ones.

    The same texts give the same table. ``made`` is the day (ISO 8601). Raises
    :class:`TrainingError` where there is nothing to learn from.
    """
    places = {leaf.code: place for place, leaf in enumerate(taxonomy.leaves)}
    _check(own, places)
    space = make_space(own, lent, taxonomy.words(), tell)
    school = Leaves(space.own, own, places, recipe, tell)
    leaves = school.teach(np.arange(len(school.numbers)), "leaves")
    calibration = school.calibrate(taxonomy)
    learned = [leaves]
    columns = list(places)
    header: dict[str, Any] = {"temperature": calibration.steps, "doubt": calibration.doubt, "scores": {}}
    if lent is not None:
        formal = Formal(taxonomy, space, own, leaves, lent, places, recipe, tell)
        learned += formal.teach(formal.labelled)
        columns += [*(field_column(number) for number in range(len(lent.labels))), FORMAL]
        header |= formal.measure(calibration) | {"fields": [sorted(codes) for codes in lent.labels.values()]}
    tell("danger and corruption", 0.0)
    danger, danger_from = _alarm(space.own, [text.danger for text in own], recipe, recipe.danger_share)
    corruption, corruption_from = _alarm(space.own, [text.corruption for text in own], recipe, recipe.corruption_share)
    learned += [danger, corruption]
    table = make_table(
        space.vocabulary,
        np.hstack([part.weights for part in learned]),
        np.concatenate([part.bias for part in learned]),
        [*columns, SAFETY, INTEGRITY],
    )
    header |= {
        "made": made,
        "taxonomy": hash_leaves(list(places)),
        "recipe": recipe._asdict(),
        "data": {
            "own texts": {"count": len(own), "sha256": _hash(own)},
            "lent messages": {"count": lent.matters() if lent else 0, "sha256": lent.digest if lent else ""},
        },
        "rules": recipe.rules,
        "thresholds": {"safety": danger_from, "integrity": corruption_from},
    }
    return table.with_header(header)


def _check(texts: Sequence[Taught], places: dict[str, int]) -> None:
    known = {code for text in texts for code in text.leaves}
    if len(known) < 2:
        what = f"only {min(known)!r}" if known else "none"
        raise TrainingError(f"A model needs texts of two categories or more; there are texts of {what}")
    if not known <= places.keys():
        raise TrainingError(f"The taxonomy has no leaf {', '.join(sorted(known - places.keys()))}")


def _alarm(pieces: Any, answers: Sequence[bool | None], recipe: Recipe, share: float) -> tuple[Linear, float]:
    """Learn a column for an alarm, and from which score on it rings: ``share`` of the harmless are above, in folds."""
    said = np.array([number for number, answer in enumerate(answers) if answer is not None], dtype=np.int64)
    right = np.array([answers[number] for number in said], dtype=bool)
    if not right.any():
        # Nobody told of any: the column says no to everything, rather than to guess.
        empty = np.zeros((pieces.shape[1], 1), dtype=np.float32)
        return Linear(empty, np.array([-1.0], dtype=np.float32)), 0.0
    weights = np.where(right, recipe.alarm_weight, 1.0).astype(np.float32)
    scores = np.zeros(len(said), dtype=np.float32)
    for fold in range(recipe.folds):
        inside = np.arange(len(said)) % recipe.folds == fold
        if right[~inside].any():
            part = hinge(pieces[said[~inside]], right[~inside], weights[~inside], recipe.alarm_looseness)
            scores[inside] = part.scores(pieces[said[inside]])[:, 0]
    harmless = scores[~right]
    threshold = float(np.quantile(harmless, 1 - share)) if len(harmless) else 0.0
    return hinge(pieces[said], right, weights, recipe.alarm_looseness), round(threshold, 4)


def _hash(texts: Sequence[Taught]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        said = (text.text, sorted(text.leaves), text.danger, text.corruption, text.weight)
        digest.update(repr(said).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
