"""Finding thousands of words and hundreds of patterns in one pass over a short text.

A text of a hundred characters has about a hundred pairs of neighbours. Words are filed under
their first pair and patterns under a piece that they cannot do without, so that a few set
operations in C leave some dozens of candidates. That is faster in CPython than an automaton
walked character by character, and far faster than one large alternation.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import add
from typing import Final, NamedTuple

from nlp.normalise import Normalised
from nlp.regex_facts import Clause, clause_cost, required_grams


class Hit(NamedTuple):
    """A word or a pattern found at ``text[start:end]``. ``word`` is None for a pattern."""

    start: int
    end: int
    word: str | None

    def overlaps(self, other: "Hit") -> bool:
        """Say whether the two share a character."""
        return self.start < other.end and other.start < self.end


NOT: Final = "not-"
"""Put before a kind: the excluded phrases that were found."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What speaks for ``code`` among its ``kind``: any word, any pattern, unless excluded.

    An excluded phrase takes away the hits that it overlaps (``热死了`` is no death), not the
    others: ``热死了，我不想活了`` still counts.
    """

    kind: str
    code: str
    words: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    exclude: tuple[str, ...] = ()


Hits = dict[str, dict[str, list[Hit]]]
"""Kind → code → hits; what has no hits is not there. ``not-KIND`` holds excluded phrases."""

_Owner = tuple[str, str]


class Matcher:
    """All rules in one index. Immutable after construction, so free to share among threads."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """File the rules' words and patterns. Words have two characters or more."""
        owners: dict[str, set[_Owner]] = defaultdict(set)
        patterns: dict[re.Pattern[str], set[_Owner]] = defaultdict(set)
        for rule in rules:
            for word in rule.words:
                owners[word].add((rule.kind, rule.code))
            for word in rule.exclude:
                owners[word].add((NOT + rule.kind, rule.code))
            for pattern in rule.patterns:
                patterns[pattern].add((rule.kind, rule.code))
        filed: dict[str, list[tuple[str, int, tuple[_Owner, ...]]]] = defaultdict(list)
        for word in sorted(owners):
            filed[word[:2]].append((word, len(word), tuple(sorted(owners[word]))))
        self._words = {pair: tuple(words) for pair, words in filed.items()}
        self._pairs = frozenset(self._words)
        self._patterns: dict[str, dict[_FiledPattern, None]] = defaultdict(dict)
        self._always: list[_FiledPattern] = []
        for pattern, of_pattern in patterns.items():
            self._file(pattern, tuple(sorted(of_pattern)))
        self._grams = frozenset(self._patterns)

    def _file(self, pattern: re.Pattern[str], owners: tuple[_Owner, ...]) -> None:
        clauses = sorted(required_grams(pattern.pattern), key=clause_cost)
        filed = _FiledPattern(pattern, owners, tuple(clauses[1:]))
        if not clauses:
            self._always.append(filed)
        for gram in clauses[0] if clauses else ():
            self._patterns[gram][filed] = None

    def scan(self, text: str) -> Hits:
        """Find all rules in ``text`` (in matching form). A pattern counts once, a word always."""
        pairs = set(map(add, text, text[1:]))
        hits: Hits = {}
        # Sorted, so that sums and ties come out the same in every process.
        for pair in sorted(pairs & self._pairs):
            for word, length, owners in self._words[pair]:
                start = text.find(word)
                while start >= 0:
                    end = start + length
                    _note(hits, owners, Hit(start, end, word))
                    start = text.find(word, end)
        self._scan_patterns(text, pairs.union(text), hits)
        for kind in [kind for kind in hits if kind[:4] == NOT]:
            _take_away(hits.get(kind[4:], {}), hits[kind])
        return hits

    def _scan_patterns(self, text: str, grams: set[str], hits: Hits) -> None:
        candidates = dict.fromkeys(self._always)
        for gram in sorted(grams & self._grams):
            candidates.update(self._patterns[gram])
        for filed in candidates:
            for clause in filed.clauses:
                if clause.isdisjoint(grams):
                    break
            else:
                found = filed.pattern.search(text)
                if found is not None:
                    _note(hits, filed.owners, Hit(found.start(), found.end(), None))


def _note(hits: Hits, owners: Iterable[_Owner], hit: Hit) -> None:
    for kind, code in owners:
        hits.setdefault(kind, {}).setdefault(code, []).append(hit)


def _take_away(found: dict[str, list[Hit]], excluded: dict[str, list[Hit]]) -> None:
    for code in found.keys() & excluded.keys():
        phrases = excluded[code]
        left = [hit for hit in found[code] if not any(hit.overlaps(p) for p in phrases)]
        if left:
            found[code] = left
        else:
            del found[code]


@dataclass(frozen=True, slots=True, eq=False)
class _FiledPattern:
    pattern: re.Pattern[str]
    owners: tuple[_Owner, ...]
    clauses: tuple[Clause, ...]


def source_words(found: Sequence[Hit], form: Normalised) -> tuple[str, ...]:
    """Give the hits as they were written, in the order of the text, each once."""
    if len(found) == 1:
        return (form.source(found[0].start, found[0].end),)
    words: dict[str, None] = {}
    furthest = 0
    for start, end, _ in sorted(found, key=_by_place):
        # What lies inside the hit before it is told with it.
        if end > furthest:
            words[form.source(start, end)] = None
            furthest = end
    return tuple(words)


def _by_place(hit: Hit) -> tuple[int, int]:
    return hit.start, -hit.end
