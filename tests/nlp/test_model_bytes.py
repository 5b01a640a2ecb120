"""A model as bytes: what is damaged or made for other categories is refused in one sentence."""

import numpy as np
import pytest

from nlp.model import ModelError
from nlp.model_bytes import from_bytes, packaged_arrays, to_bytes
from nlp.taxonomy import default_taxonomy


@pytest.fixture(scope="module")
def content() -> bytes:
    return to_bytes(packaged_arrays())


def test_the_packaged_model_comes_back_whole(content: bytes) -> None:
    arrays = packaged_arrays()
    model = from_bytes(content, default_taxonomy())
    assert model.columns == tuple(arrays["columns"])
    assert len([*model.all_pieces()]) == len(arrays["pieces"])


@pytest.mark.parametrize("damage", [b"", b"no model", b"PK\x03\x04" + bytes(100)], ids=["empty", "text", "zip"])
def test_what_is_no_model_is_refused(damage: bytes) -> None:
    with pytest.raises(ModelError) as refused:
        from_bytes(damage, default_taxonomy())
    assert "\n" not in str(refused.value)


def test_a_cut_file_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="unpacked"):
        from_bytes(content[: len(content) // 2], default_taxonomy())


def test_a_flipped_bit_is_noticed(content: bytes) -> None:
    broken = bytearray(content)
    broken[len(broken) // 2] ^= 0xFF
    with pytest.raises(ModelError, match="unpacked"):
        from_bytes(bytes(broken), default_taxonomy())


def test_a_model_of_other_categories_is_refused() -> None:
    arrays = dict(packaged_arrays())
    arrays["columns"] = np.array([f"XX{name}" if at == 3 else name for at, name in enumerate(arrays["columns"])])
    with pytest.raises(ModelError, match="other categories: XX"):
        from_bytes(to_bytes(arrays), default_taxonomy())


def test_nothing_pickled_is_ever_loaded() -> None:
    arrays = dict(packaged_arrays())
    arrays["header"] = np.array({"a": 1}, dtype=object)
    with pytest.raises((ModelError, ValueError)):
        from_bytes(to_bytes(arrays), default_taxonomy())
