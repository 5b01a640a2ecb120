"""How weights are learned: ridge regression, a softmax, and a squared hinge for one column.

All three take texts as sparse unit rows beside a few dense directions, weigh each text, and are
deterministic. Weights come back for the sparse columns alone: a direction is itself a sum of
pieces, so what was learned of it is folded into them.
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


class Rows(NamedTuple):
    """Texts as numbers: ``pieces`` is sparse (scipy CSR), ``directions`` dense, both with a row for each text."""

    pieces: Any
    directions: Floats

    def take(self, chosen: Any) -> "Rows":
        """Give some of the rows."""
        return Rows(self.pieces[chosen], self.directions[chosen])

    def kernel(self, other: "Rows") -> Floats:
        """Give the products of all rows with all rows of ``other``."""
        products: Floats = (self.pieces @ other.pieces.T).toarray() + self.directions @ other.directions.T
        return products


class Linear(NamedTuple):
    """Scores are ``pieces @ weights + bias``, a column for each leaf."""

    weights: Floats
    bias: Floats

    def scores(self, pieces: Any) -> Floats:
        """Score rows of pieces."""
        scored: Floats = np.asarray(pieces @ self.weights) + self.bias
        return scored


def stack(*parts: Rows) -> Rows:
    """Put rows below one another."""
    sparse = need("scipy.sparse")
    return Rows(sparse.vstack([part.pieces for part in parts]).tocsr(), np.vstack([part.directions for part in parts]))


def directions(pieces: Any, count: int) -> Floats:
    """Give the ``count`` directions along which texts differ most (SVD), a column each, of unit length."""
    linalg = need("scipy.sparse.linalg")
    count = min(count, min(pieces.shape) - 1)
    if count < 1:
        return np.zeros((pieces.shape[1], 0), dtype=np.float32)
    start = np.ones(min(pieces.shape), dtype=np.float32)
    _, _, found = linalg.svds(pieces, k=count, v0=start, tol=1e-3)
    return np.ascontiguousarray(found.T, dtype=np.float32)


def ridge(rows: Rows, wanted: Floats, weights: Floats, basis: Floats, strength: float) -> Linear:
    """Learn columns by weighted squares, in closed form over the texts: for some thousands of them."""
    linalg = need("scipy.linalg")
    system = rows.kernel(rows)
    system[np.diag_indices_from(system)] += strength / weights
    bias = np.average(wanted, axis=0, weights=weights).astype(np.float32)
    shares = linalg.cho_solve(linalg.cho_factor(system, lower=True, overwrite_a=True), wanted - bias)
    return Linear(_fold(rows.pieces.T @ shares, rows.directions.T @ shares, basis), bias)


def softmax_regression(
    rows: Rows, wanted: Floats, weights: Floats, basis: Floats, looseness: float, steps: int, tell: Step
) -> Linear:
    """Learn chances over the columns; ``wanted`` are the chances known. ``looseness`` is 1 over the L2 penalty.

    Few ``steps`` from nothing are themselves a restraint: begun at the first model's weights, the
    same steps end five points lower on new sentences.
    """
    pieces, turned = rows.pieces, rows.pieces.T.tocsr()
    known, across, columns = pieces.shape[1], rows.directions.shape[1], wanted.shape[1]
    scale = weights[:, None]

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        table = flat.reshape(known + across + 1, columns).astype(np.float32)
        scores = pieces @ table[:known] + rows.directions @ table[known:-1] + table[-1]
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        sums = chances.sum(axis=1, keepdims=True)
        value = -float((scale * wanted * (scores - np.log(sums))).sum(dtype=np.float64))
        off = scale * (chances / sums - wanted)
        slope = np.empty_like(table)
        slope[:known] = turned @ off
        slope[known:-1] = rows.directions.T @ off
        slope[-1] = off.sum(axis=0)
        slope[:-1] += table[:-1] / looseness
        value += 0.5 / looseness * float((table[:-1].astype(np.float64) ** 2).sum())
        return value, slope.ravel().astype(np.float64)

    flat = _minimise(loss, (known + across + 1) * columns, steps, tell)
    table = flat.reshape(known + across + 1, columns).astype(np.float32)
    return Linear(_fold(table[:known], table[known:-1], basis), table[-1])


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


def _fold(weights: Any, across: Any, basis: Floats) -> Floats:
    folded: Floats = np.asarray(weights, dtype=np.float32) + basis @ np.asarray(across, dtype=np.float32)
    return folded
