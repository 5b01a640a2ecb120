"""The matching form: what is folded, and that every character knows where it came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.normalise import MAX_CHARS, Colloquial, fold_word, normalise

DIALECT = Colloquial({"勿亮": "不亮", "呒没水": "没水", "阿拉": "我们"}, kept=("阿拉伯",))
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("路燈不亮", "路灯不亮"),
        ("路灯 不\n亮", "路灯不亮"),
        ("ＫＴＶ", "ktv"),
        ("路\u200b灯\u202e不亮\ufeff", "路灯不亮"),
        ("路灯坏了💡️", "路灯坏了💡"),
        ("路燈(lù dēng)不亮", "路灯不亮"),
        ("路灯（lu4 deng1）不亮", "路灯不亮"),
        ("路灯[lu deng]不亮", "路灯不亮"),
        ("唱歌(KTV)太吵", "唱歌(ktv)太吵"),
        ("办不了（app）", "办不了(app)"),
        ("後面的乾隆皇帝", "后面的乾隆皇帝"),
        ("坏\ud800了", "坏了"),
        ("", ""),
    ],
)
def test_folds(written: str, form: str) -> None:
    assert normalise(written).text == form


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("路灯勿亮", "路灯不亮"),
        ("屋里呒没水用", "屋里没水用"),
        ("阿拉弄堂", "我们弄堂"),
        ("阿拉伯语", "阿拉伯语"),
    ],
)
def test_puts_dialect_into_common_words(written: str, form: str) -> None:
    assert normalise(written, DIALECT).text == form


def test_shows_a_word_as_it_was_written() -> None:
    form = normalise("弄堂裡路 燈(lù dēng)勿亮好幾日", DIALECT)
    start = form.text.index("路灯不亮")
    assert form.source(start, start + 4) == "路 燈(lù dēng)勿亮"
    assert form.source(start, start + 2) == "路 燈"


def test_reads_the_beginning_of_a_very_long_text() -> None:
    form = normalise("水" * 1_000_000)
    assert len(form.text) == MAX_CHARS
    assert len(form.original) == 1_000_000


def test_a_ligature_does_not_blow_the_limit() -> None:
    assert len(normalise("\ufdfa" * MAX_CHARS).text) == MAX_CHARS


@given(ANY_TEXT)
def test_any_text_keeps_its_offsets(text: str) -> None:
    form = normalise(text, DIALECT)
    assert form.original == text
    assert len(form.offsets) == len(form.text)
    assert list(form.offsets) == sorted(form.offsets)
    assert all(0 <= offset < len(text) for offset in form.offsets)
    assert not any(character.isspace() for character in form.text)


@given(ANY_TEXT)
def test_every_character_comes_from_the_one_its_offset_names(text: str) -> None:
    form = normalise(text)
    for character, offset in zip(form.text, form.offsets, strict=True):
        assert character in fold_word(text[offset]) or not character.isascii()


@given(st.text("路灯勿亮阿拉伯呒没水 \u200b", max_size=30))
def test_dialect_never_widens_a_source(text: str) -> None:
    form = normalise(text, DIALECT)
    for place in range(len(form.text)):
        assert form.source(place, place + 1)
