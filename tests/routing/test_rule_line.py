"""A rule on one line, as people type it; and its hours and days."""

from datetime import UTC, datetime

import pytest

from routing.errors import Refused
from routing.rule_line import MAX_LINE, is_line, read_line
from routing.rule_times import Window, local_moment, read_days, read_hours


@pytest.mark.parametrize(
    "text",
    [
        "词 路灯、灯杆 地 幸福路 站 HB 时 22:00-06:00 日 06-15至09-30 类 CG04 交 城管 会办 住建 xz",
        "词 路灯 灯杆 地 幸福路 站 HB 时 22:00-06:00 日 06-15至09-30 类 CG04 → 城管 会办 住建，xz",
        "词：路灯，灯杆 地：幸福路 站：HB 时：22:00-06:00 日：06-15至09-30 类：CG04->城管 会办：住建、xz",
        "詞 路灯;灯杆 地 幸福路 站 HB 時 22:00-06:00 日 06-15至09-30 類 CG04 交 城管 會辦 住建 xz",
        "word 路灯 灯杆 place 幸福路 station HB hours 22:00-06:00 days 06-15至09-30 category CG04 to 城管 co 住建 xz",
        "\u3000词\n路灯\t灯杆 地 幸福路 站 HB 时 22:00-06:00 日 06-15至09-30 类 CG04 => 城管 会办 住建 xz",
    ],
)
def test_the_same_rule_in_many_hands(text: str) -> None:
    line = read_line(text)
    assert (line.words, line.places, line.station) == (["路灯", "灯杆"], ["幸福路"], ["HB"])
    assert (line.hours, line.days, line.categories) == (["22:00-06:00"], ["06-15至09-30"], ["CG04"])
    assert (line.department, line.co) == (["城管"], ["住建", "xz"])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "rules.nowhere"),
        ("词 路灯", "rules.nowhere"),
        ("词 路灯 交", "rules.nowhere"),
        ("路灯 交 城管", "rules.line_wrong"),
        ("词 路灯 交 城管 住建", "rules.line_wrong"),
        ("词 路灯 站 HB HP 交 城管", "rules.line_wrong"),
        ("词 " + "路" * 1_000_000 + " 交 城管", "rules.too_long"),
        ("词 " + "路灯 " * MAX_LINE + "交 城管", "rules.too_long"),
    ],
)
def test_what_can_not_be_read_is_refused_with_its_reason(text: str, key: str) -> None:
    with pytest.raises(Refused) as refused:
        read_line(text)
    assert refused.value.key == key


def test_a_line_says_where_to_and_a_sentence_does_not() -> None:
    assert is_line("词 路灯 交 城管")
    assert is_line("路灯→城管")
    assert is_line("word lamp to zhzf")
    assert not is_line("路灯坏了，交了三次电话费")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("22:00-06:00", "22:00-06:00"), ("8:30至12:00", "08:30-12:00"), ("22：00—24：00", "22:00-24:00"),
        ("24:00-06:00", None), ("22:60-06:00", None), ("10:00-10:00", None), ("晚上", None), ("", None),
        ("22:00-06:00; DROP", None), ("٢٢:٠٠-٠٦:٠٠", "22:00-06:00"),
    ],
)  # fmt: skip
def test_hours_as_people_write_them(typed: str, kept: str | None) -> None:
    assert read_hours(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2026-12-01至2027-02-28", "2026-12-01~2027-02-28"), ("2026.12.1~2026.12.31", "2026-12-01~2026-12-31"),
        ("6-15到9-30", "06-15~09-30"), ("12/01～2/29", "12-01~02-29"),
        ("2027-02-28至2026-12-01", None), ("2026-02-30至2026-03-01", None), ("13-01至13-02", None),
        ("2026-12-01至02-28", None), ("明年", None), ("0000-01-01至0000-01-02", None),
    ],
)  # fmt: skip
def test_days_as_people_write_them(typed: str, kept: str | None) -> None:
    assert read_days(typed) == kept


def holds(hours: str | None, days: str | None, at: str) -> bool:
    return Window(hours, days).holds(local_moment(datetime.fromisoformat(at).replace(tzinfo=UTC)))


def test_hours_are_the_countys_and_may_pass_midnight() -> None:
    # 10:00 UTC is 18:00 in the county.
    assert holds("18:00-06:00", None, "2026-11-23T10:00")
    assert not holds("18:00-06:00", None, "2026-11-23T09:59")
    assert holds("18:00-06:00", None, "2026-11-22T21:59")
    assert not holds("18:00-06:00", None, "2026-11-22T22:00"), "the end is not in it"
    assert holds("22:00-24:00", None, "2026-11-22T15:59")
    assert not holds("08:00-12:00", None, "2026-11-22T15:59")


def test_days_are_the_countys_both_ends_included_and_may_pass_the_year() -> None:
    assert holds(None, "2026-11-23~2026-11-23", "2026-11-22T16:00")
    assert not holds(None, "2026-11-23~2026-11-23", "2026-11-23T16:00")
    assert holds(None, "12-01~02-29", "2027-01-15T00:00")
    assert holds(None, "12-01~02-29", "2026-12-01T00:00")
    assert not holds(None, "12-01~02-29", "2026-11-30T00:00")


def test_hours_and_days_have_to_hold_both() -> None:
    assert holds("18:00-06:00", "06-15~09-30", "2026-07-01T12:00")
    assert not holds("18:00-06:00", "06-15~09-30", "2026-07-01T02:00")
    assert not holds("18:00-06:00", "06-15~09-30", "2026-11-01T12:00")
