"""Real messages that are lent for measuring and learning, where somebody has them; they never enter the project.

A folder holds what ``../shared/data/README.md`` tells: messages and titles with one of seven
labels, others without, and which leaves a label covers. All are JSON lines.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import yaml

from nlp.taxonomy import Taxonomy
from nlp.training.science import TrainingError
from nlp.training.texts import Folding

View = Literal["full", "titles", "first 60", "part"]

FIRST: Final = 60
"""Characters of the shortest view of a message's detail."""
_PART: Final = 70
_SHORTEST_PART: Final = 35
_PARTS_UNTIL: Final = 420
"""Parts of the detail, cut every 70 characters: to learn from what is said in the middle, never to measure with."""

_ALONE: Final = 1_000_000
"""Groups of messages that belong to none are numbered from here."""


class Message(NamedTuple):
    """One view of a message, in matching form. Near-duplicates share a ``group``; ``label`` is None without one."""

    text: str
    view: View
    label: int | None
    group: int


class Lent(NamedTuple):
    """The messages, and the labels' names with the leaves that each covers."""

    messages: tuple[Message, ...]
    labels: Mapping[str, frozenset[str]]
    digest: str

    def matters(self) -> int:
        """Give the number of different messages: views and near-duplicates are one."""
        return len({message.group for message in self.messages})


def read_lent(folder: Path, taxonomy: Taxonomy) -> Lent:
    """Read a folder. Raises :class:`TrainingError` where a file is missing or not as told."""
    fold = Folding(taxonomy)
    labels = _read_labels(folder / "contest_map.yaml", taxonomy)
    names = {label: number for number, label in enumerate(labels)}
    messages: list[Message] = []
    digest = hashlib.sha256()
    for number, row in enumerate(_rows(folder / "messages.dev.jsonl", digest), start=1):
        label, group = _label(row, names, number), int(row["group"])
        detail = (row["detail"] or "").strip()
        full = fold(f"{row['title'] or ''}。{detail}")
        messages += (
            Message(full, "full", label, group),
            Message(fold(detail[:FIRST]), "first 60", label, group),
            *(Message(part, "part", label, group) for part in _parts(full)),
        )
    for number, row in enumerate(_rows(folder / "titles.dev.jsonl", digest), start=1):
        messages.append(Message(fold(row["title"] or ""), "titles", _label(row, names, number), int(row["group"])))
    unlabelled = (("hot_unlabelled.jsonl", "detail"), ("hangzhou.dev.jsonl", "content"))
    rows = (row | {"detail": row[key]} for name, key in unlabelled for row in _rows(folder / name, digest))
    for group, row in enumerate(rows, start=_ALONE):
        messages.append(Message(fold(f"{row['title'] or ''}。{row['detail'] or ''}"), "full", None, group))
    return Lent(tuple(messages), labels, digest.hexdigest())


def _parts(text: str) -> Iterator[str]:
    for start in range(FIRST, min(len(text), _PARTS_UNTIL), _PART):
        part = text[start : start + _PART]
        if len(part) >= _SHORTEST_PART:
            yield part


def _read_labels(path: Path, taxonomy: Taxonomy) -> dict[str, frozenset[str]]:
    if not path.is_file():
        raise TrainingError(f"{path} is missing: which leaves does a label cover?")
    labels = {str(label): frozenset(codes) for label, codes in yaml.safe_load(path.read_text("utf-8")).items()}
    unknown = frozenset().union(*labels.values()) - {leaf.code for leaf in taxonomy.leaves}
    if unknown:
        raise TrainingError(f"{path.name}: the taxonomy has no leaf {', '.join(sorted(unknown))}")
    return labels


def _rows(path: Path, digest: Any) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise TrainingError(f"{path} is missing")
    stored = path.read_bytes()
    digest.update(stored)
    for number, line in enumerate(stored.decode("utf-8").splitlines(), start=1):
        try:
            yield json.loads(line)
        except ValueError:
            raise TrainingError(f"{path.name}:{number}: no JSON") from None


def _label(row: Mapping[str, Any], names: Mapping[str, int], number: int) -> int:
    try:
        return names[row["label"]]
    except KeyError:
        raise TrainingError(f"Message {number} has no label of contest_map.yaml") from None
