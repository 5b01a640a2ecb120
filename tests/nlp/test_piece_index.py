"""Pieces of a text, found all at once."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.piece_index import MOST_TIMES, PieceIndex

FEW = "路灯坏😀\uffff"


def index(pieces: set[str]) -> PieceIndex:
    return PieceIndex(np.array(sorted(map(key, pieces)), np.uint64))


def key(piece: str) -> int:
    return sum(ord(character) << 48 - 16 * at for at, character in enumerate(piece))


def test_each_piece_is_found_as_often_as_it_counts_and_all_its_places_are_told() -> None:
    made = index({"路灯", "灯", "路灯坏了", "坏"})
    pieces, text = [*made.all_pieces()], "路灯坏，路灯"
    assert sorted(map(pieces.__getitem__, made.find(text).tolist())) == ["坏", "灯", "灯", "路灯", "路灯"]
    assert sorted(map(pieces.__getitem__, made.find("灯" * 9).tolist())) == ["灯"] * MOST_TIMES
    assert [(pieces[number], start, end) for number, start, end in made.places(text)] == [
        ("灯", 1, 2), ("坏", 2, 3), ("灯", 5, 6), ("路灯", 0, 2), ("路灯", 4, 6)
    ]  # fmt: skip


@given(
    st.text(FEW, max_size=12),
    st.sets(st.text("路灯坏", min_size=1, max_size=4)),
)
def test_finds_what_a_plain_search_finds(text: str, pieces: set[str]) -> None:
    made = index(pieces)
    numbers = made.find(text).tolist()
    by_number = [*made.all_pieces()]
    counts = {number: len(re.findall(f"(?={piece})", text)) for number, piece in enumerate(by_number)}
    assert numbers == sorted(n for n, count in counts.items() for _ in range(min(count, MOST_TIMES)))
    places = made.places(text)
    assert {number for number, _, _ in places} == set(numbers)
    assert all(text[start:end] == by_number[number] for number, start, end in places)


def test_tens_of_thousands_find_a_place() -> None:
    codes = np.random.default_rng(1).integers(0x4E00, 0x9FA6, (60_000, 4), dtype=np.uint64)
    keys = np.unique((codes << np.array([48, 32, 16, 0], np.uint64)).sum(axis=1, dtype=np.uint64))
    made = PieceIndex(keys)
    pieces = [*made.all_pieces()]
    for number in range(0, len(keys), 100):
        assert made.find(pieces[number]).tolist() == [number]


def test_a_piece_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="different"):
        PieceIndex(np.array([7, 7, 7], np.uint64))
