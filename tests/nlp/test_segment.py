"""jieba: loaded late and once, with our words, and asked where words really end."""

import logging
import os
import stat
import subprocess
import sys
import threading
from itertools import accumulate
from pathlib import Path

import pytest

from nlp import segment
from nlp.evaluation import read_examples
from nlp.normalise import normalise
from nlp.segment import Segmenter, word_ends


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    made = Segmenter(["上学", "口袋公园", "没水", "停电"])
    made.warm()
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
    assert segmenter.cuts_through(text, start, start + len(word))


@pytest.mark.parametrize(
    ("text", "word"),
    [("孩子上学难", "上学"), ("家里没水用", "没水"), ("口袋公园", "公园"), ("停电", "停电")],
)
def test_words_and_parts_of_words_are(segmenter: Segmenter, text: str, word: str) -> None:
    start = text.index(word)
    assert not segmenter.cuts_through(text, start, start + len(word))


def test_a_name_of_the_county_is_kept_whole() -> None:
    text = "光明路口"
    assert not Segmenter().cuts_through(text, 2, 4)
    assert Segmenter(names=["光明路"]).cuts_through(text, 2, 4)


def test_our_loop_splits_as_jieba_does(segmenter: Segmenter) -> None:
    han = [normalise(example.text).text for example in read_examples()]
    for text in (text for text in han if all("\u4e00" <= c <= "\u9fff" for c in text)):
        jieba = {0, *accumulate(map(len, segmenter.cut(text)))}
        assert word_ends(text, segmenter._known, segmenter._log_total) == jieba


def test_many_threads_load_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[object] = []

    class Tokenizer:
        total = 5

        def __init__(self) -> None:
            self.FREQ = {"路灯": 5}

    def load(words: object, names: object) -> Tokenizer:
        loads.append(words)
        return Tokenizer()

    monkeypatch.setattr(segment, "_load_tokenizer", load)
    fresh = Segmenter()
    threads = [threading.Thread(target=fresh.warm) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1


def test_the_cache_lies_in_a_folder_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = segment._cache_folder()
    assert folder.is_relative_to(tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_others_could_have_planted_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mashang").mkdir()
    (tmp_path / "mashang" / "jieba").symlink_to(tmp_path / "elsewhere")
    folder = segment._cache_folder()
    assert not folder.is_relative_to(tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()


def test_importing_the_package_loads_no_dictionary_and_warns_of_nothing() -> None:
    code = (
        "import sys, nlp.classify, nlp.safety;"
        "assert 'jieba' not in sys.modules;"
        "nlp.segment.Segmenter().warm(); assert 'jieba' in sys.modules"
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
