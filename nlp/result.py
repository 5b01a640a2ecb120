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
