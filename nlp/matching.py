"""Finding thousands of words and hundreds of patterns in one pass over a short text.

One automaton (Aho–Corasick) holds the words of all rules, and the pieces of text that each pattern
cannot do without: a pattern is tried only where its pieces were found. Pieces of one character, of which
a text has many, are asked of a regular expression: that is cheaper than to be told where each of them stands.
"""

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick

from nlp.normalise import Normalised
from nlp.regex_facts import required_pieces

Hit = tuple[int, int, int]
"""What was found, and from where to where in the text: the number of a word, or ``PATTERN``."""

PATTERN: Final = -1

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

_Piece = int | str
"""What a pattern needs: the number of a needle of the automaton, or a single character."""

_Need = tuple[int, tuple[frozenset[_Piece], ...]]
"""The number of a pattern, and the clauses that must hold beside the one it is filed under."""


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
        clauses_of = {pattern: required_pieces(pattern.pattern) for pattern in patterns}
        pieces = {piece for clauses in clauses_of.values() for clause in clauses for piece in clause}
        rarity = _Rarity([*owners, *pieces])
        # Sorted, so that sums and ties come out the same in every process.
        needles = sorted(owners.keys() | {piece for piece in pieces if len(piece) > 1})
        numbers: dict[str, _Piece] = {needle: number for number, needle in enumerate(needles)}
        self._automaton = AhoCorasick(needles, store_patterns=False)
        self._owners = [tuple(sorted(owners.get(needle, ()))) for needle in needles]
        characters = sorted(piece for piece in pieces if len(piece) == 1)
        self._characters = re.compile(f"[{re.escape(''.join(characters))}]" if characters else "(?!)")
        self._patterns: list[_FiledPattern] = []
        self._always: set[int] = set()
        by_piece: dict[_Piece, list[_Need]] = defaultdict(list)
        for number, (pattern, of) in enumerate(clauses_of.items()):
            self._patterns.append(_FiledPattern(pattern, tuple(sorted(patterns[pattern]))))
            clauses = [
                frozenset(numbers.get(piece, piece) for piece in clause) for clause in sorted(of, key=rarity.of_any)
            ]
            if not clauses:
                self._always.add(number)
                continue
            for piece in clauses[0]:
                by_piece[piece].append((number, tuple(clauses[1:])))
        self._needs = dict(by_piece)
        self._first = frozenset(by_piece)

    def scan(self, text: str) -> Hits:
        """Find all rules in ``text`` (in matching form). A pattern counts once, a word always."""
        hits: Hits = {}
        owners = self._owners
        present: set[_Piece] = set(self._characters.findall(text))
        for hit in self._automaton.find_matches_as_indexes(text, overlapping=True):
            number = hit[0]
            present.add(number)
            for kind, code in owners[number]:
                if kind not in hits:
                    hits[kind] = {code: [hit]}
                elif code in hits[kind]:
                    hits[kind][code].append(hit)
                else:
                    hits[kind][code] = [hit]
        self._scan_patterns(text, present, hits)
        for kind in [kind for kind in hits if kind[:4] == NOT]:
            _take_away(hits.get(kind[4:], {}), hits[kind])
        return hits

    def _scan_patterns(self, text: str, present: set[_Piece], hits: Hits) -> None:
        candidates = self._always.copy()
        for piece in present & self._first:
            for number, clauses in self._needs[piece]:
                for clause in clauses:
                    if clause.isdisjoint(present):
                        break
                else:
                    candidates.add(number)
        for number in sorted(candidates):
            filed = self._patterns[number]
            found = filed.pattern.search(text)
            if found is not None:
                for kind, code in filed.owners:
                    hits.setdefault(kind, {}).setdefault(code, []).append((PATTERN, *found.span()))


def _take_away(found: dict[str, list[Hit]], excluded: dict[str, list[Hit]]) -> None:
    for code in found.keys() & excluded.keys():
        left = [
            (number, start, end)
            for number, start, end in found[code]
            if not any(start < phrase_end and phrase_start < end for _, phrase_start, phrase_end in excluded[code])
        ]
        if left:
            found[code] = left
        else:
            del found[code]


class _FiledPattern(NamedTuple):
    pattern: re.Pattern[str]
    owners: tuple[_Owner, ...]


class _Rarity:
    """How likely a piece is met by chance, guessed from the characters of all words: 了 is common, 粪 is not.

    A pattern is filed under the rarest pieces that it needs, so that few patterns are looked at in vain.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._counts = Counter(itertools.chain.from_iterable(words))
        self._total = max(1, self._counts.total())

    def of_any(self, clause: Iterable[str]) -> float:
        """Give the chance that a place of a text has one of the pieces."""
        return sum(math.prod(self._counts[character] / self._total for character in piece) for piece in clause)


def source_words(found: Sequence[Hit], form: Normalised) -> tuple[str, ...]:
    """Give the hits as they were written, in the order of the text, each once."""
    if len(found) == 1:
        _, start, end = found[0]
        return (form.source(start, end),)
    words: dict[str, None] = {}
    furthest = 0
    for start, _, end in sorted((start, -end, end) for _, start, end in found):
        # What lies inside the hit before it is told with it.
        if end > furthest:
            words[form.source(start, end)] = None
            furthest = end
    return tuple(words)
