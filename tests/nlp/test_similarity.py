"""Whether two messages may tell of the same matter.

`same_matter.tsv` holds pairs that were written by hand for it; the groups of the development messages are
near-duplicates that others found (they are read where they are at hand, and no sentence of them is here).
"""

import itertools
import json
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nlp.classify import Classifier
from nlp.fingerprint import Codes, Fingerprint, fingerprint, pairs_of, rarity
from nlp.similarity import SAME, likeness
from nlp.taxonomy import default_taxonomy

FOLDER = Path(__file__).parent
MESSAGES = Path(os.environ.get("MASHANG_DATA", FOLDER.parents[2] / "shared" / "data")) / "messages.dev.jsonl"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(default_taxonomy())


def taken(classifier: Classifier, text: str) -> Fingerprint:
    return fingerprint(text, [(c.code, c.confidence) for c in classifier.classify(text).categories])


def pairs() -> list[tuple[str, str, str]]:
    lines = (FOLDER / "same_matter.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(kind, first, second) for kind, first, second in rows]


def test_the_written_pairs(classifier: Classifier) -> None:
    """The shares stand in `nlp.similarity`; these are their floors."""
    said: dict[str, list[bool]] = defaultdict(list)
    for kind, first, second in pairs():
        said[kind].append(likeness(taken(classifier, first), taken(classifier, second)).same)

    found, wrong = sum(said["same"]), sum(said["matter"]) + sum(said["place"])
    assert found / len(said["same"]) >= 0.7
    assert found / (found + wrong) >= 0.9


@pytest.mark.skipif(not MESSAGES.exists(), reason="the development messages are not at hand")
def test_the_groups_of_the_development_messages() -> None:
    """By the words alone, as the groups were made. Each fold's threshold is the one that the other folds would choose;
    pairs are kept in one fold with all of their group."""
    rows = [json.loads(line) for line in MESSAGES.read_text("utf-8").splitlines()]
    prints = [pairs_of(f"{row['title'] or ''}。{row['detail'] or ''}") for row in rows]
    groups: dict[int, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        groups[row["group"]].append(at)
    together = {pair for members in groups.values() for pair in itertools.combinations(members, 2)}
    scored = [(words, (first, second) in together, rows[first]["group"]) for first, second, words in alike(prints)]

    chosen = caught = all_caught = 0
    for fold in range(5):
        others = [(words, right) for words, right, group in scored if group % 5 != fold]
        of_fold = [(words, right) for words, right, group in scored if group % 5 == fold]
        threshold = lowest_at(others, 0.95)
        assert threshold == pytest.approx(SAME, abs=0.06), "the shipped threshold is what any four folds would choose"
        chosen += sum(words >= threshold for words, _ in of_fold)
        caught += sum(words >= threshold and right for words, right in of_fold)
    all_caught = sum(words >= SAME and right for words, right, _ in scored)
    all_chosen = sum(words >= SAME for words, *_ in scored)

    assert caught / chosen >= 0.93
    assert caught / len(together) >= 0.9
    assert all_caught / all_chosen >= 0.95
    assert all_caught / len(together) >= 0.9


def alike(prints: Sequence[Codes]) -> list[tuple[int, int, float]]:
    """Every pair with words in common, (first, second, how alike the words are), the far ones left out."""
    holders: dict[int, list[int]] = defaultdict(list)
    for at, each in enumerate(prints):
        for pair in each.tolist():
            holders[pair].append(at)
    seen = set()
    for members in holders.values():
        if len(members) <= 5:
            seen.update(itertools.combinations(members, 2))
    norms = [float(np.sqrt((rarity(each) ** 2).sum())) for each in prints]
    found = []
    for first, second in seen:
        one, other = prints[first], prints[second]
        shared = np.intersect1d(one, other, assume_unique=True)
        if len(shared) * 3 > min(len(one), len(other)):
            found.append((first, second, float((rarity(shared) ** 2).sum()) / (norms[first] * norms[second])))
    return found


def lowest_at(scored: Sequence[tuple[float, bool]], precision: float) -> float:
    """The lowest threshold from which so many are right, in steps of a hundredth."""
    for threshold in np.arange(0.5, 1.0, 0.01):
        chosen = [right for words, right in scored if words >= threshold]
        if sum(chosen) >= precision * len(chosen):
            return float(threshold)
    return 1.0


LAMP = "海珀路口的路灯坏了三天，晚上很黑"
DARK = "海珀路那边黑灯瞎火的，走夜路都看不见"
TOPIC = (("CG04", 0.9),)


def test_in_other_words_at_the_same_place_it_is_the_topic_that_decides() -> None:
    assert likeness(fingerprint(LAMP, TOPIC), fingerprint(DARK, TOPIC)).same
    assert not likeness(fingerprint(LAMP, TOPIC), fingerprint(DARK, (("JT01", 0.9),))).same
    assert not likeness(fingerprint(LAMP), fingerprint(DARK)).same


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (LAMP, LAMP.replace("海珀", "紫荆")),
        ("银杏苑3栋电梯停了", "银杏苑7栋电梯停了"),
        ("梅园二期的房产证没下来", "梅园三期的房产证没下来"),
        ("红旗桥下面倒了一堆渣土", "胜利桥下面倒了一堆渣土"),
    ],
)
def test_the_same_words_about_another_place_are_another_matter(first: str, second: str) -> None:
    assert likeness(fingerprint(first, TOPIC), fingerprint(second, TOPIC)).total == 0.0


def test_every_estate_has_a_building_three() -> None:
    """A number alone is no place: the words must be alike as well."""
    first, second = fingerprint("我们这儿3栋的灯不亮", TOPIC), fingerprint("3栋路灯瞎了好久没人修理", TOPIC)
    assert likeness(first, second).place == 1
    assert not likeness(first, second).same


def test_comparing_is_symmetric_and_a_message_is_like_itself() -> None:
    first, second = fingerprint(LAMP, TOPIC), fingerprint(DARK, TOPIC)
    assert likeness(first, second) == likeness(second, first)
    assert likeness(first, first).total == pytest.approx(1.0)


def test_nothing_is_like_nothing() -> None:
    assert not likeness(fingerprint(""), fingerprint("")).same
    assert not likeness(fingerprint("😀"), fingerprint(LAMP)).same
