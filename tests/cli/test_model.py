"""`main.py model`, and the training that a night starts as a process of its own."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import cli.learning
from cli import night
from cli.app import app
from cli.doctor import examine
from cli.settings import load_settings
from cli.wiring import build_desk, open_store
from nlp.model import default_model
from nlp.model_bytes import packaged_arrays, to_bytes
from routing.champion import note
from routing.learning import Challenger
from routing.trained import ModelStep, TrainedModel
from tests.routing.county import understanding
from tests.routing.school import NOW, lessons


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the data, and no settings but ours; the words are loaded once."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MASHANG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MASHANG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(cli.learning, "Classifier", lambda taxonomy: understanding().classifier)
    return tmp_path


def run(*args: str, ok: bool = True) -> Result:
    result = CliRunner().invoke(app, ["model", *args])
    assert (result.exit_code == 0) == ok, f"{result.output}\n{result.exception!r}"
    assert "Traceback" not in result.output
    return result


def add(*models: TrainedModel, content: bytes | None = None) -> None:
    store = open_store(load_settings())
    with store.transaction() as uow:
        for model in models:
            uow.models.add(model, to_bytes(packaged_arrays()) if content is None else content)
    store.close()


def model(name: str) -> TrainedModel:
    scores = {"n": 40, "first": 0.5, "second": 0.75, "p": 0.002, "champion": "shipped"}
    return TrainedModel(name, NOW, "shipped", data={"lessons": 321}, scores=scores)


def listed() -> Any:
    return json.loads(run("list", "--json").stdout)


def test_a_new_county_has_the_packaged_model() -> None:
    assert f"The packaged model ({default_model().id}) suggests.\n0 models\n" in run("list").stdout
    assert listed() == {"models": [], "events": []}


def test_promoting_and_rolling_back_are_told_with_who_and_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "chen")
    add(model("261122-aaaa"))
    assert "suggests from now on" in run("promote", "261122-aaaa").stdout
    shown = run("list").stdout
    assert "261122-aaaa" in shown
    assert "right 75.0% of 40 (before: 50.0%, p = 0.002)" in shown
    assert "by chen (command line)" in shown
    assert "no model takes over" not in shown
    said = run("rollback").stdout
    assert f"The packaged model ({default_model().id}) suggests from now on." in said
    assert "no model takes over by itself until one is promoted" in said
    assert "no model takes over by itself until one is promoted" in run("list").stdout
    found = listed()
    assert found["models"][0]["state"] == "retired"
    assert [(event["step"], event["who"]) for event in found["events"]] == [
        ("rolled_back", "chen (command line)"),
        ("promoted", "chen (command line)"),
    ]


def test_what_cannot_be_done_is_said_in_one_sentence() -> None:
    add(model("261122-aaaa"), content=b"broken")
    for args, why in (
        (["promote", "nothing"], "There is no model nothing"),
        (["promote", "261122-aaaa"], "This model can't be used: it can't be unpacked"),
        (["rollback"], "The packaged model suggests"),
    ):
        said = run(*args, ok=False)
        assert why in said.stderr
        assert said.stderr.count("\n") == 1
    assert listed()["models"][0]["state"] == "challenger"


def test_training_without_lessons_says_what_is_missing() -> None:
    assert run("train").stdout == "Nothing was trained: 0 lessons; at least 50 are needed.\n"
    assert "0 lessons; at least 50 are needed" in run("list").stdout
    assert json.loads(run("train", "--json").stdout)["trained"] is False


def test_training_says_what_came_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = model("261122-bbbb")
    made.data["until"] = NOW.isoformat()
    monkeypatch.setattr(cli.learning, "gather", lambda *_: lessons(300)[:60])
    challenger = Challenger(made, to_bytes(packaged_arrays()), better=True)
    monkeypatch.setattr(cli.learning.Learner, "train", lambda *_: challenger)
    said = run("train").stdout
    assert "it is right in 75.0%, shipped in 50.0% (p = 0.002)" in said
    assert "It suggests from now on." in said
    assert listed()["models"][0]["state"] == "champion"


def kept(monkeypatch: pytest.MonkeyPatch, *, better: bool) -> str:
    """What is said of a new model that is `better` or not."""
    made = model("261122-cccc")
    made.data["until"] = NOW.isoformat()
    monkeypatch.setattr(cli.learning, "gather", lambda *_: lessons(300)[:60])
    challenger = Challenger(made, to_bytes(packaged_arrays()), better=better)
    monkeypatch.setattr(cli.learning.Learner, "train", lambda *_: challenger)
    return run("train").stdout


def test_a_model_that_is_no_better_is_kept_and_how_to_take_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said = kept(monkeypatch, better=False)
    assert "kept as a challenger: not better beyond chance, or worse in the shipped sentences." in said
    assert "main.py model promote 261122-cccc" in said
    assert listed()["models"][0]["state"] == "challenger"


def test_a_better_model_after_a_rollback_is_kept_and_why_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    add(model("261122-aaaa"))
    run("promote", "261122-aaaa")
    run("rollback")
    said = kept(monkeypatch, better=True)
    assert "it is better, but somebody rolled back. To take it all the same: main.py model promote 261122-cccc" in said
    assert {each["id"]: each["state"] for each in listed()["models"]}["261122-cccc"] == "challenger"


def test_the_same_lessons_again_change_nothing_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "It suggests from now on." in kept(monkeypatch, better=True)
    said = kept(monkeypatch, better=False)
    assert "The same lessons have made it before, and it suggests already. Nothing is changed." in said
    run("rollback")
    assert "it stays retired. To take it all the same: main.py model promote" in kept(monkeypatch, better=True)


def test_a_night_with_too_little_new_says_so_in_the_list() -> None:
    said = run("train", "--nightly").stdout
    assert said == "Nothing was trained: fewer than 50 lessons came or went since the last training.\n"
    assert "nothing_new" in run("list").stdout
    assert "0 lessons; fewer than 50 lessons came or went" in run("list").stdout


def test_quiet_nights_do_not_push_out_what_was_done() -> None:
    add(model("261122-aaaa"))
    run("promote", "261122-aaaa")
    store = open_store(load_settings())
    for day in range(12):
        with store.transaction() as uow:
            note(uow, ModelStep.BEGAN, "night", night=f"2026-12-{day + 1:02}")
        with store.transaction() as uow:
            note(uow, ModelStep.NOTHING_NEW, "night", data={"lessons": 321})
    with store.transaction() as uow:
        note(uow, ModelStep.BEGAN, "night", night="2026-12-13")
    store.close()
    steps = [line.split()[2] for line in run("list").stdout.splitlines() if "Z  " in line]
    assert steps == ["began", "nothing_new", "promoted"], "the last one is still at it, or died"


def test_a_failed_night_is_over_when_the_next_one_went_well() -> None:
    store = open_store(load_settings())
    with store.transaction() as uow:
        note(uow, ModelStep.FAILED, "night", data={"code": 1})
    store.close()
    run("train", "--nightly")
    (finding,) = (finding for finding in examine() if finding.part == "model")
    assert finding.level == "ok"


def test_the_night_s_process_ends_well_with_nothing_to_learn() -> None:
    assert asyncio.run(night.train_by_night()) == 0


def test_a_night_that_fails_gives_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASHANG_DATABASE_URL", "postgresql://root@127.0.0.1:1/none")
    assert asyncio.run(night.train_by_night()) == 1


def test_a_training_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night, "_PATIENCE", 0.2)
    assert asyncio.run(night.train_by_night()) == -1


@pytest.mark.parametrize(("setting", "trains"), [("true", True), ("false", False)])
async def test_the_night_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, setting: str, trains: bool) -> None:
    monkeypatch.setenv("MASHANG_NIGHT_TRAINING", setting)
    settings = load_settings()
    store = open_store(settings)
    desk = build_desk(settings, store, understanding())
    assert (desk.night is not None) == trains
    await desk.http.close()
    await store.aclose()


def test_the_doctor_says_which_model_suggests_and_that_a_night_failed() -> None:
    add(model("261122-aaaa"))
    run("promote", "261122-aaaa")
    found = {finding.text: finding.level for finding in examine() if finding.part == "model"}
    assert found == {"261122-aaaa suggests, of 321 lessons": "ok"}
    store = open_store(load_settings())
    with store.transaction() as uow:
        note(uow, ModelStep.FAILED, "night", data={"code": 1})
    store.close()
    (finding,) = (finding for finding in examine() if finding.part == "model")
    assert finding.level == "note"
    assert "the last training by night failed" in finding.text
