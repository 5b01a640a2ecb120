"""The comparison of classifiers: that it is fair, and that it says what it left out."""

import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import classifiers
from benchmarks.classifier_tables import show
from benchmarks.classifiers import OURS, Contestant, lead
from benchmarks.labelled_texts import FOLDS, Task, Text, data_folder, lent_messages, own_sentences
from benchmarks.peers.text_classifiers import KeywordTable, added, chances
from nlp.taxonomy import default_taxonomy

TAXONOMY = default_taxonomy()


@pytest.fixture
def lent(tmp_path: Path) -> Path:
    """Twenty messages and titles in ten groups; each text says which group it is of."""
    (tmp_path / "contest_map.yaml").write_text("roads: [CG04]\nnoise: [HJ01]\n")
    rows = [
        {"label": ("roads", "noise")[group % 2], "title": f"t{group}", "detail": f"d{group}" + "x" * 80, "group": group}
        for group in (*range(10), *range(10))
    ]
    for name in ("messages.dev.jsonl", "titles.dev.jsonl"):
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return tmp_path


def test_near_duplicates_are_never_on_both_sides(lent: Path) -> None:
    task, _ = lent_messages(lent, TAXONOMY)
    learned = {text.text for text in task.learn}
    for texts in task.tests.values():
        assert len(texts) == 2 * 10 / FOLDS
        assert learned.isdisjoint(text.text for text in texts)
    assert len(task.learn) == 3 * 2 * (10 - 10 / FOLDS)


def test_the_views_of_a_message(lent: Path) -> None:
    task, labels = lent_messages(lent, TAXONOMY)
    of_first = {name: texts[0] for name, texts in task.tests.items()}
    assert of_first["full"].text == "t0。d0" + "x" * 80
    assert of_first["titles"] == Text("t0", ("roads",))
    assert len(of_first["first 60"].text) == 60
    assert task.words.keys() == labels.keys()
    assert set(task.words["roads"]) == set(TAXONOMY.categories["CG04"].keywords)


def test_nothing_is_learned_that_is_measured_with() -> None:
    task = own_sentences(TAXONOMY)
    learned = {text.text for text in task.learn}
    assert len(learned) > 2000
    for name, texts in task.tests.items():
        assert len(texts) > 500, name
        assert learned.isdisjoint(text.text for text in texts), name


def test_the_keyword_table_counts_words() -> None:
    table = KeywordTable({"roads": ["路灯", "路"], "noise": ["吵"]})
    assert table.scores("路灯不亮") == {"roads": 2, "noise": 0}


def test_scores_keep_their_order_as_chances_and_no_score_is_none() -> None:
    assert chances({"a": 0.2, "b": 0.1}, is_probability=True) == {"a": 0.2, "b": 0.1}
    given = chances({"a": -0.5, "b": -1.5}, is_probability=False)
    assert given["a"] > given["b"] > 0
    assert sum(given.values()) == pytest.approx(1)
    assert chances({"a": 0.0, "b": 0.0}, is_probability=False) == {}


def test_chances_are_added_up_by_owner() -> None:
    assert added({"a": 0.5, "b": 0.25, "c": 0.125, "d": 0.1}, {"a": "x", "b": "y", "c": "x"}) == {"x": 0.625, "y": 0.25}


def test_a_peer_whose_package_is_absent_is_left_out_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sklearn.feature_extraction.text", "sklearn.calibration", "fasttext"):
        monkeypatch.setitem(sys.modules, module, None)
    missing: list[str] = []
    task = Task("leaf", [Text("路灯", ("CG04",))], {}, {"CG04": ["路灯"]})
    names = [contestant.name for contestant in classifiers._contestants(task, missing, [])]
    assert names == ["keyword table"]
    assert [sentence.partition(":")[0] for sentence in missing] == ["Words", "WordsAndCharacters", "FastText"]
    assert all(sentence.endswith("without build/bench `make bench` installs it") for sentence in missing)


def test_departments_of_scores_that_are_no_chances_are_not_added_up() -> None:
    """Two leaves of one department just behind the first: as chances together they are likelier, as distances not."""
    leads = {"a": "x", "b": "y", "c": "y"}
    task = Task("leaf", [], {"set": [Text("", ("a",))]}, {})
    for is_probability, right in ((True, 0), (False, 1)):
        contestant = Contestant("", lambda _: {"a": 0.4, "b": 0.3, "c": 0.3}, str, is_probability, 0.0)
        assert classifiers._row(task, "set", contestant, leads)["department"] == right


ROWS = [
    {"task": "label", "set": name, "n": 1200, "contestant": contestant, "accuracy": accuracy, "macro_f1": 0.5,
     "top3": 0.9, "ece": ece, "department": None, "us": 123.4, "learned_in": learned}
    for name in ("full", "titles")
    for contestant, accuracy, ece, learned in (
        (OURS, 0.9, 0.02, 0.0), (f"{OURS}, own texts", 0.95, 0.1, 1.0), ("a", 0.6, None, 5.0), ("b", 0.75, 0.2, 5.0))
]  # fmt: skip


def test_ours_is_set_against_the_best_peer() -> None:
    assert lead(ROWS) == {f"label of {name}: ours right, of b": pytest.approx(1.2) for name in ("full", "titles")}


def test_ours_is_not_compared_where_it_could_not_be_taught() -> None:
    assert lead([row for row in ROWS if row["contestant"] != OURS]) == {}


def test_a_folder_without_messages_is_left_out_with_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(classifiers, "_contestants", lambda task, missing, first: [])
    assert classifiers.measure(tmp_path)["missing"] == [f"lent messages: {tmp_path} has no contest_map.yaml"]
    assert "names none" in classifiers.measure(None)["missing"][0]


def test_the_tables_say_everything_and_who_was_left_out() -> None:
    said = io.StringIO()
    show(Console(file=said, width=140), {"rows": ROWS, "missing": ["FastText: no fasttext"]})
    assert "full (1,200)" in said.getvalue()
    assert "60.0 / 50.0 / 90.0 / –" in said.getvalue()
    assert "123 / 123" in said.getvalue()
    assert "Left out: FastText: no fasttext." in said.getvalue()


def test_the_folder_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASHANG_DATA", raising=False)
    assert data_folder() is None
    monkeypatch.setenv("MASHANG_DATA", "lent")
    assert data_folder() == Path("lent")
