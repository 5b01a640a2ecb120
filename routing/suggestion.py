"""Category → department, with reasons. A suggestion only: a person confirms it."""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from nlp.classify import Classifier, Reading
from nlp.heard import find_heard
from nlp.normalise import normalise
from nlp.privacy import MASK, mask
from nlp.result import Explanation, IntegrityHit, SafetyHit
from nlp.scripts import script_of, to_simplified
from nlp.taxonomy import Category
from routing.directory import Directory
from routing.routed import put_first
from routing.router import Route, Router, Setting, takes_cases
from routing.station import Deputy
from routing.working_days import LOCAL

_WINDOW, _OVERLAP = 5_000, 100
_KEPT = 64
#: "林秋代表您好，…" speaks to the deputy; "林秋代表答应过…" speaks about them.
_SALUTATION = re.compile(
    r"^\W*(?:尊敬的|敬爱的|亲爱的)?\S{0,8}?代表(?:您好|你好|好(?=[,，:：!！。\s])|(?=[,，:：!！。\s]))[,，:：!！。\s]*"
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Ranked departments and categories, each with the words of the text that speak for it.

    `confidence` is 0..1. `integrity_hint`: words that may mean corruption without saying so; staff see such a text
    before the deputy does. `spam`: advertising without any matter in it. `out_of_scope` names the proper way for
    matters that the law sends elsewhere. `co` are the departments that would help the first one. `routed` says which
    rule or named place put the first department there (`routing.routed`); None: the categories did. `model` is the id
    of the learned model that was in use, also where a rule spoke first; empty without one.
    """

    departments: list[dict[str, Any]]
    categories: list[dict[str, Any]]
    sure: bool
    urgency: str
    sla_workdays: int
    integrity_hint: bool = False
    spam: bool = False
    out_of_scope: dict[str, Any] | None = None
    co: list[dict[str, str]] = field(default_factory=list)
    routed: dict[str, Any] | None = None
    abusive: bool = False
    model: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "departments": self.departments,
            "categories": self.categories,
            "sure": self.sure,
            "urgency": self.urgency,
            "sla_workdays": self.sla_workdays,
            "integrity_hint": self.integrity_hint,
            "out_of_scope": self.out_of_scope,
            "co": self.co,
            "routed": self.routed,
            "abusive": self.abusive,
            "model": self.model,
        }


@dataclass(frozen=True, slots=True)
class Heard:
    """Where and when a matter is, in the citizen's own words, at most two of each; empty where that was not clear.

    `times` are the words with the day that they name by its distance (昨天), else None.
    """

    places: tuple[str, ...]
    times: tuple[tuple[str, date | None], ...]


def _windows(text: str) -> Iterator[str]:
    """A long text in overlapping pieces: `nlp` reads the first 5,000 characters of what it is given."""
    for start in range(0, max(len(text), 1), _WINDOW - _OVERLAP):
        yield text[start : start + _WINDOW]
        if start + _WINDOW >= len(text):
            return


class Understanding:
    """What the desk makes of a text: one door to `nlp` for the use cases and dialogs."""

    def __init__(self, classifier: Classifier) -> None:
        self.use(classifier)
        #: The rules and places of the directory that was asked about last, made ready.
        self._router: tuple[Directory, Router] | None = None

    def use(self, classifier: Classifier) -> None:
        """Understand with this one from now on; what is being understood just now ends with the one it began with."""
        # A dialog asks several questions about a text, and again when it is sent in: others speak between.
        self._in_use = classifier, functools.lru_cache(maxsize=_KEPT)(classifier.read)

    @property
    def classifier(self) -> Classifier:
        """The one in use."""
        return self._in_use[0]

    def _read(self, text: str) -> Reading:
        return self._in_use[1](text)

    def danger(self, text: str) -> SafetyHit | None:
        """The most pressing danger, wherever it stands in a long text."""
        hits = [hit for window in _windows(text) if (hit := self._read(window).safety) is not None]
        return min(hits, key=lambda hit: hit.level != "hard", default=None)

    def integrity(self, text: str) -> IntegrityHit | None:
        """A hint of corruption, wherever it stands in a long text."""
        hits = [hit for window in _windows(text) if (hit := self._read(window).integrity) is not None]
        return min(hits, key=lambda hit: hit.level != "sealed", default=None)

    def language(self, text: str) -> str:
        """`zh_CN`, `zh_TW` or `en`: the script that the text is written in."""
        return script_of(text)

    def mask(self, text: str) -> str:
        """The text with phone numbers, identity numbers, plates and rooms hidden."""
        return mask(text)

    def heard(self, text: str, at: datetime) -> Heard:
        """Where and when, as far as a text says it clearly and nothing of it is personal. `at`: when it was said."""
        found = find_heard(text, at.astimezone(LOCAL))
        masked = self.mask(text) if found.places or found.times else text
        places = [masked[start:end] for start, end in found.places]
        times = [(masked[start:end], day) for start, end, day in found.times]
        return Heard(
            tuple(place for place in places if MASK not in place), tuple(time for time in times if MASK not in time[0])
        )

    def words(self, text: str) -> list[str]:
        """A text, in matching form, in words."""
        return self.classifier.words(text)

    def find_category(self, query: str) -> Category | None:
        """The leaf category that a code, a name or a unique part of a name means."""
        found = self._named(query)
        return found[0] if len(found) == 1 else None

    def similar(self, query: str) -> list[str]:
        """Names to choose from where a category was not unique or not known."""
        found = self._named(query) or [c for c in self._leaves() if any(char in c.name for char in query[:8])]
        return [f"{category.code} {category.name}" for category in found[:8]]

    def _leaves(self) -> list[Category]:
        return [category for category in self.classifier.taxonomy.categories.values() if category.parent is not None]

    def _named(self, query: str) -> list[Category]:
        wanted = to_simplified(query.strip())
        if not wanted:
            return []
        leaves = self._leaves()
        exact = [c for c in leaves if wanted.upper() == c.code or wanted == c.name]
        return exact or [c for c in leaves if wanted in c.name]

    def names_deputy(self, text: str, deputy: Deputy) -> bool:
        """Whether the text speaks *about* the deputy whose code was scanned, not only to them."""
        said = normalise(text).text
        said = _SALUTATION.sub("", said, count=1)
        if deputy.name and deputy.name in said:
            return True
        number = re.escape(deputy.number.lstrip("0") or deputy.number)
        return re.search(rf"(?<!\d)0*{number}号?(?:人大)?代表", said) is not None

    def router(self, directory: Directory) -> Router:
        """The county's rules and places, ready to be asked; made anew when the directory is another."""
        known = self._router
        if known is None or known[0] is not directory:
            known = self._router = directory, Router(directory, self.form)
        return known[1]

    def form(self, text: str) -> str:
        """The matching form of a text or a word."""
        return self.classifier.form(text).text

    def categories(self) -> Mapping[str, Category]:
        """All categories by code, leaves and groups."""
        return self.classifier.taxonomy.categories

    def explain(self, text: str) -> Explanation:
        """What spoke for the categories that are suggested for a text."""
        return self.classifier.explain(text[:_WINDOW])

    def route(self, text: str, directory: Directory, setting: Setting) -> Route | None:
        """Which rule or named place says where a text goes, before its categories are asked."""
        return self.router(directory).find(self._read(text[:_WINDOW]).form.text, setting)

    def suggest(
        self, text: str, directory: Directory, *, station_id: int | None = None, at: datetime | None = None
    ) -> Suggestion:
        """Classify and keep the departments that this county has. What the county's rules and named places say of the
        text, of the station it was told to and of when that was, goes before its category."""
        classifier, read = self._in_use
        reading = read(text[:_WINDOW])
        found = classifier.judge(reading)
        departments = [
            {"code": d.code, "name": directory.departments[d.code].name, "confidence": round(d.confidence, 3),
             "words": list(d.words)}
            for d in found.departments
            if takes_cases(directory.departments.get(d.code))
        ]  # fmt: skip
        categories = [
            {"code": c.code, "name": c.name, "confidence": round(c.confidence, 3), "words": list(c.words)}
            for c in found.categories
        ]
        first = found.categories[0] if found.categories else None
        route = self.route(text, directory, Setting(station_id, at, first.code if first else None))
        routed = put_first(route, departments, categories, reading.form, directory, self.categories())
        leaf = self.categories().get(routed.categories[0]["code"]) if routed.categories else None
        out = found.out_of_scope
        # Whoever names a project point means it: that is as sure as a category can be.
        named = routed.why is not None and routed.categories[:1] != categories[:1] and found.integrity is None
        return Suggestion(
            departments=routed.departments,
            categories=routed.categories,
            sure=(found.sure or named) and bool(routed.departments),
            urgency=first.urgency if first else "normal",
            sla_workdays=leaf.sla_workdays if leaf else 5,
            integrity_hint=found.integrity is not None,
            spam=found.spam,
            out_of_scope={"name": out.name, "refer": out.refer} if out else None,
            co=routed.co,
            routed=routed.why,
            abusive=found.abusive,
            model=classifier.model.id,
        )
