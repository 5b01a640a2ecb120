"""What was told of a case, as finding repeats and hot topics need it: no names, no numbers, nothing sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

#: Above every id.
LAST = (1 << 63) - 1
Topics = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One unsealed case. `people`: contacts who told of it and did not withdraw; `text`: their words, one message a
    line, unmasked; `topics`: leaf categories with their probability (0 to 1), the best first."""

    case_id: int
    station_id: int
    at: datetime
    people: tuple[int, ...]
    department: str | None
    topics: Topics
    text: str


class ToldRepository(Protocol):
    """Reads only. Sealed and transferred cases are in none of its answers."""

    def newest_change(self) -> int:
        """The id of the last event in any case's history; 0 when there is none. Ids rise with time."""
        ...

    def changed(self, after: int, limit: int) -> Sequence[tuple[int, int]]:
        """(event, case) of what happened after an event, oldest first, whatever kind of case it is."""
        ...

    def open_below(self, below: int, limit: int) -> Sequence[int]:
        """Open cases with an id below this one, newest first."""
        ...

    def of(self, case_ids: Sequence[int]) -> Sequence[Told]:
        """Those of these cases that are open and of which words are left, in the order of their ids."""
        ...

    def between(self, since: datetime, until: datetime, limit: int, below: int = LAST) -> Sequence[Told]:
        """Cases told of from `since` to `until`, both included, open or closed (not declined, withdrawn or merged);
        of more than `limit` the newest, the newest first. `below`: of those of the moment `until`, only the ids below
        it, so that one can go on where the last piece ended."""
        ...

    def shown(self, case_ids: Sequence[int]) -> set[int]:
        """Those of these cases that are still open or closed: not sealed, transferred, declined or withdrawn since."""
        ...


def topics_of(category: str | None, suggestion: dict[str, Any]) -> Topics:
    """What a case is about: as staff classified it, else as it was suggested."""
    if category is not None:
        return ((category, 1.0),)
    return tuple((found["code"], float(found["confidence"])) for found in suggestion.get("categories") or ())
