"""The dry run of a routing rule: what it would have said of the last month's cases."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from routing.case import Case, CaseState
from routing.people import Member
from routing.ports import UnitOfWork
from routing.router import Route, Router, Setting
from routing.rule import CATEGORY_OF, RoutingRule
from routing.rules import standing
from routing.suggestion import Understanding
from routing.worklist import stations_of

DAYS: Final = 30
#: So many cases are looked at, newest first: a dry run answers a chat at once.
MOST: Final = 500
_EXAMPLES: Final = 5
_GONE: Final = (CaseState.WITHDRAWN, CaseState.MERGED)


@dataclass(frozen=True, slots=True)
class Trial:
    """`looked` cases, of which the suggestion of `changed` would have been another; `agreed` of these are where the
    rule would have sent them, by the decision of staff. `examples` are (number, department before, department by the
    rule). `more`: there were more than could be looked at."""

    looked: int
    changed: int
    agreed: int
    examples: list[tuple[str, str | None, str]]
    more: bool


def try_rule(uow: UnitOfWork, understanding: Understanding, member: Member, rule: RoutingRule) -> Trial:
    """Ask the rules with and without `rule` about every case of the last month that `member` may see. Sealed cases are
    never among them. Nothing is changed."""
    since = uow.now - timedelta(days=DAYS)
    found = uow.cases.list(station_ids=stations_of(uow, member), since=since, limit=MOST + 1)
    cases = [case for case in found[:MOST] if case.state not in _GONE]
    others = [other for other in standing(uow) if other.number != rule.number]
    without = _asked(uow, understanding, others)
    with_it = _asked(uow, understanding, [*others, replace(rule, active=True)])
    words = uow.submissions.words_of([case.id for case in cases]) if cases else {}
    changed: list[tuple[Case, str | None, str]] = []
    for case in cases:
        text = understanding.form(words.get(case.id, ""))
        before, after = without(text, case), with_it(text, case)
        if after is not None and after != before:
            changed.append((case, before, after))
    return Trial(
        looked=len(cases),
        changed=len(changed),
        agreed=sum(1 for case, _, after in changed if case.department == after),
        examples=[(case.number, before, after) for case, before, after in changed[:_EXAMPLES]],
        more=len(found) > MOST,
    )


def _asked(
    uow: UnitOfWork, understanding: Understanding, rules: Iterable[RoutingRule]
) -> Callable[[str, Case], str | None]:
    """What a set of rules says of a case: the code of the department it would suggest first."""
    router = Router(uow.directory, understanding.form, rules)

    def ask(text: str, case: Case) -> str | None:
        route = router.find(text, setting_of(case))
        return _department_of(route, understanding) if route else by_category(case)

    return ask


def setting_of(case: Case) -> Setting:
    """What the rules were asked about a case beside its words, when it came in."""
    routed = case.suggestion.get("routed")
    categories: list[dict[str, Any]] = case.suggestion.get("categories") or []
    first = routed["category"] if routed else categories[0]["code"] if categories else None
    return Setting(case.station_id, case.created_at, first)


def by_category(case: Case) -> str | None:
    """The department that a case was suggested to by its categories alone."""
    routed = case.suggestion.get("routed")
    departments: list[dict[str, Any]] = case.suggestion.get("departments") or []
    before: str | None = routed["instead_of"] if routed else departments[0]["code"] if departments else None
    return before


def _department_of(route: Route, understanding: Understanding) -> str | None:
    if route.department is not None or route.place is None:
        return route.department
    leaf = understanding.categories().get(CATEGORY_OF.get(route.place.kind, ""))
    return leaf.lead if leaf else None
