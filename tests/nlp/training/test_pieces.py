"""Which pieces a text has, and how they become numbers."""

import numpy as np
import pytest

from nlp.training.pieces import count_groups, find_pieces, key_of, matrix, piece_of


def times(text: str) -> dict[str, int]:
    pieces = find_pieces([text])
    return {piece_of(key): count for key, count in zip(pieces.keys.tolist(), pieces.times.tolist(), strict=True)}


def found(*texts: str) -> list[tuple[int, str]]:
    pieces = find_pieces(texts)
    return sorted((row, piece_of(key)) for row, key in zip(pieces.rows.tolist(), pieces.keys.tolist(), strict=True))


def test_a_key_and_its_piece() -> None:
    assert key_of("灯") == ord("灯") << 48
    assert key_of("路灯") == ord("路") << 48 | ord("灯") << 32
    assert [piece_of(key_of(piece)) for piece in ("a", "路灯", "不亮了", "路灯坏了")] == [
        "a",
        "路灯",
        "不亮了",
        "路灯坏了",
    ]


@pytest.mark.parametrize("piece", ["", "路灯坏了吗", "😀"])
def test_no_key_for_what_is_no_piece(piece: str) -> None:
    with pytest.raises(ValueError, match="1 to 4 characters"):
        key_of(piece)


def test_a_piece_counts_three_times_at_most() -> None:
    assert times("灯灯") == {"灯": 2, "灯灯": 1}
    assert times("灯灯灯灯灯灯") == {"灯": 3, "灯灯": 3, "灯灯灯": 3, "灯灯灯灯": 3}


def test_all_runs_of_one_to_four_characters_each_once() -> None:
    assert found("灯灯灯") == [(0, "灯"), (0, "灯灯"), (0, "灯灯灯")]
    assert {piece for _, piece in found("路灯不亮了")} >= {"路", "灯不", "灯不亮", "路灯不亮", "灯不亮了"}
    assert "路灯不亮了" not in {piece for _, piece in found("路灯不亮了")}


def test_no_piece_across_two_texts_or_an_emoji() -> None:
    assert found("路", "灯") == [(0, "路"), (1, "灯")]
    assert found("路😀灯") == [(0, "灯"), (0, "路")]


def test_empty_texts_keep_their_place() -> None:
    assert found("", "灯", "") == [(1, "灯")]
    assert found() == found("") == []


def test_groups_count_a_repeat_once() -> None:
    keys, counts = count_groups(find_pieces(["灯", "灯", "灯", "水"]), [7, 7, 8, 9])
    assert {piece_of(key): count for key, count in zip(keys.tolist(), counts.tolist(), strict=True)} == {
        "灯": 2,
        "水": 1,
    }
    keys, counts = count_groups(find_pieces(["灯", "灯", "灯", "水"]), [7, 7, 8, 9], fewest=2)
    assert ([piece_of(key) for key in keys.tolist()], counts.tolist()) == (["灯"], [2])


def test_rows_have_length_one_a_repeat_adds_and_unknown_texts_are_zero() -> None:
    vocabulary = np.array(sorted(map(key_of, ["灯", "水"])), dtype=np.uint64)
    texts, worths = ["灯水", "水", "车", "灯水灯"], np.array([3, 4], dtype=np.float32)
    table = matrix(find_pieces(texts), 4, vocabulary, worths).toarray()
    assert np.allclose(np.linalg.norm(table[:3], axis=1), [1, 1, 0])
    assert sorted(np.round(table[0], 3)) == [0.6, 0.8]
    assert np.allclose(sorted(table[3]), np.sort([2 * worths[0], worths[1]] / np.sqrt(2 * 9 + 16))) or np.allclose(
        sorted(table[3]), np.sort([2 * worths[1], worths[0]] / np.sqrt(2 * 16 + 9))
    )
