"""Which script the citizen writes, and Traditional to Simplified."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.scripts import script_of, to_simplified


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("路灯不亮", "zh_CN"),
        ("路燈不亮", "zh_TW"),
        ("家裡一股很重的煤氣味", "zh_TW"),
        ("人沒事", "zh_TW"),
        ("乾隆年间修的桥", "zh_CN"),
        ("您好", "zh_CN"),
        ("招牌上写的是「電器」，挡住了我们家的门窗", "zh_CN"),
        ("The street lamp is broken", "en"),
        ("KTV太吵", "zh_CN"),
        ("12345 !?", "zh_CN"),
        ("😀", "zh_CN"),
        ("", "zh_CN"),
        ("བོད་ཡིག", "zh_CN"),
        ("ئۇيغۇرچە", "zh_CN"),
        ("ᠮᠣᠩᠭᠣᠯ", "zh_CN"),
        ("<b>路灯不亮</b>", "zh_CN"),
        ("\ud800\u202e", "zh_CN"),
    ],
)
def test_script(text: str, script: str) -> None:
    assert script_of(text) == script


@given(st.text(max_size=40))
def test_conversion_keeps_the_length(text: str) -> None:
    assert len(to_simplified(text)) == len(text)


def test_conversion_reads_the_context() -> None:
    assert to_simplified("乾淨，乾隆") == "干净，乾隆"
