"""`main.py train`: what it writes and says. The training itself: tests/nlp/training."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.app import app
from nlp.evaluation import ExampleError
from nlp.training.science import TrainingError
from nlp.training.table import make_table
from nlp.training.vocabulary import Vocabulary

HEADER = {"recipe": {}, "data": {}, "temperature": [[1, 1.0]], "scores": {"titles": {"accuracy": 0.875}}}


@pytest.fixture
def taught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Teach in no time, whatever the texts."""

    def train(taxonomy: Any, own: Any, lent: Any, **_: Any) -> Any:
        one = np.ones(1, dtype=np.float32)
        table = make_table(Vocabulary(np.array([1 << 48], dtype=np.uint64), one), one[:, None], one, ["CG04"])
        return table.with_header({**HEADER, "data": {"own": len(own), "lent": lent}})

    monkeypatch.setattr("nlp.training.recipe.train", train)


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["train", *words])


@pytest.mark.usefixtures("taught")
def test_the_model_is_written_and_its_figures_are_said(tmp_path: Path) -> None:
    done = run("--output", str(tmp_path / "model.npz"))
    assert done.exit_code == 0
    assert "titles: accuracy 0.875" in done.stdout
    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        assert json.loads(str(stored["header"]))["id"] in done.stdout


@pytest.mark.usefixtures("taught")
def test_json_is_the_header_and_the_place(tmp_path: Path) -> None:
    said = json.loads(run("--json", "--output", str(tmp_path / "model.npz")).stdout)
    assert said["model"] == str(tmp_path / "model.npz")
    assert said["data"]["lent"] is None
    assert said["data"]["own"] > 5000


@pytest.mark.usefixtures("taught")
def test_a_folder_without_messages_is_refused_and_nothing_written(tmp_path: Path) -> None:
    done = run("--messages", str(tmp_path), "--output", str(tmp_path / "model.npz"))
    assert done.exit_code == 1
    assert "contest_map.yaml is missing" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_file_of_sentences_that_cannot_be_read_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_: Any) -> Any:
        raise ExampleError("file.utf8", file="examples.tsv")

    monkeypatch.setattr("nlp.training.texts.own_texts", unreadable)
    done = run()
    assert done.exit_code == 1
    assert done.stderr.strip() == "examples.tsv 不是 UTF-8 编码；请另存为 UTF-8。"


def test_what_cannot_be_taught_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def train(*_: Any, **__: Any) -> Any:
        raise TrainingError("Teaching a model needs scipy")

    monkeypatch.setattr("nlp.training.recipe.train", train)
    done = run("--output", str(tmp_path / "model.npz"))
    assert (done.exit_code, done.stderr.strip()) == (1, "Teaching a model needs scipy")
