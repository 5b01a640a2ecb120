"""How far our segmentation and rjieba's, a jieba in Rust, agree: exactly, where rjieba is installed.

It is no dependency (docs/decisions/0012-no-rjieba.md). The test is for whoever wants to take it up again.
"""

import pytest

from nlp.evaluation import read_examples
from nlp.normalise import normalise
from nlp.segment import Segmenter

rjieba = pytest.importorskip("rjieba", reason="rjieba is not installed; pip install rjieba to compare")

FLOOR = 0.995
"""Share of texts split alike. On 22 November 2026, with rjieba 0.2.2: all of 4,106."""


def test_splits_as_rjieba_does() -> None:
    segmenter = Segmenter()
    texts = [normalise(example.text).text for example in read_examples()]
    alike = [segmenter.cut(text) == rjieba.cut(text, False) for text in texts]
    assert sum(alike) / len(alike) >= FLOOR


def test_knows_words_of_ours_when_told() -> None:
    other = rjieba.Jieba()
    other.add_word("口袋公园", None, None)
    assert other.cut("门口的口袋公园没动工", False) == Segmenter(["口袋公园"]).cut("门口的口袋公园没动工")
