"""The texts that classifiers are compared on: what each may learn from, and what it is measured with."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from nlp.evaluation import read_examples
from nlp.evaluation_labels import LabelMap, read_label_map
from nlp.taxonomy import Taxonomy
from nlp.training.texts import EXAMPLES

TESTS = Path(__file__).parent.parent / "tests" / "nlp"
#: Written by people who had not seen the sentences to learn from.
OWN_SETS = ("knew_categories", "names_only", "third_party")
MESSAGES, TITLES, LABEL_MAP = "messages.dev.jsonl", "titles.dev.jsonl", "contest_map.yaml"
#: A message of a folder is measured with if its group's number leaves nothing over; the others are learned from.
FOLDS = 5
FIRST = 60


class Text(NamedTuple):
    """A text and the labels of which any is right, the first of them to learn from."""

    text: str
    labels: tuple[str, ...]


class Task(NamedTuple):
    """`words` are what a person would put into a table by hand; `tests` by the name of the set."""

    name: str
    learn: Sequence[Text]
    tests: Mapping[str, Sequence[Text]]
    words: Mapping[str, Sequence[str]]


def data_folder() -> Path | None:
    """The folder that MASHANG_DATA names."""
    named = os.environ.get("MASHANG_DATA")
    return Path(named) if named else None


def own_sentences(taxonomy: Taxonomy) -> Task:
    """The project's own sentences; the labels are leaves."""
    leaves = {leaf.code for leaf in taxonomy.leaves}

    def read(path: Path) -> Iterator[Text]:
        for example in read_examples(path):
            if labels := tuple(sorted(example.expected & leaves)):
                yield Text(example.text, labels)

    learn = [text for path in EXAMPLES for text in read(path)]
    tests = {name: list(read(TESTS / f"{name}.tsv")) for name in OWN_SETS}
    return Task("leaf", learn, tests, {leaf.code: leaf.keywords for leaf in taxonomy.leaves})


def lent_messages(folder: Path, taxonomy: Taxonomy) -> tuple[Task, LabelMap]:
    """The messages of a folder as `nlp/training/messages.py` tells of; the labels are those of its map.

    Near-duplicates share a group, and a group is either learned from or measured with. Raises `OSError` and
    `nlp.evaluation.ExampleError`.
    """
    labels = read_label_map(folder / LABEL_MAP, taxonomy)
    learn: list[Text] = []
    tests: dict[str, list[Text]] = {"full": [], "titles": [], "first 60": []}
    for kind, text, label, group in _views(folder):
        (learn if group % FOLDS else tests[kind]).append(Text(text, (label,)))
    words = {
        label: [word for code in sorted(codes) for word in taxonomy.categories[code].keywords]
        for label, codes in labels.items()
    }
    return Task("label", learn, tests, words), labels


def _views(folder: Path) -> Iterator[tuple[str, str, str, int]]:
    """What is seen of each message: which view, the text, its label, its group."""
    for row in map(orjson.loads, (folder / MESSAGES).read_bytes().splitlines()):
        detail = (row["detail"] or "").strip()
        yield "full", f"{row['title'] or ''}。{detail}", row["label"], row["group"]
        yield "first 60", detail[:FIRST], row["label"], row["group"]
    for row in map(orjson.loads, (folder / TITLES).read_bytes().splitlines()):
        yield "titles", row["title"] or "", row["label"], row["group"]
