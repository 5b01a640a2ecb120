"""From rules and learned scores to chances of leaves and departments."""

import math
from collections import defaultdict

import pytest

from nlp.model import DOUBT_HOTTER, Model
from nlp.ranking import Ranker, Ranking
from nlp.scoring import Points
from nlp.taxonomy import default_taxonomy
from tests.nlp.small_model import small_model

TAXONOMY = default_taxonomy()
CODES = [leaf.code for leaf in TAXONOMY.leaves]
#: Four pieces of two characters, so that a text of them is known well enough.
TEXT = "路灯坏了好久"
SAYS = {"路灯": {"CG04": 4, "CG03": 1}, "灯坏": {"CG04": 2}, "坏了": {"HS01": 2}, "好久": {"CG04": 0}}


def rank(text: str, points: Points, temperature: float = 1.0, doubt: float = 0.0) -> Ranking:
    every_leaf = {"路": dict.fromkeys(CODES, 0)}
    model = Model(small_model(every_leaf | SAYS, {"temperature": temperature, "rules": 0.5, "doubt": doubt}))
    return Ranker(TAXONOMY, model).rank(text, model.look(text), points)


def chance(ranking: Ranking, code: str) -> float:
    return ranking.chances.item(CODES.index(code))


def test_the_learned_scores_become_chances() -> None:
    ranking = rank(TEXT, {})
    scale = 1 / math.sqrt(5)
    assert chance(ranking, "CG04") / chance(ranking, "HS01") == pytest.approx(math.exp((6 - 2) * scale), rel=1e-4)
    assert CODES[ranking.leaves[0]] == "CG04"
    assert ranking.chances.sum() == pytest.approx(1)


def test_a_point_of_the_rules_counts_what_the_model_says() -> None:
    before, after = rank(TEXT, {}), rank(TEXT, {"HS10": (3.0, ())})
    odds = (chance(after, "HS10") / chance(after, "CG04")) / (chance(before, "HS10") / chance(before, "CG04"))
    assert odds == pytest.approx(math.exp(0.5 * 3.0), rel=1e-4)


def test_what_is_doubted_is_spread_as_by_a_much_higher_temperature() -> None:
    sure, doubted, hot = rank(TEXT, {}), rank(TEXT, {}, doubt=0.2), rank(TEXT, {}, temperature=DOUBT_HOTTER)
    for code in ("CG04", "HS01", "ZW01"):
        assert chance(doubted, code) == pytest.approx(0.8 * chance(sure, code) + 0.2 * chance(hot, code), rel=1e-4)
    assert doubted.chances.sum() == pytest.approx(1)
    assert sum(doubted.department_chances) == pytest.approx(1)


def test_a_higher_temperature_is_less_sure() -> None:
    assert chance(rank(TEXT, {}, temperature=3.0), "CG04") < chance(rank(TEXT, {}), "CG04")


def test_a_department_has_the_chances_of_its_leaves() -> None:
    ranking = rank(TEXT, {})
    sums: dict[str, float] = defaultdict(float)
    for leaf, share in zip(TAXONOMY.leaves, ranking.chances.tolist(), strict=True):
        sums[leaf.lead] += share
    assert sorted(ranking.department_chances) == pytest.approx(sorted(sums.values()))
    best = max(ranking.department_chances)
    assert ranking.department_chances[ranking.departments[0]] == best == pytest.approx(max(sums.values()))


@pytest.mark.parametrize(
    ("text", "offered", "known"),
    [
        (TEXT, True, True),
        ("路灯", True, False),  # one meaningful piece only
        (TEXT + "qwertyuiopasd", True, False),  # too little of it
        ("路灯" + "x" * 40, False, False),
        ("路", False, False),
        ("", False, False),
    ],
)
def test_the_less_is_known_the_less_is_said(text: str, offered: bool, known: bool) -> None:
    ranking = rank(text, {})
    assert (bool(ranking.leaves), ranking.known) == (offered, known)


def test_a_rule_is_enough_to_be_known() -> None:
    ranking = rank("x" * 40, {"HS10": (3.0, ())})
    assert CODES[ranking.leaves[0]] == "HS10"
    assert ranking.known
