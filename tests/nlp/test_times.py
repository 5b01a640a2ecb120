"""Times in a message, reckoned from Sunday, 22 November 2026."""

import time as clock
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.expressions import find_expressions
from nlp.times import TimeSpan, find_times

TODAY = date(2026, 11, 22)
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


def only(text: str) -> TimeSpan:
    found = find_times(text, TODAY)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("今天又停水", "2026-11-22", "2026-11-22"),
        ("昨晚没电", "2026-11-21", "2026-11-21"),
        ("大前天挖断的", "2026-11-19", "2026-11-19"),
        ("明天要拆", "2026-11-23", "2026-11-23"),
        ("上周三来过人", "2026-11-11", "2026-11-11"),
        ("上上个礼拜五", "2026-11-06", "2026-11-06"),
        ("周一修的，又坏了", "2026-11-16", "2026-11-16"),
        ("这周末噪音大", "2026-11-21", "2026-11-22"),
        ("下周二开会", "2026-11-24", "2026-11-24"),
        ("上个月停的", "2026-10-01", "2026-10-31"),
        ("上月15号交的钱", "2026-10-15", "2026-10-15"),
        ("3月5号反映过", "2026-03-05", "2026-03-05"),
        ("12月5号反映过", "2025-12-05", "2025-12-05"),
        ("三月份报的名", "2026-03-01", "2026-03-31"),
        ("2025年3月5日签的", "2025-03-05", "2025-03-05"),
        ("2025-03-05签的", "2025-03-05", "2025-03-05"),
        ("二零二五年三月签的", "2025-03-01", "2025-03-31"),
        ("二零零零年三月建的", "2000-03-01", "2000-03-31"),
        ("18年3月交的房", "2018-03-01", "2018-03-31"),
        ("去年12月", "2025-12-01", "2025-12-31"),
        ("今年上半年", "2026-01-01", "2026-06-30"),
        ("去年下半年", "2025-07-01", "2025-12-31"),
        ("三天前", "2026-11-19", "2026-11-19"),
        ("16日上报", "2026-11-16", "2026-11-16"),
        ("25号晚上", "2026-10-25", "2026-10-25"),
        ("刚才有人", "2026-11-22", "2026-11-22"),
        ("最近老停电", "2026-11-08", "2026-11-22"),
    ],
)
def test_a_date(text: str, first: str, last: str) -> None:
    found = only(text)
    assert (found.kind, str(found.first), str(found.last)) == ("date", first, last)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("连续半年没人管", 182.5),
        ("停了三天", 3),
        ("好几天没水", 3),
        ("十几天了", 13),
        ("两个半月没发工资", 75),
        ("三个多月", 90),
        ("一个礼拜没水了", 7),
        ("拖了一年半", 547.5),
        ("等了3小时", 0.125),
        ("七八年没修", 7 * 365),
    ],
)
def test_how_long(text: str, days: float) -> None:
    found = only(text)
    assert (found.kind, found.days) == ("duration", days)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("每天早上六点", time(6)),
        ("晚上10点半还在打桩", time(22, 30)),
        ("凌晨两三点", time(2)),
        ("半夜12点", time(0)),
        ("下午3点一刻", time(15, 15)),
        ("22:30还在吵", time(22, 30)),
        ("晚上八九点", time(20)),
        ("五点钟", time(5)),
    ],
)
def test_an_hour(text: str, hour: time) -> None:
    found = only(text)
    assert (found.kind, found.hour) == ("hour", hour)


@pytest.mark.parametrize(
    "text",
    ["", "路灯不亮", "提一点意见", "两点要求", "第二天", "6月31号", "三年级", "天天吵",
     "时间太长", "13月", "25:70", "月租一千", "0年", "\ud800"],
)  # fmt: skip
def test_what_tells_no_time(text: str) -> None:
    assert find_times(text, TODAY) == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [("昨晚", "2026-11-21"), ("上个月", "2026-10-01/2026-10-31"), ("连续半年", "P182.5D"), ("下午3点", "15:00")],
)
def test_a_value_is_written_as_iso_8601_does(text: str, value: str) -> None:
    assert only(text).value == value


def test_a_day_and_an_hour_stand_side_by_side_as_they_were_written() -> None:
    text = "昨 天下午３点停的電"
    assert [(text[t.start : t.end], t.kind) for t in find_times(text, TODAY)] == [
        ("昨 天", "date"),
        ("下午３点", "hour"),
    ]


def test_the_31st_is_reckoned_from_a_short_month() -> None:
    assert find_times("31号就停了", date(2026, 3, 1)) == ()
    assert find_times("31日停的", date(2026, 2, 1))[0].first == date(2026, 1, 31)


def test_places_and_times_in_one_call() -> None:
    found = find_expressions("幸福路昨晚没灯", TODAY)
    assert [place.name for place in found.places] == ["幸福路"]
    assert [told.first for told in found.times] == [date(2026, 11, 21)]


@given(ANY_TEXT | st.text("年月日号周星期上下前今昨半一二十三点:0123459- ", max_size=30), st.dates())
def test_any_text_on_any_day_gives_sound_times(text: str, today: date) -> None:
    for told in find_times(text, today):
        assert 0 <= told.start < told.end <= len(text)
        assert (told.first is None) == (told.last is None)
        assert told.first is None or told.last is None or told.first <= told.last


@pytest.mark.parametrize("piece", ["年", "1", "一", "三月", "上", "前", "12:", "半"])
def test_a_megabyte_is_no_burden(piece: str) -> None:
    text = (piece * 1_000_000)[:1_000_000]
    begin = clock.process_time()
    find_times(text, TODAY)
    assert clock.process_time() - begin < 0.5
