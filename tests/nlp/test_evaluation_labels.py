"""Messages with labels of somebody else's: how they are read, and how leaves are added up to labels."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nlp.classify import Classifier
from nlp.evaluation import ExampleError
from nlp.evaluation_labels import (
    Message,
    judge,
    label_figures,
    leaves_as_labels,
    read_label_map,
    read_messages,
)
from nlp.result import Classification
from nlp.taxonomy import default_taxonomy

TAXONOMY = default_taxonomy()
LABELS = {"roads": frozenset({"CG04", "CG05"}), "noise": frozenset({"HJ01"})}


class Fixed:
    """Gives the chances that stand for a text in a table, and finds nothing else."""

    taxonomy = TAXONOMY

    def __init__(self, table: Mapping[str, Mapping[str, float]]) -> None:
        self._table = table

    def classify(self, text: str) -> Classification:
        return Classifier(TAXONOMY).classify("")

    def chances(self, text: str) -> Mapping[str, float]:
        return self._table[text]


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def problem_of(path: Path, content: str | bytes, **options: Any) -> ExampleError:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ExampleError) as refused:
        read_messages(path, ["text"], "label", LABELS, **options)
    return refused.value


# --- adding up -----------------------------------------------------------------------------------------------------


def test_a_label_is_as_likely_as_all_its_leaves_together() -> None:
    """Beyond the few categories that are shown: neither lamp nor pavement is first, the two together are."""
    table = {"x": {"HJ01": 0.4, "CG04": 0.3, "CG05": 0.25, "ZW09": 0.05}}
    (one,) = judge(Fixed(table), [Message("x", "roads", 7)], LABELS)
    assert one.answer.chances == {"roads": pytest.approx(0.55), "noise": 0.4}
    assert one.answer.right
    assert one.answer.line == 7


def test_figures_have_the_agreed_names_and_shares() -> None:
    table = {"a": {"CG04": 0.8}, "b": {"HJ01": 0.6, "CG05": 0.2}, "c": {"CG04": 0.7, "HJ01": 0.1}, "d": {}}
    rows = [Message("a", "roads", 1), Message("b", "noise", 2), Message("c", "noise", 3), Message("d", "roads", 4)]
    figures = label_figures(list(judge(Fixed(table), rows, LABELS)))
    assert list(figures)[:8] == ["n", "accuracy", "macro_f1", "top2", "top3", "ece", "coverage", "us_per_message"]
    assert (figures["n"], figures["accuracy"], figures["top2"], figures["top3"]) == (4, 0.5, 0.75, 0.75)
    # The surest two are a (right) and c (wrong); three of them with b; all but none of four is four.
    assert figures["coverage"] == {"50": 0.5, "70": 0.6667, "90": 0.5}
    assert figures["ece"] == pytest.approx((0.2 + 0.4 + 0.7 + 0) / 4)
    assert figures["us_per_message"] > 0


def test_the_classifier_gives_every_leaf_its_chance_and_no_more_than_one_in_all(classifier: Classifier) -> None:
    chances = classifier.chances("路灯不亮，人行道的砖也翘了，半夜还有人打桩，孩子上学难")
    shown = classifier.classify("路灯不亮，人行道的砖也翘了，半夜还有人打桩，孩子上学难").categories
    assert set(chances) <= {leaf.code for leaf in TAXONOMY.leaves}
    assert len(chances) > len(shown)
    assert 0 < sum(chances.values()) <= 1 + 1e-6
    assert all(chances[category.code] == pytest.approx(category.confidence) for category in shown)


def test_leaf_codes_may_be_labels_themselves() -> None:
    labels = leaves_as_labels(TAXONOMY)
    assert labels["CG04"] == {"CG04"}
    assert len(labels) == len(TAXONOMY.leaves)


# --- messages ------------------------------------------------------------------------------------------------------


def test_fields_are_joined_and_cut(tmp_path: Path) -> None:
    row = {"title": "路灯不亮", "detail": " 三天了 ", "label": "roads"}
    path = write(tmp_path / "rows.jsonl", row, row | {"detail": None})
    fields = ["title", "detail"]
    assert read_messages(path, fields, "label", LABELS) == [
        Message("路灯不亮。三天了", "roads", 1),
        Message("路灯不亮", "roads", 2),
    ]
    assert [row.text for row in read_messages(path, fields, "label", LABELS, first=6)] == ["路灯不亮。三", "路灯不亮"]
    assert [row.text for row in read_messages(path, ["detail"], "label", LABELS)] == ["三天了", ""]


def test_byte_order_mark_line_ends_and_blank_lines_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes('\ufeff{"text":"a","label":"roads"}\r\n\r\n{"text":"b","label":"noise"}'.encode())
    assert read_messages(path, ["text"], "label", LABELS) == [Message("a", "roads", 1), Message("b", "noise", 3)]


def test_a_megabyte_of_text_is_one_message(tmp_path: Path, classifier: Classifier) -> None:
    path = write(tmp_path / "rows.jsonl", {"text": "路灯不亮。" * 70_000, "label": "roads"})
    rows = read_messages(path, ["text"], "label", LABELS)
    (one,) = judge(classifier, rows, LABELS)
    assert one.answer.right


GOOD = '{"text":"a","label":"roads"}\n'


@pytest.mark.parametrize(
    ("content", "key", "params"),
    [
        ("", "file.empty", {}),
        ("\n \n", "file.empty", {}),
        (GOOD + "text\tlabel\n", "row.json", {"line": 2}),
        (GOOD + '{"text":"a",\n', "row.json", {"line": 2}),
        (GOOD.encode() + '{"text":"路灯"}'.encode("gb18030"), "row.json", {"line": 2}),
        (GOOD + "[" * 100_000, "row.json", {"line": 2}),
        (GOOD + '{"text":"a","label":NaN}', "row.json", {"line": 2}),
        (GOOD + "[1, 2]", "row.object", {"line": 2}),
        (GOOD + '{"title":"a","label":"roads"}', "row.field", {"line": 2, "field": "text", "known": "title、label"}),
        (GOOD + '{"text":"a"}', "row.field", {"line": 2, "field": "label"}),
        (GOOD + '{"text":5,"label":"roads"}', "row.text", {"line": 2, "field": "text"}),
        (GOOD + '{"text":"a","label":["roads"]}', "row.text", {"line": 2, "field": "label"}),
        (GOOD + '{"text":"a","label":null}', "row.label", {"line": 2, "field": "label"}),
        (GOOD + '{"text":"a","label":"sky"}\n{"text":"a","label":"sea"}', "label.unknown",
         {"line": 2, "labels": "sky、sea", "known": "roads、noise"}),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, content: str | bytes, key: str, params: dict[str, object]
) -> None:
    problem = problem_of(tmp_path / "rows.jsonl", content)
    assert problem.key == key
    assert problem.params.items() >= {"file": "rows.jsonl", **params}.items()


def test_a_label_is_named_without_what_would_steer_a_terminal(tmp_path: Path) -> None:
    label = json.dumps("\x1b[2J" + "长" * 60)
    problem = problem_of(tmp_path / "rows.jsonl", f'{{"text":"a","label":{label}}}')
    assert problem.params["labels"] == "\ufffd[2J" + "长" * 36 + "…"


# --- the label map -------------------------------------------------------------------------------------------------


def test_a_label_map_is_read(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text("\ufeff# ours to theirs\nroads: [CG04,\n  CG05]\nnoise:\n  - HJ01\n", "utf-8")
    assert read_label_map(path, TAXONOMY) == LABELS


@pytest.mark.parametrize(
    ("content", "key", "told"),
    [
        ("roads: [CG04, CG99]\nnoise: [XX01]", "map.unknown", "CG99、XX01"),
        ("roads: [CG04]\nnoise: [CG04]", "map.twice", "CG04"),
        ("roads: [CG04]\nnoise: []", "map.empty", "noise"),
        ("roads: CG04", "map.form", "map.yaml:1: roads must be a list"),
        ("roads: [CG04]\nroads: [CG05]", "map.form", "map.yaml:2: 'roads' is written twice"),
        ("- CG04", "map.form", "map.yaml:1: the label map must be a mapping"),
        ("roads: [CG04", "map.form", "map.yaml:"),
        ("", "map.form", "map.yaml:1"),
        ("{}", "map.missing", "map.yaml"),
        ("roads: [[CG04]]", "map.form", "map.yaml:1"),
    ],
)
def test_a_label_map_that_cannot_be_used_is_refused(tmp_path: Path, content: str, key: str, told: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(ExampleError) as refused:
        read_label_map(path, TAXONOMY)
    assert refused.value.key == key
    assert told in " ".join(map(str, refused.value.params.values()))


def test_a_label_map_that_is_not_there_is_no_fault_inside_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_label_map(tmp_path / "map.yaml", TAXONOMY)
