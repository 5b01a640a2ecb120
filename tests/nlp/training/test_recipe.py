"""A whole training on four categories."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp.classify import Classifier
from nlp.model import Model, ModelError
from nlp.taxonomy import Taxonomy
from nlp.training.messages import Lent
from nlp.training.numbers import Recipe
from nlp.training.pieces import piece_of
from nlp.training.recipe import train
from nlp.training.science import TrainingError
from nlp.training.table import Table
from nlp.training.texts import Taught

pytest.importorskip("scipy")


@pytest.fixture(scope="module")
def table(small_taxonomy: Taxonomy, sentences: list[Taught], quick: Recipe) -> Table:
    return train(small_taxonomy, sentences, made="2026-11-22", recipe=quick)


@pytest.fixture(scope="module")
def with_lent(small_taxonomy: Taxonomy, sentences: list[Taught], lent: Lent, quick: Recipe) -> Table:
    return train(small_taxonomy, sentences, lent, made="2026-11-22", recipe=quick)


def leaf(table: Table, text: str) -> str:
    return table.columns[int(table.scores([text])[0, :4].argmax())]


@pytest.mark.parametrize(
    ("text", "code"), [("灯一直不亮", "CG04"), ("没有自来水", "GY01"), ("老板欠我工资", "LD02"), ("幼儿园报名", "JY07")]
)
def test_new_words_are_filed_right(table: Table, with_lent: Table, text: str, code: str) -> None:
    assert leaf(table, text) == leaf(with_lent, text) == code


def test_a_danger_scores_above_the_threshold_and_a_lamp_below(table: Table) -> None:
    danger, lamp = table.scores(["楼上着火了", "路灯不亮"])[:, table.columns.index("SAFETY")]
    assert danger > table.header["thresholds"]["safety"] > lamp


def test_a_column_that_nobody_taught_says_no_to_everything(table: Table) -> None:
    column = table.scores(["他收了红包", "路灯不亮", ""])[:, table.columns.index("INT")]
    assert (column < table.header["thresholds"]["integrity"]).all()


def test_the_same_texts_give_the_same_model(
    table: Table, small_taxonomy: Taxonomy, sentences: list[Taught], quick: Recipe
) -> None:
    again = train(small_taxonomy, sentences, made="2026-11-22", recipe=quick)
    assert again.header == table.header
    assert (again.weights == table.weights).all()
    other = train(small_taxonomy, sentences[1:], made="2026-11-22", recipe=quick)
    assert other.header["id"] != table.header["id"]


def test_lent_messages_are_told_of_and_measured(with_lent: Table) -> None:
    assert with_lent.header["data"]["lent messages"]["count"] == 80
    assert with_lent.header["scores"]["full"]["accuracy"] > 0.9


def test_a_formal_message_is_told_from_a_chat_and_gets_its_field(
    with_lent: Table, small_taxonomy: Taxonomy, tmp_path: Path
) -> None:
    model = Model(stored(with_lent, tmp_path / "model.npz"))
    formal, chat = model.look("街上漆黑一片灯不亮请尽快处理"), model.look("老板不发工资")
    assert formal.formal > 0.8 > 0.2 > chat.formal
    assert model.field_of("CG04") == model.field_of("GY01") == with_lent.columns.index("FIELD 1")
    field, other = (formal.scores[model.field_of(code)] for code in ("CG04", "LD02"))
    assert field > 0 > other
    ranker = Classifier(small_taxonomy, model=model)
    assert ranker.chances("孩子入园排不上请尽快处理")["JY07"] > 0.5


def test_a_word_of_one_lent_matter_is_forgotten(
    small_taxonomy: Taxonomy, sentences: list[Taught], lent: Lent, quick: Recipe
) -> None:
    told = lent.messages[0]._replace(text="王小明的路灯13912345678不亮")
    many = Lent((told,) * 60 + lent.messages, lent.labels, lent.digest)
    table = train(small_taxonomy, sentences, many, made="2026-11-22", recipe=quick)
    pieces = {piece_of(key) for key in table.pieces.tolist()}
    assert "路灯" in pieces
    assert not pieces & {"王小", "小明", "王小明", "139", "1391", "5678"}


@pytest.mark.parametrize("codes", [[], ["CG04"]])
def test_fewer_than_two_categories_are_refused(
    small_taxonomy: Taxonomy, sentences: list[Taught], codes: list[str]
) -> None:
    few = [text for text in sentences if text.leaves <= set(codes)]
    with pytest.raises(TrainingError, match="two categories or more"):
        train(small_taxonomy, few, made="2026-11-22")


def test_a_wrong_code_is_named(small_taxonomy: Taxonomy, sentences: list[Taught]) -> None:
    with pytest.raises(TrainingError, match="no leaf XX99"):
        train(small_taxonomy, [*sentences, Taught("灯", frozenset({"XX99"}))], made="2026-11-22")


def test_without_scipy_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, small_taxonomy: Taxonomy, sentences: list[Taught]
) -> None:
    def missing(name: str, *_: Any) -> Any:
        raise ImportError(name)

    monkeypatch.setattr("nlp.training.science.importlib.import_module", missing)
    with pytest.raises(TrainingError, match="needs scipy; install it with: pip install scipy"):
        train(small_taxonomy, sentences, made="2026-11-22")


def test_the_file_is_read_back_and_scores_the_same(table: Table, tmp_path: Path) -> None:
    table.write(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        model = Model({name: stored[name] for name in stored.files})
        assert json.loads(str(stored["header"])) == json.loads(json.dumps(table.header))
    for text in ("灯一直不亮", "老板欠我工资", "", "😀"):
        assert np.allclose(model.look(text).scores[:-1], table.scores([text])[0], atol=1e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]


def stored(table: Table, path: Path, **changed: Any) -> dict[str, Any]:
    table._replace(header={**table.header, **changed}).write(path)
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def test_doubt_is_spread_over_the_leaves_and_their_departments(
    table: Table, small_taxonomy: Taxonomy, tmp_path: Path
) -> None:
    chances = {}
    for doubt in (0.0, 0.4):
        model = Model(stored(table, tmp_path / "model.npz", doubt=doubt, temperature=[[1, 0.5]]))
        classifier = Classifier(small_taxonomy, model=model)
        chances[doubt] = classifier.chances("老板欠我工资")
        assert sum(chances[doubt].values()) == pytest.approx(1, abs=1e-5)
        department = classifier.classify("老板欠我工资").departments[0]
        assert department.code == "rs"
        assert department.confidence == pytest.approx(chances[doubt]["LD02"], abs=1e-5)
    sure, doubted = chances[0.0], chances[0.4]
    assert sure["LD02"] == pytest.approx(1, abs=1e-3)
    assert 0.6 < doubted["LD02"] < sure["LD02"]
    assert sorted(doubted, key=doubted.__getitem__) == sorted(sure, key=sure.__getitem__), "the order stays"


@pytest.mark.parametrize("doubt", [-0.1, 1.0, "much"])
def test_a_doubt_that_is_no_share_is_refused(table: Table, tmp_path: Path, doubt: Any) -> None:
    with pytest.raises(ModelError, match="header"):
        Model(stored(table, tmp_path / "model.npz", doubt=doubt))
