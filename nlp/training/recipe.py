"""From texts to a model: the order of things, and the numbers that were chosen for it.

1. The vocabulary (:mod:`nlp.training.vocabulary`) and a hundred directions along which all
   texts differ, labelled or not.
2. A *first* model, ridge regression over the leaves, learns from what was written for the
   project.
3. Where messages are lent, it guesses each one's leaves within its label, and a *last* model, a
   softmax, learns from these too. The two are mixed: the last is better on messages like the
   lent ones, the first on everybody else's.
4. Danger and corruption are a column each (squared hinge).
5. Temperatures and doubt are fitted on lent messages that a model like the last had not seen; without
   any, on our own sentences in folds.

docs/classification.md tells what else was tried, docs/model-card.md what comes out.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from nlp.taxonomy import Taxonomy
from nlp.training.calibrate import Calibration, Numbers, calibrate
from nlp.training.figures import label_figures
from nlp.training.learn import (
    Floats,
    Linear,
    Rows,
    Step,
    chances,
    directions,
    hinge,
    ridge,
    softmax_regression,
    stack,
)
from nlp.training.messages import Lent
from nlp.training.pieces import find_pieces, matrix
from nlp.training.rules import rule_points
from nlp.training.science import TrainingError, need
from nlp.training.table import Table, hash_leaves, make_table
from nlp.training.texts import Taught, targets
from nlp.training.vocabulary import Vocabulary, choose

SAFETY: Final = "SAFETY"
INTEGRITY: Final = "INT"


class Recipe(NamedTuple):
    """The numbers of a training. All weights are relative to a written sentence's 1."""

    directions: int = 100
    direction_weight: float = 0.6
    """What the directions count beside the pieces, whose rows have length 1."""
    ridge: float = 0.3
    first_sharpness: float = 24.0
    """What turns the first model's scores, shares of 1, into the last one's, logarithms of chances."""
    message_weight: float = 0.3
    looseness: float = 100.0
    steps: int = 60
    last_share: float = 0.75
    alarm_looseness: float = 0.5
    alarm_weight: float = 4.0
    """How much worse a danger missed is than one seen where there is none."""
    danger_share: float = 0.03
    corruption_share: float = 0.03
    """How many of our own harmless sentences may raise an alarm, where the thresholds are put."""
    rules: float = 0.15
    """What a point of the taxonomy's rules adds to a score when a text is classified."""
    folds: int = 5
    measured_folds: int = 2


RECIPE: Final = Recipe()


class _Space(NamedTuple):
    """All texts as numbers."""

    vocabulary: Vocabulary
    basis: Floats
    own: Rows
    lent: Rows


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
    space = _make_space(own, lent, taxonomy.words(), recipe, tell)
    taught = np.array([number for number, text in enumerate(own) if text.leaves])
    wanted = targets([own[number] for number in taught], places)
    weights = np.array([own[number].weight for number in taught], dtype=np.float32)
    rows = space.own.take(taught)
    tell("the first model", 0.0)
    first = _sharpened(ridge(rows, wanted, weights, space.basis, recipe.ridge), recipe)
    if lent is None:
        model = first
        points = rule_points(taxonomy, (own[number].text for number in taught))
        calibration = _calibrate_on_own(rows, wanted, weights, points, space, recipe)
        scores = {}
    else:
        school = _School(space, rows, wanted, weights, first, lent, places, recipe, tell)
        model = school.teach(school.labelled, "the last model")
        kept, kept_scores = school.scores_unseen()
        kept_scores += recipe.rules * rule_points(taxonomy, (lent.messages[place].text for place in kept))
        known = np.diff(space.lent.pieces.indptr)[kept].astype(np.int64)
        calibration = calibrate(kept_scores, known, school.label[kept], school.members)
        views = [lent.messages[place].view for place in kept]
        scores = label_figures(kept_scores, known, school.label[kept], school.members, views)
    danger, danger_from = _alarm(space.own.pieces, [text.danger for text in own], recipe, recipe.danger_share)
    corruption, corruption_from = _alarm(
        space.own.pieces, [text.corruption for text in own], recipe, recipe.corruption_share
    )
    table = make_table(
        space.vocabulary,
        np.hstack([model.weights, danger.weights, corruption.weights]),
        np.concatenate([model.bias, danger.bias, corruption.bias]),
        [*places, SAFETY, INTEGRITY],
    )
    header = {
        "made": made,
        "taxonomy": hash_leaves(list(places)),
        "recipe": recipe._asdict(),
        "data": {
            "own texts": {"count": len(own), "sha256": _hash(own)},
            "lent messages": {"count": lent.matters() if lent else 0, "sha256": lent.digest if lent else ""},
        },
        "temperature": calibration.steps,
        "doubt": calibration.doubt,
        "rules": recipe.rules,
        "thresholds": {"safety": danger_from, "integrity": corruption_from},
        "scores": scores,
    }
    return table.with_header(header)


class _School:
    """Teaches last models: one of all lent messages, and some of a part, to be measured on the others."""

    def __init__(
        self,
        space: _Space,
        own: Rows,
        wanted: Floats,
        weights: Floats,
        first: Linear,
        lent: Lent,
        places: dict[str, int],
        recipe: Recipe,
        tell: Step,
    ) -> None:
        self._space, self._own, self._wanted, self._weights = space, own, wanted, weights
        self._first, self._recipe, self._tell = first, recipe, tell
        self.label = np.array([-1 if m.label is None else m.label for m in lent.messages], dtype=np.int64)
        self.labelled = np.flatnonzero(self.label >= 0)
        self.members = np.array(
            [[code in codes for code in places] for codes in lent.labels.values()], dtype=np.float32
        )
        # Near-duplicates stay on one side; the factor scatters neighbouring numbers over the folds.
        self._fold = np.array([(m.group * 2654435761 >> 7) % recipe.folds for m in lent.messages])

    def teach(self, chosen: Numbers, what: str) -> Linear:
        """Teach a last model from our own texts and the chosen messages, and mix it with the first."""
        recipe, basis = self._recipe, self._space.basis
        messages = self._space.lent.take(chosen)
        guesses = chances(self._first.scores(messages.pieces)) * self.members[self.label[chosen]]
        guesses /= np.maximum(guesses.sum(axis=1, keepdims=True), 1e-9)
        last = softmax_regression(
            stack(self._own, messages),
            np.vstack([self._wanted, guesses]),
            np.append(self._weights, np.full(len(chosen), recipe.message_weight, dtype=np.float32)),
            basis,
            recipe.looseness,
            recipe.steps,
            lambda _, share: self._tell(what, share),
        )
        share = np.float32(recipe.last_share)
        return Linear(
            share * last.weights + (1 - share) * self._first.weights, share * last.bias + (1 - share) * self._first.bias
        )

    def scores_unseen(self) -> tuple[Numbers, Floats]:
        """Give the messages of the measured folds and their scores by models that had not seen them."""
        kept: list[Numbers] = []
        scores: list[Floats] = []
        for fold in range(self._recipe.measured_folds):
            inside = self._fold[self.labelled] == fold
            model = self.teach(self.labelled[~inside], f"measured part {fold + 1} of {self._recipe.measured_folds}")
            kept.append(self.labelled[inside])
            scores.append(model.scores(self._space.lent.pieces[kept[-1]]))
        return np.concatenate(kept), np.vstack(scores)


def _check(texts: Sequence[Taught], places: dict[str, int]) -> None:
    known = {code for text in texts for code in text.leaves}
    if len(known) < 2:
        what = f"only {min(known)!r}" if known else "none"
        raise TrainingError(f"A model needs texts of two categories or more; there are texts of {what}")
    if not known <= places.keys():
        raise TrainingError(f"The taxonomy has no leaf {', '.join(sorted(known - places.keys()))}")


def _make_space(own: Sequence[Taught], lent: Lent | None, words: Sequence[str], recipe: Recipe, tell: Step) -> _Space:
    """Choose the vocabulary and turn all texts into numbers."""
    tell("pieces", 0.0)
    messages = lent.messages if lent else ()
    near, far = find_pieces([text.text for text in own]), find_pieces([message.text for message in messages])
    tell("pieces", 0.4)
    vocabulary = choose(near, len(own), far, [message.group for message in messages], words)
    tell("pieces", 0.8)
    near_rows = matrix(near, len(own), vocabulary.keys, vocabulary.worths)
    far_rows = matrix(far, len(messages), vocabulary.keys, vocabulary.worths)
    tell("directions", 0.0)
    found = directions(need("scipy.sparse").vstack([near_rows, far_rows]).tocsr(), recipe.directions)
    # The directions are set beside the pieces, whose rows have length 1, by their own usual length.
    length = float(np.linalg.norm(np.asarray(near_rows @ found), axis=1).mean()) if found.shape[1] else 1.0
    basis = (found * (recipe.direction_weight / max(length, 1e-6))).astype(np.float32)
    return _Space(
        vocabulary,
        basis,
        Rows(near_rows, np.asarray(near_rows @ basis, dtype=np.float32)),
        Rows(far_rows, np.asarray(far_rows @ basis, dtype=np.float32)),
    )


def _sharpened(model: Linear, recipe: Recipe) -> Linear:
    sharpness = np.float32(recipe.first_sharpness)
    return Linear(model.weights * sharpness, model.bias * sharpness)


def _calibrate_on_own(
    rows: Rows, wanted: Floats, weights: Floats, points: Floats, space: _Space, recipe: Recipe
) -> Calibration:
    """Fit temperatures on sentences of full weight, in folds: each scored by a model of the others."""
    sentences = np.flatnonzero(weights >= weights.max())
    scores = np.zeros((len(sentences), wanted.shape[1]), dtype=np.float32)
    for fold in range(recipe.folds):
        inside = np.arange(len(sentences)) % recipe.folds == fold
        seen = np.setdiff1d(np.arange(len(weights)), sentences[inside])
        if not inside.any() or not len(seen):
            continue
        model = ridge(rows.take(seen), wanted[seen], weights[seen], space.basis, recipe.ridge)
        scores[inside] = _sharpened(model, recipe).scores(rows.pieces[sentences[inside]])
    scores += recipe.rules * points[sentences]
    known = np.diff(rows.pieces.indptr)[sentences].astype(np.int64)
    right = wanted[sentences].argmax(axis=1)
    members = np.eye(wanted.shape[1], dtype=np.float32)
    return calibrate(scores, known, right, members)


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
