"""Teaching what is learned of formal messages, and measuring it on those that were not learned from."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nlp.model import FIELD_DOUBT_HOTTER
from nlp.taxonomy import Taxonomy
from nlp.training.calibrate import Calibration, Numbers, calibrate
from nlp.training.fields import learn_fields, learn_formality
from nlp.training.figures import label_figures
from nlp.training.learn import Floats, Linear, Step
from nlp.training.messages import Lent
from nlp.training.numbers import Recipe
from nlp.training.pieces import known, piece_of
from nlp.training.rules import rule_points
from nlp.training.science import need
from nlp.training.space import Space
from nlp.training.texts import Taught


class Formal:
    """Teaches fields and formality: of all lent messages, or of a part, to be measured on the others."""

    def __init__(
        self,
        taxonomy: Taxonomy,
        space: Space,
        own: Sequence[Taught],
        leaves: Linear,
        lent: Lent,
        places: dict[str, int],
        recipe: Recipe,
        tell: Step,
    ) -> None:
        self._taxonomy, self._space, self._leaves, self._lent = taxonomy, space, leaves, lent
        self._recipe, self._tell = recipe, tell
        self._label = np.array([-1 if m.label is None else m.label for m in lent.messages], dtype=np.int64)
        self._view = np.array([message.view for message in lent.messages])
        self.labelled = np.flatnonzero(self._label >= 0)
        self._members = np.array([[code in codes for code in places] for codes in lent.labels.values()], np.float32)
        sentences = [number for number, text in enumerate(own) if text.writer >= 0]
        self._own = [(n, field) for n in sentences if (field := self._field_of(own[n])) is not None]
        self._informal = np.array([n for n in sentences if not own[n].formal], dtype=np.int64)
        self._names = [piece_of(key) for key in space.vocabulary.keys.tolist()]
        # Near-duplicates stay on one side; the factor scatters neighbouring numbers over the folds.
        self._fold = np.array([(m.group * 2654435761 >> 7) % recipe.folds for m in lent.messages])

    def _field_of(self, text: Taught) -> int | None:
        """The one field of a sentence's leaves, or None."""
        fields = {
            tuple(n for n, codes in enumerate(self._lent.labels.values()) if leaf in codes) for leaf in text.leaves
        }
        return next(iter(fields))[0] if len(fields) == 1 and all(fields) else None

    def teach(self, chosen: Numbers) -> list[Linear]:
        """Teach the columns of the fields and of formality from the chosen messages and our own sentences."""
        recipe, space = self._recipe, self._space
        numbers = np.array([number for number, _ in self._own], dtype=np.int64)
        whole = self._view[chosen] != "part"
        weights = np.append(np.where(whole, 1.0, recipe.part_weight), np.full(len(numbers), recipe.part_weight))
        fields = learn_fields(
            need("scipy.sparse").vstack([space.lent[chosen], space.own[numbers]]).tocsr(),
            np.append(self._label[chosen], np.array([field for _, field in self._own], dtype=np.int64)),
            weights.astype(np.float32),
            len(self._members),
            looseness=recipe.field_looseness,
            softmax_looseness=recipe.field_softmax_looseness,
            tell=self._tell,
        )
        formal, informal = space.lent[chosen[whole]], space.own[self._informal]
        formality = learn_formality(formal, informal, self._names, recipe.formality_looseness)
        weight = np.float32(recipe.field_weight)
        return [Linear(fields.weights * weight, fields.bias * weight), formality]

    def measure(self, leaves: Calibration) -> dict[str, Any]:
        """Fit the fields' temperatures and doubt, and tell how good they are, on messages that no column had seen.

        ``leaves`` is what was fitted for the leaves before; its doubt is not for formal texts.
        """
        kept: list[Numbers] = []
        scores: list[Floats] = []
        for fold in range(self._recipe.measured_folds):
            self._tell(f"measured part {fold + 1} of {self._recipe.measured_folds}", 0.0)
            inside = self._fold[self.labelled] == fold
            fields, formality = self.teach(self.labelled[~inside])
            seen = self.labelled[inside & (self._view[self.labelled] != "part")]
            pieces = self._space.lent[seen]
            formal = 1 / (1 + np.exp(-formality.scores(pieces)))
            scores.append(self._leaves.scores(pieces) + formal * (fields.scores(pieces) @ self._members))
            kept.append(seen)
        places, given = np.concatenate(kept), np.vstack(scores)
        given += self._recipe.rules * rule_points(self._taxonomy, (self._lent.messages[n].text for n in places))
        counts, right = known(self._space.lent[places]), self._label[places]
        # The leaves of no field are one more together, as for a classifier.
        members = np.vstack([self._members, 1 - self._members.sum(axis=0)])
        of_fields = np.log(np.maximum(leaves._replace(doubt=0.0).chances(given, counts) @ members.T, 1e-30))
        of_labels = np.eye(len(members), dtype=np.float32)[:-1]
        calibration = calibrate(of_fields, counts, right, of_labels, FIELD_DOUBT_HOTTER)
        figures = label_figures(of_fields, counts, right, self._view[places].tolist(), of_labels)
        return {"field temperature": calibration.steps, "field doubt": calibration.doubt, "scores": figures}
