"""Routing rules and named places as data: what staff say about which department, before any category is asked.

A rule's conditions all have to hold; within one condition any of its words is enough. Words are plain: nothing in
them is a pattern, so nothing can backtrack. The first active rule in the order of `position` wins.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from routing.ids import new_id

#: Rules that are not deleted; words and category codes of one condition; co-handling departments.
MAX_RULES: Final = 200
MAX_WORDS: Final = 20
MAX_CO: Final = 4
#: Characters of a word, in the form in which texts are matched.
MIN_WORD, MAX_WORD = 2, 20
#: Active rules that name neither a word nor a category are tried for every message, so there are few of them.
MAX_WORDLESS: Final = 20


@dataclass(slots=True)
class RoutingRule:
    """One rule. `number` is what people call it and is never given again; `position` is its place in the order.

    `words` and `places` are both looked for in the text, and a place of the roster is meant under all its names.
    `categories` are codes of leaves or groups, compared with the first suggested leaf. `station_id`: that station and
    those below it. `hours` ("22:00-06:00", may pass midnight) and `days` ("2026-12-01~2027-02-28", or each year
    "06-15~09-30", both ends included) are the county's time when the case came in. None or empty: no such condition.
    """

    number: int
    position: int
    department: str
    created_at: datetime
    co_departments: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    station_id: int | None = None
    hours: str | None = None
    days: str | None = None
    active: bool = False
    deleted: bool = False
    version: int = 0

    @property
    def wordless(self) -> bool:
        """Whether nothing of a message's words or category decides whether this rule has to be tried."""
        return not (self.words or self.places or self.categories)


class RuleStep(StrEnum):
    """What happened to a rule."""

    ADDED = "added"
    CHANGED = "changed"
    ENABLED = "enabled"
    DISABLED = "disabled"
    MOVED = "moved"
    DELETED = "deleted"


@dataclass(slots=True)
class RuleEvent:
    """One line of the rules' history: appended, never edited. `member_id` is None for the command line.

    `data` holds what the step needs to be understood, as plain JSON.
    """

    number: int
    at: datetime
    step: RuleStep
    member_id: int | None
    data: dict[str, Any] = field(default_factory=dict)
    id: int = field(default_factory=new_id)


class PlaceKind(StrEnum):
    """What a name on the map is. A project point is asked about as a project, whatever stands there."""

    PROJECT = "project"  # 民生实事项目点位
    STREET = "street"
    ESTATE = "estate"
    INSTITUTION = "institution"


#: The leaf category that the name of a place means by itself.
CATEGORY_OF: Final = {PlaceKind.PROJECT: "ZW05"}


@dataclass(slots=True)
class Place:
    """A project point, street, estate or institution of the county, by the names that people use.

    `department` handles what is said of it, before any category; None: the place is only known, so that rules can
    name it (a project without one goes to the lead of its category). `station_id` is where it lies, if that is known.
    """

    name: str
    kind: PlaceKind = PlaceKind.PROJECT
    aliases: list[str] = field(default_factory=list)
    department: str | None = None
    station_id: int | None = None
    active: bool = True
    id: int = field(default_factory=new_id)
    version: int = 0
