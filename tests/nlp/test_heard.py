"""Where and when a matter is, said on Sunday, 22 November 2026: told back where it is clear, and else not at all."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.heard import find_heard

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
PIECES = st.lists(
    st.sampled_from(
        [
            "幸福路",
            "与",
            "阳光花园",
            "3栋",
            "口",
            "，",
            "的路灯",
            "昨天",
            "晚上",
            "10点半",
            "每天",
            "青石镇",
            "石桥村",
            "住",
            "在",
            " ",
        ]
    ),
    max_size=14,
)


def places(text: str) -> list[str]:
    return [text[start:end] for start, end in find_heard(text, NOON).places]


def times(text: str, at: datetime = NOON) -> list[tuple[str, date | None]]:
    return [(text[start:end], day) for start, end, day in find_heard(text, at).times]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("昨天晚上海珀路口的路灯不亮了", "海珀路口"),
        ("海珀路路灯坏了三天", "海珀路"),
        ("阳光花园3栋电梯又停了", "阳光花园3栋"),
        ("上周三幸福路和环城路交叉口撞了人", "幸福路和环城路交叉口"),
        ("青石镇石桥村昨晚又停电", "青石镇石桥村"),
        ("实验小学门口车太多", "实验小学"),
        ("3月5号下午在人民公园摔了一跤", "人民公园"),
        ("216路公交半小时才来一辆", "216路"),
        ("昨天下雨，滨江大道积水", "滨江大道"),
        ("滨江大道積水，車都過不去", "滨江大道"),
    ],
)
def test_a_place_is_told_in_the_citizen_s_own_words(text: str, place: str) -> None:
    assert places(text) == [place]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("我住在翠屏新村，幸福路拐弯那里有个大坑", ["幸福路"]),
        ("我家住阳光花园3栋，楼上天天半夜蹦迪", ["阳光花园3栋"]),
        ("不是海珀路，是海宁路的井盖没了", ["海宁路"]),
        ("海珀路的灯不亮，海珀路的井盖也坏了", ["海珀路"]),
        ("海珀路的灯不亮，海宁路的井盖坏了", ["海珀路", "海宁路"]),
    ],
)
def test_whose_place_it_is(text: str, told: list[str]) -> None:
    """Where somebody lives is told only if nothing else is; what is denied is not."""
    assert places(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "找了东湖社区，社区说不归他们管",
        "孩子在实验小学上学，老师收补课费",
        "云岭街道办事处不给盖章",
        "石桥村书记不管事",
        "幸福路派出所态度不好",
        "我是柳溪村人，村里的路太烂",
        "客厅支路总开关跳闸",
        "垃圾堆满海珀路",
        "3栋楼下有人烧东西",
        "什么时候规划建设滨江公园",
        "海珀路的灯不亮，海宁路的灯不亮，海棠路的灯也不亮",
        "海珀路的路灯坏了。" + "真的很不方便，" * 50,
        "路灯不亮",
        "",
        "\ud800",
    ],
)
def test_a_place_that_is_not_clear_is_not_told(text: str) -> None:
    assert places(text) == []


@pytest.mark.parametrize(
    ("text", "told", "day"),
    [
        ("昨天晚上海珀路口的路灯不亮了", "昨天晚上", date(2026, 11, 21)),
        ("昨晚10点半又停电", "昨晚10点半", date(2026, 11, 21)),
        ("今天凌晨两点县医院急诊没人", "今天凌晨两点", date(2026, 11, 22)),
        ("上周三门口撞了人", "上周三", date(2026, 11, 11)),
        ("3月5号下午摔了一跤", "3月5号下午", None),
        ("这个月12号停水到现在", "这个月12号", None),
        ("三天前井盖就没了", "三天前", None),
        ("每天晚上11点楼下烧烤摊吵得睡不着", "每天晚上11点", None),
        ("楼上天天半夜蹦迪", "天天半夜", None),
        ("昨天晚上海珀路停電，昨天晚上一直沒電", "昨天晚上", date(2026, 11, 21)),
    ],
)
def test_a_time_is_told_with_the_day_that_it_names_by_its_distance(text: str, told: str, day: date | None) -> None:
    assert times(text) == [(told, day)]


@pytest.mark.parametrize(
    "text",
    [
        "昨天我打12345反映过，今天还没人来",
        "去年买的房，现在还不给办证",
        "上个月签的合同不认账",
        "希望明天之前能修好",
        "12月5号前要交费",
        "我1962年3月5日出生，养老金还没发",
        "2015年的事情一直没解决",
        "直到今天都没有解决",
        "我每天早上送孩子上学，路过这里",
        "周六补课收费",
        "最近老停电",
        "昨天停水，前天停电，大前天断网",
        "路灯不亮",
        "",
        "\ud800",
    ],
)
def test_a_time_that_is_another_s_or_not_clear_is_not_told(text: str) -> None:
    assert times(text) == []


def test_after_midnight_no_day_is_reckoned() -> None:
    """Who writes "昨晚" at one in the night may mean the evening two hours ago."""
    assert times("昨晚又停电", datetime(2026, 11, 22, 1, tzinfo=UTC)) == [("昨晚", None)]
    assert times("昨晚又停电", datetime(2026, 11, 22, 5, tzinfo=UTC)) == [("昨晚", date(2026, 11, 21))]


@given(ANY_TEXT | PIECES.map("".join), st.datetimes())
def test_any_text_at_any_time_gives_pieces_of_itself(text: str, at: datetime) -> None:
    found = find_heard(text, at)
    for start, end in [*found.places, *(told[:2] for told in found.times)]:
        assert 0 <= start < end <= len(text)
    assert len(found.places) <= 2
    assert len(found.times) <= 2
