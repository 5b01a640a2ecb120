"""Masking: what is hidden, what stays, and that nothing else moves."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.privacy import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我电话13812345678", "我电话138******78"),
        ("打138 1234 5678", "打138 **** **78"),
        ("打１３８１２３４５６７８", "打１３８******７８"),
        ("打138\u200b12345678", "打138\u200b******78"),
        ("身份证33010219900101123X，谢谢", "身份证330***************，谢谢"),
        ("卡6222021001123456789", "卡***************6789"),
        ("0571-87654321", "0571-********"),
        ("车牌浙A12345", "车牌浙A*****"),
        ("车牌浙AD12345挡路", "车牌浙A******挡路"),
        ("写信a.b@example.cn", "写信a*************"),
        ("住3幢2单元501室", "住3幢*单元***室"),
        ("3号楼1202漏水", "3号楼****漏水"),
    ],
)
def test_hides(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "路灯不亮",
        "停了12345次，花了20000元",
        "2026年11月22日下午3点",
        "打12345没人接",
        "订单号1234567890123",
        "",
        "\ud800",
    ],
)
def test_leaves_the_rest(text: str) -> None:
    assert mask(text) == text


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=60))
def test_keeps_every_place_and_repeats_itself(text: str) -> None:
    once = mask(text)
    assert len(once) == len(text)
    assert all(a in (b, "*") for a, b in zip(once, text, strict=True))
    assert mask(text) == once


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.text("路灯，。 ", max_size=5))
def test_no_mobile_number_gets_through(number: str, around: str) -> None:
    assert number not in mask(around + number + around)


@pytest.mark.parametrize("piece", ["1", "浙", "a@", "幢", "1 ", "\u200b"])
def test_a_megabyte_is_no_burden(piece: str) -> None:
    text = (piece * 1_000_000)[:1_000_000]
    begin = time.process_time()
    mask(text)
    assert time.process_time() - begin < 0.5
