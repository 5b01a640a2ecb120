"""The matching form: what is folded, and that every character knows where it came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import normalise as normalise_module
from nlp.normalise import MAX_CHARS, Colloquial, fold_word, normalise
from nlp.scripts import traditional_characters
from nlp.taxonomy import default_taxonomy

DIALECT = Colloquial({"勿亮": "不亮", "呒没水": "没水", "阿拉": "我们"}, kept=("阿拉伯",))
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60) | st.text(
    "啊哈！!。…亮勿呒没水阿拉伯路燈(ā) \u200bＡa11", max_size=40
)


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
        ("救命！！！！", "救命!"),
        ("救命！！", "救命!!"),
        ("气死了。。。。。。", "气死了。"),
        ("没人管……", "没人管."),
        ("啊啊啊啊啊漏水了", "啊啊漏水了"),
        ("哈 哈 哈 哈", "哈哈"),
        ("😡😡😡😡", "😡"),
        ("天天漏水", "天天漏水"),
        ("花了20000元", "花了20000元"),
        ("二零零零年建的", "二零零零年建的"),
        ("www.x.cn", "www.x.cn"),
        ("https://x.cn", "https://x.cn"),
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


def test_what_is_passed_over_as_usual_stays_as_it_is() -> None:
    every = [chr(code) for code in range(0x10000)]
    usual = set(every) - set(normalise_module._unusual().findall("".join(every)))
    assert len(usual) > 17_000
    assert usual.isdisjoint(traditional_characters())
    assert [c for c in usual if normalise_module._fold_character(c) != c] == []
    assert usual.isdisjoint("([【（［")  # what stands in brackets may be pinyin


def test_shows_a_word_as_it_was_written() -> None:
    form = normalise("弄堂裡路 燈(lù dēng)勿亮好幾日", DIALECT)
    start = form.text.index("路灯不亮")
    assert form.source(start, start + 4) == "路 燈(lù dēng)勿亮"
    assert form.source(start, start + 2) == "路 燈"


def test_emphasis_is_shown_as_it_was_written() -> None:
    form = normalise("快来啊 啊啊啊！！！！漏水")
    assert form.text == "快来啊啊!漏水"
    assert form.source(2, 4) == "啊 啊啊啊"
    assert form.source(5, 7) == "漏水"


def test_reads_the_beginning_of_a_very_long_text() -> None:
    form = normalise("水管" * 500_000)
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


@given(ANY_TEXT)
def test_every_piece_is_traceable(text: str) -> None:
    form = normalise(text, DIALECT)
    for start in range(len(form.text)):
        for end in (start + 1, len(form.text)):
            piece = form.source(start, end)
            assert piece
            assert piece in text


PACKAGED = Colloquial(dict(default_taxonomy().colloquial), default_taxonomy().colloquial_kept)


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("馬葫蘆蓋丢了", "窨井盖丢了"),  # Northeast
        ("楼道贼黑，咋整", "楼道很黑,怎么办"),
        ("俺村没自来水", "我们村没自来水"),  # Henan
        ("屋头莫得水", "家里没水"),  # Sichuan
        ("冇人管，水浸街", "没人管,积水街"),  # Guangdong
        ("我哋屋企冇电", "我们家里没电"),
        ("厝边透暝放歌", "邻居整夜放歌"),  # South Fujian
        ("伢子读书搞么子去恁远", "孩子读书干什么去恁远"),  # Hunan
        ("啥辰光来修", "什么时候来修"),  # Shanghai and around
        ("停咧，没水咧", "停了,没水了"),  # Shaanxi
        ("为啥不修", "为什么不修"),
        ("什么事都推", "什么事都推"),
        ("周边度假区", "周边度假区"),
        ("街道旁树木有点挡", "街道旁树木有点挡"),
        ("如今儿子大了", "如今儿子大了"),
        ("施工工地", "施工工地"),
        ("孩子要到边度", "孩子要到哪里"),
    ],
)
def test_the_packaged_table(written: str, form: str) -> None:
    assert normalise(written, PACKAGED).text == form


def test_the_packaged_table_is_large_enough_and_takes_no_word_from_the_categories() -> None:
    taxonomy = default_taxonomy()
    assert len(taxonomy.colloquial) >= 500
    rules = (*taxonomy.intents, taxonomy.abuse, taxonomy.spam, *taxonomy.out_of_scope, *taxonomy.safety.rules)
    words = {*taxonomy.words(), *(word for rule in rules for word in rule.keywords)}
    assert [word for word in sorted(words) if normalise(word, PACKAGED).text != word] == []


def test_a_form_never_ends_where_another_begins_anew() -> None:
    """Meanings are not looked through again, so a meaning that is itself a form would stay half translated."""
    taxonomy = default_taxonomy()
    chained = {form: meaning for form, meaning in taxonomy.colloquial.items() if meaning in taxonomy.colloquial}
    assert chained == {}
