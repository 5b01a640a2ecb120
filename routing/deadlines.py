"""How long each step may take, as data, each with its unit and where it comes from.

Sources: "RULES" is the project's collection of domain rules (§2, timings), "DESIGN" and "ISSUE 2" its product
decisions. Law counts some limits in 日 (calendar days) and others in 工作日, so a limit always carries its unit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from routing.case import Urgency
from routing.working_days import WorkingCalendar


class Unit(StrEnum):
    """`SAME_DAY` is the close of the current workday, or of the next one after 17:00; its amount is 0."""

    SAME_DAY = "same_day"
    WORKDAY = "workday"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"


@dataclass(frozen=True, slots=True)
class Limit:
    """`to_workday` moves a moment that falls on a holiday to 09:00 of the next workday."""

    amount: int
    unit: Unit
    source: str
    to_workday: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """`at` is UTC. `provisional` means the calendar for it isn't announced yet: show "（暂定）" and reckon again."""

    at: datetime
    provisional: bool


DRAFT_QUIET: Final = Limit(10, Unit.MINUTE, "DESIGN: a draft that lies quiet for ten minutes is submitted")
INVITATION: Final = Limit(15, Unit.MINUTE, "ISSUE 2, part 4")
LINK_CODE: Final = Limit(15, Unit.MINUTE, "as an invitation; decision 0020")
DUTY_CALL: Final = Limit(15, Unit.MINUTE, "RULES §2: emergency, 15 minutes to call; SCENARIOS 7")
STAFF_ACCEPT: Final = Limit(0, Unit.SAME_DAY, "RULES §2: accept and assign the same day (德清, source 002)")
DEPUTY_TO_SUBSTITUTE: Final = Limit(24, Unit.HOUR, "SCENARIOS 14")
DEPUTY_TO_STAFF: Final = Limit(48, Unit.HOUR, "SCENARIOS 14")
CONFIRM: Final = Limit(1, Unit.WORKDAY, "taxonomy.yaml, reject_window_workdays; SCENARIOS 4")
ANSWER_EMERGENCY: Final = Limit(2, Unit.HOUR, "taxonomy.yaml, urgency_levels.emergency")
ANSWER_URGENT: Final = Limit(1, Unit.WORKDAY, "taxonomy.yaml, urgency_levels.urgent")
REVIEW: Final = Limit(2, Unit.WORKDAY, "SCENARIOS 5")
REDO: Final = Limit(3, Unit.WORKDAY, "SCENARIOS 5")
INFO: Final = Limit(5, Unit.DAY, "DESIGN: one question, five days, clock stands still")
NO_NEWS: Final = Limit(3, Unit.WORKDAY, "ISSUE 2, part 9")
RATING_REMINDER: Final = Limit(3, Unit.WORKDAY, "RULES §2: a reminder after 3 days; ISSUE 2, part 9")
RATING_CLOSES: Final = Limit(3, Unit.WORKDAY, "RULES §2: then 'no answer'; counted from the reminder")
LOOK_BACK: Final = Limit(30, Unit.DAY, "DESIGN: looks back after 30 days; SCENARIOS 1", to_workday=True)
LOOK_BACK_PROMISE: Final = Limit(90, Unit.DAY, "DESIGN: and 90 for promises; SCENARIOS 1", to_workday=True)
REMIND_AGAIN: Final = Limit(1, Unit.WORKDAY, "RULES §2: one reminder, then supervision; here daily until somebody acts")
INTEGRITY: Final = Limit(5, Unit.WORKDAY, "SCENARIOS 6: handed over within 5 workdays")
EXTENSION_MOST: Final = Limit(10, Unit.WORKDAY, "taxonomy.yaml, extend.max_extra_workdays; 接诉即办条例 Art. 15")


def confirm_limit(urgency: Urgency) -> Limit:
    """The time for a department to take a case on: never longer than it has to answer an emergency."""
    return ANSWER_EMERGENCY if urgency is Urgency.EMERGENCY else CONFIRM


def answer_limit(urgency: Urgency, sla_workdays: int) -> Limit:
    """The time for an answer. An urgent matter is never slower than its category says."""
    if urgency is Urgency.EMERGENCY:
        return ANSWER_EMERGENCY
    if urgency is Urgency.URGENT:
        return ANSWER_URGENT
    return Limit(sla_workdays, Unit.WORKDAY, "taxonomy.yaml, sla_workdays of the category")


def due(limit: Limit, start: datetime, calendar: WorkingCalendar) -> Due:
    """When `limit` runs out, counted from the aware moment `start`."""
    if limit.unit is Unit.SAME_DAY:
        return Due(*calendar.end_of_workday(start))
    if limit.unit is Unit.WORKDAY:
        return Due(*calendar.add_workdays(start, limit.amount))
    if limit.unit is Unit.DAY:
        at = calendar.add_days(start, limit.amount)
    else:
        step = timedelta(hours=1) if limit.unit is Unit.HOUR else timedelta(minutes=1)
        at = start.astimezone(UTC) + step * limit.amount
    return Due(*calendar.on_workday(at)) if limit.to_workday else Due(at, False)


def extend(due_at: datetime, workdays: int, calendar: WorkingCalendar) -> Due:
    """The later time of a granted extension, counted on from the old one. Raises `ValueError` beyond 1–10 workdays."""
    if not 1 <= workdays <= EXTENSION_MOST.amount:
        raise ValueError(f"an extension is 1 to {EXTENSION_MOST.amount} workdays, not {workdays}")
    return Due(*calendar.add_workdays(due_at, workdays))
