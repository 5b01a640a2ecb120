"""Corruption, told with or without the word, and what is held for a look first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.integrity import find_integrity, integrity_rules
from nlp.matching import Matcher
from nlp.normalise import normalise
from nlp.result import IntegrityHit, Learned
from nlp.safety import check_integrity
from nlp.taxonomy import default_taxonomy

RULES = default_taxonomy().integrity
MATCHER = Matcher(integrity_rules(default_taxonomy()))

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
        "会计的小舅子家开的店，公家的东西全从那儿买",
        "人早就死了，每个月还有人领他的钱",
        "账上写的是办公用品，其实买的是酒",
        "来查的头天就有人打电话报信",
        "招人的条件跟他侄女的毕业证一模一样",
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


def judged(text: str, score: float) -> IntegrityHit | None:
    form = normalise(text)
    return find_integrity(RULES, MATCHER.scan(form.text), form, Learned(0.0, score))


def test_what_the_model_finds_alone_is_held() -> None:
    assert judged("开证明的人眼睛往抽屉看", 0.2) == IntegrityHit("hold", ())
    assert judged("开证明的人眼睛往抽屉看", -0.1) is None


def test_in_a_long_text_the_model_alone_must_be_surer() -> None:
    assert judged(LONG, 0.2) is None
    assert judged(LONG, 0.5) == IntegrityHit("hold", ())


def test_the_model_may_deny_a_soft_pattern_but_no_word_that_seals() -> None:
    assert judged("会计的小舅子家开的店，公家的东西全从那儿买", -0.1) is not None
    assert judged("会计的小舅子家开的店，公家的东西全从那儿买", -0.9) is None
    hit = judged("镇里有人贪污", -0.9)
    assert hit is not None
    assert hit.level == "sealed"


def test_a_model_that_knows_no_piece_of_the_text_denies_nothing() -> None:
    assert judged("工程都给了自己人", float("-inf")) is not None


@pytest.mark.parametrize(
    "text",
    [
        "代表们去查食堂，能不能不打招呼",
        "在黑诊所打点滴过敏了",
        "以前听说要送礼，这次一分没花",
        "医生从来没收过额外的钱",
    ],
)
def test_words_of_corruption_that_mean_something_else(text: str) -> None:
    assert check_integrity(text) is None


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=80))
def test_never_raises(text: str) -> None:
    check_integrity(text)
