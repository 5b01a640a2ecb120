"""What people made of the suggestions: how often they took them, and what was mistaken for what."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Decision:
    """One case that has a department: the codes that were suggested first, and those that people settled on.

    `sure`: the suggestion was certain enough to be told to anybody; `routed`: a rule of staff or a named place made it,
    not the words' category. Nothing suggested: `suggested` is None. `model` is the id of the model that suggested,
    empty where that was not written down.
    """

    at: datetime
    suggested: str | None
    department: str
    sure: bool
    suggested_category: str | None = None
    category: str | None = None
    routed: bool = False
    model: str = ""

    @classmethod
    def on(cls, suggestion: dict[str, Any], at: datetime, department: str, category: str | None) -> "Decision":
        """What was decided where `suggestion` (the JSON that a case keeps) had been offered."""
        departments, categories = suggestion.get("departments"), suggestion.get("categories")
        return cls(
            at=at,
            suggested=departments[0]["code"] if departments else None,
            department=department,
            sure=bool(suggestion.get("sure")),
            suggested_category=categories[0]["code"] if categories else None,
            category=category,
            routed=bool(suggestion.get("routed")),
            model=suggestion.get("model") or "",
        )

    @property
    def accepted(self) -> bool:
        return self.suggested == self.department


class Share(NamedTuple):
    """`accepted` of `of` suggestions."""

    accepted: int
    of: int

    @property
    def percent(self) -> int:
        return round(100 * self.accepted / self.of) if self.of else 0


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Figures of some decisions. `sure`, `models` and what was `confused` are of the words' categories alone.

    `weeks`: oldest first, the days ago that each began with; empty ones are left out. `departments`: by the one settled
    on, most cases first. `models`: by the model that suggested, the one that began first first. `confused`: (suggested,
    settled on), most frequent first.
    """

    all: Share
    sure: Share
    routed: Share
    unsuggested: int
    weeks: Sequence[tuple[int, Share]]
    departments: Sequence[tuple[str, Share]]
    models: Sequence[tuple[str, Share]]
    confused: Sequence[tuple[tuple[str, str], int]]
    confused_categories: Sequence[tuple[tuple[str, str], int]]


def acceptance(decisions: Iterable[Decision], now: datetime) -> Acceptance:
    """Count how often the first suggested department was the one that the case went to."""
    suggested = []
    unsuggested = 0
    for decision in decisions:
        if decision.suggested is None:
            unsuggested += 1
        else:
            suggested.append(decision)
    by_words = [decision for decision in suggested if not decision.routed]
    by_week: dict[int, list[Decision]] = defaultdict(list)
    by_department: dict[str, list[Decision]] = defaultdict(list)
    by_model: dict[str, list[Decision]] = defaultdict(list)
    for decision in suggested:
        by_week[max(0, (now - decision.at) // WEEK)].append(decision)
        by_department[decision.department].append(decision)
    for decision in sorted(by_words, key=lambda decision: decision.at):
        if decision.model:
            by_model[decision.model].append(decision)
    return Acceptance(
        all=_share(suggested),
        sure=_share([decision for decision in by_words if decision.sure]),
        routed=_share([decision for decision in suggested if decision.routed]),
        unsuggested=unsuggested,
        weeks=[(7 * (week + 1), _share(by_week[week])) for week in sorted(by_week, reverse=True)],
        departments=[
            (code, _share(of)) for code, of in sorted(by_department.items(), key=lambda item: (-len(item[1]), item[0]))
        ],
        models=[(model, _share(of)) for model, of in by_model.items()],
        confused=_most((d.suggested, d.department) for d in by_words),
        confused_categories=_most((d.suggested_category, d.category) for d in by_words),
    )


def _share(decisions: Sequence[Decision]) -> Share:
    return Share(sum(decision.accepted for decision in decisions), len(decisions))


def _most(pairs: Iterable[tuple[str | None, str | None]]) -> list[tuple[tuple[str, str], int]]:
    counts = Counter((one, other) for one, other in pairs if one is not None and other is not None and one != other)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
