"""What a case taught: the category that people settled on, read off its history and kept nowhere else.

So a lesson goes by itself when its case is sealed or withdrawn or its words are erased, and of corrections that were
made at once the one that stands last in the history (by `seq`) holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from routing.case import CaseEvent
from routing.people import Role
from routing.workflow import Action

RECLASSIFY = "reclassify"
#: The kinds of events that say something of a case's category.
TEACHING = (RECLASSIFY, Action.PROPOSE.value, Action.RETURN.value, Action.CONFIRM.value, Action.ANSWER.value)
_AT_WORK = frozenset({Role.STAFF.value, Role.ADMIN.value, Role.OFFICER.value})


class How(StrEnum):
    """How people said which category is right."""

    CORRECTED = "corrected"  # 改类
    REROUTED = "rerouted"  # another department than the suggested one
    ACCEPTED = "accepted"  # what was suggested, signed for by the department that leads it


@dataclass(frozen=True, slots=True)
class History:
    """An unsealed case as it can be learned from. `suggested`: leaf codes, the best first; `text`: the citizen's words
    that the suggestion was made of, unmasked; `events`: those of `TEACHING`, in order of `seq`."""

    case_id: int
    reporter_id: int
    suggested: tuple[str, ...]
    text: str
    events: Sequence[CaseEvent]


class HistoryRepository(Protocol):
    """Reads only."""

    def below(self, case_id: int, limit: int) -> Sequence[History]:
        """Cases with an id below this one, newest first, with a `TEACHING` event and words that are still there.
        Never one that is or may become sealed, was declined, withdrawn or merged, or whose words were withdrawn."""
        ...


@dataclass(frozen=True, slots=True)
class Lesson:
    """`category` is right for a case: `taught_by` (a member's id) said so at `at`, and `seconded_by` agreed.
    `suggested` is what had been suggested first."""

    case_id: int
    reporter_id: int
    category: str
    how: How
    taught_by: int
    at: datetime
    suggested: str | None = None
    seconded_by: tuple[int, ...] = ()


def lesson_of(history: History, leads: Mapping[str, str]) -> Lesson | None:
    """The lesson of a case, or None while people said nothing of its category or are not at one about it.

    `leads`: leaf code → code of the department that leads it. A code that it has not is not learned.
    """
    walk = _Walk(history.suggested, leads)
    for event in history.events:
        if event.actor_id is not None and event.actor_role in _AT_WORK:
            walk.take(event, event.actor_id)
    if walk.how is None or walk.category is None or walk.by is None or walk.lead in walk.returned_by:
        return None
    return Lesson(
        case_id=history.case_id,
        reporter_id=history.reporter_id,
        category=walk.category,
        how=walk.how,
        taught_by=walk.by,
        at=walk.at or history.events[-1].at,
        suggested=history.suggested[0] if history.suggested else None,
        seconded_by=tuple(sorted(walk.seconded_by)),
    )


@dataclass(slots=True)
class _Walk:
    """Where a history stands. Until somebody says something, the category is the one suggested first."""

    suggested: tuple[str, ...]
    leads: Mapping[str, str]
    category: str | None = None
    how: How | None = None
    by: int | None = None
    at: datetime | None = None
    department: str | None = None
    proposed_by: int | None = None
    seconded_by: set[int] = field(default_factory=set)
    returned_by: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.category = next((code for code in self.suggested[:1] if code in self.leads), None)

    @property
    def lead(self) -> str | None:
        return self.leads.get(self.category or "")

    def take(self, event: CaseEvent, who: int) -> None:
        match event.kind:
            case "reclassify":
                self._corrected(event, who)
            case "propose":
                self._proposed(event, who)
            case "return":
                self._returned(event)
            case "confirm":
                self.department = event.data.get("department") or self.department
                self._agreed(event, who)
            case "answer" if event.data.get("class") != "elsewhere":
                self._agreed(event, who)
            case "answer":
                self._doubted()

    def _says(self, category: str | None, how: How, event: CaseEvent, who: int) -> None:
        self.category, self.how, self.by, self.at = category, how, who, event.at
        self.seconded_by.clear()

    def _corrected(self, event: CaseEvent, who: int) -> None:
        code = event.data.get("category")
        if self.how is How.CORRECTED and code == self.category and who != self.by:
            self.seconded_by.add(who)
            return
        self._says(code if code in self.leads else None, How.CORRECTED, event, who)
        # Said by a person after the return: it is no longer the category that was returned.
        self.returned_by.discard(self.lead or "")

    def _proposed(self, event: CaseEvent, who: int) -> None:
        self.department, self.proposed_by = event.data.get("department"), who
        if self.department == self.lead:
            self.returned_by.discard(self.department or "")
        elif self.how is not How.CORRECTED or self.lead in self.returned_by:
            # The department says which of the suggested categories was meant, if one of them was.
            fitting = (code for code in self.suggested if self.leads.get(code) == self.department)
            self._says(next(fitting, None), How.REROUTED, event, who)
            self.returned_by.discard(self.department or "")

    def _returned(self, event: CaseEvent) -> None:
        department = event.data.get("department")
        if department:
            self.returned_by.add(department)
        if department == self.lead:
            self._doubted()

    def _doubted(self) -> None:
        self.seconded_by.clear()
        if self.how is How.ACCEPTED:
            self.how = self.by = self.at = None

    def _agreed(self, event: CaseEvent, who: int) -> None:
        if self.lead is None or self.department != self.lead:
            return
        self.returned_by.discard(self.lead)
        if self.how is None:
            self.how, self.at = How.ACCEPTED, event.at
            self.by = self.proposed_by if self.proposed_by is not None else who
        if who != self.by:
            self.seconded_by.add(who)
