"""Which pieces are remembered, and that nobody's own are."""

from collections.abc import Sequence

import pytest

from nlp.training.pieces import find_pieces, piece_of
from nlp.training.vocabulary import COMMON_GROUPS, FEWEST_GROUPS, choose


def chosen(own: list[str], lent: Sequence[str] = (), groups: list[int] | None = None) -> dict[str, float]:
    numbers = list(range(len(lent))) if groups is None else groups
    vocabulary = choose(find_pieces(own), len(own), find_pieces(lent), numbers, ["物业费"])
    return dict(zip(map(piece_of, vocabulary.keys.tolist()), vocabulary.worths.tolist(), strict=True))


def test_a_piece_of_our_own_is_known_from_the_second_time_on() -> None:
    assert chosen(["灯坏", "灯亮"]).keys() == {"灯"}


def test_a_word_of_the_taxonomy_is_known_from_the_first_time_on() -> None:
    assert "物业费" in chosen(["物业费高"])


def test_a_piece_said_once_by_us_is_known_if_enough_others_say_it() -> None:
    assert "漆黑" in chosen(["漆黑"], ["漆黑"] * FEWEST_GROUPS)
    assert "漆黑" not in chosen(["漆黑"], ["漆黑"] * (FEWEST_GROUPS - 1))


def test_a_piece_that_only_others_say_must_be_common() -> None:
    assert "漆黑" in chosen(["灯"], ["漆黑"] * COMMON_GROUPS)
    assert "漆黑" not in chosen(["灯"], ["漆黑"] * (COMMON_GROUPS - 1))


def test_near_duplicates_count_once() -> None:
    assert "漆黑" not in chosen(["灯"], ["漆黑"] * 90, [1] * 90)


@pytest.mark.parametrize("text", ["13912345678", "浙a12345", "a1区", "灯，亮", "😀灯"])
def test_no_number_no_plate_no_mark(text: str) -> None:
    for piece in chosen([text] * 9):
        assert not any(mark in piece for mark in ("391", "a1", "1a", "，", "😀"))


def test_rare_pieces_and_words_count_more() -> None:
    worths = chosen(["灯亮", "灯坏", "灯坏", "路灯", "路灯", *["灯"] * 20])
    assert worths["坏"] > worths["灯"]
    assert worths["路灯"] == pytest.approx(1.5 * worths["坏"])
