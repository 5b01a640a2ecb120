"""jieba on the compact dictionary: loaded late and once, with our words, and asked where words really end."""

import logging
import os
import subprocess
import sys
import threading
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from nlp import segment
from nlp.evaluation import read_examples
from nlp.normalise import normalise
from nlp.segment import Segmenter

WORDS = ("上学", "口袋公园", "没水", "停电")


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    made = Segmenter(WORDS)
    made.warm()
    return made


@pytest.fixture(scope="module")
def plain_jieba(segmenter: Segmenter, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """jieba's own tokenizer with its own dict of 70 MB, and the same user dictionary."""
    import jieba  # by now: how it is imported without a warning is the segmenter's matter

    made = jieba.Tokenizer()
    made.tmp_dir = str(tmp_path_factory.mktemp("jieba"))
    for word in WORDS:
        made.add_word(word)
    return made


def test_knows_our_words(segmenter: Segmenter) -> None:
    assert "口袋公园" in segmenter.cut("门口的口袋公园没动工")
    assert "公园" in segmenter.cut_for_search("口袋公园")


@pytest.mark.parametrize(
    ("text", "word"),
    [("晚上学校太吵", "上学"), ("他没水平", "没水"), ("停电梯口", "停电"), ("集中标准", "中标")],
)
def test_pieces_of_neighbours_are_no_word(segmenter: Segmenter, text: str, word: str) -> None:
    start = text.index(word)
    assert segmenter.surroundings(text).cut_through(start, start + len(word))


@pytest.mark.parametrize(
    ("text", "word"),
    [("孩子上学难", "上学"), ("家里没水用", "没水"), ("口袋公园", "公园"), ("停电", "停电")],
)
def test_words_and_parts_of_words_are(segmenter: Segmenter, text: str, word: str) -> None:
    start = text.index(word)
    assert not segmenter.surroundings(text).cut_through(start, start + len(word))


def test_a_name_of_the_county_is_kept_whole() -> None:
    text = "光明路口"
    assert not Segmenter().surroundings(text).cut_through(2, 4)
    assert Segmenter(names=["光明路"]).surroundings(text).cut_through(2, 4)


def test_our_loop_splits_as_jieba_does(segmenter: Segmenter) -> None:
    han = [normalise(example.text).text for example in read_examples()]
    for text in (text for text in han if all("\u4e00" <= c <= "\u9fff" for c in text)):
        jieba = {0, *accumulate(map(len, segmenter.cut(text)))}
        assert segmenter.surroundings(text).split(0, len(text)) == jieba


def test_the_compact_dictionary_splits_as_jieba_with_its_own_does(segmenter: Segmenter, plain_jieba: Any) -> None:
    for example in read_examples():
        text = normalise(example.text).text
        assert segmenter.cut(text) == list(plain_jieba.cut(text, HMM=False))
        assert segmenter.cut_for_search(text) == list(plain_jieba.cut_for_search(text, HMM=False))


def test_many_threads_load_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[object] = []
    monkeypatch.setattr(segment, "_load_tokenizer", lambda words, names: loads.append(words) or object())
    fresh = Segmenter()
    threads = [threading.Thread(target=fresh.warm) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1


def test_importing_the_package_loads_no_dictionary_and_warns_of_nothing() -> None:
    code = (
        "import sys, nlp.classify, nlp.safety;"
        "assert 'jieba' not in sys.modules;"
        "nlp.segment.Segmenter().warm();"
        "assert 'jieba' in sys.modules and 'pkg_resources' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_jieba_keeps_quiet(segmenter: Segmenter) -> None:
    assert logging.getLogger("jieba").level >= logging.WARNING
