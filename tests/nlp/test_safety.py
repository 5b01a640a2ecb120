"""Danger first: what is caught, what only sounds dangerous, and what is known to slip through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.safety import check_safety


@pytest.mark.parametrize(
    ("text", "code", "number"),
    [
        ("家里一股很重的煤气味", "S_GAS", "119"),
        ("家裡一股很重的煤氣味，頭有點暈", "S_GAS", "119"),
        ("我不想活了", "S_SELF_HARM", "12356"),
        ("我從樓上跳下去算了", "S_SELF_HARM", "120"),
        ("老公喝醉又打我，我躲在卫生间", "S_VIOLENCE", "110"),
        ("楼 下 着 火 了！！", "S_FIRE", "119"),
        ("我们四个人困在电梯里", "S_ELEVATOR", "96333"),
        ("井盖不见了，就在学校门口", "S_MANHOLE", "110"),
        ("电线掉下来了还在冒火花", "S_ELECTRIC", "95598"),
        ("孩子放学到现在没回来，找不到了", "S_CHILD", "110"),
        ("不发钱我们明天就去堵门", "S_CROWD", "110"),
        ("热死了，我不想活了", "S_SELF_HARM", "120"),
    ],
)
def test_danger_is_answered_with_a_number(text: str, code: str, number: str) -> None:
    hit = check_safety(text)
    assert hit is not None
    assert (hit.code, hit.level) == (code, "hard")
    assert number in hit.call
    assert number in hit.answer
    assert hit.words


def test_the_words_are_those_of_the_citizen() -> None:
    hit = check_safety("家裡一股很重的煤氣味")
    assert hit is not None
    assert hit.words == ("煤氣味",)


@pytest.mark.parametrize("text", ["快来人救命啊", "三楼阳台在冒烟", "他拿着菜刀", "撑不下去了"])
def test_what_may_be_danger_is_asked_about(text: str) -> None:
    hit = check_safety(text)
    assert hit is not None
    assert hit.level == "soft"
    assert "110" in hit.answer


@pytest.mark.parametrize(
    "text",
    [
        "天气热死了，公交站能不能搭个棚",
        "工资这么低，累死了",
        "急死我了，社保卡还没到",
        "手机爆炸促销，价格虚高",
        "商场跳楼价骗人",
        "小区要搞防溺水宣传吗",
        "存在火灾隐患",
        "打我电话没人接",
        "被困扰了半年",
        "下水道气味难闻",
        "这是我们的血汗钱",
        "老人做不动了",
        "反家暴法宣传得不够",
        "晚上关闭电梯不合理",
        "路灯不亮",
        "",
    ],
)
def test_what_only_sounds_dangerous_raises_no_alarm(text: str) -> None:
    assert check_safety(text) is None


def test_messages_that_only_some_roles_may_see_say_so() -> None:
    hit = check_safety("再不解决就同归于尽")
    assert hit is not None
    assert hit.visible_to == ("duty_officer", "station_chief")


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=80))
def test_never_raises(text: str) -> None:
    check_safety(text)
