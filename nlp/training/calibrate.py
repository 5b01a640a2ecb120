"""How sure the chances may be: fitted on texts that the scores were not learned from.

    chance = (1 - doubt) * softmax(score / temperature) + doubt * softmax(score / (hotter * temperature))

The temperature is one for each length of text. The doubt is what remains however clear a text
seems: a label of a person is wrong now and then, and a text has two sides. Both are chosen so that
the sum of a label's leaves is right as often as it says (the expected calibration error in
fifteen bins), and among those alike by the likelihood of the right label.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.model import DOUBT_HOTTER
from nlp.training.learn import Floats, chances

LIMITS: Final = (25, 40, 70, 120, 200, 1_000_000)
"""Known pieces up to which a temperature holds: a title has some 30, a page some hundreds."""

_BINS: Final = 15
_TEMPERATURES: Final = np.exp(np.linspace(np.log(0.2), np.log(20.0), 93))
_DOUBTS: Final = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1)
_FEWEST: Final = 200
"""Texts that a temperature is fitted on at least; fewer share their neighbour's."""

Numbers = npt.NDArray[np.int64]


class Calibration(NamedTuple):
    """``steps`` are ``[[most known pieces, temperature], ...]``, ``doubt`` a share.

    ``hotter``: what is doubted is spread as by a temperature so many times as hot.
    """

    steps: list[list[float]]
    doubt: float
    hotter: float = DOUBT_HOTTER

    def chances(self, scores: Floats, known: Numbers) -> Floats:
        """Give the chances of texts with ``known`` pieces each."""
        limits, temperatures = zip(*self.steps, strict=True)
        places = np.minimum(np.searchsorted(limits, known), len(limits) - 1)
        return _doubted(scores, np.array(temperatures, dtype=np.float32)[places][:, None], self.doubt, self.hotter)


def calibration_error(given: Floats, right: Numbers) -> float:
    """Give the expected calibration error of each row's highest chance, from 0 to 1."""
    sure = given.max(axis=1)
    hit = given.argmax(axis=1) == right
    bins = np.minimum((sure * _BINS).astype(np.int64), _BINS - 1)
    said = np.bincount(bins, weights=sure, minlength=_BINS)
    met = np.bincount(bins, weights=hit, minlength=_BINS)
    return float(np.abs(said - met).sum() / max(1, len(right)))


def by_label(leaf_chances: Floats, members: Floats) -> Floats:
    """Add up the leaves' chances to labels; ``members`` is labels by leaves. The rest is no label's."""
    given: Floats = leaf_chances @ members.T
    return given


def calibrate(
    scores: Floats, known: Numbers, right: Numbers, members: Floats, hotter: float = DOUBT_HOTTER
) -> Calibration:
    """Fit on texts with ``known`` pieces each and a right label; ``members`` is labels by leaves."""
    parts = _by_length(known)
    if not parts:
        return Calibration([[LIMITS[-1], 1.0]], 0.0, hotter)
    tried: list[tuple[float, Calibration]] = []
    for doubt in _DOUBTS:
        steps: list[list[float]] = []
        total = 0.0
        for limit, chosen in parts:
            badness, temperature = min(
                (_badness(scores[chosen], right[chosen], members, one, doubt, hotter), one) for one in _TEMPERATURES
            )
            steps.append([limit, round(float(temperature), 4)])
            total += badness * chosen.sum()
        tried.append((total, Calibration(steps, doubt, hotter)))
    return min(tried)[1]


def _by_length(known: Numbers) -> list[tuple[int, npt.NDArray[np.bool_]]]:
    parts: list[tuple[int, npt.NDArray[np.bool_]]] = []
    before = -1
    for limit in LIMITS:
        chosen = (known > before) & (known <= limit)
        if chosen.sum() >= _FEWEST or (limit == LIMITS[-1] and chosen.any()):
            parts.append((limit, chosen))
            before = limit
    return parts


def _badness(scores: Floats, right: Numbers, members: Floats, temperature: float, doubt: float, hotter: float) -> float:
    given = by_label(_doubted(scores, np.float32(temperature), doubt, hotter), members)
    likelihood = -float(np.log(np.maximum(given[np.arange(len(right)), right], 1e-9)).mean())
    return calibration_error(given, right) + 0.1 * likelihood


def _doubted(scores: Floats, temperature: Floats | np.float32, doubt: float, hotter: float) -> Floats:
    sure, doubtful = chances(scores / temperature), chances(scores / temperature / np.float32(hotter))
    doubted: Floats = sure * np.float32(1 - doubt) + doubtful * np.float32(doubt)
    return doubted
