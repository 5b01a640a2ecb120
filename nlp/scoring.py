"""How strongly a text speaks for each leaf category, and with which words.

Two kinds of evidence are added up. *Rules*: the keywords and patterns of the taxonomy, scored
as its file's header says. *Terms*: the shorter words that jieba finds inside the keywords
("打扫" in "楼道没人打扫"), each worth the less the more categories share it. They are what is
left when people do not use the expected phrase; beside rules they only break near ties and
fill the list. Measured on the development messages (three labels' worth of texts, accuracy
with rules alone, with terms at full weight, with terms as here): titles .62 / .70 / .72, first
60 characters .62 / .66 / .69, full texts .77 / .70 / .79.

jieba matters twice: it makes the terms, and a short word that it reads as pieces of its
neighbours (``上学`` in ``晚上/学校``) is next to nothing.
"""

import math
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from nlp.matching import NOT, Hit, Hits, Rule
from nlp.segment import Segmenter
from nlp.taxonomy import Category, Taxonomy

CUT_FACTOR: Final = 0.3
"""What is left of a word's score when the segmentation cuts through it."""

STRONG_FACTOR: Final = 1.7
PATTERN_SCORE: Final = 2.2
EXCLUDED_FACTOR: Final = 0.5

_WORD_SCORES: Final = {2: 1.0, 3: 1.7, 4: 2.3}
_LONG_WORD_SCORE: Final = 2.8
_TERM_SCALE: Final = 0.25
_TERM_SCALE_BESIDE_RULES: Final = 0.08
_TERM_SHARE: Final = 8
"""A term that more leaves than this share says nothing of any of them."""

_LEAF: Final = "leaf"
_TERM: Final = "term"
_LONGEST_ACCIDENT: Final = 3
_TIES_BROKEN: Final = 3
_URGENCY_ORDER: Final = {"emergency": 0, "urgent": 1, "normal": 2}


_Evidence = tuple[float, list[Hit]]


class LeafScore(NamedTuple):
    """A leaf, its score (above 0, no unit), the part of it from rules, and the hits behind it.

    Where a rule speaks for the leaf, ``hits`` are the rules' hits only.
    """

    leaf: Category
    score: float
    rule_score: float
    hits: Sequence[Hit]

    def order(self) -> tuple[float, bool, int, int, str]:
        """Sort key, best first: score, then a strong word, the longest word, the urgency."""
        words = [hit.word for hit in self.hits if hit.word]
        return (
            -self.score,
            self.leaf.strong.isdisjoint(words),
            -max(map(len, words), default=0),
            _URGENCY_ORDER[self.leaf.urgency],
            self.leaf.code,
        )


class Scorer:
    """The categories of one taxonomy, ready to score. Immutable after construction."""

    def __init__(self, taxonomy: Taxonomy, segmenter: Segmenter) -> None:
        """Split the keywords into terms (this loads jieba's dictionary)."""
        self._leaves = {leaf.code: leaf for leaf in taxonomy.leaves}
        self._segmenter = segmenter
        self._terms = _weigh_terms(taxonomy.leaves, segmenter)

    def rules(self) -> list[Rule]:
        """Give the rules to index for :meth:`score`."""
        rules = [Rule(_LEAF, leaf.code, leaf.keywords, leaf.patterns, leaf.exclude) for leaf in self._leaves.values()]
        return [*rules, Rule(_TERM, _TERM, tuple(self._terms))]

    def score(self, text: str, hits: Hits) -> list[LeafScore]:
        """Rank the leaves that anything in ``text`` speaks for, best first."""
        excluded = hits.get(NOT + _LEAF, {})
        by_rules = self._score_rules(text, hits.get(_LEAF, {}), excluded)
        terms = hits.get(_TERM, {}).get(_TERM, ())
        by_terms = self._score_terms(text, terms, by_rules)
        scale = _TERM_SCALE_BESIDE_RULES if by_rules else _TERM_SCALE
        ranked: list[LeafScore] = []
        for code, (total, found) in by_terms.items():
            leaf = self._leaves[code]
            rule_score, rule_hits = by_rules.pop(code, (0.0, ()))
            # Rounded, for the order of addition differs from run to run and ties must not.
            score = round((rule_score + scale * total) * leaf.weight, 6)
            ranked.append(LeafScore(leaf, score, rule_score * leaf.weight, rule_hits or found))
        for code, (rule_score, rule_hits) in by_rules.items():
            leaf = self._leaves[code]
            score = round(rule_score * leaf.weight, 6)
            ranked.append(LeafScore(leaf, score, score, rule_hits))
        return _in_order(ranked)

    def _score_rules(self, text: str, found: Mapping[str, list[Hit]], excluded: Container[str]) -> dict[str, _Evidence]:
        spans = _outermost(hit for of_leaf in found.values() for hit in of_leaf if hit.word)
        whole = {span: self._is_whole(text, *span) for span in spans}
        scores: dict[str, _Evidence] = {}
        for code, of_leaf in found.items():
            kept = [hit for hit in of_leaf if hit.word is None or hit[:2] in whole]
            if kept:
                factor = EXCLUDED_FACTOR if code in excluded else 1.0
                scores[code] = _rule_score(self._leaves[code], kept, whole) * factor, kept
        return scores

    def _score_terms(self, text: str, found: Iterable[Hit], by_rules: Mapping[str, _Evidence]) -> dict[str, _Evidence]:
        totals: dict[str, _Evidence] = {}
        for hit in {hit.word: hit for hit in found}.values():
            if not self._is_whole(text, hit.start, hit.end):
                continue
            for code, weight in self._terms[hit.word or ""]:
                # What a keyword or a pattern has counted is not counted again.
                if code in by_rules and any(hit.overlaps(rule) for rule in by_rules[code][1]):
                    continue
                total, hits = totals.get(code) or (0.0, [])
                hits.append(hit)
                totals[code] = total + weight, hits
        return totals

    def _is_whole(self, text: str, start: int, end: int) -> bool:
        """Say whether the hit is a word of its own; a longer one is seldom there by accident."""
        return end - start > _LONGEST_ACCIDENT or not self._segmenter.cuts_through(text, start, end)


def _in_order(ranked: list[LeafScore]) -> list[LeafScore]:
    """Sort by score; break ties among the first only, for the rest is never shown."""
    ranked.sort(key=_by_score)
    if len(ranked) > _TIES_BROKEN:
        least = ranked[_TIES_BROKEN].score
        shown = [leaf for leaf in ranked if leaf.score >= least]
    else:
        shown = ranked
    shown = sorted(shown, key=LeafScore.order)
    return shown + ranked[len(shown) :]


def _by_score(ranked: LeafScore) -> tuple[float, str]:
    return -ranked.score, ranked.leaf.code


def _rule_score(leaf: Category, hits: Iterable[Hit], whole: Mapping[tuple[int, int], bool]) -> float:
    best: dict[str, float] = {}
    patterns = 0
    for hit in hits:
        if hit.word is None:
            patterns += 1
            continue
        score = _WORD_SCORES.get(len(hit.word), _LONG_WORD_SCORE)
        if hit.word in leaf.strong:
            score *= STRONG_FACTOR
        if not whole[hit.start, hit.end]:
            score *= CUT_FACTOR
        best[hit.word] = max(score, best.get(hit.word, 0.0))
    return sum(best.values()) + patterns * PATTERN_SCORE


def _outermost(hits: Iterable[Hit]) -> set[tuple[int, int]]:
    """Give the spans that lie inside no other: "农民工工资" found, "工资" does not count."""
    spans = sorted({(hit.start, hit.end) for hit in hits}, key=lambda span: (span[0], -span[1]))
    kept: set[tuple[int, int]] = set()
    furthest = -1
    for start, end in spans:
        if end > furthest:
            kept.add((start, end))
            furthest = end
    return kept


def _weigh_terms(leaves: Iterable[Category], segmenter: Segmenter) -> dict[str, tuple[tuple[str, float], ...]]:
    """Give each term the leaves it speaks for, and how much."""
    leaves = tuple(leaves)
    owners: dict[str, set[str]] = defaultdict(set)
    for leaf in leaves:
        for word in (*leaf.keywords, leaf.name):
            for term in segmenter.cut_for_search(word):
                if len(term) >= 2:
                    owners[term].add(leaf.code)
    terms: dict[str, tuple[tuple[str, float], ...]] = {}
    for term, codes in owners.items():
        if len(codes) <= _TERM_SHARE:
            weight = math.log(len(leaves) / len(codes))
            terms[term] = tuple((code, weight) for code in sorted(codes))
    return terms
