"""A model adapts to what a county's people decided, and stays what it was in everything else."""

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from nlp.model import Model
from nlp.model_bytes import Arrays
from nlp.training import county
from nlp.training.county import NothingToLearn, Taught, adapt, warmer
from nlp.training.pieces import find_pieces

LEAVES = ("LAMP", "ROAD", "NOISE")
COLUMNS = (*LEAVES, "SAFETY", "INT")
#: What the model knew before: two words a leaf.
KNOWN = {"LAMP": ("路灯", "不亮"), "ROAD": ("路面", "坑洼"), "NOISE": ("吵闹", "噪声"), "SAFETY": ("着火", "救命")}


@pytest.fixture(scope="module")
def packaged() -> Arrays:
    words = [word for of_leaf in KNOWN.values() for word in of_leaf]
    keys = np.unique(find_pieces(words).keys)
    weights = np.zeros((len(keys), len(COLUMNS)), np.int8)
    for leaf, own in KNOWN.items():
        weights[np.isin(keys, find_pieces(own).keys), COLUMNS.index(leaf)] = 100
    header = {"format": 2, "id": "shipped", "temperature": [[100, 0.5]], "thresholds": {"safety": 0.1}, "rules": 0.1}
    return {
        "pieces": keys.astype(np.uint64),
        "weights": weights,
        "squares": np.full(len(keys), 4, np.float32),
        "scale": np.full(len(COLUMNS), 0.02, np.float32),
        "bias": np.full(len(COLUMNS), -1, np.float32),
        "columns": np.array(COLUMNS),
        "header": np.array(json.dumps(header)),
    }


def chances(arrays: Arrays, text: str) -> npt.NDArray[np.float32]:
    model = Model(arrays)
    look = model.look(text)
    powers = np.exp(look.scores[: len(LEAVES)] / model.temperature(look))
    return (powers / powers.sum()).astype(np.float32)


def best(arrays: Arrays, text: str) -> str:
    return LEAVES[int(chances(arrays, text).argmax())]


def taught(packaged: Arrays, texts: Sequence[str], leaf: str, weight: float = 1, first_writer: int = 0) -> list[Taught]:
    return [Taught(t, leaf, weight, first_writer + n, chances(packaged, t)) for n, t in enumerate(texts)]


def learned(packaged: Arrays, lessons: Sequence[Taught]) -> Arrays:
    return adapt(packaged, lessons, LEAVES, {"id": "county"})


def test_the_county_s_habit_is_learned(packaged: Arrays) -> None:
    assert best(packaged, "路灯不亮") == "LAMP"
    lessons = taught(packaged, ["路灯", "不亮", "路灯不亮", "路灯吵闹不亮"] * 3, "ROAD")
    adapted = learned(packaged, lessons + taught(packaged, ["吵闹", "噪声"] * 3, "NOISE"))
    assert best(adapted, "路灯不亮") == "ROAD"
    assert best(adapted, "吵闹") == "NOISE"
    assert Model(adapted).id == "county"
    assert Model(adapted).rules == Model(packaged).rules


def test_a_habit_carries_over_to_words_of_the_leaf_that_no_lesson_had(packaged: Arrays) -> None:
    lessons = taught(packaged, ["路灯"] * 12, "ROAD") + taught(packaged, ["噪声", "吵闹"] * 6, "NOISE")
    before, after = (chances(model, "不亮")[LEAVES.index("ROAD")] for model in (packaged, learned(packaged, lessons)))
    assert after > 4 * before


def test_lessons_of_no_weight_change_nothing(packaged: Arrays) -> None:
    lessons = taught(packaged, ["路灯"] * 6, "ROAD", 1e-9) + taught(packaged, ["噪声"] * 6, "NOISE", 1e-9)
    adapted = learned(packaged, lessons)
    for text in ("路灯不亮", "噪声", "坑洼"):
        assert chances(adapted, text) == pytest.approx(chances(packaged, text), abs=0.02)


def test_danger_is_seen_exactly_as_before(packaged: Arrays) -> None:
    new = "海珀苑" * 3
    lessons = taught(packaged, [f"着火{new}", f"路灯{new}"] * 6, "ROAD") + taught(packaged, ["着火吵闹"] * 6, "NOISE")
    before, after = Model(packaged), Model(learned(packaged, lessons))
    for text in ("着火了", "救命着火", f"着火{new}", "路灯"):
        assert after.learned(after.look(text)) == pytest.approx(before.learned(before.look(text)), abs=1e-5)


def test_a_word_of_the_county_is_taken_in_when_enough_people_wrote_it(packaged: Arrays) -> None:
    many, few = "路灯海珀苑", "噪声王家沟"
    lessons = taught(packaged, [many] * county.FEWEST, "ROAD", 2)
    lessons += taught(packaged, [few] * (county.FEWEST - 1), "NOISE", 2, first_writer=50)
    pieces = [*Model(learned(packaged, lessons)).all_pieces()]
    assert "海珀" in pieces
    assert "王家" not in pieces


def test_one_person_who_writes_a_word_often_does_not_bring_it_in(packaged: Arrays) -> None:
    lessons = [one._replace(writer=7) for one in taught(packaged, ["路灯赵小满"] * 30, "ROAD")]
    lessons += taught(packaged, ["噪声"] * 6, "NOISE")
    assert "赵小" not in [*Model(learned(packaged, lessons)).all_pieces()]


def test_what_was_masked_is_in_no_piece(packaged: Arrays) -> None:
    lessons = taught(packaged, ["路灯138****00"] * 9, "ROAD") + taught(packaged, ["噪声"] * 9, "NOISE")
    pieces = [*Model(learned(packaged, lessons)).all_pieces()]
    assert not any("*" in piece for piece in pieces)
    assert "138" in pieces


def test_the_same_lessons_give_the_same_model(packaged: Arrays) -> None:
    lessons = taught(packaged, ["路灯海珀苑"] * 9, "ROAD") + taught(packaged, ["噪声"] * 9, "NOISE")
    once, again = learned(packaged, lessons), learned(packaged, lessons)
    assert all(np.array_equal(once[name], again[name]) for name in once)


@pytest.mark.parametrize(
    ("texts", "leaf"), [([], "ROAD"), (["路灯"] * 9, "ROAD"), (["路灯"] * 9, "UNKNOWN")], ids=["none", "one", "foreign"]
)
def test_fewer_than_two_categories_are_nothing_to_learn(packaged: Arrays, texts: list[str], leaf: str) -> None:
    with pytest.raises(NothingToLearn):
        learned(packaged, taught(packaged, texts, leaf))


def test_texts_without_a_known_piece_are_nothing_to_learn(packaged: Arrays) -> None:
    lessons = taught(packaged, ["abc", "😀😀"], "ROAD") + taught(packaged, ["xyz", ""], "NOISE")
    with pytest.raises(NothingToLearn):
        learned(packaged, lessons)


def test_a_weight_that_would_drown_the_others_is_held_back(packaged: Arrays) -> None:
    lessons = taught(packaged, ["路灯"] * 50, "ROAD", 100) + taught(packaged, ["噪声"] * 50, "NOISE", 100)
    adapted = learned(packaged, lessons)
    assert (adapted["scale"] <= packaged["scale"] * 2.0001).all()
    assert best(adapted, "坑洼") == "ROAD"


def warmth(arrays: Arrays) -> float:
    model = Model(arrays)
    return model.temperature(model.look("路灯"))


def test_a_model_that_was_too_sure_is_made_less_sure(packaged: Arrays) -> None:
    said = np.array([[0.98, 0.01, 0.01]] * 10, np.float32)
    right = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 2], np.intp)
    assert warmth(warmer(packaged, said, right)) == 0.5 * 3.0
    assert warmth(warmer(packaged, said, np.zeros(10, np.intp))) == 0.5


def test_without_anything_to_measure_by_the_model_stays_as_sure(packaged: Arrays) -> None:
    nothing = np.zeros((0, len(LEAVES)), np.float32), np.zeros(0, np.intp)
    assert warmth(warmer(packaged, *nothing)) == 0.5
