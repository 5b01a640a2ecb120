"""Routing rules, their history and named places, on both databases."""

import asyncio

import pytest

from routing.case import CaseState, PartKind, Submission, SubmissionPart
from routing.ports import UnitOfWork
from routing.rule import Place, PlaceKind, RoutingRule, RuleEvent, RuleStep
from routing.station import Department
from storage.errors import StorageFault
from storage.store import Store
from tests.contracts.rows import case_of, somebody


def a_rule(store: Store, number: int = 1, **what: object) -> None:
    with store.transaction() as unit:
        if unit.stations.department("urban") is None:
            unit.stations.add_department(Department("urban", "城管"))
        rule = RoutingRule(number, number, "urban", unit.now, **what)  # type: ignore[arg-type]
        unit.rules.add(rule)
        unit.rules.add_event(RuleEvent(number, unit.now, RuleStep.ADDED, None, {"words": rule.words}))


def test_a_rule_comes_back_as_it_was(store: Store) -> None:
    words = ["路灯", "a.*b", "👩‍👧", "\x00 '\"%", "\ud83d"]
    a_rule(store, words=words, places=["幸福路"], categories=["CG04"], hours="22:00-06:00", days="06-15~09-30")
    with store.transaction() as unit:
        (rule,) = unit.rules.all()
        assert (rule.words, rule.places, rule.categories) == (words, ["幸福路"], ["CG04"])
        assert (rule.hours, rule.days, rule.station_id, rule.active) == ("22:00-06:00", "06-15~09-30", None, False)
        assert unit.directory.rules == (rule,)


def test_a_change_of_a_rule_or_a_place_makes_a_new_directory(store: Store) -> None:
    a_rule(store)
    with store.transaction() as unit:
        version = unit.directory.version
        unit.rules.all()[0].active = True
    with store.transaction() as unit:
        assert unit.directory.version > version
        assert [rule.active for rule in unit.directory.rules] == [True]
        version = unit.directory.version
        unit.rules.add_place(Place("口袋公园", PlaceKind.PROJECT, ["小公园"], "urban"))
    with store.transaction() as unit:
        assert unit.directory.version > version
        assert [(place.name, place.aliases, place.kind) for place in unit.directory.places] == [
            ("口袋公园", ["小公园"], PlaceKind.PROJECT)
        ]


def test_rules_come_in_their_order(store: Store) -> None:
    for number in (1, 2, 3):
        a_rule(store, number)
    with store.transaction() as unit:
        first, second, third = unit.rules.all()
        first.position, second.position, third.position = 3, 1, 2
    with store.transaction() as unit:
        assert [rule.number for rule in unit.rules.all()] == [2, 3, 1]


async def test_rules_added_at_the_same_time_get_numbers_of_their_own(store: Store) -> None:
    a_rule(store)

    def add(unit: UnitOfWork) -> int:
        number = max(rule.number for rule in unit.rules.all()) + 1
        unit.rules.add(RoutingRule(number, number, "urban", unit.now))
        return number

    assert sorted(await asyncio.gather(*(store.writer.run(add) for _ in range(5)))) == [2, 3, 4, 5, 6]


def test_the_history_is_newest_first_and_can_not_be_changed(store: Store) -> None:
    a_rule(store)
    with store.transaction() as unit:
        unit.rules.add_event(RuleEvent(1, unit.now, RuleStep.ENABLED, None))
    with store.transaction() as unit:
        assert [event.step for event in unit.rules.events()] == [RuleStep.ENABLED, RuleStep.ADDED]
        assert [event.step for event in unit.rules.events(1)] == [RuleStep.ENABLED]
    for statement in ("UPDATE rule_events SET member_id = NULL", "DELETE FROM rule_events"):
        with pytest.raises(StorageFault, match="append-only"), store.transaction() as unit:
            unit.session.rows(f"{statement} RETURNING number")


def test_the_words_of_many_cases_are_what_citizens_wrote_and_did_not_take_back(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        one, two = case_of(unit, who, "HP-1"), case_of(unit, who, "HP-2", CaseState.ACCEPTED)

        def said(case_id: int, *texts: str | None, author: str = "citizen", withdrawn: bool = False) -> None:
            submission = Submission(who.contact.id, who.address.id, who.station.id, unit.now, case_id=case_id)
            submission.withdrawn_at = unit.now if withdrawn else None
            unit.submissions.add(submission)
            for seq, text in enumerate(texts, 1):
                unit.submissions.add_part(
                    SubmissionPart(submission.id, seq, PartKind.TEXT, unit.now, text=text, author=author)
                )

        said(one.id, "路灯不亮", None, "三天了")
        said(one.id, "我也是")
        said(one.id, "算了", withdrawn=True)
        said(one.id, "工作人员写的", author="staff")
        ids = [one.id, two.id]
        assert unit.submissions.words_of(ids) == {one.id: "路灯不亮\n三天了\n我也是"}
    with store.transaction() as unit:
        assert unit.submissions.words_of(ids) == {ids[0]: "路灯不亮\n三天了\n我也是"}
