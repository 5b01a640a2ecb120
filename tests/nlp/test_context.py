"""Whether a danger happens now: what excuses a word, what brings it back, and how far a cue reaches."""

import pytest

from nlp.result import SafetyLevel
from nlp.safety import check_safety


def level(text: str) -> SafetyLevel | None:
    hit = check_safety(text)
    return hit.level if hit else None


@pytest.mark.parametrize(
    ("now", "not_now"),
    [
        ("厨房着火了", "去年厨房着火了，想问保险怎么报"),
        ("楼下着火了", "以为楼下着火了，是人家在烤肉"),
        ("仓库起火", "万一仓库起火，水管够不够长"),
        ("电梯困人了", "上星期电梯困人，都救出来了"),
        ("我妈晕倒了", "建议教一教老人晕倒了怎么急救"),
        ("有人拿刀追着砍", "电视剧里有人拿刀追着砍"),
        ("家里煤气味很重", "前几天家里煤气味很重，接头换了新的，已经好了"),
        ("路面塌了一个大洞", "前年路面塌了一个大洞，请查一查"),
    ],
)
def test_the_same_words_are_no_alarm_when_they_are_past_feared_played_or_advised(now: str, not_now: str) -> None:
    assert level(now) == "hard"
    assert level(not_now) is None


@pytest.mark.parametrize(
    "text",
    [
        "去年着过火，现在楼下又着火了",
        "上次没事，这回电梯突然停了，里面还有人在喊",
        "以前只是吵，刚才他拿刀追着我砍",
        "救命啊，怕是房子要塌了，墙倒了",
        "担心的事来了，仓库正在起火",
    ],
)
def test_what_happens_now_wins_over_what_was_or_was_feared(text: str) -> None:
    assert level(text) == "hard"


def test_an_excuse_reaches_the_clause_behind_it_and_no_further() -> None:
    assert level("去年说要换的，楼下着火了") is None
    assert level("去年说要换的，一直拖着没人理，楼下着火了") == "hard"


def test_what_became_of_it_is_told_behind_it() -> None:
    assert level("井盖不见了，后来补上了") is None
    assert level("井盖不见了，孩子都从那儿走") == "hard"


def test_what_happened_yesterday_is_asked_about() -> None:
    assert level("昨晚楼下着火了") == "soft"


def test_a_danger_mentioned_in_a_page_is_asked_about_unless_it_is_now() -> None:
    page = "我们小区的物业三年没有打扫过楼道，电梯门口堆满杂物，大家反映了很多回也没有人理会，" * 5
    assert level(page + "楼下起火。") == "soft"
    assert level(page + "楼下正在起火。") == "hard"


@pytest.mark.parametrize("text", ["要是没人管，我就不想活了", "我以前就不想活了", "我不想活了，哈哈"])
def test_who_speaks_of_his_own_death_is_always_asked(text: str) -> None:
    assert level(text) in ("soft", "hard")


def test_a_death_long_ago_that_is_told_of_is_none() -> None:
    assert level("我姐三年前自杀走的，想问她的社保怎么取") is None


def test_a_child_in_danger_is_asked_about_where_another_danger_is_excused() -> None:
    assert level("听说有孩子不见了") == "soft"
    assert level("听说有仓库起火") is None
