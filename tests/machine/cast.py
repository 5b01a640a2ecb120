"""Who plays in the machine, from the demo county: station HB with its deputies, staff and two departments."""

from datetime import datetime, timedelta

from routing.deadlines import Limit, Unit, due
from routing.working_days import WorkingCalendar

CITIZENS = ("张三", "李四", "王五")
DEPUTY, SUBSTITUTE = "林秋", "张晓岚"
STAFF = ("陈静", "王磊")
CHIEFS = ("赵敏芝", "孙浩")
OFFICERS = {"zhzf": ("周敏", "高峰"), "zhujian": ("韩雪",)}
#: What staff type for a department.
TYPED = {"zhzf": "城管", "zhujian": "住建"}
INTEGRITY = "严正"
#: Deputies of HB, and who hears for each after a day of silence.
HEARS_FOR = {DEPUTY: SUBSTITUTE, SUBSTITUTE: DEPUTY}

_CALENDAR = WorkingCalendar({})


def department_of(officer: str) -> str:
    return next(code for code, names in OFFICERS.items() if officer in names)


def later(start: datetime, amount: int, unit: Unit) -> datetime:
    """The end of a time limit; the calendar itself has tests of its own and is trusted here."""
    return due(Limit(amount, unit, "the machine", to_workday=amount >= 30), start, _CALENDAR).at


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)
