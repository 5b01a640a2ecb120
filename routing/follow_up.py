"""Something due at a time. Rows decide; ticks only look."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from routing.ids import new_id


class FollowUpKind(StrEnum):
    SUBMIT_DRAFT = "submit_draft"
    DEPUTY_SILENT = "deputy_silent"
    STAFF_SILENT = "staff_silent"
    DUTY_SILENT = "duty_silent"
    CONFIRM_DUE = "confirm_due"
    ANSWER_DUE = "answer_due"
    NO_NEWS = "no_news"
    INFO_EXPIRES = "info_expires"
    RATING_REMINDER = "rating_reminder"
    RATING_EXPIRES = "rating_expires"
    LOOK_BACK = "look_back"
    INTEGRITY_DUE = "integrity_due"


@dataclass(slots=True)
class FollowUp:
    """`state` is "pending", "done" or "cancelled". `provisional` marks a due date past the known calendar (暂定)."""

    kind: FollowUpKind
    due_at: datetime
    created_at: datetime
    case_id: int | None = None
    submission_id: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    provisional: bool = False
    state: str = "pending"
    id: int = field(default_factory=new_id)
    version: int = 0
