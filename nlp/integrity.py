"""Hints of corruption, told with or without the word.

``sealed`` when a strong word is found; a pattern; or a keyword in a short text, beside another
keyword, or in one sentence with an official's title. A keyword mentioned once in a long text,
or an accusing word ("举报", "猫腻") in one sentence with a title, is ``hold``: an integrity
officer looks before anybody else. So is a soft pattern (whose brother-in-law got the contract)
that the learned model does not deny, and what the model finds alone. The opening salutation
("尊敬的王书记：") is no title here.

Source: Regulations on Handling Petitions (信访工作条例, 2022) art. 30, 46; Supervision Law
(监察法) art. 38: a report must not reach the person reported.
"""

import math
import re
from bisect import bisect_right
from typing import Final

from nlp.matching import Hit, Hits, Rule, source_words
from nlp.normalise import Normalised
from nlp.result import IntegrityHit, Learned
from nlp.taxonomy_model import IntegrityRules, Taxonomy

_KIND: Final = "integrity"
_TITLES: Final = "titles"
_TITLES_ONLY: Final = frozenset({_TITLES})

# In the model's units, from its threshold. How it was chosen: docs/classification.md.
_NOT_HELD: Final = -0.45
"""Below this the model denies a soft pattern."""

_ALONE: Final = 0.05
_ALONE_LONG: Final = 0.3
"""Above the first the model alone holds a text; above the second a long one, where officials and money are named for
many reasons."""

_SENTENCE_END: Final = re.compile(r"[。!?;…]")


def integrity_rules(taxonomy: Taxonomy) -> list[Rule]:
    """Give the rules to index for :func:`find_integrity`."""
    rules = taxonomy.integrity
    words = {
        "strong": rules.strong,
        "keywords": rules.keywords,
        "soft": rules.soft,
        _TITLES: rules.soft_needs,
    }
    patterns = {
        "patterns": rules.patterns,
        "needing_patterns": rules.needing_patterns,
        "soft_patterns": rules.soft_patterns,
    }
    return [
        *(Rule(_KIND, code, words=found, exclude=rules.exclude) for code, found in words.items()),
        *(Rule(_KIND, code, patterns=found, exclude=rules.exclude) for code, found in patterns.items()),
    ]


def find_integrity(
    rules: IntegrityRules, hits: Hits, form: Normalised, learned: Learned | None = None
) -> IntegrityHit | None:
    """Judge the ``hits`` of :func:`integrity_rules` and what the model says of the whole text."""
    by_code = hits.get(_KIND, {})
    score = learned.integrity if learned is not None and math.isfinite(learned.integrity) else None
    told = score is not None and score > (_ALONE_LONG if len(form.text) > rules.short_text else _ALONE)
    if by_code.keys() <= _TITLES_ONLY:
        return IntegrityHit("hold", ()) if told else None
    greeting = rules.salutation.match(form.text)
    begin = greeting.end() if greeting else 0

    def after_greeting(code: str) -> list[Hit]:
        return [hit for hit in by_code.get(code, ()) if hit[1] >= begin]

    sentences = _sentence_starts(form.text)
    with_title = {bisect_right(sentences, start) for _, start, _ in after_greeting(_TITLES)}

    def beside_title(found: list[Hit]) -> list[Hit]:
        return [hit for hit in found if bisect_right(sentences, hit[1]) in with_title]

    keywords = after_greeting("keywords")
    sealing = [
        *after_greeting("strong"),
        *after_greeting("patterns"),
        *beside_title([*keywords, *after_greeting("needing_patterns")]),
    ]
    few = len({word for word, _, _ in keywords}) < rules.min_words
    if keywords and (len(form.text) <= rules.short_text or not few):
        sealing += keywords
    if sealing:
        return IntegrityHit("sealed", source_words(sealing, form))
    patterns = after_greeting("soft_patterns")
    if score is not None and score < _NOT_HELD:
        patterns = []
    holding = [*keywords, *patterns, *beside_title(after_greeting("soft"))]
    if holding:
        return IntegrityHit("hold", source_words(holding, form))
    return IntegrityHit("hold", ()) if told else None


def _sentence_starts(text: str) -> list[int]:
    return [0, *(end.end() for end in _SENTENCE_END.finditer(text))]
