"""Hints of corruption, told with or without the word.

``sealed`` when a strong word is found; a pattern; or a keyword in a short text, beside another
keyword, or in one sentence with an official's title. A keyword mentioned once in a long text,
or an accusing word ("举报", "猫腻") in one sentence with a title, is ``hold``: an integrity
officer looks before anybody else. The opening salutation ("尊敬的王书记：") is no title here.

Source: Regulations on Handling Petitions (信访工作条例, 2022) art. 30, 46; Supervision Law
(监察法) art. 38: a report must not reach the person reported.
"""

import re
from bisect import bisect_right
from typing import Final

from nlp.matching import Hit, Hits, Rule, source_words
from nlp.normalise import Normalised
from nlp.result import IntegrityHit
from nlp.taxonomy_model import IntegrityRules, Taxonomy

_KIND: Final = "integrity"
_TITLES: Final = "titles"
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


def find_integrity(rules: IntegrityRules, hits: Hits, form: Normalised) -> IntegrityHit | None:
    """Judge the ``hits`` of :func:`integrity_rules`."""
    by_code = hits.get(_KIND, {})
    if not by_code.keys() - {_TITLES}:
        return None
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
    holding = [*keywords, *after_greeting("soft_patterns"), *beside_title(after_greeting("soft"))]
    return IntegrityHit("hold", source_words(holding, form)) if holding else None


def _sentence_starts(text: str) -> list[int]:
    return [0, *(end.end() for end in _SENTENCE_END.finditer(text))]
