"""A model written by hand: which piece speaks for which column, and how much."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def small_model(
    weights: Mapping[str, Mapping[str, int]], header: Mapping[str, Any] | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Give the arrays of a model's file; every piece has a square of 1, every column a scale of 1."""
    pieces = {sum(ord(c) << 48 - 16 * at for at, c in enumerate(piece)): of for piece, of in weights.items()}
    columns = sorted({column for of in weights.values() for column in of})
    return {
        "pieces": np.array(sorted(pieces), np.uint64),
        "weights": np.array(
            [[pieces[key].get(column, 0) for column in columns] for key in sorted(pieces)], np.int8
        ).reshape(len(pieces), len(columns)),
        "squares": np.ones(len(pieces), np.float32),
        "scale": np.ones(len(columns), np.float32),
        "bias": np.zeros(len(columns), np.float32),
        "columns": np.array(columns, np.str_),
        "header": np.array(json.dumps({"format": 2, "id": "small", "temperature": 1.0, **(header or {})})),
    }
