"""What the taxonomy file says, as frozen values. Words are in matching form throughout."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DepartmentType = Literal["gov", "party", "judicial", "vertical", "utility", "town", "npc"]
UrgencyCode = Literal["emergency", "urgent", "normal"]


@dataclass(frozen=True, slots=True)
class Urgency:
    """How fast a matter must be taken up. Absent times are the leaf's own ``sla_workdays``."""

    code: str
    name: str
    first_response_hours: float | None
    first_response_workdays: int | None
    handle_hours: float | None
    handle_workdays: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Department:
    """Who may handle a matter. ``aliases`` are as written, for finding one by name.

    ``restricted`` ones see sealed cases only; to ``refer_only`` ones nothing is ever assigned,
    the citizen is told their number.
    """

    code: str
    name: str
    type: DepartmentType
    aliases: tuple[str, ...]
    hotline: str | None
    restricted: bool
    refer_only: bool


@dataclass(frozen=True, slots=True)
class Category:
    """A leaf (``parent`` set) or a group of leaves (``parent`` None, no lead, no words).

    ``lead`` and ``co`` are department codes, ``sla_workdays`` statutory working days,
    ``weight`` a factor (below 1 for catch-all leaves). ``review`` asks for a person's look
    before anybody outside the staff sees the matter.
    """

    code: str
    name: str
    parent: str | None
    lead: str = ""
    co: tuple[str, ...] = ()
    urgency: UrgencyCode = "normal"
    sla_workdays: int = 5
    weight: float = 1.0
    strong: frozenset[str] = frozenset()
    keywords: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    exclude: tuple[str, ...] = ()
    review: bool = False


@dataclass(frozen=True, slots=True)
class Matching:
    """When a suggestion is sure: see :mod:`nlp.classify`.

    ``min_confidence`` and ``min_margin`` are probabilities, ``min_score`` points of the rules. Of
    ``ignored_terms`` none is told as a reason.
    """

    min_score: float
    min_confidence: float
    min_margin: float
    top_k: int
    ignored_terms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SafetyRule:
    """A danger, the numbers to call, and what to answer at once."""

    code: str
    name: str
    call: tuple[str, ...]
    keywords: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]
    exclude: tuple[str, ...]
    answer: str
    visible_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that say whether a danger beside them happens now.

    ``weight`` in points is below 0 for what excuses (past, feared, a film), above 0 for "now".
    It may stand in the danger's own clause, up to ``before`` clauses before it or ``after`` behind it.
    """

    code: str
    weight: float
    before: int
    after: int
    keywords: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]
    exclude: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What is around a danger's words: see :mod:`nlp.context`.

    In a text of more than ``long_text`` characters a hit loses ``long_loss`` points. ``careful``
    are the codes of rules that lose half as much; ``oneself`` finds who speaks of himself.
    """

    cues: tuple[Cue, ...]
    long_text: int
    long_loss: float
    careful: frozenset[str]
    oneself: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class SafetyRules:
    """The hard rules, most pressing first, the soft layer that only asks, and the context of both."""

    rules: tuple[SafetyRule, ...]
    soft: SafetyRule
    context: Context


@dataclass(frozen=True, slots=True)
class IntegrityRules:
    """Signs of corruption; how they combine is told in :mod:`nlp.integrity`.

    ``short_text`` is a length in characters, ``min_words`` a number of different words.
    """

    target_queue: str
    phone: str
    web: str
    letter: str
    answer: str
    visible_to: tuple[str, ...]
    short_text: int
    min_words: int
    strong: tuple[str, ...]
    keywords: tuple[str, ...]
    soft: tuple[str, ...]
    soft_needs: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]
    needing_patterns: tuple[re.Pattern[str], ...]
    soft_patterns: tuple[re.Pattern[str], ...]
    exclude: tuple[str, ...]
    salutation: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class OutOfScopeRule:
    """A matter that the law sends elsewhere, and where to (``refer``, for the citizen)."""

    code: str
    name: str
    refer: str
    keywords: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WordRule:
    """Words and patterns with one meaning: an intent, abuse, spam. Any word of ``unless`` takes the meaning away."""

    code: str
    name: str
    keywords: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...] = ()
    exclude: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrivacyPattern:
    """Personal data by its look. ``keep`` leading and trailing characters stay readable.

    ``group`` is what is hidden of a match (0: all of it), ``check`` the name of what the characters
    found must pass (see :mod:`nlp.checksums`; empty: nothing). A text is looked through only if it has
    ``digits`` digits side by side, but for separators; those in Chinese characters (``一三八``) count too.
    """

    code: str
    pattern: re.Pattern[str]
    keep: tuple[int, int]
    digits_only: bool
    group: int = 0
    check: str = ""
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The whole file. ``departments`` and ``categories`` are by code, in the file's order."""

    version: str
    urgencies: Mapping[str, Urgency]
    matching: Matching
    departments: Mapping[str, Department]
    categories: Mapping[str, Category]
    intents: tuple[WordRule, ...]
    safety: SafetyRules
    integrity: IntegrityRules
    out_of_scope: tuple[OutOfScopeRule, ...]
    abuse: WordRule
    spam: WordRule
    privacy: tuple[PrivacyPattern, ...]
    colloquial: Mapping[str, str]
    colloquial_kept: tuple[str, ...]

    @property
    def leaves(self) -> tuple[Category, ...]:
        """The categories that a matter can be filed under."""
        return tuple(c for c in self.categories.values() if c.parent is not None)

    def words(self) -> tuple[str, ...]:
        """All words that categories are found by: the user dictionary of the segmentation."""
        return tuple(dict.fromkeys(w for leaf in self.leaves for w in leaf.keywords))
