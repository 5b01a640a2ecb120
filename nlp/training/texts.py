"""The texts that a model learns from, and what is known of each."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.evaluation import read_examples
from nlp.normalise import Colloquial, normalise
from nlp.taxonomy import Taxonomy
from nlp.training.science import TrainingError

DATA: Final = Path(__file__).parents[1] / "data"
EXAMPLES: Final = tuple(sorted(DATA.glob("examples*.tsv")))
"""The sentences, a file for each who wrote them."""
ASSOCIATIONS: Final = DATA / "associations.tsv"

KEYWORD_WEIGHT: Final = 0.15
"""What a keyword of the taxonomy counts as a text, beside a sentence's 1."""
ASSOCIATION_WEIGHT: Final = 0.4
_SAID_TOGETHER: Final = 3
"""How many associations make one text: alone each would have a unit vector of two or three pieces."""

_FORMAL_NOTES: Final = frozenset({"正式", "标题"})
_KNOWN_MARKS: Final = frozenset({"SAFETY", "INT", "NONE", "SPAM", "OOS", "INTENT"})

Floats = npt.NDArray[np.float32]


class Taught(NamedTuple):
    """A text in matching form and what is known of it.

    ``leaves`` are the codes of which any is right (empty: not known, or none is). ``danger`` and
    ``corruption`` are None where nobody said, or both answers are right. ``weight`` is what
    the text counts; 1 for a written sentence. ``writer`` is the number of who wrote it, -1 for what is no sentence.
    ``formal``: it is written as to a government's message board.
    """

    text: str
    leaves: frozenset[str]
    danger: bool | None = None
    corruption: bool | None = None
    weight: float = 1.0
    writer: int = -1
    formal: bool = False


class Folding:
    """The way to matching form that a classifier of this taxonomy goes."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        """Take the taxonomy's colloquial table."""
        self._colloquial = Colloquial(dict(taxonomy.colloquial), taxonomy.colloquial_kept)

    def __call__(self, text: str) -> str:
        """Give the matching form."""
        return normalise(text, self._colloquial).text


def own_texts(
    taxonomy: Taxonomy, examples: Iterable[Path] = EXAMPLES, associations: Path | None = ASSOCIATIONS
) -> list[Taught]:
    """Give all that was written for this project: sentences, associations, the taxonomy's words.

    Raises :class:`TrainingError` for a line whose code the taxonomy lacks, and
    :class:`nlp.evaluation.ExampleError` for one that cannot be read.
    """
    fold = Folding(taxonomy)
    texts = [text for writer, path in enumerate(examples) for text in _read_sentences(path, taxonomy, fold, writer)]
    if associations is not None:
        texts += _read_associations(associations, taxonomy, fold)
    for leaf in taxonomy.leaves:
        words = sorted({leaf.name, *leaf.keywords, *leaf.strong})
        texts += (Taught(fold(word), frozenset([leaf.code]), weight=KEYWORD_WEIGHT) for word in words)
    return texts


def targets(texts: Iterable[Taught], places: Mapping[str, int]) -> Floats:
    """Give each text's chances over the leaves: its right ones share them evenly."""
    rows: list[Floats] = []
    for text in texts:
        row = np.zeros(len(places), dtype=np.float32)
        row[[places[code] for code in text.leaves]] = 1 / len(text.leaves)
        rows.append(row)
    return np.stack(rows)


def _read_sentences(path: Path, taxonomy: Taxonomy, fold: Folding, writer: int) -> Iterator[Taught]:
    leaves = {leaf.code for leaf in taxonomy.leaves}
    for number, example in enumerate(read_examples(path), start=1):
        marks = {answer.partition(":")[0] for answer in example.expected}
        unknown = marks - leaves - _KNOWN_MARKS
        if unknown:
            raise TrainingError(
                f"{path.name}, sentence {number}: the taxonomy has no {', '.join(sorted(map(repr, unknown)))}"
            )
        text = fold(example.text)
        if text:
            yield Taught(
                text,
                frozenset(marks & leaves),
                danger=_whether("SAFETY", marks),
                corruption=_whether("INT", marks),
                writer=writer,
                formal=example.note in _FORMAL_NOTES,
            )


def _whether(mark: str, marks: set[str]) -> bool | None:
    """Say whether a text has ``mark``; None where another answer is right too."""
    return (mark in marks) if len(marks) == 1 or mark not in marks else None


def _read_associations(path: Path, taxonomy: Taxonomy, fold: Folding) -> Iterator[Taught]:
    leaves = {leaf.code for leaf in taxonomy.leaves}
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != 2 or line[0] not in leaves:
            raise TrainingError(f"{path.name}:{number}: needs a leaf of the taxonomy, a tab, and what people say")
        said = [fold(phrase) for phrase in line[1].split()]
        for start in range(0, len(said), _SAID_TOGETHER):
            yield Taught(
                "。".join(said[start : start + _SAID_TOGETHER]), frozenset([line[0]]), weight=ASSOCIATION_WEIGHT
            )
