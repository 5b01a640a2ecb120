"""Who acts on a case, by when, in which round."""

from dataclasses import dataclass, field
from datetime import datetime

from routing.ids import new_id


@dataclass(slots=True)
class Assignment:
    """`part` is "lead" (主办) or "co" (会办). `state`: proposed, confirmed, returned, superseded, done.

    `final` marks the round that staff decided after two returns: it can't be returned again.
    `due_at` counts from confirmation; `due_days` and `due_unit` ("workday" or "day") say how it was reckoned.
    """

    case_id: int
    department: str
    part: str
    round: int
    proposed_at: datetime
    state: str = "proposed"
    final: bool = False
    confirm_by: datetime | None = None
    confirmed_at: datetime | None = None
    confirmed_by: int | None = None
    due_at: datetime | None = None
    due_days: int = 5
    due_unit: str = "workday"
    provisional: bool = False
    reason: str | None = None
    id: int = field(default_factory=new_id)
    version: int = 0
