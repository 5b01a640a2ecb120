"""How good a model is on texts that it has not seen: the figures that its header tells."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from nlp.model import FIELD_DOUBT_HOTTER
from nlp.training.calibrate import Numbers, by_label, calibrate, calibration_error
from nlp.training.learn import Floats

_TOP: Final = 3


def label_figures(
    scores: Floats, known: Numbers, right: Numbers, views: Sequence[str], members: Floats
) -> dict[str, dict[str, float]]:
    """Give n, accuracy, macro_f1, top3 and ece of each view of the texts; shares from 0 to 1.

    ``known`` is how many known pieces each text has, ``members`` is labels by columns of ``scores``. As ``main.py
    evaluate`` does it, a column that is no label's takes from the chances and is never an answer. Temperatures and
    doubt are fitted on one half of the texts and tried on the other, and the other way round, so that no text
    measures what was fitted on it.
    """
    given = np.zeros((len(scores), len(members)), dtype=np.float32)
    # By pairs: two views of a message stand side by side, and each half needs both.
    halves = np.arange(len(right)) // 2 % 2 == 0
    for half in (halves, ~halves):
        calibration = calibrate(scores[~half], known[~half], right[~half], members, FIELD_DOUBT_HOTTER)
        given[half] = by_label(calibration.chances(scores[half], known[half]), members)
    named = np.asarray(views)
    return {view: _figures(given[named == view], right[named == view]) for view in dict.fromkeys(views)}


def _figures(given: Floats, right: Numbers) -> dict[str, float]:
    order = np.argsort(-given, axis=1)
    found = {
        "accuracy": float((order[:, 0] == right).mean()),
        "macro_f1": _macro_f1(order[:, 0], right),
        "top3": float((order[:, :_TOP] == right[:, None]).any(axis=1).mean()),
        "ece": calibration_error(given, right),
    }
    return {"n": len(right), **{name: round(value, 4) for name, value in found.items()}}


def _macro_f1(said: Numbers, right: Numbers) -> float:
    scores = [
        2 * ((said == one) & (right == one)).sum() / ((said == one).sum() + (right == one).sum())
        for one in np.unique(right)
    ]
    return float(np.mean(scores))
