"""The figures, checked by hand and against their definitions."""

import pytest

from nlp.evaluation_figures import (
    Answer,
    Bin,
    calibration_error,
    confusion,
    coverage,
    macro_f1,
    reliability,
    top,
    worst,
)


def answer(expected: str, **chances: float) -> Answer:
    return Answer("", 1, frozenset(expected.split("/")), chances)


#: Two right (0.9, 0.6), one second, one third, one without any answer.
FIVE = [
    answer("road", road=0.9, school=0.05),
    answer("road", road=0.6, school=0.4),
    answer("school", road=0.55, school=0.35),
    answer("water", road=0.5, school=0.3, water=0.2),
    answer("water", road=0.0, school=0.0, water=0.0),
]


def test_the_share_within_the_first_places() -> None:
    assert [top(FIVE, places) for places in (1, 2, 3)] == pytest.approx([2 / 5, 3 / 5, 4 / 5])


def test_any_of_the_expected_answers_is_right() -> None:
    both = answer("road/water", water=0.5, school=0.2)
    assert both.right
    assert both.truth == "water"
    assert not answer("road/water", school=0.5).right


def test_what_has_no_chance_is_no_answer() -> None:
    assert FIVE[4].given is None
    assert FIVE[4].said == 0
    assert top([FIVE[4]], 3) == 0, "three places do not fill themselves with labels that nothing speaks for"


def test_macro_f1_is_the_mean_over_names() -> None:
    # road: 2 right of 2 expected and 4 given; school: 0 of 1 and 0; water: 0 of 2 and 0
    assert macro_f1(FIVE) == pytest.approx((2 * 2 / 6 + 0 + 0) / 3)


def test_macro_f1_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    names = ["road", "school", "water", "tree"]
    expected = [names[at * 7 % 3] for at in range(60)]
    given = [names[at * at % 4] for at in range(60)]
    answers = [answer(right, **{said: 0.5}) for right, said in zip(expected, given, strict=True)]
    assert macro_f1(answers) == pytest.approx(metrics.f1_score(expected, given, average="macro"))


def test_calibration_is_the_distance_of_said_from_right() -> None:
    sure = [answer("road", road=0.9)] * 8 + [answer("water", road=0.9)] * 2
    unsure = [answer("road", road=0.3)] * 10
    assert reliability(sure + unsure) == [Bin(10, pytest.approx(0.3), 1.0), Bin(10, pytest.approx(0.9), 0.8)]
    assert calibration_error(sure + unsure) == pytest.approx((0.7 + 0.1) / 2)


def test_certainty_belongs_to_the_last_bin() -> None:
    assert reliability([answer("road", road=1.0), answer("road", road=0.99)], bins=10) == [Bin(2, 0.995, 1.0)]


def test_the_accuracy_on_the_surest_part() -> None:
    assert [coverage(FIVE, share) for share in (0.2, 0.4, 0.6, 1)] == pytest.approx([1, 1, 2 / 3, 2 / 5])
    assert coverage(FIVE[:1], 0.1) == 1, "at least one"


def test_what_is_taken_for_what() -> None:
    assert confusion(FIVE) == {
        ("road", "road"): 2,
        ("school", "road"): 1,
        ("water", "road"): 1,
        ("water", None): 1,
    }


def test_the_worst_errors_are_the_surest_wrong_answers() -> None:
    assert worst(FIVE, 10) == [FIVE[2], FIVE[3]]
    assert worst(FIVE, 1) == [FIVE[2]]


def test_nothing_measured_is_nought_and_no_crash() -> None:
    assert (top([], 1), macro_f1([]), calibration_error([]), coverage([], 0.5)) == (0, 0, 0, 0)
