"""The learned model: its file, its scores, and what it says of a file that is none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp.model import Model, ModelError, default_model, load_model, no_model
from nlp.taxonomy import default_taxonomy
from tests.nlp.small_model import small_model

WEIGHTS = {"路灯": {"CG04": 4, "SAFETY": -1}, "漏": {"CG04": -2, "SAFETY": 3}}


def write(path: Path, arrays: dict[str, Any]) -> Path:
    np.savez(path, **arrays)
    return path


def test_the_packaged_model_has_every_leaf_and_both_alarms() -> None:
    model = default_model()
    assert {leaf.code for leaf in default_taxonomy().leaves} | {"SAFETY", "INT"} <= set(model.columns)
    assert model.id
    assert model.header["thresholds"].keys() >= {"safety", "integrity"}


def test_a_score_is_linear_in_the_pieces_up_to_three_times_and_the_length_does_not_count() -> None:
    model = Model(small_model(WEIGHTS))
    assert model.look("路灯").scores.tolist() == [4, -1, 0]
    assert model.look("路灯漏").scores.tolist() == pytest.approx([2 / 2**0.5, 2 / 2**0.5, 0])
    assert model.look("路灯，路灯漏").scores.tolist() == pytest.approx([6 / 3**0.5, 1 / 3**0.5, 0])
    assert model.look("，".join(["路灯"] * 9)).scores.tolist() == model.look("路灯，路灯，路灯").scores.tolist()
    assert model.look("别的").scores.tolist() == [0, 0, 0]


def test_a_formal_text_gets_its_field_and_another_temperature() -> None:
    weights = {"路灯": {"CG04": 4, "FIELD 1": 3, "FORMAL": 0}, "反映": {"FORMAL": 100}, "哎": {"FORMAL": -100}}
    header = {"fields": [["CG04"]], "temperature": 1.0, "field temperature": [[9, 4.0]], "doubt": 0.2}
    model = Model(small_model(weights, header))
    formal, chat = model.look("反映路灯"), model.look("哎路灯")
    assert (formal.formal, chat.formal) == pytest.approx((1, 0))
    far = Model(
        small_model({"路灯": {"FORMAL": 100}}, header | {"fields": []}) | {"scale": np.array([-1e4], np.float32)}
    )
    assert far.look("路灯").formal == 0, "a score that no exponential holds"
    assert (model.field_power(formal), model.field_power(chat)) == pytest.approx((0.25, 1))
    assert (model.doubt(formal), model.doubt(chat)) == pytest.approx((0, 0.2))
    assert formal.scores[model.field_of("CG04")] == pytest.approx(3 / 2**0.5)
    assert formal.scores[model.field_of("HS01")] == 0, "a leaf without a field"


def test_pieces_of_a_single_character_mean_little() -> None:
    model = Model(small_model(WEIGHTS))
    assert [model.look(text).meaningful for text in ("路灯漏，路灯", "漏", "别的", "")] == [2, 0, 0, 0]


def test_a_table_stored_by_columns_gives_the_same() -> None:
    arrays = small_model(WEIGHTS)
    turned = {**arrays, "weights": np.asfortranarray(arrays["weights"])}
    assert Model(turned).look("路灯漏").scores.tolist() == Model(arrays).look("路灯漏").scores.tolist()


def test_an_alarm_is_told_by_how_far_it_is_above_its_threshold() -> None:
    model = Model(small_model(WEIGHTS, {"thresholds": {"safety": 1.0}}))
    assert model.learned(model.look("漏")).safety == 2
    assert model.learned(model.look("路灯")).safety == -2
    assert model.learned(model.look("漏")).integrity == -np.inf, "it never learned corruption"
    assert model.learned(model.look("别的")).safety == -np.inf, "nothing is known of the text"


def test_a_short_text_may_be_less_sure() -> None:
    model = Model(small_model(WEIGHTS, {"temperature": [[1, 3.0], [100, 0.5]]}))
    assert [model.temperature(model.look(text)) for text in ("", "漏", "路灯漏")] == [3.0, 3.0, 0.5]


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    model = load_model(write(tmp_path / "model.npz", small_model(WEIGHTS, {"id": "of today"})))
    assert (model.id, model.columns) == ("of today", ("CG04", "SAFETY"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pieces": None}, "it has no pieces"),
        ({"weights": np.zeros((2, 2), np.float32)}, "weights"),
        ({"weights": np.zeros((3, 2), np.int8)}, "weights"),
        ({"pieces": np.array([9, 3], np.uint64)}, "in no order"),
        ({"columns": np.array(["CG04", "CG04"])}, "twice"),
        ({"scale": np.array([1, np.nan], np.float32)}, "scale"),
        ({"header": np.array("{")}, "header"),
        ({"header": np.array("[]")}, "header"),
        ({"header": np.array(json.dumps({"format": 1, "id": "x", "temperature": 1}))}, "format 1"),
        ({"header": np.array(json.dumps({"format": 2, "id": "x", "temperature": 1, "fields": [["A"]]}))}, "no column"),
        ({"header": np.array(json.dumps({"format": 2, "id": "x", "temperature": 0}))}, "temperature"),
        ({"header": np.array(json.dumps({"format": 2, "id": "x", "temperature": []}))}, "temperature"),
        ({"header": np.array(json.dumps({"format": 2, "temperature": 1}))}, "id"),
        ({"header": np.array(json.dumps({"format": 2, "id": "x", "temperature": 1, "doubt": 1}))}, "numbers"),
    ],
)
def test_a_file_with_a_fault_is_refused_by_its_name(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    arrays = {name: array for name, array in (small_model(WEIGHTS) | change).items() if array is not None}
    with pytest.raises(ModelError, match=said) as error:
        load_model(write(tmp_path / "broken.npz", arrays))
    assert "broken.npz" in str(error.value)


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04", "路灯".encode()])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "none.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"none\.npz"):
        load_model(path)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "short.npz", small_model(WEIGHTS))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelError, match=r"short\.npz"):
        load_model(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.npz"):
        load_model(tmp_path / "gone.npz")


def test_no_code_hides_in_a_model(tmp_path: Path) -> None:
    arrays = small_model(WEIGHTS) | {"header": np.array([{"format": 2}], dtype=object)}
    with pytest.raises(ModelError):
        load_model(write(tmp_path / "pickled.npz", arrays))


def test_without_anything_learned_nothing_is_seen() -> None:
    model = no_model()
    look = model.look("路灯不亮")
    assert (len(look.pieces), look.scores.tolist(), model.id) == (0, [0], "")


def test_what_was_seen_of_a_long_text_is_small_enough_to_be_kept() -> None:
    model = default_model()
    pieces = [piece for piece in model.all_pieces() if len(piece) == 4]
    look = model.look("".join(pieces[::100])[:5_000])
    assert len(look.pieces) > 2_000
    assert sum(part.nbytes for part in (look.pieces, look.scores)) < 100_000, "a desk keeps dozens"
