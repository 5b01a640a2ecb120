"""Which department might handle a message, with how much confidence, and which words say so.

Confidence. The scores of :mod:`nlp.scoring` become probabilities by a softmax over the leaves
with any score, beside a fixed mass for "none of what we see", under a ceiling for what one
label can say at all:

    p(leaf) = CEILING * exp(score / T) / (N + sum of exp(score / T))

T, N and the ceiling were set on half of the development messages (real ones, not part of the
project), whose seven labels are coarser than our leaves: the leaves' probabilities were added
up by label. On all of them the expected calibration error is 8 % for titles, 7 % for full texts
and 8 % for first 60 characters. For titles, what is called 0.75 / 0.85 / 0.93 is right 77 / 87 /
93 times in a hundred; below 0.7 the label is right more often than said (0.45: 63), a reserve
left on purpose because the leaf and its department are harder to hit than the label.
tests/nlp/test_real_messages.py measures it where the messages are at hand.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from nlp.integrity import find_integrity, integrity_rules
from nlp.matching import Hit, Hits, Matcher, Rule, source_words
from nlp.normalise import Colloquial, Normalised, fold_word, normalise
from nlp.result import (
    Classification,
    IntegrityHit,
    OutOfScopeHit,
    RankedCategory,
    RankedDepartment,
    SafetyHit,
)
from nlp.safety import find_safety, safety_rules
from nlp.scoring import LeafScore, Scorer
from nlp.segment import Segmenter
from nlp.taxonomy import Taxonomy, WordRule

TEMPERATURE: Final = 0.8
NOTHING: Final = 1.0
CEILING: Final = 0.95

_OUT_OF_SCOPE: Final = "out of scope"
_INTENT: Final = "intent"
_ABUSE: Final = "abuse"
_SPAM: Final = "spam"


class Reading(NamedTuple):
    """One message, looked at once: what every layer's answer is made of, and the two that cannot wait."""

    form: Normalised
    hits: Hits
    safety: SafetyHit | None
    integrity: IntegrityHit | None


class Classifier:
    """Suggests categories and departments. Immutable after construction; threads may share it."""

    def __init__(self, taxonomy: Taxonomy, extra_words: Iterable[str] = ()) -> None:
        """Index the taxonomy and load jieba's dictionary (some 20 MB; seconds at the very first start only).

        ``extra_words`` are the county's own (streets, estates, projects): they only tell jieba
        where words end.
        """
        self.taxonomy = taxonomy
        names = [name for name in map(fold_word, extra_words) if len(name) > 1]
        segmenter = Segmenter(taxonomy.words(), names)
        self._colloquial = Colloquial(dict(taxonomy.colloquial), taxonomy.colloquial_kept)
        self._scorer = Scorer(taxonomy, segmenter)
        self._leaf_matcher = Matcher(self._scorer.rules())
        self._matcher = Matcher(
            [
                *self._scorer.rules(),
                *safety_rules(taxonomy),
                *integrity_rules(taxonomy),
                *(Rule(_OUT_OF_SCOPE, rule.code, rule.keywords, rule.patterns) for rule in taxonomy.out_of_scope),
                *(_word_rule(_INTENT, rule) for rule in taxonomy.intents),
                _word_rule(_ABUSE, taxonomy.abuse),
                _word_rule(_SPAM, taxonomy.spam),
            ]
        )

    def read(self, text: str) -> Reading:
        """Look for danger and corruption in a message, and for what :meth:`judge` needs. Never raises.

        Reads the first 5,000 characters.
        """
        form = normalise(text, self._colloquial)
        hits = self._matcher.scan(form.text)
        return Reading(
            form, hits, find_safety(self.taxonomy, hits, form), find_integrity(self.taxonomy.integrity, hits, form)
        )

    def classify(self, text: str) -> Classification:
        """Classify a message. Never raises; reads the first 5,000 characters."""
        return self.judge(self.read(text))

    def judge(self, reading: Reading) -> Classification:
        """Classify what was read."""
        form, hits, safety, integrity = reading
        scores = self._scorer.score(form.text, hits)
        chances = confidences(scores)
        top_k = self.taxonomy.matching.top_k
        categories = tuple(map(_ranked, scores[:top_k], chances, itertools.repeat(form)))
        return Classification(
            categories=categories,
            departments=self._departments(scores, chances, categories, form),
            safety=safety,
            integrity=integrity,
            out_of_scope=self._out_of_scope(hits, form),
            spam=bool(hits.get(_SPAM)) and self._is_spam(form.text, hits[_SPAM][_SPAM]),
            abusive=bool(hits.get(_ABUSE)),
            sure=integrity is None and self._is_sure(scores),
            intent=self._intent(hits),
        )

    def _departments(
        self,
        scores: Sequence[LeafScore],
        chances: Sequence[float],
        categories: Sequence[RankedCategory],
        form: Normalised,
    ) -> tuple[RankedDepartment, ...]:
        sums: dict[str, float] = {}
        best: dict[str, LeafScore] = {}
        for score, chance in zip(scores, chances, strict=True):
            lead = score.leaf.lead
            if lead in sums:
                sums[lead] += chance
            else:
                sums[lead], best[lead] = chance, score
        # Sorting is stable: equal departments keep the order of their best categories.
        ranked = sorted(sums, key=sums.__getitem__, reverse=True)[: self.taxonomy.matching.top_k]
        shown: dict[str, dict[str, None]] = {lead: {} for lead in ranked}
        for category in categories:
            if category.lead in shown:
                shown[category.lead] |= dict.fromkeys(category.words)
        return tuple(
            RankedDepartment(
                code=code,
                name=self.taxonomy.departments[code].name,
                confidence=sums[code],
                words=tuple(shown[code]) or source_words(best[code].hits, form),
            )
            for code in ranked
        )

    def _is_sure(self, scores: Sequence[LeafScore]) -> bool:
        """Say whether the first category can be shown: high enough, and ahead of the next.

        The next is the best one that leads to another department: two leaves of one
        department do not make it doubtful who should act.
        """
        matching = self.taxonomy.matching
        if not scores or scores[0].rule_score < matching.min_score or scores[0].leaf.review:
            return False
        first = scores[0]
        rival = next((s.score for s in scores if s.leaf.lead != first.leaf.lead), 0.0)
        return (first.score - rival) / first.score >= matching.min_margin

    def _out_of_scope(self, hits: Hits, form: Normalised) -> OutOfScopeHit | None:
        found = hits.get(_OUT_OF_SCOPE)
        if not found:
            return None
        rule = next(rule for rule in self.taxonomy.out_of_scope if rule.code in found)
        return OutOfScopeHit(rule.code, rule.name, rule.refer, source_words(found[rule.code], form))

    def _is_spam(self, text: str, signals: Sequence[Hit]) -> bool:
        """Say whether nothing but advertising is left: outside it, no category is found."""
        rest = list(text)
        for _, start, end in signals:
            rest[start:end] = "。" * (end - start)
        left = "".join(rest)
        scores = self._scorer.score(left, self._leaf_matcher.scan(left))
        return not any(score.rule_score >= self.taxonomy.matching.min_score for score in scores)

    def _intent(self, hits: Hits) -> str | None:
        found = hits.get(_INTENT)
        if not found:
            return None
        longest = {code: max(end - start for _, start, end in of) for code, of in found.items()}
        order = [rule.code for rule in self.taxonomy.intents]
        return min(longest, key=lambda code: (-longest[code], order.index(code)))


def confidences(scores: Sequence[LeafScore]) -> list[float]:
    """Turn scores into probabilities, in the same order; see the module's docstring."""
    highest = max((score.score for score in scores), default=0.0)
    powers = [math.exp((score.score - highest) / TEMPERATURE) for score in scores]
    total = sum(powers) + NOTHING * math.exp(-highest / TEMPERATURE)
    return [CEILING * power / total for power in powers]


def _word_rule(kind: str, rule: WordRule) -> Rule:
    return Rule(kind, rule.code, rule.keywords, rule.patterns, rule.exclude)


def _ranked(score: LeafScore, chance: float, form: Normalised) -> RankedCategory:
    leaf = score.leaf
    return RankedCategory(
        code=leaf.code,
        name=leaf.name,
        confidence=chance,
        words=source_words(score.hits, form),
        lead=leaf.lead,
        co=leaf.co,
        urgency=leaf.urgency,
        sla_workdays=leaf.sla_workdays,
    )
