"""Routing rules, their history, and named places."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from routing.rule import Place, RoutingRule, RuleEvent
from storage.schema import routing_rules, rule_events
from storage.work import Work

_ALL = select(routing_rules).order_by(routing_rules.c.position, routing_rules.c.number)
_NEWEST = select(rule_events).order_by(rule_events.c.at.desc(), rule_events.c.id.desc()).limit(bindparam("limit"))


class Rules:
    """`routing.repositories.RuleRepository`."""

    def __init__(self, work: Work) -> None:
        self._rules = work.map(work.tables.routing_rules)
        self._events = work.map(work.tables.rule_events)
        self._places = work.map(work.tables.places)

    def all(self) -> Sequence[RoutingRule]:
        return self._rules.select(_ALL)

    def add(self, rule: RoutingRule) -> None:
        self._rules.add(rule)

    def add_event(self, event: RuleEvent) -> None:
        self._events.add(event)

    def events(self, limit: int = 20) -> Sequence[RuleEvent]:
        return self._events.select(_NEWEST, {"limit": limit})

    def place(self, place_id: int) -> Place | None:
        return self._places.get(place_id)

    def add_place(self, place: Place) -> None:
        self._places.add(place)
