"""Better beyond chance, counted exactly."""

import pytest

from nlp.comparison import compare, exact_sign_test


@pytest.mark.parametrize(
    ("won", "lost", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (0, 6, 0.03125), (9, 1, 22 / 1024), (3, 3, 1.0)],
)
def test_the_chance_of_a_difference_is_that_of_fair_coins(won: int, lost: int, p: float) -> None:
    assert exact_sign_test(won, lost) == pytest.approx(p)


def test_beside_a_thousand_coins_the_curve_is_exact_enough() -> None:
    assert exact_sign_test(530, 469) == pytest.approx(exact_sign_test(531, 470), rel=0.05)
    assert exact_sign_test(5000, 0) == pytest.approx(0)
    assert exact_sign_test(600, 600) == 1


def test_better_is_more_right_and_not_by_chance() -> None:
    first, second = [False] * 6 + [True] * 10, [True] * 16
    found = compare(first, second)
    assert (found.n, found.won, found.lost) == (16, 6, 0)
    assert (found.first, found.second) == (10 / 16, 1.0)
    assert found.better
    assert not found.worse
    back = compare(second, first)
    assert back.worse
    assert not back.better


def test_five_of_five_may_be_chance() -> None:
    found = compare([False] * 5, [True] * 5)
    assert not found.better
    assert not compare([True] * 5, [False] * 5).worse


def test_nothing_is_no_better() -> None:
    found = compare([], [])
    assert (found.n, found.first, found.p) == (0, 0.0, 1.0)
    assert not found.better


def test_lists_of_unlike_length_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        compare([True], [True, False])
