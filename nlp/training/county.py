"""The packaged model, adapted to what a county's people decided.

What the packaged model learned from is not at hand in a county, so nothing is learned from scratch: the packaged
weights stay, and a difference is learned that is no larger than the lessons ask for:

    minimise  sum of weight * -(BELIEF * log chance(right leaf) + (1 - BELIEF) * what was believed before)
              + STIFFNESS / 2 * |difference|²

where the chances are those of the whole classifier, rules and all, moved by the difference. It has two parts: what a
piece adds to a leaf, for words that the county uses in its own way; and what one leaf's score adds to another's, for
habits ("here the lamps of villages are the town's"), which a dozen lessons in quite different words can teach. Both
are linear in the pieces, so the result is a model like the packaged one. The columns for danger and corruption are left
as they are. A piece that the packaged model has not (a name of the county) is taken in when
``FEWEST`` different people wrote it, so that nobody's own words are in a model; its idf does not count for a text's
length, so a text is scored as before wherever nothing was learned.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack

from nlp.model import Model
from nlp.model_bytes import Arrays
from nlp.training.pieces import Keys, count_groups, find_pieces

STIFFNESS: Final = 1.0
BELIEF: Final = 0.8
FEWEST: Final = 5
#: New pieces at most, the most frequent first: 2 MB of a model.
MOST_NEW: Final = 20_000
_ROUNDS: Final = 150
_SETTLED: Final = 1e-3
#: A weight grows to at most this many times the largest one of its column, or the others would be rounded away.
_LARGEST: Final = 2.0
_FACTORS: Final = (1.0, 1.2, 1.5, 2.0, 3.0)
_MASKED: Final = "*"

Floats = npt.NDArray[np.float32]


class Taught(NamedTuple):
    """A text in matching form (masked), the leaf that is right, what that counts, and who wrote it.

    ``chances`` is what the classifier with the packaged model gives every learned leaf, in the order of its columns.
    """

    text: str
    leaf: str
    weight: float
    writer: int
    chances: Floats


class NothingToLearn(ValueError):
    """There are no two categories among the lessons, or no known piece in their texts."""


def adapt(packaged: Arrays, taught: Sequence[Taught], leaves: Sequence[str], header: dict[str, Any]) -> Arrays:
    """Give the arrays of a model that learned from ``taught``. The same lessons always give the same model.

    ``leaves`` are the columns that may change, in the order of ``chances``; ``header`` is added to the packaged one's.
    Raises :class:`NothingToLearn`.
    """
    base = Model(packaged)
    number_of = {leaf: number for number, leaf in enumerate(leaves)}
    taught = [lesson for lesson in taught if lesson.leaf in number_of and lesson.weight > 0]
    if len({lesson.leaf for lesson in taught}) < 2:
        raise NothingToLearn("fewer than two categories")
    keys, squares = _vocabulary(packaged, taught)
    columns = [base.columns.index(leaf) for leaf in leaves]
    scores = np.array([base.look(lesson.text).scores[columns] for lesson in taught], np.float32)
    middle = scores.mean(axis=0)
    features, scale = _features(base, keys, squares, taught)
    right = np.array([number_of[lesson.leaf] for lesson in taught], np.intp)
    logits = np.log(np.maximum(np.array([lesson.chances for lesson in taught], np.float32), 1e-9))
    weights = np.array([lesson.weight for lesson in taught], np.float32)
    used = np.unique(features.indices)
    if not len(used):
        raise NothingToLearn("no known piece in any text")
    temperature = base.temperature(base.look(taught[0].text))
    both = hstack([features[:, used], csr_matrix((scores - middle) * scale[:, None])], "csr")
    fitted = _fit(both, logits, right, weights) * temperature
    difference = np.zeros((len(keys), len(leaves)), np.float32)
    difference[used] = fitted[: len(used)] * _idf(squares)[used, None]
    habits = fitted[len(used) :]
    before = np.searchsorted(keys, packaged["pieces"])
    difference[before] += (packaged["weights"][:, columns] * packaged["scale"][columns]) @ habits
    made = _with(packaged, keys, squares, difference, columns)
    made["bias"] = packaged["bias"].astype(np.float32)
    made["bias"][columns] += (packaged["bias"][columns] - middle) @ habits
    made["header"] = np.array(json.dumps(dict(base.header) | header, ensure_ascii=False))
    return made


def warmer(arrays: Arrays, chances: Floats, right: npt.NDArray[np.intp]) -> Arrays:
    """Give the model with the temperature under which ``chances`` (texts by leaves, of this model) are likeliest.

    ``right`` is each text's leaf. What was learned from was not seen here, or it would be believed too much.
    """
    logs = np.log(np.maximum(chances, 1e-9))
    at = np.arange(len(right))

    def loss(factor: float) -> float:
        moved = logs / factor
        return float(np.mean(np.logaddexp.reduce(moved, axis=1) - moved[at, right]))

    factor = min(_FACTORS, key=loss) if len(right) else 1.0
    header = json.loads(str(arrays["header"]))
    for name in ("temperature", "field temperature"):
        if name in header:
            steps = header[name]
            header[name] = (
                [[limit, temperature * factor] for limit, temperature in steps]
                if isinstance(steps, list)
                else steps * factor
            )
    return {**arrays, "header": np.array(json.dumps(header, ensure_ascii=False))}


def _vocabulary(packaged: Arrays, taught: Sequence[Taught]) -> tuple[Keys, Floats]:
    """The pieces of the new model, rising, and the squares that count for a text's length (0: a new piece)."""
    old = packaged["pieces"]
    people = {writer: number for number, writer in enumerate(dict.fromkeys(lesson.writer for lesson in taught))}
    texts = [lesson.text.replace(_MASKED, "\0").split("\0") for lesson in taught]
    parts = [part for text in texts for part in text]
    owners = [people[lesson.writer] for lesson, text in zip(taught, texts, strict=True) for _ in text]
    keys, writers = count_groups(find_pieces(parts), owners)
    fresh = (writers >= FEWEST) & ~np.isin(keys, old)
    order = np.argsort(-writers[fresh], kind="stable")[:MOST_NEW]
    new = keys[fresh][order].astype(np.uint64)
    joined = np.concatenate([old, new])
    squares = np.concatenate([packaged["squares"], np.zeros(len(new), np.float32)])
    rising = np.argsort(joined)
    return joined[rising], squares[rising].astype(np.float32)


def _idf(squares: Floats) -> Floats:
    """What a piece counts; a new one as much as the rarest that are known."""
    idf: Floats = np.sqrt(squares)
    return np.where(idf > 0, idf, idf.max(initial=1.0)).astype(np.float32)


def _features(base: Model, keys: Keys, squares: Floats, taught: Sequence[Taught]) -> tuple[Any, Floats]:
    """Texts by pieces: what a difference of one adds to a score, divided by how warm the text is. And by what each text
    is divided, relative to the first."""
    found = find_pieces([lesson.text.replace("\0", "") for lesson in taught])
    places = np.minimum(np.searchsorted(keys, found.keys), len(keys) - 1)
    known = keys[places] == found.keys
    rows, columns, times = found.rows[known], places[known], found.times[known]
    lengths = np.sqrt(np.bincount(rows, times * squares[columns], len(taught)))
    temperatures = np.array([base.temperature(base.look(lesson.text)) for lesson in taught])
    # A text without any known piece keeps its score whatever is learned (`Model.look`).
    cooler = temperatures[0] / temperatures
    scale = np.divide(cooler, lengths, out=np.zeros(len(taught)), where=lengths > 0)
    values = (times * _idf(squares)[columns] * scale[rows]).astype(np.float32)
    return csr_matrix((values, (rows, columns)), shape=(len(taught), len(keys))), cooler.astype(np.float32)


def _fit(features: Any, logits: Floats, right: npt.NDArray[np.intp], weights: Floats) -> Floats:
    """The difference (pieces by leaves), by Nesterov's accelerated descent."""
    step = 1 / (0.5 * _largest_curvature(features, weights) + STIFFNESS)
    wanted = (1 - BELIEF) * np.exp(logits)
    wanted[np.arange(len(right)), right] += np.float32(BELIEF)
    turned = features.T.tocsr()
    difference: Floats = np.zeros((features.shape[1], logits.shape[1]), np.float32)
    ahead, momentum, first = difference, 1.0, 0.0
    for _ in range(_ROUNDS):
        error = logits + features @ ahead
        error -= error.max(axis=1, keepdims=True)
        np.exp(error, out=error)
        error /= error.sum(axis=1, keepdims=True)
        error -= wanted
        error *= weights[:, None]
        slope = turned @ error + np.float32(STIFFNESS) * ahead
        size = float(np.linalg.norm(slope))
        first = first or size
        if size <= _SETTLED * first:
            break
        following = ahead - np.float32(step) * slope
        next_momentum = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead = following + np.float32((momentum - 1) / next_momentum) * (following - difference)
        difference, momentum = following, next_momentum
    return difference


def _largest_curvature(features: Any, weights: Floats) -> float:
    """The largest eigenvalue of the weighted texts' products, by power iteration."""
    vector = np.full(features.shape[1], features.shape[1] ** -0.5, np.float32)
    size = 0.0
    for _ in range(20):
        vector = features.T @ (weights * (features @ vector))
        size = float(np.linalg.norm(vector))
        if size == 0:
            break
        vector /= size
    # The iteration comes from below.
    return 1.1 * size


def _with(
    packaged: Arrays, keys: Keys, squares: Floats, difference: Floats, columns: Sequence[int]
) -> dict[str, npt.NDArray[Any]]:
    """The packaged arrays with the difference added, in bytes again."""
    before = np.searchsorted(keys, packaged["pieces"])
    weights = np.zeros((len(keys), len(packaged["columns"])), np.int8)
    weights[before] = packaged["weights"]
    scale = packaged["scale"].astype(np.float32).copy()
    for number, column in enumerate(columns):
        whole = weights[:, column] * scale[column] + difference[:, number]
        largest = _LARGEST * 127 * scale[column] if scale[column] > 0 else np.abs(whole).max(initial=0)
        np.clip(whole, -largest, largest, out=whole)
        scale[column] = max(np.abs(whole).max(initial=0) / 127, np.float32(1e-12))
        weights[:, column] = np.round(whole / scale[column]).astype(np.int8)
    return {
        **packaged, "pieces": keys, "weights": weights, "squares": squares, "scale": scale,
    }  # fmt: skip
