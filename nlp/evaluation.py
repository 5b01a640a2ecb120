"""How good the suggestions are on examples with known answers.

The examples' format, tab-separated with one header line: the text, what is expected, a note.
Expected are alternatives parted by ``/``: leaf codes, ``SAFETY`` or ``SAFETY:CODE``, ``INT``
(integrity), ``OOS:CODE``, ``SPAM``, ``INTENT:CODE``, ``NONE``.
"""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

from nlp.result import Classification
from nlp.taxonomy import Taxonomy

EXAMPLES_PATH: Final = Path(__file__).parent / "data" / "utterances.tsv"


class ExampleError(ValueError):
    """A line of an examples file cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text and the answers that are right for it."""

    text: str
    expected: frozenset[str]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Shares from 0 to 1; ``none`` is the share of leaf examples without any category.

    A share of nothing (no example of that kind) is 0. False alarms are counted on the examples
    that expect neither danger nor corruption.
    """

    n: int
    leaf_top1: float
    leaf_top3: float
    department_top1: float
    none: float
    safety_recall: float
    integrity_recall: float
    false_alarms_hard: float
    false_alarms_soft: float
    integrity_false_alarms: float

    def to_json(self) -> dict[str, float]:
        """Give the figures for ``json.dumps``, rounded to four places."""
        return {key: round(value, 4) for key, value in asdict(self).items()}


class Classifies(Protocol):
    """What is measured: :class:`nlp.classify.Classifier`, or another with its shape."""

    taxonomy: Taxonomy

    def classify(self, text: str) -> Classification:
        """Classify a message."""
        ...


def read_examples(path: Path = EXAMPLES_PATH) -> list[Example]:
    """Read an examples file (UTF-8). Raises :class:`ExampleError` naming the first bad line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        except csv.Error as error:
            raise ExampleError(f"{path.name}: no table: {error}") from None
    examples: list[Example] = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(line):
            continue
        if len(line) < 2 or not line[0].strip() or not line[1].strip():
            raise ExampleError(f"{path.name}:{number}: needs a text, a tab, and what is expected")
        expected = frozenset(answer.strip() for answer in line[1].split("/"))
        examples.append(Example(line[0], expected, line[2] if len(line) > 2 else ""))
    return examples


def evaluate(classifier: Classifies, rows: Iterable[Example]) -> Report:
    """Classify each row's text and count what is right.

    A leaf is right if it is among the expected ones, a department if it leads one of them.
    Rows with an unknown code in ``expected`` simply cannot be met.
    """
    counts = _Counts()
    n = 0
    for row in rows:
        n += 1
        counts.add(row.expected, classifier.classify(row.text), classifier.taxonomy)
    return Report(
        n=n,
        leaf_top1=counts.share("leaf_top1", "leaf"),
        leaf_top3=counts.share("leaf_top3", "leaf"),
        department_top1=counts.share("department_top1", "leaf"),
        none=counts.share("none", "leaf"),
        safety_recall=counts.share("safety_found", "safety"),
        integrity_recall=counts.share("integrity_found", "integrity"),
        false_alarms_hard=counts.share("hard", "harmless"),
        false_alarms_soft=counts.share("soft", "harmless"),
        integrity_false_alarms=counts.share("sealed_or_held", "harmless"),
    )


class _Counts:
    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def share(self, part: str, whole: str) -> float:
        return self._counts.get(part, 0) / max(1, self._counts.get(whole, 0))

    def add(self, expected: frozenset[str], given: Classification, taxonomy: Taxonomy) -> None:
        leaves = expected & set(taxonomy.categories)
        if leaves:
            leads = {taxonomy.categories[code].lead for code in leaves}
            codes = [category.code for category in given.categories]
            self._count("leaf", True)
            self._count("leaf_top1", bool(leaves.intersection(codes[:1])))
            self._count("leaf_top3", bool(leaves.intersection(codes[:3])))
            self._count("department_top1", any(d.code in leads for d in given.departments[:1]))
            self._count("none", not codes)
        dangers = {code for code in expected if code.partition(":")[0] == "SAFETY"}
        if dangers:
            self._count("safety", True)
            self._count("safety_found", _danger_met(dangers, given))
        if "INT" in expected:
            self._count("integrity", True)
            self._count("integrity_found", given.integrity is not None)
        if not dangers and "INT" not in expected:
            self._count("harmless", True)
            level = given.safety.level if given.safety else ""
            self._count("hard", level == "hard")
            self._count("soft", level == "soft")
            self._count("sealed_or_held", given.integrity is not None)

    def _count(self, name: str, met: bool) -> None:
        self._counts[name] = self._counts.get(name, 0) + met


def _danger_met(dangers: set[str], given: Classification) -> bool:
    """The soft layer meets any danger: it asks, and the duty officer hears of it."""
    if given.safety is None:
        return False
    return given.safety.level == "soft" or "SAFETY" in dangers or f"SAFETY:{given.safety.code}" in dangers
