"""What formal messages are about, in the coarser fields of those who labelled lent ones, and how formal a text is.

Messages to a government's message board are long, polite and full of the administration's own words;
what people type into a chat is not. What is learned from the one says much about the one and little about
the other. So the lent messages teach columns of their own: one for each *field* (a label of theirs), and
how *formal* a text reads. A leaf's score gets its field's, as far as the text is formal (:mod:`nlp.model`).

Three learners that are mistaken about different messages are averaged; all are linear in the pieces,
so together they are one column a field.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nlp.training.learn import Floats, Linear, Step, hinge, hinges, softmax_regression
from nlp.training.science import need

Numbers = npt.NDArray[np.int64]

_SMOOTHING: Final = 0.003
_NO_WORDS: Final = re.compile(r"[a-z0-9]")
_BALANCED: Final = 2
"""Formal, or not."""


def learn_fields(
    pieces: Any, right: Numbers, weights: Floats, fields: int, *, looseness: float, softmax_looseness: float, tell: Step
) -> Linear:
    """Learn how strongly a text speaks for each of ``fields``; ``right`` is each text's.

    The average of support vectors, support vectors on pieces weighed by how unevenly they stand in the fields (Wang
    and Manning 2012, "Baselines and Bigrams"), and a softmax, each divided by how widely its scores are spread.
    """
    tell("fields", 0.0)
    vectors = _evened(hinges(pieces, right, weights, fields, looseness), pieces)
    tell("fields", 0.3)
    uneven = _evened(_by_unevenness(pieces, right, weights, fields, looseness), pieces)
    tell("fields", 0.6)
    steps = softmax_regression(pieces, right, weights, fields, softmax_looseness, 60, lambda *_: None)
    learned = vectors, uneven, _evened(steps, pieces)
    return Linear(
        np.mean([one.weights for one in learned], axis=0, dtype=np.float32),
        np.mean([one.bias for one in learned], axis=0, dtype=np.float32),
    )


def learn_formality(formal: Any, informal: Any, names: Sequence[str], looseness: float) -> Linear:
    """Learn the log-odds that a text is formal, both kinds being as frequent. ``names`` are the pieces.

    Pieces with letters or digits are left out: they are how the lent messages' places were made nameless.
    """
    wordy = np.array([not _NO_WORDS.search(name) for name in names])
    counts = formal.shape[0], informal.shape[0]
    right = np.repeat(np.array([1, 0], dtype=np.int64), counts)
    weights = np.repeat(np.array([1.0, counts[0] / max(1, counts[1])], dtype=np.float32), counts)
    rows = need("scipy.sparse").vstack([formal, informal]).tocsr()[:, wordy]
    learned = softmax_regression(rows, right, weights, _BALANCED, looseness, 100, lambda *_: None)
    odds = np.zeros((len(names), 1), dtype=np.float32)
    odds[wordy, 0] = learned.weights[:, 1] - learned.weights[:, 0]
    return Linear(odds, learned.bias[1:] - learned.bias[:1])


def _evened(learned: Linear, pieces: Any) -> Linear:
    """Give the columns divided by how widely their scores of ``pieces`` are spread."""
    spread = np.float32(learned.scores(pieces).std())
    return Linear(learned.weights / spread, learned.bias / spread)


def _by_unevenness(pieces: Any, right: Numbers, weights: Floats, fields: int, looseness: float) -> Linear:
    diagonal = need("scipy.sparse").diags
    weighed = (diagonal(weights) @ pieces).tocsr()
    columns: list[Linear] = []
    for field in range(fields):
        inside, outside = (
            np.asarray(weighed[mask].sum(axis=0)).ravel() + _SMOOTHING for mask in (right == field, right != field)
        )
        uneven = np.abs(np.log(inside / inside.sum()) - np.log(outside / outside.sum())).astype(np.float32)
        one = hinge((pieces @ diagonal(uneven)).tocsr(), right == field, weights, looseness)
        columns.append(Linear(one.weights * uneven[:, None], one.bias))
    return Linear(np.hstack([one.weights for one in columns]), np.concatenate([one.bias for one in columns]))
