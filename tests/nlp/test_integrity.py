"""Corruption, told with or without the word, and what is held for a look first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.safety import check_integrity

LONG = "我们小区的路修了三年都没有修好，雨天全是泥，" * 8


@pytest.mark.parametrize(
    "text",
    [
        "我要举报我们村支书吃低保回扣",
        "局长的小舅子承包了所有工程，肯定有猫腻",
        "代表某某收了开发商的钱替他说话",
        "12號代表收了開發商的錢，替他說話",
        "听说招投标早就内定了",
        "这个医生收红包",
        "镇里有人贪污",
        "不给红包才怪，给了红包才给办",
        LONG + "背后有保护伞",
        LONG + "里面有回扣，还吃空饷",
        LONG + "。主任拿了回扣。",
    ],
)
def test_is_sealed(text: str) -> None:
    hit = check_integrity(text)
    assert hit is not None
    assert hit.level == "sealed"
    assert hit.words


@pytest.mark.parametrize(
    "text",
    [
        LONG + "听说有黑幕",
        "我要举报我们主任",
        "领导和老板有猫腻",
        "工程都给了自己人",
    ],
)
def test_is_held_for_a_look(text: str) -> None:
    hit = check_integrity(text)
    assert hit is not None
    assert hit.level == "hold"


@pytest.mark.parametrize(
    "text",
    [
        "尊敬的王书记：我要举报工厂夜里偷排",
        "主任您好，举报一家黑作坊",
        "我要举报楼下饭店油烟",
        "老板拿了钱就跑了，请帮帮我",
        "我老婆上个月才拿到工资",
        "代表您好，路灯坏了",
        "交了钱才能进停车场",
        "",
    ],
)
def test_is_an_ordinary_matter(text: str) -> None:
    assert check_integrity(text) is None


def test_a_title_in_the_salutation_is_not_one_in_the_text() -> None:
    assert check_integrity("局长：这事有猫腻") is None
    assert check_integrity("局长的事有猫腻") is not None


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=80))
def test_never_raises(text: str) -> None:
    check_integrity(text)
