"""The model that is packaged: it fits the taxonomy, remembers nobody, and is as good as the card says.

The floors are three points below the figures of docs/model-card.md, alone, without the rules.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp.evaluation import read_examples
from nlp.model import MODEL_PATH, Model
from nlp.taxonomy import default_taxonomy
from nlp.training.pieces import piece_of
from nlp.training.table import hash_leaves
from nlp.training.texts import Folding

MEASURING = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def arrays() -> dict[str, Any]:
    with np.load(MODEL_PATH, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.fixture(scope="module")
def header(arrays: dict[str, Any]) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(str(arrays["header"]))
    return header


def test_it_was_taught_for_todays_leaves(arrays: dict[str, Any], header: dict[str, Any]) -> None:
    codes = [leaf.code for leaf in default_taxonomy().leaves]
    fields = [f"FIELD {number}" for number in range(1, 8)]
    assert arrays["columns"].tolist() == [*codes, *fields, "FORMAL", "SAFETY", "INT"]
    assert header["taxonomy"] == hash_leaves(codes)


def test_it_has_the_agreed_form(arrays: dict[str, Any]) -> None:
    pieces, weights = arrays["pieces"], arrays["weights"]
    assert (pieces.dtype, weights.dtype, arrays["squares"].dtype) == (np.uint64, np.int8, np.float32)
    assert weights.shape == (len(pieces), len(arrays["columns"]))
    assert (np.diff(pieces.astype(object)) > 0).all()
    assert MODEL_PATH.stat().st_size < 24_000_000


def test_no_piece_could_be_a_number_or_a_plate(arrays: dict[str, Any]) -> None:
    pieces = map(piece_of, arrays["pieces"].tolist())
    assert [piece for piece in pieces if re.search(r"\d{3}|[a-z]\d|\d[a-z]|[^\w]", piece)] == []


def ranked(model: Model, name: str) -> Iterator[tuple[frozenset[str], list[str]]]:
    taxonomy = default_taxonomy()
    fold, leaves = Folding(taxonomy), [leaf.code for leaf in taxonomy.leaves]
    for example in read_examples(MEASURING / name):
        if example.expected & set(leaves):
            scores = model.look(fold(example.text)).scores[: len(leaves)]
            yield example.expected, [leaves[place] for place in np.argsort(-scores)[:3]]


@pytest.mark.parametrize(
    ("name", "top1", "top3"),
    [
        ("knew_categories.tsv", 0.83, 0.92),
        ("names_only.tsv", 0.8, 0.89),
        ("third_party.tsv", 0.86, 0.93),
        ("fourth_party.tsv", 0.72, 0.87),
    ],
)
def test_new_sentences_are_filed_right(arrays: dict[str, Any], name: str, top1: float, top3: float) -> None:
    found = list(ranked(Model(arrays), name))
    assert sum(first[0] in expected for expected, first in found) / len(found) >= top1
    assert sum(not expected.isdisjoint(first) for expected, first in found) / len(found) >= top3


def test_its_chances_mean_what_they_say(header: dict[str, Any]) -> None:
    assert header["scores"].keys() == {"full", "first 60", "titles"}
    assert max(figures["ece"] for figures in header["scores"].values()) < 0.035
