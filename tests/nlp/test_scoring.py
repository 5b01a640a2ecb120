"""What keywords and patterns of the taxonomy count."""

import re

import pytest

from nlp.matching import Matcher
from nlp.scoring import EXCLUDED_FACTOR, PATTERN_SCORE, STRONG_FACTOR, Scorer
from nlp.segment import Segmenter
from nlp.taxonomy import Taxonomy, default_taxonomy
from nlp.taxonomy_model import Category

LAMP = Category(
    code="X1",
    name="lamps",
    parent="X",
    weight=0.5,
    strong=frozenset({"路灯"}),
    keywords=("路灯", "不亮", "路灯不亮", "上学"),
    patterns=(re.compile("灯.{0,2}灭"),),
    exclude=("红绿灯",),
)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(only(LAMP), Segmenter(LAMP.keywords))


def only(leaf: Category) -> Taxonomy:
    """The packaged taxonomy with this one leaf instead of its own."""
    packaged = default_taxonomy()
    return Taxonomy(**{**{name: getattr(packaged, name) for name in Taxonomy.__slots__}, "categories": {"X1": leaf}})


def points(scorer: Scorer, text: str) -> float:
    found = scorer.points(text, Matcher(scorer.rules()).scan(text))
    return found["X1"][0] / LAMP.weight if found else 0.0


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("没有什么", 0),
        ("不亮", 1.0),
        ("路灯", STRONG_FACTOR),
        ("路灯，路灯", STRONG_FACTOR),  # said twice counts once
        ("路灯不亮", 2.3 * STRONG_FACTOR),  # the longest only, as strong as the word inside it
        ("灯都灭了", PATTERN_SCORE),
        ("路灯都灭了", PATTERN_SCORE + STRONG_FACTOR),
        ("红绿灯那边不亮", EXCLUDED_FACTOR * 1.0),
        ("晚上学校不亮", 1.0),  # 上学 is made of pieces of its neighbours
    ],
)
def test_what_counts_how_much(scorer: Scorer, text: str, worth: float) -> None:
    assert points(scorer, text) == pytest.approx(worth)


def test_each_hit_is_told_with_its_worth(scorer: Scorer) -> None:
    text = "路灯都灭了，路灯"
    hits = scorer.points(text, Matcher(scorer.rules()).scan(text))["X1"][1]
    assert sorted(scorer.worths("X1", text, hits)) == pytest.approx([0.0, STRONG_FACTOR, PATTERN_SCORE])
