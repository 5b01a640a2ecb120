"""jieba's dictionary in a small form: the same words, the same counts."""

import subprocess
import sys
from pathlib import Path

import pytest

from nlp import dictionary
from nlp.dictionary import Dictionary, load_dictionary

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def known() -> Dictionary:
    return load_dictionary()


def test_holds_every_word_of_jieba_with_its_count(known: Dictionary) -> None:
    lines = dictionary._dictionary_path().read_text("utf-8").splitlines()
    expected = {word: int(count) for word, count, _ in map(str.split, lines)}
    assert {word: known.get(word) for word in expected} == expected
    assert known.total == sum(int(line.split()[1]) for line in lines)


def test_no_word_has_no_count(known: Dictionary) -> None:
    assert known.get("晚上学") == 0
    assert known.get("晚上学", 1) == 1
    assert "晚上学" not in known
    assert "晚上" in known


def test_the_words_that_begin_at_a_place_are_told_in_order(known: Dictionary) -> None:
    assert [end for end, _ in known.words_at("公共汽车站", 0, 5)] == [1, 2, 4]


@pytest.mark.parametrize(
    ("text", "start", "end", "rival"),
    [
        ("晚上学校", 1, 3, "晚上"),
        ("他没水平", 1, 3, "水平"),
        ("口袋公园", 2, 4, None),
        ("晚上", 0, 2, None),  # nothing stands around it
        ("集中标准", 1, 3, "集中"),
        ("鑫晚上鑫", 1, 3, None),
    ],
)
def test_a_rival_is_a_more_common_word_across_an_end(
    known: Dictionary, text: str, start: int, end: int, rival: str | None
) -> None:
    assert known.has_rival(text, start, end) == (rival is not None)
    assert rival is None or known.get(rival) > known.get(text[start:end])


def test_no_rival_is_missed(known: Dictionary) -> None:
    """The table only spares questions: what it says is what the counts of all words across an end say."""
    text = "晚上学校门口的公共汽车站没有路灯，他没水平，集中标准不一样，停电梯口等了很久也没人来修"
    for start in range(len(text)):
        for end in range(start + 1, min(start + 4, len(text)) + 1):
            across = [
                text[at : at + length]
                for edge in (start, end)
                if 0 < edge < len(text)
                for length, first in ((2, edge - 1), (3, edge - 1), (3, edge - 2))
                for at in [first]
                if at >= 0
            ]
            most = max(map(known.get, across), default=0)
            assert known.has_rival(text, start, end) == (most > known.get(text[start:end]))


def test_words_of_our_own_come_on_top() -> None:
    known = load_dictionary()
    known["口袋公园"] = 7
    known["公园"] = 9
    assert known.words_at("口袋公园", 0, 4) == [(1, known.get("口")), (2, known.get("口袋")), (4, 7)]
    assert known.words_at("口袋公园", 2, 4) == [(3, known.get("公")), (4, 9)]
    assert known.words_at("口袋公园", 0, 3) == [(1, known.get("口")), (2, known.get("口袋"))]


def test_a_character_outside_the_basic_plane_is_a_word_of_one(known: Dictionary) -> None:
    assert known.words_at("\U0001f4a1亮", 0, 2) == [(1, 1)]


def test_a_dictionary_that_changed_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    words = tmp_path / "dict.txt"
    monkeypatch.setattr(dictionary, "_dictionary_path", lambda: words)
    words.write_text("路灯 5 n\n路 3 n\n", "utf-8")
    assert load_dictionary().get("路灯") == 5
    words.write_text("路灯 17 n\n路 3 n\n", "utf-8")
    assert load_dictionary().get("路灯") == 17


def test_all_of_nlp_fits_into_120_megabytes() -> None:
    code = (
        "from nlp.classify import Classifier; from nlp.taxonomy import default_taxonomy; import re, pathlib;"
        "Classifier(default_taxonomy()).classify('路灯不亮，晚上學校門口很黑');"
        "print(re.search(r'VmRSS:\\s+(\\d+) kB', pathlib.Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 120_000  # 114,000 seen
