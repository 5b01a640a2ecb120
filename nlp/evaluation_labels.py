"""Measuring on messages with labels that are coarser than our leaves, or cut otherwise.

A file of JSON lines holds the messages. A label map, YAML of ``label: [leaf codes]``, says which leaves a label is
made of; the chances of its leaves are added up, over all leaves. A leaf that no label names counts for none.
"""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import orjson

from nlp.evaluation import Classifies, ExampleError, timed
from nlp.evaluation_figures import SUREST, Answer, calibration_error, coverage, macro_f1, top
from nlp.result import Classification
from nlp.taxonomy import Taxonomy
from nlp.yaml_reader import Reader

LabelMap = Mapping[str, frozenset[str]]

_BOM: Final = b"\xef\xbb\xbf"
_BETWEEN_FIELDS: Final = "。"
"""A title is a sentence of its own: words are not looked for across its end."""


class Message(NamedTuple):
    """A text, the label that is right for it, and its line in the file, from 1."""

    text: str
    label: str
    line: int


class KnowsChances(Classifies, Protocol):
    """What is measured: a classifier that says what chance every leaf has, not only the first few."""

    def chances(self, text: str) -> Mapping[str, float]:
        """Give each leaf code its probability, 0..1; they add up to 1 at most."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """One message: its answer by label, what else was found in it, and how long that took (µs)."""

    answer: Answer
    found: Classification
    us: float


def read_label_map(path: Path, taxonomy: Taxonomy) -> LabelMap:
    """Read a label map. Raises :class:`ExampleError` for no YAML, unknown leaves, a leaf under two labels; OSError."""
    path.stat()  # The reader words a missing file as a fault inside it.
    reader = Reader(path.name)
    labels = {
        label: [reader.text(item, f"a leaf of {label}") for item in reader.items(node, label)]
        for label, node in reader.entries(reader.compose(path), "the label map").items()
    }
    if reader.problems:
        raise ExampleError("map.form", problem=reader.problems[0])
    if not labels:
        raise ExampleError("map.missing", file=path.name)
    known = {leaf.code for leaf in taxonomy.leaves}
    codes = [code for leaves in labels.values() for code in leaves]
    if unknown := sorted(set(codes) - known):
        raise ExampleError("map.unknown", file=path.name, codes=_list(unknown))
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise ExampleError("map.twice", file=path.name, codes=_list(twice))
    if empty := [label for label, leaves in labels.items() if not leaves]:
        raise ExampleError("map.empty", file=path.name, labels=_list(empty))
    return {label: frozenset(leaves) for label, leaves in labels.items()}


def leaves_as_labels(taxonomy: Taxonomy) -> LabelMap:
    """The map of a file whose labels are our leaf codes."""
    return {leaf.code: frozenset([leaf.code]) for leaf in taxonomy.leaves}


def read_messages(
    path: Path, fields: Sequence[str], label_field: str, labels: LabelMap, first: int | None = None
) -> list[Message]:
    """Read JSON lines (UTF-8, with or without BOM, any line ends).

    The text is the ``fields`` one after the other, its first ``first`` characters if that is given; null counts as
    empty. Raises :class:`ExampleError` naming the first line that can't be used, and OSError.
    """
    messages = []
    unknown: dict[str, int] = {}
    for line, row in _rows(path):
        parts = [_field(path, line, row, field) for field in fields]
        label = _field(path, line, row, label_field)
        if not label:
            raise ExampleError("row.label", file=path.name, line=line, field=label_field)
        if label not in labels:
            unknown.setdefault(label, line)
        text = _BETWEEN_FIELDS.join(part for part in parts if part)
        messages.append(Message(text[:first], label, line))
    if unknown:
        raise ExampleError(
            "label.unknown", file=path.name, line=min(unknown.values()), labels=_list(unknown), known=_list(labels)
        )
    if not messages:
        raise ExampleError("file.empty", file=path.name)
    return messages


def judge(classifier: KnowsChances, messages: Iterable[Message], labels: LabelMap) -> Iterator[Judged]:
    """Classify each message as the desk would, and add up the chances of each label's leaves."""
    for text, label, line in messages:
        found, us = timed(classifier, text)
        leaves = classifier.chances(text)
        chances = {name: sum(leaves.get(code, 0.0) for code in codes) for name, codes in labels.items()}
        yield Judged(Answer(text, line, frozenset([label]), chances), found, us)


def label_figures(judged: Sequence[Judged]) -> dict[str, Any]:
    """The figures for ``json.dumps``: shares 0..1 to four places, the median time of a message in µs.

    ``coverage`` is the accuracy on the surest 50, 70 and 90 %. ``alarms_hard``, ``alarms_soft`` and
    ``integrity_hints`` are the shares of messages with one: nearly all false where the messages are everyday ones.
    """
    answers = [one.answer for one in judged]
    levels = [one.found.safety.level if one.found.safety else "" for one in judged]
    n = max(1, len(judged))
    figures = {
        "accuracy": top(answers, 1),
        "macro_f1": macro_f1(answers),
        "top2": top(answers, 2),
        "top3": top(answers, 3),
        "ece": calibration_error(answers),
        "coverage": {f"{share:.0%}"[:-1]: round(coverage(answers, share), 4) for share in SUREST},
        "us_per_message": statistics.median([one.us for one in judged]) if judged else 0.0,
        "alarms_hard": levels.count("hard") / n,
        "alarms_soft": levels.count("soft") / n,
        "integrity_hints": sum(one.found.integrity is not None for one in judged) / n,
    }
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}
    return {"n": len(judged), **rounded}


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        for line, content in enumerate(file, start=1):
            stripped = (content.removeprefix(_BOM) if line == 1 else content).strip()
            if not stripped:
                continue
            try:
                row = orjson.loads(stripped)
            except orjson.JSONDecodeError:
                raise ExampleError("row.json", file=path.name, line=line) from None
            if not isinstance(row, dict):
                raise ExampleError("row.object", file=path.name, line=line)
            yield line, row


def _field(path: Path, line: int, row: Mapping[str, Any], name: str) -> str:
    if name not in row:
        raise ExampleError("row.field", file=path.name, line=line, field=name, known=_list(row))
    value = row[name]
    if value is not None and not isinstance(value, str):
        raise ExampleError("row.text", file=path.name, line=line, field=name)
    return (value or "").strip()


def _list(names: Iterable[str], most: int = 10) -> str:
    """What a file calls things, fit to be shown: short, few, nothing that would steer a terminal."""
    printable = ["".join(char if char.isprintable() else "\ufffd" for char in name) for name in names]
    shown = [name if len(name) <= 40 else f"{name[:40]}…" for name in printable]
    return "、".join(shown[:most]) + ("…" if len(shown) > most else "")
