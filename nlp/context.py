"""Whether what a rule found happens now, or is past, feared, denied, played or only a manner of speaking.

Cues are words of the taxonomy (``safety.context``), each kind with a weight in points. What a hit is
worth is linear, so that it can be told and changed without a programmer:

    points = 1 (hard rule) or 0.5 (soft rule), plus the weights of the kinds of cues in reach

A kind counts once, and cues that say "now" only make up for the others: a hit is never worth more
than its rule. In reach are cues in the hit's own clause, and in so many before and behind it as the
kind says.
A careful rule (danger to one's own life, a child) loses half as much, and never the question
("您现在安全吗？") where somebody speaks of himself.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nlp.matching import Hit, Matcher, Rule
from nlp.taxonomy_model import Context

HARD: Final = 1.0
SOFT: Final = 0.5
"""Points from which a danger is answered at once, and from which it is asked about."""

_KIND: Final = "cue"
_CLAUSE_END: Final = re.compile(r"[,。!?;:、…~]+")


class Cues:
    """The cues of one taxonomy. They are looked for only where something may be a danger: in few texts."""

    def __init__(self, context: Context) -> None:
        """Index their words and patterns."""
        self._context = context
        self._matcher = Matcher(Rule(_KIND, cue.code, cue.keywords, cue.patterns, cue.exclude) for cue in context.cues)

    def around(self, text: str) -> "Surroundings":
        """Find the cues in ``text`` (in matching form)."""
        return Surroundings(self._context, self._matcher.scan(text).get(_KIND, {}), text)


@dataclass(frozen=True, slots=True)
class _Found:
    """A kind of cue: its weight, how far it reaches, and the clauses it was found in."""

    weight: float
    before: int
    after: int
    clauses: frozenset[int]


class Surroundings:
    """The clauses of one text and the cues in them."""

    def __init__(self, context: Context, cues: Mapping[str, Sequence[Hit]], text: str) -> None:
        """Take where each cue of ``context`` stands in ``text`` (in matching form)."""
        self._context = context
        self._text = text
        self._ends = [end.end() for end in _CLAUSE_END.finditer(text)]
        self._found = [
            _Found(cue.weight, cue.before, cue.after, frozenset(self._clause(start) for _, start, _ in cues[cue.code]))
            for cue in context.cues
            if cue.code in cues
        ]

    @property
    def excuses(self) -> float:
        """What the cues say together wherever they stand, from -1 (excused) to 0 points."""
        return max(-1.0, min(0.0, sum(cue.weight for cue in self._found)))

    def _points(self, hit: Hit, rule: str, worth: float) -> float:
        first, last = self._clause(hit[1]), self._clause(hit[2] - 1)
        change = sum(cue.weight for cue in self._found if _in_reach(cue, first, last))
        if len(self._text) > self._context.long_text:
            change -= self._context.long_loss
        if rule not in self._context.careful:
            return worth + min(change, 0.0)
        points = worth + min(change, 0.0) / 2
        return max(points, SOFT) if self._of_oneself(first, last) else points

    def most_points(self, found: Sequence[Hit], rule: str, worth: float) -> float:
        """Give what the best of a rule's hits is worth, of at most ``worth`` points."""
        return max(self._points(hit, rule, worth) for hit in found)

    def careful(self, found: Sequence[Hit], rule: str) -> bool:
        """Say whether the rule is a careful one, and one of its hits is said of oneself."""
        return rule in self._context.careful and any(
            self._of_oneself(self._clause(start), self._clause(end - 1)) for _, start, end in found
        )

    def _of_oneself(self, first: int, last: int) -> bool:
        start = self._ends[first - 1] if first else 0
        end = self._ends[last] if last < len(self._ends) else len(self._text)
        return self._context.oneself.search(self._text, start, end) is not None

    def _clause(self, place: int) -> int:
        return bisect_right(self._ends, place)


def _in_reach(cue: _Found, first: int, last: int) -> bool:
    return any(first - cue.before <= clause <= last + cue.after for clause in cue.clauses)
