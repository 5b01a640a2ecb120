"""Which department might handle a message, with how much confidence, and which words say so.

Rules of the taxonomy (:mod:`nlp.scoring`) and the learned model (:mod:`nlp.model`) are added up and
become calibrated chances of all leaves (:mod:`nlp.ranking`). The path is the same whatever was
learned: from the taxonomy's words and our own examples, from shipped figures, or from a county's own
confirmed cases; without any model the rules remain.

A suggestion is *sure* where the likeliest department has the chance that the taxonomy file asks for
(``matching.min_confidence``), is ahead of the next by its ``min_margin``, leads the likeliest leaf,
no rule's words speak for another department's matter, and that leaf needs no person's look first.
Otherwise the first three are offered and nobody outside the staff is told one.

Measured on sentences that nothing was learned from (four files of tests/nlp, 28 November 2026): the
first leaf is right in 78 to 92 of a hundred, one of three in 91 to 97, the department in 83 to 93; 74 to
84 of a hundred are sure, and of these 91 to 97 are right (docs/model-card.md). For messages like those
that the fields were learned from, what is said is 1 to 3 of a hundred off (the model's header, ``scores``).
"""

import copy
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Self

from nlp.context import Cues
from nlp.integrity import find_integrity, integrity_rules
from nlp.matching import Hit, Hits, Matcher, Rule, source_words
from nlp.model import Look, Model, default_model
from nlp.normalise import Colloquial, Normalised, fold_word, normalise
from nlp.ranking import Ranker, Ranking
from nlp.reasons import MOST_WORDS, Reasons
from nlp.result import (
    Classification,
    ExplainedCategory,
    Explanation,
    IntegrityHit,
    Learned,
    OutOfScopeHit,
    RankedCategory,
    RankedDepartment,
    SafetyHit,
)
from nlp.safety import find_safety, safety_rules
from nlp.scoring import Points, Scorer
from nlp.segment import Segmenter
from nlp.taxonomy import Taxonomy, WordRule

_OUT_OF_SCOPE: Final = "out of scope"
_INTENT: Final = "intent"
_ABUSE: Final = "abuse"
_SPAM: Final = "spam"
_TELLS: Final = "tells of something"
_COLLOQUIAL: Final = "colloquial"

_SECOND_MATTER: Final = 0.1
"""A leaf of another department that is at least so likely, and has words of the taxonomy, may be a second matter."""

_LONG: Final = 200
"""Characters up to which it is cheaper to look for dialect with all other words: one such text in fifty has some."""


class Reading(NamedTuple):
    """One message, looked at once: what every layer's answer is made of, and the two that cannot wait."""

    form: Normalised
    hits: Hits
    look: Look
    learned: Learned
    safety: SafetyHit | None
    integrity: IntegrityHit | None


class Classifier:
    """Suggests categories and departments. Immutable after construction; threads may share it."""

    def __init__(self, taxonomy: Taxonomy, extra_words: Iterable[str] = (), model: Model | None = None) -> None:
        """Index the taxonomy and load jieba's dictionary (some 20 MB; seconds at the very first start only).

        ``extra_words`` are the county's own (streets, estates, projects): they only tell jieba
        where words end. ``model`` is the packaged one if None; with :func:`nlp.model.no_model` the
        rules remain. Raises :class:`nlp.model.ModelError` if the packaged one is damaged.
        """
        self.taxonomy = taxonomy
        self.model = default_model() if model is None else model
        names = [name for name in map(fold_word, extra_words) if len(name) > 1]
        segmenter = Segmenter(taxonomy.words(), names)
        self._colloquial = Colloquial(dict(taxonomy.colloquial), taxonomy.colloquial_kept)
        self._segmenter = segmenter
        self._scorer = Scorer(taxonomy, segmenter)
        self._ranker = Ranker(taxonomy, self.model)
        self._reasons = Reasons(self._ranker, self._scorer, segmenter, taxonomy.matching.ignored_terms)
        self._cues = Cues(taxonomy.safety.context)
        self._telling = Matcher([Rule(_TELLS, _SPAM, taxonomy.spam.unless)])
        self._matcher = Matcher(
            [
                *self._scorer.rules(),
                *safety_rules(taxonomy),
                *integrity_rules(taxonomy),
                *(
                    Rule(_OUT_OF_SCOPE, rule.code, rule.keywords, rule.patterns, rule.exclude)
                    for rule in taxonomy.out_of_scope
                ),
                *(_word_rule(_INTENT, rule) for rule in taxonomy.intents),
                _word_rule(_ABUSE, taxonomy.abuse),
                _word_rule(_SPAM, taxonomy.spam),
                Rule(_COLLOQUIAL, _COLLOQUIAL, tuple(taxonomy.colloquial)),
            ]
        )

    def with_model(self, model: Model) -> Self:
        """Give a classifier that differs in its model alone and shares the rest: 0.1 s instead of 1 s."""
        other = copy.copy(self)
        other.model = model
        other._ranker = Ranker(self.taxonomy, model)
        silent = self.taxonomy.matching.ignored_terms
        other._reasons = Reasons(other._ranker, self._scorer, self._segmenter, silent)
        return other

    def form(self, text: str) -> Normalised:
        """Give the form of a text in which words are looked for, as :meth:`read` sees it."""
        return normalise(text, self._colloquial)

    def read(self, text: str) -> Reading:
        """Look for danger and corruption in a message, and for what :meth:`judge` needs. Never raises.

        Reads the first 5,000 characters.
        """
        form = normalise(text, self._colloquial if len(text) > _LONG else None)
        hits = self._matcher.scan(form.text)
        if _COLLOQUIAL in hits and len(text) <= _LONG:
            form = normalise(text, self._colloquial)
            hits = self._matcher.scan(form.text)
        look = self.model.look(form.text)
        learned = self.model.learned(look)
        safety = find_safety(self.taxonomy, self._cues, hits, form, learned)
        integrity = find_integrity(self.taxonomy.integrity, hits, form, learned)
        abuse = hits.get(_ABUSE, {}).get(_ABUSE)
        if abuse:
            # "一群废物，垃圾政府" speaks of no rubbish; what else the text wants is looked for without it.
            form = form._replace(text=_without(form.text, abuse))
            hits = {**self._matcher.scan(form.text), _ABUSE: {_ABUSE: abuse}}
            look = self.model.look(form.text)
        return Reading(
            form,
            hits,
            look,
            learned,
            safety,
            integrity,
        )

    def words(self, text: str) -> list[str]:
        """Split a text, in matching form, into words that together are the text again."""
        return self._segmenter.cut(text)

    def classify(self, text: str) -> Classification:
        """Classify a message. Never raises; reads the first 5,000 characters."""
        return self.judge(self.read(text))

    def chances(self, text: str) -> Mapping[str, float]:
        """Give every leaf code its probability, 0..1. They add up to 1, or all are 0 where the text says nothing."""
        ranking, _ = self._rank(self.read(text))
        return dict(zip(self._ranker.number_of, ranking.chances.tolist(), strict=True))

    def believed(self, text: str) -> Mapping[str, float]:
        """Give every leaf code its probability as if nothing were to be doubted. They add up to 1."""
        reading = self.read(text)
        chances = self._ranker.believed(reading.look, self._scorer.points(reading.form.text, reading.hits))
        return dict(zip(self._ranker.number_of, chances.tolist(), strict=True))

    def judge(self, reading: Reading) -> Classification:
        """Classify what was read."""
        form, hits = reading.form, reading.hits
        ranking, points = self._rank(reading)
        by_lead = self._ranker.leaves_by_lead(ranking)
        wordy = [leaf for of_lead in by_lead.values() for leaf in of_lead]
        words = self._reasons.words(wordy, ranking.chances, reading.look, points, form)
        return Classification(
            categories=tuple([self._category(leaf, ranking, words[leaf]) for leaf in ranking.leaves]),
            departments=tuple(
                [
                    self._department(lead, ranking, [words[leaf] for leaf in by_lead[lead]])
                    for lead in ranking.departments
                ]
            ),
            safety=reading.safety,
            integrity=reading.integrity,
            out_of_scope=self._out_of_scope(hits, form),
            spam=self._is_spam(reading),
            abusive=bool(hits.get(_ABUSE)),
            sure=reading.integrity is None and self._is_sure(ranking, points),
            intent=self._intent(hits),
        )

    def explain(self, text: str) -> Explanation:
        """Give the offered categories with all that spoke for each. Never raises; reads the first 5,000 characters."""
        reading = self.read(text)
        ranking, points = self._rank(reading)
        return Explanation(
            categories=tuple(
                ExplainedCategory(
                    code=self._ranker.leaves[leaf].code,
                    name=self._ranker.leaves[leaf].name,
                    lead=self._ranker.leaves[leaf].lead,
                    confidence=ranking.chances.item(leaf),
                    reasons=self._reasons.explain(leaf, reading.look, points, reading.form),
                )
                for leaf in ranking.leaves
            ),
            close=self._is_close([ranking.chances.item(leaf) for leaf in ranking.leaves[:2]]),
            sure=reading.integrity is None and self._is_sure(ranking, points),
            model=self.model.id,
        )

    def _rank(self, reading: Reading) -> tuple[Ranking, Points]:
        points = self._scorer.points(reading.form.text, reading.hits)
        return self._ranker.rank(reading.form.text, reading.look, points), points

    def _category(self, number: int, ranking: Ranking, words: tuple[str, ...]) -> RankedCategory:
        leaf = self._ranker.leaves[number]
        return RankedCategory(
            code=leaf.code,
            name=leaf.name,
            confidence=ranking.chances.item(number),
            words=words,
            lead=leaf.lead,
            co=leaf.co,
            urgency=leaf.urgency,
            sla_workdays=leaf.sla_workdays,
        )

    def _department(self, number: int, ranking: Ranking, words: Sequence[tuple[str, ...]]) -> RankedDepartment:
        department = self.taxonomy.departments[self._ranker.departments[number]]
        shown: list[str] = []
        for word in itertools.chain.from_iterable(words):
            # What stands inside a word that is shown is told with it.
            if len(shown) < MOST_WORDS and not any(word in other for other in shown):
                shown.append(word)
        return RankedDepartment(
            code=department.code,
            name=department.name,
            confidence=ranking.department_chances[number],
            words=tuple(shown),
        )

    def _is_sure(self, ranking: Ranking, points: Points) -> bool:
        """Say whether the first department can be shown: likely enough, ahead of the next, and of the first leaf.

        Two leaves of one department do not make it doubtful who should act. Another department's matter that a
        rule's words speak for does.
        """
        if not ranking.leaves or not ranking.departments or not ranking.known:
            return False
        leaf, lead = self._ranker.leaves[ranking.leaves[0]], ranking.departments[0]
        if leaf.review or leaf.lead != self._ranker.departments[lead]:
            return False
        for other in ranking.leaves[1:]:
            second = self._ranker.leaves[other]
            if second.lead != leaf.lead and second.code in points and ranking.chances.item(other) >= _SECOND_MATTER:
                return False
        likely = ranking.department_chances[lead] >= self.taxonomy.matching.min_confidence
        return likely and not self._is_close([ranking.department_chances[lead] for lead in ranking.departments[:2]])

    def _is_close(self, first_two: Sequence[float]) -> bool:
        return len(first_two) == 2 and first_two[0] - first_two[1] < self.taxonomy.matching.min_margin

    def _out_of_scope(self, hits: Hits, form: Normalised) -> OutOfScopeHit | None:
        found = hits.get(_OUT_OF_SCOPE)
        if not found:
            return None
        rule = next(rule for rule in self.taxonomy.out_of_scope if rule.code in found)
        return OutOfScopeHit(rule.code, rule.name, rule.refer, source_words(found[rule.code], form))

    def _is_spam(self, reading: Reading) -> bool:
        """Say whether it is nothing but advertising: nobody tells of anything, no rule speaks for a category.

        Where there may be danger or corruption it is none, whatever it looks like.
        """
        form, hits = reading.form, reading.hits
        signals = hits.get(_SPAM, {}).get(_SPAM)
        if not signals or reading.safety or reading.integrity or self._telling.scan(form.text):
            return False
        left = _without(form.text, signals)
        points = self._scorer.points(left, self._matcher.scan(left))
        return not any(worth >= self.taxonomy.matching.min_score for worth, _ in points.values())

    def _intent(self, hits: Hits) -> str | None:
        found = hits.get(_INTENT)
        if not found:
            return None
        longest = {code: max(end - start for _, start, end in of) for code, of in found.items()}
        order = [rule.code for rule in self.taxonomy.intents]
        return min(longest, key=lambda code: (-longest[code], order.index(code)))


def _without(text: str, hits: Sequence[Hit]) -> str:
    """Give a text in which full stops stand for the hits, so that places stay."""
    left = list(text)
    for _, start, end in hits:
        left[start:end] = "。" * (end - start)
    return "".join(left)


def _word_rule(kind: str, rule: WordRule) -> Rule:
    return Rule(kind, rule.code, rule.keywords, rule.patterns, rule.exclude)
