"""Teaching the leaves, and how sure their chances may be."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nlp.taxonomy import Taxonomy
from nlp.training.calibrate import Calibration, Numbers, calibrate
from nlp.training.learn import Linear, Step, ridge
from nlp.training.numbers import Recipe
from nlp.training.pieces import known
from nlp.training.rules import rule_points
from nlp.training.texts import Taught, targets


class Leaves:
    """Teaches the leaves: of all sentences, or without a writer's, to be measured on them."""

    def __init__(self, pieces: Any, own: Sequence[Taught], places: dict[str, int], recipe: Recipe, tell: Step) -> None:
        self.numbers = np.array([number for number, text in enumerate(own) if text.leaves])
        self._texts = [own[number] for number in self.numbers]
        self._pieces = pieces[self.numbers]
        self._wanted = targets(self._texts, places)
        self._weights = np.array([text.weight for text in self._texts], dtype=np.float32)
        self._recipe, self._tell = recipe, tell

    def teach(self, chosen: Numbers, what: str) -> Linear:
        """Teach from the chosen texts."""
        self._tell(what, 0.0)
        learned = ridge(self._pieces[chosen], self._wanted[chosen], self._weights[chosen], self._recipe.ridge)
        sharpness = np.float32(self._recipe.sharpness)
        return Linear(learned.weights * sharpness, learned.bias * sharpness)

    def calibrate(self, taxonomy: Taxonomy) -> Calibration:
        """Fit on each writer's sentences, scored by a model of all other texts; in folds where there is one writer."""
        writer = np.array([text.writer for text in self._texts])
        sentences = np.flatnonzero(writer >= 0)
        if not len(sentences):
            sentences = np.arange(len(writer))
        parts = writer if len(set(writer[sentences])) > 1 else np.arange(len(writer)) % self._recipe.folds
        scores = np.zeros((len(sentences), self._wanted.shape[1]), dtype=np.float32)
        different = sorted(set(parts[sentences].tolist()))
        for number, part in enumerate(different):
            inside = parts[sentences] == part
            seen = np.setdiff1d(np.arange(len(writer)), sentences[inside])
            if len(seen):
                model = self.teach(seen, f"temperatures, part {number + 1} of {len(different)}")
                scores[inside] = model.scores(self._pieces[sentences[inside]])
        scores += self._recipe.rules * rule_points(taxonomy, (self._texts[number].text for number in sentences))
        right = self._wanted[sentences].argmax(axis=1)
        return calibrate(scores, known(self._pieces[sentences]), right, np.eye(self._wanted.shape[1], dtype=np.float32))
