"""`main.py evaluate`, run as a person and as a program runs it."""

import functools
import json
import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

import cli.evaluate
from bot.fonts import FontMissing, find_font
from cli.app import app
from nlp.classify import Classifier
from nlp.model import MODEL_PATH
from nlp.taxonomy import default_taxonomy

REAL_MAKER = cli.evaluate.make_classifier
ROWS = [
    ("路灯不亮", "晚上一片漆黑", "roads"),
    ("楼下工地半夜打桩", "吵得睡不着", "noise"),
    ("人行道地砖翘了", "绊倒了人，电话13800138731", "noise"),
]
MAP = "roads: [CG04, CG05]\nnoise: [HJ01]\n"
WITH_MAP = ("--text", "title,detail", "--label", "kind", "--label-map", "map.yaml")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with messages and their label map; the words are loaded once for all tests."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MASHANG_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(cli.evaluate, "make_classifier", lambda taxonomy, model: _classifier())
    monkeypatch.setattr(cli.evaluate, "load_taxonomy", default_taxonomy)
    rows = [{"title": title, "detail": detail, "kind": kind} for title, detail, kind in ROWS]
    Path("rows.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    Path("map.yaml").write_text(MAP, "utf-8")
    Path("rows.tsv").write_text(
        "text\texpected\tnote\n路灯不亮\tCG04\n楼里着火了，有人困在里面\tSAFETY\n你好\tNONE\n", "utf-8"
    )
    return tmp_path


@functools.cache
def _classifier() -> Classifier:
    return Classifier(default_taxonomy())


def run(*args: str, ok: bool = True) -> Result:
    result = CliRunner().invoke(app, ["evaluate", *args])
    assert result.exception is None or isinstance(result.exception, SystemExit), f"{result.exception!r}"
    assert (result.exit_code == 0) == ok, result.output
    return result


def as_json(*args: str) -> Any:
    result = run(*args, "--json")
    assert result.stderr == "", "no bar, no warning for a program that reads the figures"
    return json.loads(result.stdout)


# --- for programs --------------------------------------------------------------------------------------------------


def test_labelled_messages_give_these_figures() -> None:
    figures = as_json("rows.jsonl", *WITH_MAP)
    names = ["n", "accuracy", "macro_f1", "top2", "top3", "ece", "coverage", "us_per_message"]
    assert list(figures)[: len(names)] == names
    assert figures["n"] == 3
    assert figures["accuracy"] == pytest.approx(2 / 3, abs=1e-3)
    assert list(figures["coverage"]) == ["50", "70", "90"]
    shares = [figures[name] for name in names[1:6]] + list(figures["coverage"].values())
    assert all(0 <= share <= 1 for share in shares)
    assert figures["us_per_message"] > 0


def test_sentences_with_codes_give_these_figures() -> None:
    figures = as_json("rows.tsv")
    names = {"leaf_top1", "leaf_top3", "department_top1", "safety_recall", "integrity_recall"}
    assert set(figures) > names | {"false_alarms_hard", "false_alarms_soft", "n"}
    assert (figures["n"], figures["leaf_top1"], figures["safety_recall"]) == (3, 1.0, 1.0)
    assert (figures["false_alarms_hard"], figures["false_alarms_soft"], figures["harmless_n"]) == (0, 0, 2)


def test_our_own_sentences_are_measured_without_a_file() -> None:
    assert as_json()["n"] == 152


def test_only_the_first_characters_may_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Listens(Classifier):
        def __init__(self) -> None:
            self.taxonomy = default_taxonomy()

        def classify(self, text: str) -> Any:
            seen.append(text)
            return _classifier().classify(text)

        def chances(self, text: str) -> Any:
            return _classifier().chances(text)

    monkeypatch.setattr(cli.evaluate, "make_classifier", lambda taxonomy, model: Listens())
    as_json("rows.jsonl", *WITH_MAP, "--first", "6")
    assert seen == ["路灯不亮。晚", "楼下工地半夜", "人行道地砖翘"]


def test_labels_are_leaf_codes_where_no_map_is_given() -> None:
    Path("rows.jsonl").write_text('{"text":"路灯不亮","label":"CG04"}\n{"text":"半夜打桩","label":"HJ01"}\n', "utf-8")
    assert as_json("rows.jsonl")["accuracy"] == 1


def test_the_json_and_the_picture_hold_nobodys_words() -> None:
    result = run("rows.jsonl", *WITH_MAP, "--json", "--picture", "p.svg")
    kept = result.stdout + Path("p.svg").read_text("utf-8")
    assert not any(title in kept or detail in kept for title, detail, _ in ROWS)


# --- for people ----------------------------------------------------------------------------------------------------


def test_people_read_a_table_a_curve_and_the_worst_errors_with_personal_data_masked() -> None:
    said = run("rows.jsonl", *WITH_MAP).stdout
    assert re.search(r"正确率\s*│\s*66\.7%", said)
    assert "说的把握" in said
    assert re.search(r"3 │ noise │ roads │.*人行道地砖翘了", said)
    assert "13800138731" not in said


def test_people_read_which_dangers_were_missed_and_which_were_none() -> None:
    Path("rows.tsv").write_text(
        "text\texpected\n今天天气不错\tSAFETY:S_FIRE\n昨晚那场戏里有人要跳楼\tNONE\n路灯不亮\tCG04\n", "utf-8"
    )
    said = run("rows.tsv").stdout
    assert re.search(r"2 │ SAFETY:S_FIRE │ 没有发现\s*│ 今天天气不错", said)
    assert "没有发现的危险" in said
    assert ("误报的危险" in said) == (_classifier().classify("昨晚那场戏里有人要跳楼").safety is not None)


def test_a_share_of_nothing_is_no_figure_to_people() -> None:
    said = run("rows.tsv").stdout
    assert re.search(r"廉政线索被发现\s*│\s*–", said)
    assert re.search(r"危险被发现\s*│\s*100\.0%　共 1 条", said)


def test_brackets_in_a_message_are_no_markup() -> None:
    Path("rows.tsv").write_text("text\texpected\n[red]路灯[/red]不亮\tHJ01\n", "utf-8")
    assert "[red]路灯[/red]不亮" in run("rows.tsv").stdout


def test_the_picture_counts_what_is_taken_for_what() -> None:
    said = run("rows.jsonl", *WITH_MAP).stdout
    assert "build/confusion-rows.svg" in said
    words = [text.text for text in ElementTree.parse("build/confusion-rows.svg").iter() if text.tag.endswith("text")]
    # Two rows of one and two messages: roads all right, noise half.
    assert words.count("roads") == 1, "a row's name is whole; a column's stands upright, a character a line"
    assert [word for word in words if word and "%" in word] == ["100% · 1", "50% · 2"]
    assert words.count("1") == 3


def test_a_picture_may_be_png(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        find_font()
    except FontMissing:
        pytest.skip("no Chinese font on this machine")
    monkeypatch.setenv("MASHANG_SECRET_KEY", "a-real-looking-key-of-more-than-32-characters")
    run("rows.jsonl", *WITH_MAP, "--json", "--picture", "p.png")
    with Image.open("p.png") as image:
        assert image.format == "PNG"
        assert image.getpixel((0, 0)) == (255, 255, 255)
        assert len(image.getcolors(100_000) or ()) > 5


def test_a_picture_that_nobody_asked_for_does_not_spoil_the_figures() -> None:
    Path("build").write_text("a file where the folder would be")
    result = run("rows.jsonl", *WITH_MAP)
    assert "正确率" in result.stdout
    assert "图没有画成" in result.stderr
    assert "图没有画成" in run("rows.jsonl", *WITH_MAP, "--picture", "build/p.svg", ok=False).stderr


# --- what cannot be measured ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("none.jsonl",), "没有 none.jsonl 这个文件"),
        (("none.tsv",), "没有 none.tsv 这个文件"),
        (("folder.tsv",), "folder.tsv 打不开"),
        (("rows.csv",), "rows.csv 不是 .jsonl 或 .tsv 文件"),
        (("rows",), "rows 不是 .jsonl 或 .tsv 文件"),
        (("rows.tsv", "--first", "60"), "只用于 .jsonl"),
        (("rows.jsonl",), "第 1 行没有字段“text”；这一行有：title、detail、kind"),
        (("rows.jsonl", "--text", "title"), "第 1 行没有字段“label”"),
        (("rows.jsonl", "--text", "title", "--label", "kind"), "不认识的标签：roads、noise"),
        (("rows.jsonl", *WITH_MAP[:4], "--label-map", "none.yaml"), "没有 none.yaml 这个文件"),
        (("rows.jsonl", *WITH_MAP[:4], "--label-map", "bad.yaml"), "bad.yaml 里有分类表没有的类别：CG98、CG99"),
        (("rows.jsonl", *WITH_MAP[:4], "--label-map", "rows.jsonl"), "对照表用不了"),
        (("rows.jsonl", *WITH_MAP, "--first", "0"), "--first 要大于 0"),
        (("rows.jsonl", *WITH_MAP[2:], "--text", " , "), "--text 要写至少一个字段"),
        (("empty.jsonl", *WITH_MAP), "empty.jsonl 里没有可以测的内容"),
        (("broken.jsonl", *WITH_MAP), "broken.jsonl 第 1 行不是一条 JSON"),
        (("list.jsonl", *WITH_MAP), '第 1 行不是 {"字段": "值"} 的样子'),
        (("empty.tsv",), "empty.tsv 里没有可以测的内容"),
        (("rows.jsonl", *WITH_MAP, "--picture", "p.jpg"), "--picture 请写 .svg 或 .png"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(args: tuple[str, ...], told: str) -> None:
    Path("folder.tsv").mkdir()
    Path("empty.jsonl").touch()
    Path("empty.tsv").touch()
    Path("rows.csv").touch()
    Path("rows").touch()
    Path("broken.jsonl").write_text("title,detail\n")
    Path("list.jsonl").write_text("[]\n")
    Path("bad.yaml").write_text("roads: [CG99, CG98]\nnoise: [HJ01]\n")
    result = run(*args, ok=False)
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize("model", ["none.npz", "broken.npz", "rows.tsv", "", "./nonsense"])
def test_a_model_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    monkeypatch.setattr(cli.evaluate, "make_classifier", REAL_MAKER)
    Path("broken.npz").write_bytes(b"PK\x03\x04 and nothing behind it")
    said = run("rows.tsv", "--model", model, "--json", ok=False).stderr
    assert said.startswith(f"模型 {model} 用不了")
    assert said.count("\n") == 1


def test_the_model_that_is_named_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules know a street lamp; what is told without its word only a model does."""
    monkeypatch.setattr(cli.evaluate, "make_classifier", REAL_MAKER)
    Path("rows.tsv").write_text("text\texpected\n楼上天天半夜蹦跶，孩子睡不好\tHJ02\n", "utf-8")
    rules, shipped, named = (
        as_json("rows.tsv", *model) for model in (("--model", "none"), (), ("--model", str(MODEL_PATH)))
    )
    assert (rules["leaf_top1"], shipped["leaf_top1"]) == (0, 1)
    assert named.items() - {("us_per_message", named["us_per_message"])} <= shipped.items()


def test_one_label_alone_is_measured_and_its_figures_are_qualified() -> None:
    Path("rows.jsonl").write_text('{"text":"路灯不亮","label":"CG04"}\n', "utf-8")
    result = run("rows.jsonl", "--json")
    assert json.loads(result.stdout)["accuracy"] == 1
    assert "只有一个标签" in result.stderr


def test_codes_that_nothing_can_meet_are_named() -> None:
    Path("rows.tsv").write_text("text\texpected\n路灯不亮\tCG04/CG99\n", "utf-8")
    result = run("rows.tsv", "--json")
    assert "CG99" in result.stderr
    assert json.loads(result.stdout)["leaf_top1"] == 1


def test_a_bar_is_for_whoever_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden: list[bool] = []

    def track(rows: Any, *_: object, disable: bool, **__: object) -> Any:
        hidden.append(disable)
        return rows

    monkeypatch.setattr(cli.evaluate, "track", track)
    monkeypatch.setattr(cli.evaluate.Console, "is_terminal", True)
    run("rows.tsv")
    run("rows.tsv", "--json")
    monkeypatch.setattr(cli.evaluate.Console, "is_terminal", False)
    run("rows.tsv")
    assert hidden == [False, True, True]


def _sentences() -> list[tuple[str, dict[str, str]]]:
    from cli.evaluate_words import _words

    words = _words()
    return [(key, lines) for part in ("problem", "warning") for key, lines in words[part].items()]


@pytest.mark.parametrize(("key", "lines"), _sentences(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_sentence_is_there_in_both_languages_with_the_same_fields(key: str, lines: dict[str, str]) -> None:
    fields: Callable[[str], set[str]] = lambda line: set(re.findall(r"(?<!\{)\{(\w+)\}", line))  # noqa: E731
    assert set(lines) == {"zh", "en"}
    assert fields(lines["zh"]) == fields(lines["en"])
