"""Chances that mean what they say."""

import numpy as np
import pytest

from nlp.training.calibrate import Calibration, by_label, calibrate, calibration_error
from nlp.training.figures import label_figures


def test_always_sure_and_half_the_time_right_is_half_wrong() -> None:
    given = np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (10, 1))
    assert calibration_error(given, np.array([0, 1] * 5)) == pytest.approx(0.5)
    assert calibration_error(given, np.zeros(10, dtype=np.int64)) == pytest.approx(0.0)


def test_a_label_has_the_chances_of_its_leaves() -> None:
    chances = np.array([[0.2, 0.3, 0.4, 0.1]], dtype=np.float32)
    members = np.array([[1, 1, 0, 0], [0, 0, 1, 0]], dtype=np.float32)
    assert by_label(chances, members)[0] == pytest.approx([0.5, 0.4])


def overconfident(texts: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores that say 88 % and are right three times in four."""
    right = np.arange(texts) % 2
    said = np.where(np.arange(texts) // 4 % 4 == 3, 1 - right, right)
    scores = np.zeros((texts, 2), dtype=np.float32)
    scores[np.arange(texts), said] = 2.0
    return scores, right


def test_too_sure_scores_become_honest() -> None:
    scores, right = overconfident(800)
    calibration = calibrate(scores, np.full(800, 20), right, np.eye(2, dtype=np.float32))
    assert calibration.chances(scores, np.full(800, 20)).max(axis=1) == pytest.approx(0.75, abs=0.02)


def test_each_length_has_its_temperature_and_rare_ones_their_neighbours() -> None:
    scores, right = overconfident(800)
    known = np.where(np.arange(800) < 400, 10, 500)
    scores[:400] /= 2
    calibration = calibrate(scores, known, right, np.eye(2, dtype=np.float32))
    assert [limit for limit, _ in calibration.steps] == [25, 1_000_000]
    short, long = calibration.steps[0][1], calibration.steps[1][1]
    assert long == pytest.approx(2 * short, rel=0.1)
    same = np.tile(np.array([[3.0, 0.0]], dtype=np.float32), (3, 1))
    tiny, middling, huge = calibration.chances(same, np.array([5, 26, 9_000_000])).max(axis=1)
    assert tiny > middling == huge


def test_a_doubt_remains_where_sure_labels_are_wrong_now_and_then() -> None:
    # Clear cases, of which one in twenty is labelled otherwise.
    right = np.arange(800) % 2
    scores = np.zeros((800, 2), dtype=np.float32)
    scores[np.arange(800), np.where(np.arange(800) // 2 % 20 == 0, 1 - right, right)] = 30.0
    calibration = calibrate(scores, np.full(800, 20), right, np.eye(2, dtype=np.float32))
    given = calibration.chances(scores, np.full(800, 20)).max(axis=1)
    assert given == pytest.approx(0.95, abs=0.01), "as sure as they are right"


def test_nothing_to_fit_on_leaves_the_scores_as_they_are() -> None:
    none = np.zeros(0, dtype=np.int64)
    empty = np.zeros((0, 2), dtype=np.float32)
    assert calibrate(empty, none, none, np.eye(2, dtype=np.float32)) == Calibration([[1_000_000, 1.0]], 0.0)


def test_figures_are_told_for_each_view() -> None:
    scores, right = overconfident(800)
    views = ["full"] * 400 + ["titles"] * 400
    figures = label_figures(scores, np.full(800, 20), right, views, np.eye(2, dtype=np.float32))
    assert figures.keys() == {"full", "titles"}
    assert figures["full"]["n"] == 400
    assert figures["full"]["accuracy"] == figures["full"]["macro_f1"] == 0.75
    assert figures["titles"]["top3"] == 1.0
    assert figures["titles"]["ece"] < 0.02


def test_what_is_no_labels_takes_from_the_chances_and_is_never_the_answer() -> None:
    right = np.zeros(800, dtype=np.int64)
    scores = np.tile(np.array([[1.0, 0.0, 2.0]], dtype=np.float32), (800, 1))
    labels = np.eye(3, dtype=np.float32)[:2]
    figures = label_figures(scores, np.full(800, 20), right, ["full"] * 800, labels)
    assert figures["full"]["accuracy"] == 1.0
    assert figures["full"]["ece"] > 0.5, "the third column's chance is nobody's"
