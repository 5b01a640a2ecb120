"""How weights are learned: ridge regression, a softmax, and a squared hinge for one column.

All take texts as sparse rows of pieces, weigh each text, and are deterministic.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.training.science import need

Floats = npt.NDArray[np.float32]
Step = Callable[[str, float], None]
"""Told of what is going on and how far it is, from 0 to 1."""

_MEMORY: Final = 6
"""Past steps that the quasi-Newton method keeps: each is as large as all the weights."""
_ROUNDS: Final = 80
_SETTLED: Final = 1e-6
"""Conjugate gradients are done when what is left of the slope, squared, is this share of what it was."""


class Linear(NamedTuple):
    """Scores are ``pieces @ weights + bias``, a column for each leaf."""

    weights: Floats
    bias: Floats

    def scores(self, pieces: Any) -> Floats:
        """Score rows of pieces."""
        scored: Floats = np.asarray(pieces @ self.weights) + self.bias
        return scored


def ridge(pieces: Any, wanted: Floats, weights: Floats, strength: float) -> Linear:
    """Learn columns by weighted squares (conjugate gradients on the normal equations, all columns at once)."""
    bias = np.average(wanted, axis=0, weights=weights).astype(np.float32)
    scale = np.sqrt(weights)[:, None].astype(np.float32)
    turned = pieces.T.tocsr()
    missing = scale * (wanted - bias)
    learned = np.zeros((pieces.shape[1], wanted.shape[1]), dtype=np.float32)
    slope = turned @ (scale * missing)
    ahead = slope.copy()
    size = first = (slope**2).sum(axis=0)
    for _ in range(_ROUNDS):
        moved = scale * (pieces @ ahead)
        curved = (moved**2).sum(axis=0) + strength * (ahead**2).sum(axis=0)
        step = size / np.maximum(curved, 1e-20)
        learned += step * ahead
        missing -= step * moved
        slope = turned @ (scale * missing) - np.float32(strength) * learned
        before, size = size, (slope**2).sum(axis=0)
        if (size <= _SETTLED * first).all():
            break
        ahead *= size / np.maximum(before, 1e-20)
        ahead += slope
    return Linear(learned, bias)


def softmax_regression(
    pieces: Any, right: npt.NDArray[np.int64], weights: Floats, columns: int, looseness: float, steps: int, tell: Step
) -> Linear:
    """Learn chances over ``columns``; ``right`` is each text's number. ``looseness`` is 1 over the L2 penalty."""
    turned = pieces.T.tocsr()
    known = pieces.shape[1]
    wanted = np.eye(columns, dtype=np.float32)[right]
    scale = weights[:, None]

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        table = flat.reshape(known + 1, columns).astype(np.float32)
        scores = pieces @ table[:-1] + table[-1]
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        sums = powers.sum(axis=1, keepdims=True)
        value = -float((scale * wanted * (scores - np.log(sums))).sum(dtype=np.float64))
        off = scale * (powers / sums - wanted)
        slope = np.empty_like(table)
        slope[:-1] = turned @ off
        slope[-1] = off.sum(axis=0)
        slope[:-1] += table[:-1] / looseness
        value += 0.5 / looseness * float((table[:-1].astype(np.float64) ** 2).sum())
        return value, slope.ravel().astype(np.float64)

    flat = _minimise(loss, (known + 1) * columns, steps, tell)
    table = flat.reshape(known + 1, columns).astype(np.float32)
    return Linear(table[:-1], table[-1])


def hinges(
    pieces: Any, right: npt.NDArray[np.int64], weights: Floats, columns: int, looseness: float, steps: int = 100
) -> Linear:
    """Learn a column for each of ``columns`` against all others; ``right`` is the number of each text's."""
    each = [hinge(pieces, right == number, weights, looseness, steps) for number in range(columns)]
    return Linear(np.hstack([one.weights for one in each]), np.concatenate([one.bias for one in each]))


def hinge(pieces: Any, right: npt.NDArray[np.bool_], weights: Floats, looseness: float, steps: int = 200) -> Linear:
    """Learn one column that is above 1 where ``right`` and below -1 where not (squared hinge, penalised bias)."""
    turned = pieces.T.tocsr()
    side = np.where(right, 1, -1).astype(np.float32)

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        table = flat.astype(np.float32)
        missing = np.maximum(0, 1 - side * (pieces @ table[:-1] + table[-1]))
        value = 0.5 * float(flat @ flat) + looseness * float((weights * missing**2).sum(dtype=np.float64))
        pull = -2 * looseness * weights * side * missing
        return value, flat + np.append(turned @ pull, pull.sum())

    flat = _minimise(loss, pieces.shape[1] + 1, steps, lambda *_: None).astype(np.float32)
    return Linear(flat[:-1, None], flat[-1:])


def chances(scores: Floats) -> Floats:
    """Give the softmax of each row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    given: Floats = powers / powers.sum(axis=1, keepdims=True)
    return given


def _minimise(loss: Callable[..., Any], size: int, steps: int, tell: Step) -> npt.NDArray[np.float64]:
    done = 0

    def count(_: Any) -> None:
        nonlocal done
        done += 1
        tell("learning", done / steps)

    options = {"maxiter": steps, "maxcor": _MEMORY}
    found = need("scipy.optimize").minimize(
        loss, np.zeros(size), jac=True, method="L-BFGS-B", callback=count, options=options
    )
    result: npt.NDArray[np.float64] = found.x
    return result
