"""Quiet hours of members: which pushes wait for the morning, and until when.

A member sets them for themselves; nobody has them unless they do. What rings through them is a row of `RINGS`; replies
to what somebody has just written are no pushes, and never wait.
"""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from routing.notice import Notice, NoticeState, Priority
from routing.people import Contact
from routing.ports import UnitOfWork

_LOCAL: Final = ZoneInfo("Asia/Shanghai")
_DAY: Final = 24 * 60
#: (kind, priority) of what is told at any hour: somebody may be in danger. A department that is urged, or a sealed case
#: that is to be handed over within five working days, can wait until the morning.
RINGS: Final = frozenset({("card.duty", Priority.URGENT), ("card.supplemented", Priority.URGENT)})
_TIME = r"(\d{1,2})(?:[:点](\d{2})?)?"
_HOURS = re.compile(rf"{_TIME}\s*(?:[-—–~至到]|--|——)\s*{_TIME}")


def read_hours(typed: str) -> tuple[int, int] | None:
    """ "22:00-7:00" as minutes after midnight, from and until; None where it is no such time or the two are equal."""
    found = _HOURS.fullmatch(unicodedata.normalize("NFKC", typed[:40]).strip())
    if found is None:
        return None
    hours, minutes = (int(found[1]), int(found[3])), (int(found[2] or 0), int(found[4] or 0))
    if max(hours) > 24 or max(minutes) > 59:
        return None
    begins, ends = ((60 * hour + minute) % _DAY for hour, minute in zip(hours, minutes, strict=True))
    return (begins, ends) if begins != ends else None


def written(minutes: int) -> str:
    """Minutes after midnight as people write them: "7:00"."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def set_hours(uow: UnitOfWork, contact: Contact, hours: tuple[int, int] | None) -> None:
    """Set a member's quiet hours, or none. What was held under the old ones is looked at again at once."""
    contact.quiet_from, contact.quiet_to = hours or (None, None)
    for notice in uow.notices.unfinished(contact.id):
        if notice.member_id is not None and notice.state is NoticeState.PENDING and notice.lease_owner is None:
            notice.due_at = min(notice.due_at, uow.now)


def quiet_until(contact: Contact, now: datetime) -> datetime | None:
    """When the quiet hours end in which `now` lies; None outside them. The first minute belongs to them, the last one
    does not."""
    if contact.quiet_from is None or contact.quiet_to is None:
        return None
    local = now.astimezone(_LOCAL)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    minute = 60 * local.hour + local.minute
    into = (minute - contact.quiet_from) % _DAY
    if into >= (contact.quiet_to - contact.quiet_from) % _DAY:
        return None
    day = 1 if contact.quiet_to <= minute else 0
    return (midnight + timedelta(days=day, minutes=contact.quiet_to)).astimezone(now.tzinfo)


def held_until(contact: Contact, notice: Notice, now: datetime) -> datetime | None:
    """Until when a push waits; None for what goes out now."""
    if notice.member_id is None or notice.priority is Priority.REPLY or (notice.kind, notice.priority) in RINGS:
        return None
    return quiet_until(contact, now)


def hold(notice: Notice, until: datetime) -> None:
    """Put a push off. What was urgent is not, when it can wait: it must not stand before an emergency of that night."""
    notice.due_at = max(notice.due_at, until)
    notice.priority = max(notice.priority, Priority.PUSH)
    notice.lease_owner = notice.lease_until = None
