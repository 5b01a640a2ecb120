"""What classification says of one message. ``words`` are as the citizen wrote them."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

SafetyLevel = Literal["hard", "soft"]
IntegrityLevel = Literal["sealed", "hold"]


@dataclass(frozen=True, slots=True)
class SafetyHit:
    """A danger. ``hard``: answer ``answer`` at once and ring; ``soft``: ask it.

    ``visible_to`` names the roles that may see the text; empty means the usual ones.
    """

    code: str
    name: str
    call: tuple[str, ...]
    answer: str
    words: tuple[str, ...]
    level: SafetyLevel
    visible_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IntegrityHit:
    """A hint of corruption. ``sealed``: integrity officers only; ``hold``: they look first."""

    level: IntegrityLevel
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutOfScopeHit:
    """A matter that the law sends elsewhere; ``refer`` says where to."""

    code: str
    name: str
    refer: str
    words: tuple[str, ...]


class Learned(NamedTuple):
    """What the learned model says of danger and corruption: its score less the threshold, so above 0 is an alarm.

    No unit. Rules decide beside it; alone it only asks (danger) or holds (corruption).
    """

    safety: float
    integrity: float


class Reason(NamedTuple):
    """A word of the text that spoke for a category; ``start`` and ``end`` are places in the original.

    ``weight`` is its share of all that spoke for the category, from 0 to 1. ``rule``: a keyword or a pattern of
    the taxonomy, which staff can look up and edit; else the learned model's.
    """

    word: str
    start: int
    end: int
    weight: float
    rule: bool


@dataclass(frozen=True, slots=True)
class ExplainedCategory:
    """A category that was suggested, and what spoke for it, strongest first; rules before learned words.

    ``lead`` is the code of the department that leads, ``confidence`` a probability from 0 to 1.
    """

    code: str
    name: str
    lead: str
    confidence: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a message was suggested to whom: the answer to ``为什么 NUMBER``.

    ``categories`` are the ones offered, best first. ``close``: the second is so near that what spoke for it should
    be told too. ``sure`` is that of the classification. ``model`` is the id of the learned model, empty without one.
    """

    categories: tuple[ExplainedCategory, ...]
    close: bool
    sure: bool
    model: str


class RankedCategory(NamedTuple):
    """A leaf category. ``confidence`` is a probability from 0 to 1, ``sla_workdays`` a time."""

    code: str
    name: str
    confidence: float
    words: tuple[str, ...]
    lead: str
    co: tuple[str, ...]
    urgency: str
    sla_workdays: int


class RankedDepartment(NamedTuple):
    """A lead department: the sum over its categories, with the words of those shown."""

    code: str
    name: str
    confidence: float
    words: tuple[str, ...]


class Classification(NamedTuple):
    """A suggestion, never a decision. ``sure`` false: staff choose, nobody is told a department."""

    categories: tuple[RankedCategory, ...]
    departments: tuple[RankedDepartment, ...]
    safety: SafetyHit | None
    integrity: IntegrityHit | None
    out_of_scope: OutOfScopeHit | None
    spam: bool
    abusive: bool
    sure: bool
    intent: str | None

    def to_json(self) -> dict[str, Any]:
        """Give plain values for ``json.dumps``; confidences are rounded to three places."""
        return {
            "categories": [_ranked(category) for category in self.categories],
            "departments": [_ranked(department) for department in self.departments],
            "safety": self.safety and {
                "code": self.safety.code,
                "name": self.safety.name,
                "level": self.safety.level,
                "call": list(self.safety.call),
                "words": list(self.safety.words),
            },
            "integrity": self.integrity is not None,
            "sure": self.sure,
            "out_of_scope": self.out_of_scope and {
                "code": self.out_of_scope.code,
                "name": self.out_of_scope.name,
                "refer": self.out_of_scope.refer,
                "words": list(self.out_of_scope.words),
            },
            "spam": self.spam,
            "abusive": self.abusive,
            "intent": self.intent,
        }  # fmt: skip


def _ranked(item: RankedCategory | RankedDepartment) -> dict[str, Any]:
    return {
        "code": item.code,
        "name": item.name,
        "confidence": round(item.confidence, 3),
        "words": list(item.words),
    }
