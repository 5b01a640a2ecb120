"""How good the suggestions are on examples with known answers.

The examples' format, tab-separated with one header line: the text, what is expected, a note.
Expected are alternatives parted by ``/``: leaf codes, ``SAFETY`` or ``SAFETY:CODE``, ``INT``
(integrity), ``OOS:CODE``, ``SPAM``, ``INTENT:CODE``, ``NONE``. Messages with coarser labels are
measured by :mod:`nlp.evaluation_labels`.
"""

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

from nlp.evaluation_figures import Answer
from nlp.result import Classification
from nlp.taxonomy import Taxonomy

EXAMPLES_PATH: Final = Path(__file__).parent / "data" / "utterances.tsv"


class ExampleError(ValueError):
    """A file to measure with can't be used. ``key`` names the sentence for it, ``params`` fill that sentence."""

    def __init__(self, key: str, **params: object) -> None:
        """Say what is wrong, for programmers; the front end words it for people."""
        place = ":".join(str(params[name]) for name in ("file", "line") if name in params)
        rest = {name: value for name, value in params.items() if name not in ("file", "line")}
        super().__init__(" ".join([f"{place}:"] * bool(place) + [key] + [str(rest)] * bool(rest)))
        self.key = key
        self.params = params


@dataclass(frozen=True, slots=True)
class Example:
    """A text, the answers that are right for it, and its line in the file, from 1."""

    text: str
    expected: frozenset[str]
    note: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """An example, what was said of it, and how long that took (µs)."""

    example: Example
    found: Classification
    us: float

    @property
    def dangers(self) -> set[str]:
        """The dangers that are right: ``SAFETY`` for any, or ``SAFETY:CODE``."""
        return {code for code in self.example.expected if code.partition(":")[0] == "SAFETY"}

    @property
    def danger_missed(self) -> bool:
        """Whether there is a danger and another, or none, was said.

        The soft layer meets any danger: it asks, and the duty officer hears of it.
        """
        safety = self.found.safety
        if not self.dangers:
            return False
        return safety is None or not (
            safety.level == "soft" or "SAFETY" in self.dangers or f"SAFETY:{safety.code}" in self.dangers
        )

    @property
    def hint_missed(self) -> bool:
        """Whether it tells of corruption and that was not seen."""
        return "INT" in self.example.expected and self.found.integrity is None

    def harmless(self, taxonomy: Taxonomy) -> bool:
        """Whether an alarm would be a false one: an everyday matter, or none, without danger or corruption."""
        expected = self.example.expected
        return ("NONE" in expected or not expected.isdisjoint(taxonomy.categories)) and not (
            self.dangers or "INT" in expected
        )


@dataclass(frozen=True, slots=True)
class Report:
    """Shares from 0 to 1; ``none`` is the share of leaf examples without any category.

    A share of nothing (no example of that kind) is 0; ``leaf_n``, ``safety_n``, ``integrity_n`` and
    ``harmless_n`` say how many there are. False alarms are counted on ``NONE`` and ordinary leaves
    that expect neither danger nor corruption. ``us_per_message`` is the median in µs.
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
    leaf_n: int = 0
    safety_n: int = 0
    integrity_n: int = 0
    harmless_n: int = 0
    us_per_message: float = 0.0

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
    """Read an examples file (UTF-8, with or without BOM). Raises :class:`ExampleError` naming the first bad line."""
    try:
        content = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ExampleError("file.utf8", file=path.name) from None
    examples: list[Example] = []
    for number, line in enumerate(content.split("\n")[1:], start=2):
        text, *rest = line.rstrip("\r").split("\t")
        if not text.strip() and not any(rest):
            continue
        expected = frozenset(answer.strip() for answer in rest[0].split("/")) if rest else frozenset()
        if not text.strip() or not any(expected):
            raise ExampleError("row.columns", file=path.name, line=number)
        examples.append(Example(text, expected, rest[1] if len(rest) > 1 else "", number))
    if not examples:
        raise ExampleError("file.empty", file=path.name)
    return examples


def unknown_codes(examples: Iterable[Example], taxonomy: Taxonomy) -> list[str]:
    """The expected codes that the taxonomy does not have, and so nothing can meet."""
    known = {
        *taxonomy.categories,
        *(f"SAFETY:{rule.code}" for rule in taxonomy.safety.rules),
        *(f"OOS:{rule.code}" for rule in taxonomy.out_of_scope),
        *(f"INTENT:{rule.code}" for rule in taxonomy.intents),
        *("SAFETY", "INT", "SPAM", "NONE"),
    }
    return sorted({code for example in examples for code in example.expected} - known)


def timed(classifier: Classifies, text: str) -> tuple[Classification, float]:
    """Classify a text, all layers; and how long that took, in µs."""
    began = time.perf_counter_ns()
    found = classifier.classify(text)
    return found, (time.perf_counter_ns() - began) / 1000


def judge(classifier: Classifies, rows: Iterable[Example]) -> Iterator[Judged]:
    """Classify each row's text as the desk would."""
    for row in rows:
        yield Judged(row, *timed(classifier, row.text))


def evaluate(classifier: Classifies, rows: Iterable[Example]) -> Report:
    """Classify each row's text and count what is right: :func:`judge` and :func:`report`."""
    return report(list(judge(classifier, rows)), classifier.taxonomy)


def report(judged: Sequence[Judged], taxonomy: Taxonomy) -> Report:
    """Count what is right.

    A leaf is right if it is among the expected ones, a department if it leads one of them.
    Rows with an unknown code in ``expected`` simply cannot be met.
    """
    counts = _Counts()
    for one in judged:
        counts.add(one, taxonomy)
    return Report(
        n=len(judged),
        leaf_top1=counts.share("leaf_top1", "leaf"),
        leaf_top3=counts.share("leaf_top3", "leaf"),
        department_top1=counts.share("department_top1", "leaf"),
        none=counts.share("none", "leaf"),
        safety_recall=counts.share("safety_found", "safety"),
        integrity_recall=counts.share("integrity_found", "integrity"),
        false_alarms_hard=counts.share("hard", "harmless"),
        false_alarms_soft=counts.share("soft", "harmless"),
        integrity_false_alarms=counts.share("sealed_or_held", "harmless"),
        leaf_n=counts["leaf"],
        safety_n=counts["safety"],
        integrity_n=counts["integrity"],
        harmless_n=counts["harmless"],
        us_per_message=statistics.median([one.us for one in judged]) if judged else 0.0,
    )


def department_answers(judged: Iterable[Judged], taxonomy: Taxonomy) -> list[Answer]:
    """The examples that belong to a department, as ranked answers by its code."""
    answers = []
    for one in judged:
        leads = {taxonomy.categories[code].lead for code in one.example.expected if code in taxonomy.categories}
        if leads:
            chances = {department.code: department.confidence for department in one.found.departments}
            answers.append(Answer(one.example.text, one.example.line, frozenset(leads), chances))
    return answers


class _Counts(Counter[str]):
    def share(self, part: str, whole: str) -> float:
        return self[part] / max(1, self[whole])

    def add(self, judged: Judged, taxonomy: Taxonomy) -> None:
        expected, given = judged.example.expected, judged.found
        leaves = expected & set(taxonomy.categories)
        if leaves:
            leads = {taxonomy.categories[code].lead for code in leaves}
            codes = [category.code for category in given.categories]
            self["leaf"] += 1
            self["leaf_top1"] += bool(leaves.intersection(codes[:1]))
            self["leaf_top3"] += bool(leaves.intersection(codes[:3]))
            self["department_top1"] += any(department.code in leads for department in given.departments[:1])
            self["none"] += not codes
        if judged.dangers:
            self["safety"] += 1
            self["safety_found"] += not judged.danger_missed
        if "INT" in expected:
            self["integrity"] += 1
            self["integrity_found"] += not judged.hint_missed
        if judged.harmless(taxonomy):
            level = given.safety.level if given.safety else ""
            self["harmless"] += 1
            self["hard"] += level == "hard"
            self["soft"] += level == "soft"
            self["sealed_or_held"] += given.integrity is not None
