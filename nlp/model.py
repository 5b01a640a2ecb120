"""The learned model: which pieces of a text speak for which leaf category, danger and corruption.

A piece is one to four neighbouring characters of the matching form; nothing is segmented. A text's
score for a column (a leaf's code, ``SAFETY``, ``INT``) is linear in the pieces it has, each as often
as it is said, up to three times:

    score = bias + scale * sum of weights / sqrt(sum of squares)

What was learned of formal messages (letters to a government's message board) says little about what
people type into a chat. It has columns of its own: ``FORMAL``, the log-odds that a text is such a
message, and ``FIELD 1``, ``FIELD 2`` …, coarser fields that each cover some leaves. A leaf gets its
field's score on top, as far as the text is formal. Then the leaves are far surer of one another than
the fields may be, so what the leaves of a field have together is evened out by a temperature of its own
(:mod:`nlp.ranking`):

    formal = 1 / (1 + exp(-score of FORMAL))
    leaf's score + formal * its field's score

The file is numpy's ``.npz`` (never pickled): ``pieces`` (uint64, rising; the characters' codes from
the highest 16 bits down), ``weights`` (int8, pieces x columns), ``squares`` (float32, of the pieces'
idf), ``scale`` and ``bias`` (float32, by column), ``columns`` (their names) and ``header`` (JSON):

    format       2
    id           name of the model
    temperature  a number, or [[most pieces, temperature], ...]: a short text is less sure
    fields       the leaves of each field, [[code, ...], ...]; none where nothing was learned of formal messages
    field temperature, field doubt   the same two for the fields' chances in a formal text (1, 0)
    thresholds   {"safety": score, "integrity": score}: what is above them is an alarm
    rules        how much a point of the taxonomy's rules adds to a score (0.15 where not said)
    doubt        the share of every chance that is spread anew, however clear a text seems (0)

``nlp.training`` writes it. What is in it was learned from is told in docs/model-card.md.
"""

import functools
import itertools
import json
import math
import zipfile
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.piece_index import PieceIndex
from nlp.result import Learned

MODEL_PATH: Final = Path(__file__).parent / "data" / "model.npz"
FORMAT: Final = 2
SAFETY: Final = "SAFETY"
INTEGRITY: Final = "INT"
FORMAL: Final = "FORMAL"
DOUBT_HOTTER: Final = 8.0
FIELD_DOUBT_HOTTER: Final = 200.0
"""What is doubted is spread as by a temperature so many times as hot, so that what is unlikely keeps its order. Of the
fields nearly evenly: where the likeliest one is wrong, each of the others may be right."""

_KINDS: Final = dict(
    zip(("pieces", "weights", "squares", "scale", "bias", "columns", "header"), "uifffUU", strict=True)
)
"""numpy's kind of each array's type."""

_RULES: Final = 0.15
_LEAST_TEMPERATURE: Final = 1e-3
_PARTS: Final = 16
_Arrays = Mapping[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int32]


class ModelError(ValueError):
    """A file is no model that can be used; the message says what is wrong with it."""


class Look(NamedTuple):
    """What a model sees in one text: the numbers of its known pieces, rising, and the score of every column.

    ``length`` is what the sum of their weights is divided by; 0 where nothing is known. Behind the columns' scores
    stands a 0, the score of no field. ``meaningful`` says how many of the pieces are longer than a single character,
    of which every text has some; ``formal`` how much it reads like a formal message, from 0 to 1. Treat all as
    read-only.
    """

    pieces: Numbers
    length: float
    scores: Floats
    meaningful: int
    formal: float = 0.0


class Model:
    """A model in memory, some 20 MB. Immutable after construction; threads may share it."""

    def __init__(self, arrays: _Arrays) -> None:
        """Take the arrays that the module's docstring names. Raises :class:`ModelError`."""
        header = _checked(arrays)
        self.id = str(header["id"])
        self.header: Mapping[str, Any] = header
        self.columns: tuple[str, ...] = tuple(map(str, arrays["columns"]))
        self.rules = float(header.get("rules", _RULES))
        self._doubt = float(header.get("doubt", 0.0))
        self.scale: Floats = np.append(arrays["scale"], 0).astype(np.float32)
        self._bias: Floats = np.append(arrays["bias"], 0).astype(np.float32)
        self._index = PieceIndex(arrays["pieces"])
        # One column more is no field's, and one counts the pieces that go on after their first character. numpy keeps
        # the order of columns that a transposed table was stored in; its rows would be slow to take.
        longer = (arrays["pieces"] << np.uint64(16)).astype(bool)
        nothing = np.zeros(len(longer), np.int8)
        self._weights: npt.NDArray[np.int8] = np.ascontiguousarray(
            np.column_stack((arrays["weights"], nothing, longer))
        )
        self._squares: Floats = arrays["squares"].astype(np.float32)
        self._temperatures = _Steps(header["temperature"])
        self.field_doubt = float(header.get("field doubt", 0.0))
        self._field_temperatures = _Steps(header.get("field temperature", 1.0))
        self._formal = self.columns.index(FORMAL) if FORMAL in self.columns else None
        self._field_of = {
            leaf: self.columns.index(field_column(number))
            for number, leaves in enumerate(header.get("fields", ()))
            for leaf in leaves
        }
        thresholds = header.get("thresholds", {})
        self._alarms = [
            (self.columns.index(name), float(thresholds[key])) if name in self.columns and key in thresholds else None
            for name, key in ((SAFETY, "safety"), (INTEGRITY, "integrity"))
        ]

    def look(self, text: str) -> Look:
        """Score ``text`` (in matching form). Never raises."""
        pieces = self._index.find(text)
        length = math.sqrt(np.add.reduce(self._squares.take(pieces)))
        sums = np.add.reduce(self.rows(pieces), axis=0, dtype=np.int32)
        if not length:
            return Look(pieces, 0.0, self._bias, sums.item(-1))
        scores: Floats = sums[:-1] * (self.scale / np.float32(length))
        scores += self._bias
        # The logistic function, in a form that overflows nowhere.
        formal = 0.0 if self._formal is None else 0.5 + 0.5 * math.tanh(0.5 * scores.item(self._formal))
        return Look(pieces, length, scores, sums.item(-1), formal)

    def rows(self, pieces: Numbers) -> npt.NDArray[np.int8]:
        """Give the weights of pieces, a row each: a megabyte for a text of 5,000 characters, so nobody keeps them."""
        return self._weights.take(pieces, axis=0)

    def learned(self, look: Look) -> Learned:
        """Give how far danger and corruption are above their thresholds; far below where it never learned them."""
        if not len(look.pieces):
            return Learned(-math.inf, -math.inf)
        safety, integrity = self._alarms
        return Learned(
            look.scores.item(safety[0]) - safety[1] if safety else -math.inf,
            look.scores.item(integrity[0]) - integrity[1] if integrity else -math.inf,
        )

    def field_of(self, leaf: str) -> int:
        """Give the number of the column of a leaf's field, or of the 0 behind them all."""
        return self._field_of.get(leaf, len(self.columns))

    def temperature(self, look: Look) -> float:
        """Give what the scores of such a text are divided by before they become probabilities."""
        return self._temperatures(len(look.pieces))

    def field_power(self, look: Look) -> float:
        """Give the power to which the fields' chances are raised; 1 for a text that is not formal."""
        return 1 - look.formal * (1 - 1 / self._field_temperatures(len(look.pieces)))

    def doubt(self, look: Look) -> float:
        """Give the share of every chance that is spread anew: labels are wrong now and then."""
        return (1 - look.formal) * self._doubt

    def average(self, columns: npt.NDArray[np.intp]) -> Floats:
        """Give what each piece adds to the average of ``columns``, before a text's length is looked at."""
        share = np.zeros(len(self.scale), np.float32)
        share[columns] = self.scale[columns] / max(1, len(columns))
        weights = self._weights[:, :-1]
        # In parts, for whole it would take sixteen times the memory of the model.
        parts = [part.astype(np.float32) @ share for part in np.array_split(weights, _PARTS)]
        return np.concatenate(parts)

    def pieces_in(self, text: str) -> list[tuple[int, int, int]]:
        """Give number, start and end of every known piece of ``text``, as often as it stands there."""
        return self._index.places(text)

    def all_pieces(self) -> Iterator[str]:
        """Give the characters of every piece, by number."""
        return self._index.all_pieces()


class _Steps:
    """Temperatures by the number of known pieces."""

    def __init__(self, steps: Any) -> None:
        self._steps = [float(step) for _, step in steps] if isinstance(steps, list) else [float(steps)]
        self._limits = [limit for limit, _ in steps[:-1]] if isinstance(steps, list) else []

    def __call__(self, pieces: int) -> float:
        return self._steps[bisect_left(self._limits, pieces)]


def field_column(number: int) -> str:
    """Give the name of a field's column; they are numbered from 0."""
    return f"FIELD {number + 1}"


def no_model(columns: tuple[str, ...] = ()) -> Model:
    """Give the model that has learned nothing: what remains are the taxonomy's rules."""
    # The temperature was fitted like any other, see nlp/classify.py.
    header = {"format": FORMAT, "id": "", "temperature": 0.075}
    empty = np.zeros(len(columns), dtype=np.float32)
    return Model(
        {
            "pieces": np.zeros(0, dtype=np.uint64),
            "weights": np.zeros((0, len(columns)), dtype=np.int8),
            "squares": np.zeros(0, dtype=np.float32),
            "scale": empty,
            "bias": empty,
            "columns": np.array(columns, dtype=np.str_),
            "header": np.array(json.dumps(header)),
        }
    )


def load_model(path: Path = MODEL_PATH) -> Model:
    """Read a model's file. Raises :class:`ModelError` naming the file, also where there is none."""
    try:
        # Opened here because numpy leaves a file open that turns out to be no archive.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return Model({name: file[name] for name in file.files})
    except ModelError as error:
        raise ModelError(f"{path.name}: {error}") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path.name}: no model: {error}") from None


@functools.cache
def default_model() -> Model:
    """Give the packaged model, read once a process."""
    return load_model()


def _checked(arrays: _Arrays) -> Mapping[str, Any]:
    """Give the header; raise :class:`ModelError` for arrays that do not belong together."""
    if missing := [name for name in _KINDS if name not in arrays]:
        raise ModelError(f"no model: it has no {', '.join(missing)}")
    if wrong := [name for name, kind in _KINDS.items() if arrays[name].dtype.kind != kind]:
        raise ModelError(f"{', '.join(wrong)}: not of the type that format {FORMAT} has")
    pieces, columns = arrays["pieces"], list(map(str, arrays["columns"]))
    shapes = {"weights": (len(pieces), len(columns)), "squares": (len(pieces),)}
    shapes |= dict.fromkeys(("scale", "bias"), (len(columns),))
    if wrong := [name for name, shape in shapes.items() if arrays[name].shape != shape]:
        raise ModelError(f"{', '.join(wrong)}: not as many as there are pieces and columns")
    if pieces.dtype != np.uint64 or arrays["weights"].dtype != np.int8:
        raise ModelError(f"pieces or weights: not of the size that format {FORMAT} has")
    if len(set(columns)) < len(columns) or not (pieces[1:] > pieces[:-1]).all():
        raise ModelError("pieces or columns: one stands there twice, or they are in no order")
    if not all(np.isfinite(arrays[name]).all() for name in ("scale", "bias", "squares")):
        raise ModelError("scale, bias or squares: a figure that is none")
    return _header(str(arrays["header"]), frozenset(columns))


def _header(text: str, columns: frozenset[str]) -> Mapping[str, Any]:
    try:
        header = json.loads(text)
        known = header["format"]
        temperatures = _temperatures(header["temperature"])
        temperatures += _temperatures(header.get("field temperature", 1.0))
        sound = all(_LEAST_TEMPERATURE <= t < math.inf for t in temperatures) and bool(header.keys() & {"id"})
        sound = sound and all(map(math.isfinite, map(float, header.get("thresholds", {}).values())))
        sound = sound and 0 <= float(header.get("rules", _RULES)) < math.inf and bool(temperatures)
        sound = sound and all(0 <= float(header.get(name, 0.0)) < 1 for name in ("doubt", "field doubt"))
        fields = [[str(leaf) for leaf in leaves] for leaves in header.get("fields", ())]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"header: {error}") from None
    if known != FORMAT:
        raise ModelError(f"header: format {known!r}, and this version of Mashang reads {FORMAT}")
    if not sound:
        raise ModelError("header: an id, a temperature above 0, and numbers where numbers belong are needed")
    covered = list(itertools.chain.from_iterable(fields))
    if not columns.issuperset(map(field_column, range(len(fields)))) or (fields and FORMAL not in columns):
        raise ModelError("header: a field or how formal a text is has no column")
    if len(set(covered)) < len(covered):
        raise ModelError("header: a leaf is in two fields")
    result: Mapping[str, Any] = header
    return result


def _temperatures(steps: Any) -> list[float]:
    """Give all that are said; none, which is not sound, for an empty list."""
    said = [float(step) for _, step in steps] if isinstance(steps, list) else [float(steps)]
    return said or [0.0]
