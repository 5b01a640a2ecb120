"""Lent messages: read as they are told of, refused in one line where they are not."""

import json
from pathlib import Path
from typing import Any

import pytest

from nlp.taxonomy import Taxonomy
from nlp.training.messages import read_lent
from nlp.training.science import TrainingError

MESSAGE = {"id": "1", "label": "城", "title": "路灯不亮", "detail": "巷子里的燈不亮，" * 20, "group": 7}
TITLE = {"id": "1", "label": "城", "title": "路灯不亮", "group": 7}


def folder(tmp_path: Path, **changed: Any) -> Path:
    files: dict[str, list[dict[str, Any]]] = {
        "messages.dev": [MESSAGE],
        "titles.dev": [TITLE],
        "hot_unlabelled": [{"title": "停水", "detail": "三天了"}],
        "hangzhou.dev": [{"label": "不用", "title": None, "content": "地铁"}],
        **{name.replace("_dev", ".dev"): rows for name, rows in changed.items() if name != "labels"},
    }
    for name, rows in files.items():
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    labels = changed.get("labels", "城: [CG04, GY01]\n人: [LD02]\n")
    (tmp_path / "contest_map.yaml").write_text(labels, encoding="utf-8")
    return tmp_path


def test_three_views_of_a_message_and_those_without_a_label(tmp_path: Path, small_taxonomy: Taxonomy) -> None:
    lent = read_lent(folder(tmp_path), small_taxonomy)
    assert [(m.view, m.label, len(m.text)) for m in lent.messages] == [
        ("full", 0, 165),
        ("first 60", 0, 60),
        ("part", 0, 70),
        ("part", 0, 35),
        ("titles", 0, 4),
        ("full", None, 6),
        ("full", None, 3),
    ]
    assert lent.messages[1].text.startswith("巷子里的灯不亮")
    assert lent.labels == {"城": {"CG04", "GY01"}, "人": {"LD02"}}


def test_views_and_near_duplicates_are_one_matter(tmp_path: Path, small_taxonomy: Taxonomy) -> None:
    assert read_lent(folder(tmp_path, messages_dev=[MESSAGE, MESSAGE]), small_taxonomy).matters() == 3


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"messages_dev": [MESSAGE, {**MESSAGE, "label": "外星"}]}, "Message 2 has no label of contest_map.yaml"),
        ({"labels": "城: [XX99]\n"}, "the taxonomy has no leaf XX99"),
    ],
)
def test_a_wrong_label_is_named(tmp_path: Path, small_taxonomy: Taxonomy, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(TrainingError, match=told):
        read_lent(folder(tmp_path, **changed), small_taxonomy)


def test_a_broken_line_is_named(tmp_path: Path, small_taxonomy: Taxonomy) -> None:
    path = folder(tmp_path) / "titles.dev.jsonl"
    path.write_text(f"{json.dumps(TITLE)}\n{{", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"titles.dev.jsonl:2: no JSON"):
        read_lent(tmp_path, small_taxonomy)


@pytest.mark.parametrize("missing", ["contest_map.yaml", "messages.dev.jsonl"])
def test_a_missing_file_is_named(tmp_path: Path, small_taxonomy: Taxonomy, missing: str) -> None:
    (folder(tmp_path) / missing).unlink()
    with pytest.raises(TrainingError, match=f"{missing} is missing"):
        read_lent(tmp_path, small_taxonomy)
