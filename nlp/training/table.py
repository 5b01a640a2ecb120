"""The learned table: what is written to the file, and how it scores many texts at once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.model import FORMAT
from nlp.training.learn import Floats
from nlp.training.pieces import Keys, find_pieces, matrix
from nlp.training.vocabulary import Vocabulary

_LARGEST: Final = 127
"""The largest number of eight bits with a sign."""
_CUT: Final = 0.9999
"""A column's weights are cut at what so large a share of them are below, or a few rare pieces' would round the others
away."""


class Table(NamedTuple):
    """All arrays of the file; see :mod:`nlp.training`. ``header`` is what its JSON says."""

    pieces: Keys
    weights: npt.NDArray[np.int8]
    squares: Floats
    scale: Floats
    bias: Floats
    columns: tuple[str, ...]
    header: Mapping[str, Any]

    def scores(self, texts: Sequence[str]) -> Floats:
        """Score texts in matching form, a row each. Much faster for many than one by one."""
        unit = matrix(find_pieces(texts), len(texts), self.pieces, np.sqrt(self.squares))
        # A unit row holds worth / length, and the worth is in the weights already.
        unit.data = unit.data / np.sqrt(self.squares)[unit.indices]
        scored: Floats = np.asarray(unit @ self.weights.astype(np.float32)) * self.scale + self.bias
        return scored

    def with_header(self, header: Mapping[str, Any]) -> "Table":
        """Give the same table under another header, its id made of the arrays and of what it says."""
        return self._replace(header={"format": FORMAT, "id": self._digest(header), **header})

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        beside = path.with_name(f"{path.name}.new")
        with beside.open("wb") as file:
            np.savez(
                file,
                pieces=self.pieces,
                weights=self.weights,
                squares=self.squares,
                scale=self.scale,
                bias=self.bias,
                columns=np.array(self.columns),
                header=np.array(json.dumps(self.header, ensure_ascii=False, sort_keys=True)),
            )
        beside.replace(path)

    def _digest(self, header: Mapping[str, Any]) -> str:
        digest = hashlib.sha256(json.dumps([header["recipe"], header["data"]], sort_keys=True).encode())
        for array in (self.pieces, self.weights, self.squares, self.scale, self.bias):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:12]


def make_table(vocabulary: Vocabulary, weights: Floats, bias: Floats, columns: Sequence[str]) -> Table:
    """Round the weights, each times its piece's worth, to eight bits; every column has its scale."""
    worth = vocabulary.worths[:, None] * weights
    most = np.quantile(np.abs(worth), _CUT, axis=0) if len(worth) else np.zeros(len(columns))
    scale = (np.maximum(most, 1e-9) / _LARGEST).astype(np.float32)
    rounded = np.clip(np.rint(worth / scale), -_LARGEST, _LARGEST).astype(np.int8)
    return Table(
        vocabulary.keys,
        rounded,
        (vocabulary.worths**2).astype(np.float32),
        scale,
        bias.astype(np.float32),
        tuple(columns),
        {},
    )


def hash_leaves(codes: Sequence[str]) -> str:
    """Give the hash by which a model and a taxonomy know that they belong together."""
    return hashlib.sha256("\n".join(codes).encode()).hexdigest()
