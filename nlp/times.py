"""When something was, and how long: dates, spans and hours of a message, reckoned from a given day.

A date is given as its first and last day, for people say ``上周`` and ``年初`` as often as a day. What has
no year is the nearest that is not in the future (``12月5号`` said in January is last year's), unless
the words say so (``明天``, ``下周三``).
"""

import calendar
import re
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Final, Literal, NamedTuple

from nlp.normalise import Normalised, normalise
from nlp.numerals import DIGITS, number_of

TimeKind = Literal["date", "duration", "hour"]


class TimeSpan(NamedTuple):
    """A time that ``text[start:end]`` of the citizen's own text tells.

    ``date`` has ``first`` and ``last`` (days, both included), ``duration`` has ``days`` (a month is 30, a
    year 365), ``hour`` has ``hour`` (the time of day, as far as it is told).
    """

    kind: TimeKind
    start: int
    end: int
    first: date | None = None
    last: date | None = None
    days: float | None = None
    hour: time | None = None

    @property
    def value(self) -> str:
        """Its value in ISO 8601: ``2026-11-21``, ``2026-10-01/2026-10-31``, ``P182.5D``, ``22:30``."""
        if self.first is not None and self.last is not None:
            return f"{self.first}" if self.first == self.last else f"{self.first}/{self.last}"
        if self.hour is not None:
            return f"{self.hour:%H:%M}"
        return f"P{self.days:g}D"


_Days = tuple[date, date]

_N: Final = rf"(?:[0-9]{{1,4}}|[{DIGITS}]{{1,4}}|半)"
_WEEKDAYS: Final = {
    **dict(zip("一二三四五六日天末", (0, 1, 2, 3, 4, 5, 6, 6, 5), strict=True)),
    **{str(n): n - 1 for n in range(1, 8)},
}
_DAYS: Final = {"大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "后": 2}
_UNITS: Final = {"年": 365.0, "月": 30.0, "周": 7.0, "天": 1.0, "夜": 1.0, "时": 1 / 24, "分": 1 / 1440}
_HALF_DAYS: Final = {
    "下午": 12,
    "傍晚": 12,
    "晚上": 12,
    "晚": 12,
    "夜里": 12,
    "夜间": 12,
    "深夜": 12,
    "半夜": 12,
    "中午": 12,
}
_PART: Final = "凌晨|清晨|清早|早上|早晨|一早|上午|中午|下午|傍晚|晚上|夜里|夜间|深夜|半夜|早|晚"

_PATTERNS: Final = (
    # 2026年3月5号, 2026-03-05, 18年3月, 19年底
    rf"(?P<year>(?:19|20)[0-9]{{2}}|二[零〇][{DIGITS}]{{2}}|(?<![0-9.])[0129][0-9](?=年(?:{_N}月|[初底末]|至今|以来|开始)))(?:年|[-./](?=[0-9]))"
    rf"(?:(?P<ym>{_N})(?:月份?|[-./](?=[0-9]))(?:(?P<yd>{_N})[日号]|(?P<yn>[0-9]{{1,2}})(?![0-9年]))?)?(?P<yp>[初中底末])?",
    # 去年, 今年3月5日, 今年上半年
    rf"(?P<rel_year>大前年|前年|去年|今年|明年)(?:的?(?P<rm>{_N})月份?(?:(?P<rd>{_N})[日号])?)?(?P<rp>上半年|下半年|年?[初中底末])?",
    r"(?P<edge>年[初底末])(?!次)",
    # 3月5日, 16日, 5号晚上
    rf"(?<![0-9{DIGITS}个])(?P<month>{_N})月(?:份|(?P<day>{_N})[日号])?(?P<mp>[初中底末])?(?![内后前间来薪租费供均])",
    r"(?<![0-9])(?P<only>[0-9]{1,2})(?:日|号(?=[早晚上下凌中晨夜傍]|开始|以来|那天|就|$))",
    # 昨晚, 上周三, 上个月底
    r"(?P<rel_day>大前|前|昨|今|明|后)(?:天|日|晚|夜|晨|早)",
    r"(?P<week>上上个?|上个?|这个?|本|下个?)?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天末])",
    rf"(?P<whole>上上个?|上个?|这个?|本|下个?)(?:(?P<w>周|星期|礼拜)|(?P<m>月份?)(?P<xp>[初中底末]|(?P<xd>{_N})[日号])?)",
    # 三天前, 两个半月前
    rf"(?P<ago>{_N})(?:个?(?P<half>半))?(?:来|多|余|几)?(?P<ago_unit>年|个?多?月|个?星期|个?礼拜|周|天)(?:多|来)?(?:以?前|之前)",
    # 前几天, 最近, 刚才
    r"(?P<lately>[前这](?:[几两些][天日]|一?阵子?|段时间)|最近|近[日来期]|刚[刚才])",
    # 连续半年, 三个多小时, 十几天
    rf"(?<![第每])(?P<lasting>{_N}?好?几十?|数十?|{_N})(?:来|多|余)?个?(?P<and>多|半)?(?P<unit>年|月|星期|礼拜|周|天|(?<!半)夜|小时|钟头|分钟)"
    r"(?!级|龄|报|租|薪|供|均|卡|票|检|审|度|代|轻|饭|末|到晚|[一二三四五六日]$)(?P<and_half>半)?",
    # 晚上10点半, 22:30, 五点钟
    rf"(?:(?P<part>{_PART})的?)?(?:(?P<hour>{_N})(?:点钟?|时(?!候|间|段|常|效|刻|代|尚|装|不))"
    rf"(?:(?P<quarter>半|[一三]刻)|(?P<minute>{_N})分|(?P<minutes>[0-5][0-9])(?![0-9]))?(?!半价|[名个条点])"
    r"|(?P<clock>[0-2]?[0-9]):(?P<clock_minute>[0-5][0-9])(?![0-9]))",
)
# Looking at the first character before twelve patterns are tried makes it three times as fast.
_TIME: Final = re.compile(
    rf"(?=[0-9{DIGITS}半好几数大前去今明后昨年上下这本周星礼最近刚凌清早中傍晚夜深])(?:{'|'.join(_PATTERNS)})"
)
_POINTS: Final = re.compile("[一二两三]点")
"""Said without a part of the day these are as often items of a list, or "a little"."""


def find_times(text: str, today: date) -> tuple[TimeSpan, ...]:
    """Give the times that the first 5,000 characters of ``text`` tell, in their order. Never raises.

    ``today`` is the day on which it was said.
    """
    return find_times_in(normalise(text), today)


def find_times_in(form: Normalised, today: date) -> tuple[TimeSpan, ...]:
    """Give the times of a text whose matching form (without dialect) is at hand."""
    found: list[TimeSpan] = []
    for match in _TIME.finditer(form.text):
        span = form.offsets[match.start()], form.offsets[match.end() - 1] + 1
        try:
            told = _told(match, today)
        except (ValueError, OverflowError):  # the 31st of June, the year 0
            continue
        if told is not None:
            found.append(told._replace(start=span[0], end=span[1]))
    return tuple(found)


def _told(match: re.Match[str], today: date) -> TimeSpan | None:
    for group, reckon in _RECKONINGS:
        if match[group] is not None:
            return reckon(match, today)
    return None


def _date(days: _Days) -> TimeSpan:
    return TimeSpan("date", 0, 0, *days)


def _about(written: str) -> float | None:
    """A number that may be a guess: ``两三`` is 2, ``几`` 3, ``十几`` 13, ``几十`` 30."""
    if re.fullmatch("[一二两三四五六七八九]{2}", written):
        return number_of(written[0])
    return number_of(re.sub("好?几|数", "三", written))


def _number(written: str) -> int:
    value = number_of(written)
    if value is None or value != int(value):
        raise ValueError(written)
    return int(value)


def _month(year: int, month: int) -> _Days:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _part_of(days: _Days, part: str | None) -> _Days:
    """The beginning, middle or end of a month or year, by thirds; the halves of a year."""
    first, last = days
    third = timedelta((last - first).days // 3)
    match (part or "")[-1:]:
        case "初":
            return first, first + third
        case "中":
            return first + third, last - third
        case "底" | "末":
            return last - third, last
        case "年":
            july = date(first.year, 7, 1)
            return (first, july - timedelta(1)) if part == "上半年" else (july, last)
    return days


def _in_year(year: int, month: str | None, day: str | None, part: str | None) -> TimeSpan:
    if month is None:
        return _date(_part_of((date(year, 1, 1), date(year, 12, 31)), part))
    if day is None:
        return _date(_part_of(_month(year, _number(month)), part))
    exact = date(year, _number(month), _number(day))
    return _date((exact, exact))


def _absolute(match: re.Match[str], _: date) -> TimeSpan:
    year = _year(match["year"])
    return _in_year(year, match["ym"], match["yd"] or match["yn"], match["yp"])


def _year(written: str) -> int:
    year = int(number_of(written) or 0)
    if year >= 100:
        return year
    return year + (1900 if year > 50 else 2000)


def _edge_of_year(match: re.Match[str], today: date) -> TimeSpan:
    return _in_year(today.year, None, None, match["edge"])


def _relative_year(match: re.Match[str], today: date) -> TimeSpan:
    away = {"大前年": -3, "前年": -2, "去年": -1, "今年": 0, "明年": 1}[match["rel_year"]]
    return _in_year(today.year + away, match["rm"], match["rd"], match["rp"])


def _month_and_day(match: re.Match[str], today: date) -> TimeSpan:
    found = _in_year(today.year, match["month"], match["day"], match["mp"])
    if found.first is not None and found.first > today:
        return _in_year(today.year - 1, match["month"], match["day"], match["mp"])
    return found


def _day_of_month(match: re.Match[str], today: date) -> TimeSpan:
    day = _number(match["only"])
    month = today if day <= today.day else today.replace(day=1) - timedelta(1)
    exact = month.replace(day=day)
    return _date((exact, exact))


def _relative_day(match: re.Match[str], today: date) -> TimeSpan:
    exact = today + timedelta(_DAYS[match["rel_day"]])
    return _date((exact, exact))


def _weeks(said: str | None) -> int:
    return {"上上": -2, "上": -1, "下": 1}.get((said or "").removesuffix("个"), 0)


def _weekday(match: re.Match[str], today: date) -> TimeSpan:
    monday = today - timedelta(today.weekday()) + timedelta(weeks=_weeks(match["week"]))
    first = monday + timedelta(_WEEKDAYS[match["weekday"]])
    if match["week"] is None and first > today:
        first -= timedelta(7)
    return _date((first, first + timedelta(match["weekday"] == "末")))


def _whole(match: re.Match[str], today: date) -> TimeSpan:
    away = _weeks(match["whole"])
    if match["w"]:
        monday = today - timedelta(today.weekday()) + timedelta(weeks=away)
        return _date((monday, monday + timedelta(6)))
    months = today.year * 12 + today.month - 1 + away
    year, month = months // 12, months % 12 + 1
    if match["xd"]:
        exact = date(year, month, _number(match["xd"]))
        return _date((exact, exact))
    return _date(_part_of(_month(year, month), match["xp"]))


def _lately(match: re.Match[str], today: date) -> TimeSpan:
    return _date((today - timedelta(0 if match["lately"][0] == "刚" else 14), today))


def _ago(match: re.Match[str], today: date) -> TimeSpan:
    count = (_about(match["ago"]) or 0) + (0.5 if match["half"] else 0)
    days = count * _unit(match["ago_unit"])
    # "三天前" is meant to the day, "两个月前" within a quarter of it.
    blur = timedelta(days // 4 if days > 7 else 0)
    day = today - timedelta(int(days))
    return _date((day - blur, day + blur))


def _unit(written: str) -> float:
    if written.endswith(("星期", "礼拜")):
        return _UNITS["周"]
    return (
        _UNITS[written[-1:]] if written not in ("小时", "钟头", "分钟") else _UNITS["分" if written == "分钟" else "时"]
    )


def _lasting(match: re.Match[str], _: date) -> TimeSpan | None:
    count = _about(match["lasting"])
    if not count:
        return None
    if match["and"] == "半" or match["and_half"]:
        count += 0.5
    return TimeSpan("duration", 0, 0, days=count * _unit(match["unit"]))


def _hour(match: re.Match[str], _: date) -> TimeSpan | None:
    if _POINTS.fullmatch(match[0]):
        return None
    part = match["part"]
    if match["clock"]:
        hour, minute = int(match["clock"]), int(match["clock_minute"])
    else:
        hour = int(_about(match["hour"]) or 0)
        quarter = {"半": 30, "一刻": 15, "三刻": 45}
        minute = quarter[match["quarter"]] if match["quarter"] else _number(match["minute"] or match["minutes"] or "0")
    if part in _HALF_DAYS and hour < 12 and not (hour < 6 and part in ("深夜", "半夜", "夜里", "夜间", "晚上", "晚")):
        hour += _HALF_DAYS[part]
    elif hour == 12 and part in ("深夜", "半夜", "夜里", "夜间", "晚上", "晚"):
        hour = 24
    return TimeSpan("hour", 0, 0, hour=time(hour % 24, minute))


_RECKONINGS: Final[tuple[tuple[str, Callable[[re.Match[str], date], TimeSpan | None]], ...]] = (
    ("year", _absolute),
    ("rel_year", _relative_year),
    ("edge", _edge_of_year),
    ("month", _month_and_day),
    ("only", _day_of_month),
    ("rel_day", _relative_day),
    ("weekday", _weekday),
    ("whole", _whole),
    ("ago", _ago),
    ("lately", _lately),
    ("lasting", _lasting),
    ("hour", _hour),
    ("clock", _hour),
)
