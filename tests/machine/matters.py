"""What the model is made of: cases, what was said, what is to be followed up, where chats stand."""

from dataclasses import dataclass, field
from datetime import datetime

OPEN = frozenset({"received", "accepted", "proposed", "assigned", "needs_info", "answered", "review"})
SEALED = frozenset({"sealed", "transferred"})
#: In which states a step is possible, and where it leads ("" where that is reckoned).
LEGAL: dict[str, tuple[set[str], str]] = {
    "accept": ({"received"}, "accepted"),
    "decline": ({"received"}, "declined"),
    "seal": ({"received"}, "sealed"),
    "assign": ({"received", "accepted", "proposed", "assigned"}, "proposed"),
    "confirm": ({"proposed"}, "assigned"),
    "return": ({"proposed"}, "accepted"),
    "ask": ({"accepted", "assigned"}, "needs_info"),
    "inform": ({"needs_info"}, ""),
    "answer": ({"accepted", "assigned"}, "answered"),
    "rate": ({"answered"}, "closed"),
    "object": ({"answered", "closed"}, "review"),
    "redo": ({"review"}, "assigned"),
    "uphold": ({"review"}, "closed"),
    "withdraw": (set(OPEN), "withdrawn"),
    "transfer": ({"sealed"}, "transferred"),
}
#: How any refusal is written in `Model.told`; which sentence says it is tested elsewhere.
REFUSED = "refused"


class No(Exception):
    """The rules do not allow it."""


@dataclass(eq=False)
class Submission:
    who: str
    deputy: str | None
    texts: list[str] = field(default_factory=list)
    case: "Case | None" = None
    withdrawn: bool = False


@dataclass(eq=False)
class Case:
    """`departments` are (code, state) of its rounds, oldest first."""

    who: str
    submission: Submission
    deputy: str | None
    news_at: datetime
    number: str = ""
    state: str = "received"
    came_from: str = ""
    heard_by: str | None = None
    departments: list[list[str]] = field(default_factory=list)
    department: str | None = None
    returns: int = 0
    redone: bool = False
    question: bool = False

    @property
    def sealed(self) -> bool:
        return self.state in SEALED


@dataclass(eq=False)
class FollowUp:
    kind: str
    at: datetime
    made: datetime
    about: Case | Submission
    times: int = 0


@dataclass(eq=False)
class Chat:
    """Where a citizen's chat stands."""

    who: str
    arrived: bool = False
    deputy: str | None = None
    state: str = "idle"
    draft: Submission | None = None
    about: Case | None = None
    asked: Case | None = None
    touched: datetime | None = None
