"""From what rules and the learned model say to calibrated chances of leaves and departments.

    score(leaf)  = the model's score + its worth of a rule's point * the rules' points
                   + formal * the model's score of the leaf's field
    chance(leaf) = (1 - doubt) * softmax(score / T) + doubt * softmax(score / (8 T))

T is the model's temperature, fitted so that of what is called 80 % sure eight in ten are right. In a
formal text the leaves' doubt does not count; what those of a field have together is raised to
``Model.field_power``, with a doubt of the fields' own. A department's chance is the sum over the leaves
that it leads.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.model import DOUBT_HOTTER, FIELD_DOUBT_HOTTER, Floats, Look, Model
from nlp.scoring import Points
from nlp.taxonomy import Category, Taxonomy

_STRANGE: Final = 0.2
"""A text with fewer meaningful pieces a character is in a language that was never learned: English and code have up to
0.16, Chinese 0.6 (of some 2,300 sentences that tell of a matter none has fewer than 0.29)."""

_SMALLEST: Final = 1e-30
"""What a field's share is at least, so that it has a power."""

_KNOWN: Final = 3
_KNOWN_SHARE: Final = 0.25
"""With fewer meaningful pieces, or fewer a character, an answer is offered and never sure."""


class Ranking(NamedTuple):
    """The chances of one text, by the numbers of :class:`Ranker`.

    ``leaves`` and ``departments`` are the likeliest of each, best first: those only that are above a guess, so none
    for a text that says nothing or is in a language that was never learned; then all chances are 0. ``known``: so
    much of the text is known that an answer may be sure.
    """

    chances: Floats
    department_chances: list[float]
    leaves: list[int]
    departments: list[int]
    known: bool


class Ranker:
    """The leaves and departments of one taxonomy and the model's columns for them. Immutable after construction."""

    def __init__(self, taxonomy: Taxonomy, model: Model) -> None:
        """Match the model's columns with the leaves. A leaf that it never learned is found by rules alone."""
        self.model = model
        self.leaves: tuple[Category, ...] = taxonomy.leaves
        self.departments = tuple(dict.fromkeys(leaf.lead for leaf in self.leaves))
        self.number_of: Mapping[str, int] = {leaf.code: number for number, leaf in enumerate(self.leaves)}
        place = {code: number for number, code in enumerate(model.columns)}
        learned = np.array([leaf.code in place for leaf in self.leaves], bool)
        self.columns: npt.NDArray[np.intp] = np.array([place.get(leaf.code, 0) for leaf in self.leaves], np.intp)
        self.fields: npt.NDArray[np.intp] = np.array([model.field_of(leaf.code) for leaf in self.leaves], np.intp)
        # The leaves of no field are one more together.
        _, self._field = np.unique(self.fields, return_inverse=True)
        self._fields_and_none = int(self._field.max()) + 1
        self._unlearned, self._learned = np.flatnonzero(~learned), np.flatnonzero(learned)
        self.average: Floats = model.average(self.columns[self._learned])
        leads = {code: number for number, code in enumerate(self.departments)}
        self._leads = np.array([leads[leaf.lead] for leaf in self.leaves], np.intp)
        self._lead_of: list[int] = self._leads.tolist()
        self._led_by = [[leaf for leaf, of in enumerate(self._lead_of) if of == lead] for lead in leads.values()]
        self._top = taxonomy.matching.top_k
        self._nothing = Ranking(np.zeros(len(self.leaves), np.float32), [], [], [], False)

    def rank(self, text: str, look: Look, points: Points) -> Ranking:
        """Give the chances of every leaf and department for ``text`` (in matching form). Never raises."""
        if not points and (not look.meaningful or look.meaningful < _STRANGE * len(text)):
            return self._nothing
        chances = self.believed(look, points)
        # Some doubt remains however clear a text seems.
        doubt = self.model.doubt(look)
        if doubt:
            doubtful = chances ** np.float32(1 / DOUBT_HOTTER)
            chances *= 1 - doubt
            chances += doubtful * (doubt / np.add.reduce(doubtful))
        departments = np.bincount(self._leads, chances, len(self.departments))
        return Ranking(
            chances,
            departments.tolist(),
            self._likeliest(chances),
            self._likeliest(departments),
            bool(points or look.meaningful >= max(_KNOWN, _KNOWN_SHARE * len(text))),
        )

    def believed(self, look: Look, points: Points) -> Floats:
        """Give the chances of every leaf as if nothing were to be doubted. They add up to 1."""
        scores = self._scores(look)
        for code, (worth, _) in points.items():
            scores[self.number_of[code]] += self.model.rules * worth
        scores -= np.maximum.reduce(scores)
        scores *= 1 / self.model.temperature(look)
        chances: Floats = np.exp(scores, out=scores)
        if look.formal:
            chances *= self._evened(chances, look).take(self._field)
        chances *= 1 / np.add.reduce(chances)
        return chances

    def _evened(self, chances: Floats, look: Look) -> npt.NDArray[np.float64]:
        """Give by how much each field's chances are too high or too low in a formal text."""
        fields = np.bincount(self._field, chances, self._fields_and_none)
        np.maximum(fields, _SMALLEST, out=fields)
        power = self.model.field_power(look)
        sure, doubtful = fields**power, fields ** (power / FIELD_DOUBT_HOTTER)
        doubt = look.formal * self.model.field_doubt
        wanted = sure * ((1 - doubt) / np.add.reduce(sure)) + doubtful * (doubt / np.add.reduce(doubtful))
        evened: npt.NDArray[np.float64] = wanted / fields
        return evened

    def leaves_by_lead(self, ranking: Ranking) -> dict[int, list[int]]:
        """Give those of the likeliest leaves that each of the likeliest departments leads, or else its best one."""
        found: dict[int, list[int]] = {lead: [] for lead in ranking.departments}
        for leaf in ranking.leaves:
            found.setdefault(self._lead_of[leaf], []).append(leaf)
        for lead, of_lead in found.items():
            if not of_lead:
                of_lead.append(max(self._led_by[lead], key=ranking.chances.item))
        return found

    def _scores(self, look: Look) -> Floats:
        if not len(self._learned):
            return np.zeros(len(self.leaves), np.float32)
        scores: Floats = look.scores.take(self.columns)
        if len(self._unlearned):
            # Neither for nor against: what the others get on average.
            scores[self._unlearned] = scores[self._learned].mean()
        if look.formal:
            scores += look.formal * look.scores.take(self.fields)
        return scores

    def _likeliest(self, chances: npt.NDArray[Any]) -> list[int]:
        """Give the first few, best first, as far as they are above a guess."""
        above: list[int] = (chances > 1 / len(chances)).nonzero()[0].tolist()
        return sorted(above, key=chances.item, reverse=True)[: self._top]
