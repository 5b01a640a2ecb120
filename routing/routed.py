"""A rule or a named place put before what the categories say; and who would handle a leaf together with its lead."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from nlp.normalise import Normalised
from nlp.taxonomy import Category
from routing.directory import Directory
from routing.router import Route, Span, takes_cases
from routing.rule import CATEGORY_OF

#: Words that spoke for a route, and departments, as far as they are told.
_WORDS: Final = 5
_RANKED: Final = 3

Ranked = list[dict[str, Any]]


class Routed(NamedTuple):
    """The ranked departments and categories of a suggestion, and the departments that would help the first one.

    `why` says why it is the first, as plain JSON (`by` "rule" or "place"; `instead_of` and `category` are the codes
    that would have been first otherwise); None where the categories alone speak.
    """

    departments: Ranked
    categories: Ranked
    co: list[dict[str, str]]
    why: dict[str, Any] | None


def put_first(
    route: Route | None,
    departments: Ranked,
    categories: Ranked,
    form: Normalised,
    directory: Directory,
    leaves: Mapping[str, Category],
) -> Routed:
    """Put the department of `route` first, with the words that named it; without a route, nothing changes.

    What a rule or a place says is no guess of the model: its department has the confidence 1.
    """
    first = leaves.get(categories[0]["code"]) if categories else None
    helpers: Sequence[str] = first.co if first and departments and departments[0]["code"] == first.lead else ()
    if route is None:
        return Routed(departments, categories, _named(helpers, directory), None)
    words = _said(form, route.spans)
    before = departments[0]["code"] if departments else None
    otherwise = {"instead_of": before, "category": first.code if first else None}
    leaf = leaves.get(CATEGORY_OF.get(route.place.kind, "")) if route.place else None
    code = route.department or (leaf.lead if leaf else "")
    department = directory.departments.get(code)
    if department is None or not takes_cases(department):
        return Routed(departments, categories, _named(helpers, directory), None)
    if route.rule is not None:
        why: dict[str, Any] = {"by": "rule", "rule": route.rule.number, "words": words, **otherwise}
        helpers = route.rule.co_departments or (helpers if code == before else ())
    else:
        assert route.place is not None, "a route is a rule's or a place's"
        kind = route.place.kind.value
        why = {"by": "place", "place": route.name, "kind": kind, "words": words, **otherwise}
        helpers = leaf.co if leaf else (helpers if code == before else ())
    if leaf is not None:
        meant = {"code": leaf.code, "name": leaf.name, "confidence": 1.0, "words": words}
        categories = [meant, *(c for c in categories if c["code"] != leaf.code)][:_RANKED]
    spoke = words or (categories[0]["words"] if categories else [])
    top = {"code": code, "name": department.name, "confidence": 1.0, "words": spoke}
    ranked = [top, *(d for d in departments if d["code"] != code)][:_RANKED]
    return Routed(ranked, categories, _named([c for c in helpers if c != code], directory), why)


def _said(form: Normalised, spans: Sequence[Span]) -> list[str]:
    return list(dict.fromkeys(form.source(start, end) for start, end in spans))[:_WORDS]


def _named(codes: Sequence[str], directory: Directory) -> list[dict[str, str]]:
    able = [directory.departments[code] for code in codes if takes_cases(directory.departments.get(code))]
    return [{"code": department.code, "name": department.name} for department in able]
