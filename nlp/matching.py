"""Finding thousands of words and hundreds of patterns in one pass over a short text.

One automaton (Aho–Corasick) holds the words of all rules, and of each pattern the rarest pieces of text that it
cannot do without: a pattern is tried only where one was found, and one of the next rarest is in the text too.
Pieces of one character, of which a text has many, are asked of a regular expression instead: that is cheaper than
to be told where each of them stands.
"""

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick

from nlp.normalise import Normalised
from nlp.regex_facts import Clause, required_pieces

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


class Matcher:
    """All rules in one index. Immutable after construction, so free to share among threads."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """File the rules' words and patterns. Words have two characters or more."""
        owners: dict[str, set[_Owner]] = defaultdict(set)
        patterns: dict[re.Pattern[str], set[_Owner]] = defaultdict(set)
        self._excluding: dict[str, str] = {}
        for rule in rules:
            self._excluding[NOT + rule.kind] = rule.kind
            for word in rule.words:
                owners[word].add((rule.kind, rule.code))
            for word in rule.exclude:
                owners[word].add((NOT + rule.kind, rule.code))
            for pattern in rule.patterns:
                patterns[pattern].add((rule.kind, rule.code))
        self._patterns: list[_FiledPattern] = []
        self._always: list[int] = []
        needed_by: dict[str, list[int]] = defaultdict(list)
        for filed in _filed(patterns, owners):
            number = len(self._patterns)
            self._patterns.append(filed)
            if filed.first is _ALWAYS:
                self._always.append(number)
                continue
            for piece in filed.first:
                needed_by[piece].append(number)
        characters = sorted(piece for piece in needed_by if len(piece) == 1)
        self._characters = re.compile(f"[{re.escape(''.join(characters))}]" if characters else "(?!)")
        self._needed_by = {character: needed_by.pop(character) for character in characters}
        # Sorted, so that sums and ties come out the same in every process.
        needles = sorted(owners.keys() | needed_by.keys())
        self._automaton = AhoCorasick(needles, store_patterns=False)
        self._needles = [
            (tuple(sorted(owners.get(needle, ()))), tuple(needed_by.get(needle, ()))) for needle in needles
        ]

    def scan(self, text: str) -> Hits:
        """Find all rules in ``text`` (in matching form). A pattern counts once, a word always."""
        hits: Hits = {}
        needles = self._needles
        possible = set(self._always)
        for hit in self._automaton.find_matches_as_indexes(text, overlapping=True):
            owners, patterns = needles[hit[0]]
            for kind, code in owners:
                if kind not in hits:
                    hits[kind] = {code: [hit]}
                elif code in hits[kind]:
                    hits[kind][code].append(hit)
                else:
                    hits[kind][code] = [hit]
            if patterns:
                possible.update(patterns)
        for character in self._characters.findall(text):
            possible.update(self._needed_by[character])
        for number in sorted(possible):
            pattern, owners, _, second = self._patterns[number]
            for piece in second:
                if piece in text:
                    found = pattern.search(text)
                    if found is not None:
                        for kind, code in owners:
                            hits.setdefault(kind, {}).setdefault(code, []).append((PATTERN, *found.span()))
                    break
        for excluding in hits.keys() & self._excluding.keys():
            _take_away(hits.get(self._excluding[excluding], {}), hits[excluding])
        return hits


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


_ALWAYS: Final[Clause] = frozenset({""})
"""What stands in every text."""


class _FiledPattern(NamedTuple):
    """A pattern can match only in a text that has one piece of ``first`` and one of ``second``."""

    pattern: re.Pattern[str]
    owners: tuple[_Owner, ...]
    first: Clause
    second: tuple[str, ...]


def _filed(patterns: Mapping[re.Pattern[str], set[_Owner]], words: Collection[str]) -> Iterator[_FiledPattern]:
    clauses_of = {pattern: required_pieces(pattern.pattern) for pattern in patterns}
    rarity = _Rarity(words, [piece for of in clauses_of.values() for clause in of for piece in clause])
    for pattern, clauses in clauses_of.items():
        first, second, *_ = (*sorted(clauses, key=rarity.of_any), _ALWAYS, _ALWAYS)
        yield _FiledPattern(pattern, tuple(sorted(patterns[pattern])), first, tuple(sorted(second)))


class _Rarity:
    """How likely a piece is met by chance, guessed from all words of the rules: 政府 is common, 粪 is not.

    A pattern is filed under the rarest pieces that it needs, so that few patterns are tried in vain.
    """

    def __init__(self, words: Collection[str], pieces: Collection[str]) -> None:
        self._runs = Counter(run for word in words for run in _runs(word))
        self._length = max(1, sum(map(len, words)))
        self._characters = Counter(itertools.chain.from_iterable((*words, *pieces)))
        self._total = self._characters.total()

    def of_any(self, clause: Iterable[str]) -> float:
        """Give the chance that a place of a text has one of the pieces."""
        return sum(map(self._of_one, clause))

    def _of_one(self, piece: str) -> float:
        # A piece that is no part of any word is as likely as its characters are together.
        independent = math.prod(self._characters[character] / self._total for character in piece)
        return max(independent, self._runs[piece] / self._length)


def _runs(word: str) -> Iterator[str]:
    for start, end in itertools.combinations(range(len(word) + 1), 2):
        yield word[start:end]


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
