"""Danger first: what is caught, what only sounds dangerous, and what is known to slip through."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.context import Cues
from nlp.matching import Matcher
from nlp.normalise import normalise
from nlp.result import Learned, SafetyHit
from nlp.safety import check_safety, find_safety, safety_rules
from nlp.taxonomy import default_taxonomy

TAXONOMY = default_taxonomy()
MATCHER, CUES = Matcher(safety_rules(TAXONOMY)), Cues(TAXONOMY.safety.context)

SURE, RATHER, UNSURE, DENIED, NOTHING_KNOWN = 0.6, 0.2, -0.05, -0.9, float("-inf")
"""What the learned model may say of danger, from its threshold."""


def judged(text: str, score: float) -> SafetyHit | None:
    form = normalise(text)
    return find_safety(TAXONOMY, CUES, MATCHER.scan(form.text), form, Learned(score, 0.0))


def level(text: str, score: float) -> str | None:
    hit = judged(text, score)
    return hit.level if hit else None


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
        ("他站在窗台外面，谁劝都不听", "S_SELF_HARM", "12356"),
        ("继父喝多了又在打妈妈", "S_VIOLENCE", "12338"),
        ("隔壁窗户里往外冒黑烟", "S_FIRE", "119"),
        ("罐子口一直嘶嘶响", "S_GAS", "119"),
        ("爷爷坐着坐着就叫不醒了", "S_MEDICAL", "120"),
        ("河里有个小孩在扑腾", "S_MEDICAL", "120"),
        ("三轮车翻进沟里，人压在车斗下面", "S_TRAFFIC", "122"),
        ("老屋塌了半边，还有人压在底下", "S_DISASTER", "119"),
        ("外卖员关在电梯里出不来", "S_ELEVATOR", "96333"),
        ("一摸那根灯杆浑身麻", "S_ELECTRIC", "95598"),
        ("人行道上的窨井敞着", "S_MANHOLE", "110"),
        ("有个男的拉着小女孩往车上走", "S_CHILD", "110"),
        ("他叫我打开共享屏幕", "S_FRAUD_NOW", "96110"),
        ("汽油买好了，去你们大厅见", "S_CROWD", "110"),
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
    assert hit.words == ("一股很重的煤氣味",)


@pytest.mark.parametrize("text", ["快来人救命啊", "河边在冒烟", "他拿着菜刀", "撑不下去了"])
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


def test_what_the_model_finds_alone_is_only_asked_about() -> None:
    hit = judged("老汉嘎巴一下就躺炕上了", SURE)
    assert hit is not None
    assert (hit.code, hit.level, hit.words) == ("S_SOFT", "soft", ())
    assert {"110", "119", "120"} <= set(hit.call)
    assert judged("老汉嘎巴一下就躺炕上了", UNSURE) is None


def test_a_soft_word_that_the_model_denies_is_nothing() -> None:
    assert level("这个环岛没有指示牌，外地车转三圈也出不去", UNSURE) == "soft"
    assert level("这个环岛没有指示牌，外地车转三圈也出不去", DENIED) is None


def test_a_hard_rule_that_the_model_denies_is_still_asked_about() -> None:
    assert level("我们村口那家纸箱厂后面的旧仓库起火了", UNSURE) == "hard"
    assert level("我们村口那家纸箱厂后面的旧仓库起火了", DENIED) == "soft"


@pytest.mark.parametrize("text", ["仓库起火", "有人落水了", "被困电梯"])
def test_who_is_terse_is_answered_at_once_whatever_the_model_says(text: str) -> None:
    assert level(text, DENIED) == "hard"


def test_a_cry_for_help_is_asked_about_whatever_the_model_says() -> None:
    assert level("救命", DENIED) == "soft"


def test_who_speaks_of_his_own_death_is_heard_whatever_the_model_says() -> None:
    assert level("没有人管我，我现在就从楼上跳下去算了", DENIED) == "hard"
    assert level("我以前就不想活了，一直没有跟人说过", DENIED) == "soft"
    assert level("他们说以前就不想活了，一直没有跟人说过", DENIED) is None


def test_of_a_greeting_nothing_is_learned() -> None:
    assert level("在吗", SURE) is None


def test_what_excuses_a_text_counts_against_the_model_too() -> None:
    assert level("老汉嘎巴一下就躺炕上了", RATHER) == "soft"
    assert level("去年老汉嘎巴一下就躺炕上了", RATHER) is None
    assert level("去年老汉嘎巴一下就躺炕上了", SURE) == "soft"


def test_an_excused_word_is_asked_about_where_the_model_is_sure() -> None:
    assert level("去年仓库起火", UNSURE) is None
    assert level("去年仓库起火", SURE) == "soft"


def test_a_model_that_knows_no_piece_of_the_text_denies_nothing() -> None:
    assert level("仓库起火", NOTHING_KNOWN) == "hard"
    assert level("撑不下去了", NOTHING_KNOWN) == "soft"


def test_a_question_keeps_the_roles_that_may_see_the_words() -> None:
    hit = judged("以前就想过同归于尽，现在又想堵门", SURE)
    assert hit is not None
    assert hit.visible_to == ("duty_officer", "station_chief")


@pytest.mark.parametrize(
    "piece", ["水", "人从", "路塌了", "煤气罐", "孩子在电梯里", "车撞了人", "我去年怕", "明天大家去政府"]
)
def test_no_pattern_takes_long_on_a_text_made_to_mislead_it(piece: str) -> None:
    started = time.process_time()
    check_safety(piece * (5_000 // len(piece)))
    assert time.process_time() - started < 0.5


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=80))
def test_never_raises(text: str) -> None:
    check_safety(text)
