"""Danger and corruption, before anything else: cheap enough to run on every inbound message.

Rules know phrases, with gaps between their words; :mod:`nlp.context` tells whether they happen now;
the learned model (:mod:`nlp.model`) knows what people say in their own words, and alone it only asks.
How much is caught, and what is not, is told in docs/classification.md; every greeting and receipt
carries the fixed line with 110/119/120 as well.
"""

import functools
import math
from collections.abc import Sequence
from typing import Final

from nlp.context import HARD, SOFT, Cues
from nlp.integrity import find_integrity, integrity_rules
from nlp.matching import Hit, Hits, Matcher, Rule, source_words
from nlp.normalise import Colloquial, Normalised, normalise
from nlp.result import IntegrityHit, Learned, SafetyHit
from nlp.taxonomy import SafetyRule, Taxonomy, default_taxonomy

__all__ = ["Guard", "IntegrityHit", "SafetyHit", "check_integrity", "check_safety"]

_KIND: Final = "safety"

# In the model's units, from its threshold. How they were chosen: docs/classification.md.
_DENIED: Final = -0.2
"""Up to here the model denies a danger: a hard rule only asks, a soft one says nothing."""

_TERSE: Final = 16
"""Characters up to which the model denies nothing: who is in danger is terse, and few pieces say little."""

_FEWEST: Final = 5
"""Characters that a text must have for the model to ask without any rule: "在吗" or a bare street tells nothing."""

_EXCUSED: Final = 0.4
"""What a text's excuses (1: past, feared, a film) take from what the model says of it."""


def check_safety(text: str) -> SafetyHit | None:
    """Look for danger in ``text`` with the packaged rules. Never raises; loads no dictionary."""
    return _default_guard().safety(text)


def check_integrity(text: str) -> IntegrityHit | None:
    """Look for a hint of corruption in ``text`` with the packaged rules. Never raises."""
    return _default_guard().integrity(text)


class Guard:
    """The safety and integrity rules of one taxonomy."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        """Index the rules."""
        self._taxonomy = taxonomy
        self._colloquial = Colloquial(dict(taxonomy.colloquial), taxonomy.colloquial_kept)
        self._cues = Cues(taxonomy.safety.context)
        self._safety = Matcher(safety_rules(taxonomy))
        self._integrity = Matcher(integrity_rules(taxonomy))

    def safety(self, text: str) -> SafetyHit | None:
        """Give the most pressing danger in ``text``."""
        form = normalise(text, self._colloquial)
        return find_safety(self._taxonomy, self._cues, self._safety.scan(form.text), form)

    def integrity(self, text: str) -> IntegrityHit | None:
        """Give the hint of corruption in ``text``."""
        form = normalise(text, self._colloquial)
        return find_integrity(self._taxonomy.integrity, self._integrity.scan(form.text), form)


def safety_rules(taxonomy: Taxonomy) -> list[Rule]:
    """Give the rules to index for :func:`find_safety`."""
    return [
        Rule(_KIND, rule.code, rule.keywords, rule.patterns, rule.exclude)
        for rule in (*taxonomy.safety.rules, taxonomy.safety.soft)
    ]


def find_safety(
    taxonomy: Taxonomy, cues: Cues, hits: Hits, form: Normalised, learned: Learned | None = None
) -> SafetyHit | None:
    """Judge the ``hits`` of :func:`safety_rules` and what the model says of the whole text.

    Hard: the first rule that is worth it in its context, unless the model is sure of the opposite;
    then it is asked about. Soft: what else a rule found, and what the model found alone.
    """
    rules, soft = taxonomy.safety.rules, taxonomy.safety.soft
    score = learned.safety if learned is not None and math.isfinite(learned.safety) else None
    found = hits.get(_KIND)
    if not found and (score is None or score <= 0 or len(form.text) < _FEWEST):
        return None
    around = cues.around(form.text)
    told = score is not None and score + _EXCUSED * around.excuses > 0
    if not found:
        return _question(soft, (), form) if told else None
    worth = [
        (rule, around.most_points(found[rule.code], rule.code, most))
        for rule, most in (*((rule, HARD) for rule in rules), (soft, SOFT))
        if rule.code in found
    ]
    doubt = score if score is not None and len(form.text) > _TERSE else math.inf
    for rule, points in worth:
        if points >= HARD and (doubt > _DENIED or around.careful(found[rule.code], rule.code)):
            return _hit(rule, found[rule.code], form)
    for rule, points in worth:
        sure = doubt > _DENIED or around.careful(found[rule.code], rule.code)
        if told or points >= HARD or (points >= SOFT and sure):
            return _question(soft, found[rule.code], form, rule.visible_to)
    return None


def _hit(rule: SafetyRule, found: Sequence[Hit], form: Normalised) -> SafetyHit:
    return SafetyHit(
        code=rule.code,
        name=rule.name,
        call=rule.call,
        answer=rule.answer,
        words=source_words(found, form),
        level="hard",
        visible_to=rule.visible_to,
    )


def _question(soft: SafetyRule, found: Sequence[Hit], form: Normalised, visible_to: tuple[str, ...] = ()) -> SafetyHit:
    """Give the soft layer's hit. It asks the same whatever was found, so it has one code and one answer."""
    return SafetyHit(
        code=soft.code,
        name=soft.name,
        call=soft.call,
        answer=soft.answer,
        words=source_words(found, form) if found else (),
        level="soft",
        visible_to=visible_to or soft.visible_to,
    )


@functools.cache
def _default_guard() -> Guard:
    return Guard(default_taxonomy())
