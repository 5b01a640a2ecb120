"""Danger and corruption, before anything else: cheap enough to run on every inbound message.

This layer knows set phrases. It catches little of what people say in their own words (measured
in tests/nlp/test_safety.py), so every greeting and receipt carries the fixed line with
110/119/120 as well.
"""

import functools
from collections.abc import Sequence
from typing import Final

from nlp.integrity import find_integrity, integrity_rules
from nlp.matching import Hit, Hits, Matcher, Rule, source_words
from nlp.normalise import Colloquial, Normalised, normalise
from nlp.result import IntegrityHit, SafetyHit, SafetyLevel
from nlp.taxonomy import SafetyRule, Taxonomy, default_taxonomy

__all__ = ["Guard", "IntegrityHit", "SafetyHit", "check_integrity", "check_safety"]

_KIND: Final = "safety"


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
        self._safety = Matcher(safety_rules(taxonomy))
        self._integrity = Matcher(integrity_rules(taxonomy))

    def safety(self, text: str) -> SafetyHit | None:
        """Give the most pressing danger in ``text``."""
        form = normalise(text, self._colloquial)
        return find_safety(self._taxonomy, self._safety.scan(form.text), form)

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


def find_safety(taxonomy: Taxonomy, hits: Hits, form: Normalised) -> SafetyHit | None:
    """Judge the ``hits`` of :func:`safety_rules`: the first hard rule, else the soft layer."""
    found = hits.get(_KIND)
    if not found:
        return None
    for rule in taxonomy.safety.rules:
        if rule.code in found:
            return _hit(rule, found[rule.code], form, "hard")
    soft = taxonomy.safety.soft
    return _hit(soft, found[soft.code], form, "soft")


def _hit(rule: SafetyRule, found: Sequence[Hit], form: Normalised, level: SafetyLevel) -> SafetyHit:
    return SafetyHit(
        code=rule.code,
        name=rule.name,
        call=rule.call,
        answer=rule.answer,
        words=source_words(found, form),
        level=level,
        visible_to=rule.visible_to,
    )


@functools.cache
def _default_guard() -> Guard:
    return Guard(default_taxonomy())
