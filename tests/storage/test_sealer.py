"""Text sealed at rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.sealer import AesSealer, BytesSealer

SEALER = AesSealer("one secret")


@given(st.text(st.characters(exclude_categories=[])))
def test_it_opens_what_it_sealed(text: str) -> None:
    sealed = SEALER.seal(text)
    assert SEALER.open(sealed) == text
    assert sealed.startswith("s1.")
    assert sealed.isascii()


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert SEALER.seal("举报") != SEALER.seal("举报")
    assert "举报" not in SEALER.seal("举报")


def test_a_changed_secret_still_opens_what_the_older_one_sealed() -> None:
    sealed = SEALER.seal("text")
    assert AesSealer("new secret", older=["other", "one secret"]).open(sealed) == "text"
    with pytest.raises(ValueError, match="another key"):
        AesSealer("new secret").open(sealed)


@pytest.mark.parametrize("position", [4, 20, -3])
def test_one_changed_character_is_noticed(position: int) -> None:
    sealed = list(SEALER.seal("some text of some length"))
    sealed[position] = "A" if sealed[position] != "A" else "B"
    with pytest.raises(ValueError, match="changed"):
        SEALER.open("".join(sealed))


@pytest.mark.parametrize(
    "text", ["", "plain text", "s1.", "s1.AAAA", "s1.not base64!", "s1.é", "s2.AAAAAAAAAAAAAAAAAAAAAAAA"]
)
def test_what_was_never_sealed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"sealed"):
        SEALER.open(text)


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="MASHANG_SECRET_KEY"):
        AesSealer("")


def test_a_label_and_a_purpose_bind() -> None:
    sealed = BytesSealer("k", purpose="spool").seal(b"x", b"name")
    assert BytesSealer("k", purpose="spool").open(sealed, b"name") == b"x"
    for sealer, label in ((BytesSealer("k", purpose="seal"), b"name"), (BytesSealer("k", purpose="spool"), b"other")):
        with pytest.raises(ValueError, match="changed"):
            sealer.open(sealed, label)
