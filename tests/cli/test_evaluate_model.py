"""`main.py evaluate --model`: the models that people can name."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.app import app
from cli.settings import load_settings
from cli.wiring import open_store
from nlp.model import default_model
from nlp.model_bytes import packaged_arrays, to_bytes
from routing.trained import TrainedModel
from tests.routing.school import NOW


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A county's folder, and one sentence that no rule knows: only what was learned does."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MASHANG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MASHANG_DATA_DIR", str(tmp_path / "data"))
    Path("rows.tsv").write_text("text\texpected\n楼上天天半夜蹦跶，孩子睡不好\tHJ02\n", "utf-8")
    return tmp_path


def keep(model_id: str, content: bytes) -> None:
    store = open_store(load_settings())
    with store.transaction() as uow:
        uow.models.add(TrainedModel(model_id, NOW, default_model().id), content)
    store.close()


def evaluate(*args: str) -> Result:
    result = CliRunner().invoke(app, ["evaluate", "rows.tsv", "--json", *args])
    assert result.exception is None or isinstance(result.exception, SystemExit), f"{result.exception!r}"
    return result


def figures(*args: str) -> Any:
    result = evaluate(*args)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_county_s_model_is_measured_by_its_id() -> None:
    arrays = packaged_arrays()
    forgot = {**arrays, "weights": np.zeros_like(arrays["weights"]), "bias": np.zeros_like(arrays["bias"])}
    keep("261122-aaaa", to_bytes(arrays))
    keep("261122-bbbb", to_bytes(forgot))
    assert figures("--model", "261122-aaaa")["leaf_top1"] == 1
    assert figures("--model", "261122-bbbb")["leaf_top1"] == 0


@pytest.mark.parametrize("name", ["packaged", default_model().id])
def test_the_packaged_model_has_a_name_and_an_id(name: str, here: Path) -> None:
    assert figures("--model", name)["leaf_top1"] == 1
    assert not (here / "data").exists(), "no database is asked, and none is made"


def test_an_id_that_nobody_knows_is_told_and_makes_no_database(here: Path) -> None:
    for _ in ("without a database", "with one"):
        result = evaluate("--model", "261122-cccc")
        assert result.exit_code == 1
        assert result.stderr.startswith("没有叫 261122-cccc 的模型")
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""
        if not (here / "data").exists():
            keep("261122-aaaa", to_bytes(packaged_arrays()))


def test_a_kept_model_that_is_damaged_is_told() -> None:
    keep("261122-aaaa", b"broken")
    result = evaluate("--model", "261122-aaaa")
    assert result.exit_code == 1
    assert result.stderr.startswith("模型 261122-aaaa 用不了")
    assert result.stderr.count("\n") == 1


def test_a_database_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASHANG_DATABASE_URL", "postgresql://root@127.0.0.1:1/none")
    result = evaluate("--model", "261122-aaaa")
    assert result.exit_code == 1
    assert result.stderr.startswith("The database can't be used")
    assert result.stderr.count("\n") == 1
