"""How often suggestions were taken, and what was mistaken for what."""

from datetime import UTC, datetime, timedelta

from routing.decisions import Decision, Share, acceptance

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def decision(
    suggested: str | None,
    department: str,
    *,
    ago: int = 1,
    sure: bool = True,
    categories: tuple[str, str] | None = None,
) -> Decision:
    return Decision(NOW - timedelta(days=ago), suggested, department, sure, *(categories or (None, None)))


def test_a_suggestion_is_accepted_where_the_case_went_to_its_first_department() -> None:
    found = acceptance([decision("urban", "urban"), decision("urban", "housing"), decision("water", "water")], NOW)
    assert found.all == Share(2, 3)
    assert found.all.percent == 67


def test_sure_ones_are_counted_by_themselves() -> None:
    found = acceptance([decision("urban", "urban"), decision("urban", "housing", sure=False)], NOW)
    assert found.sure == Share(1, 1)


def test_what_a_rule_or_a_place_suggested_says_nothing_of_the_categories() -> None:
    ruled = Decision(NOW, "urban", "housing", True, "CG04", "HS01", routed=True)
    found = acceptance([ruled, decision("urban", "urban")], NOW)
    assert found.all == Share(1, 2)
    assert found.routed == Share(0, 1)
    assert found.sure == Share(1, 1)
    assert found.confused == found.confused_categories == []


def test_cases_without_a_suggestion_are_no_refusals() -> None:
    found = acceptance([decision(None, "urban")], NOW)
    assert found.all == Share(0, 0)
    assert found.all.percent == 0
    assert found.unsuggested == 1


def test_weeks_are_told_oldest_first_without_the_empty_ones() -> None:
    days = [0, 6, 7, 20]
    found = acceptance([decision("urban", "urban" if ago else "housing", ago=ago) for ago in days], NOW)
    assert found.weeks == [(21, Share(1, 1)), (14, Share(1, 1)), (7, Share(1, 2))]


def test_a_clock_that_was_set_back_makes_no_week_of_its_own() -> None:
    assert acceptance([decision("urban", "urban", ago=-3)], NOW).weeks == [(7, Share(1, 1))]


def test_departments_are_those_settled_on() -> None:
    found = acceptance([decision("urban", "housing"), decision("housing", "housing"), decision("urban", "urban")], NOW)
    assert found.departments == [("housing", Share(1, 2)), ("urban", Share(1, 1))]


def test_models_are_told_apart_the_earliest_first() -> None:
    def by(model: str, ago: int, department: str, *, routed: bool = False) -> Decision:
        return Decision(NOW - timedelta(days=ago), "urban", department, sure=True, routed=routed, model=model)

    given = [by("b", 1, "urban"), by("b", 2, "housing"), by("a", 9, "urban"), by("", 20, "urban")]
    ruled = by("c", 1, "urban", routed=True)
    assert acceptance([*given, ruled], NOW).models == [("a", Share(1, 1)), ("b", Share(1, 2))]


def test_pairs_are_told_the_most_frequent_first() -> None:
    given = [decision("urban", "housing")] * 2 + [decision("housing", "urban"), decision("water", "water")]
    assert acceptance(given, NOW).confused == [(("urban", "housing"), 2), (("housing", "urban"), 1)]


def test_corrected_categories_are_pairs_too() -> None:
    given = [
        decision("urban", "urban", categories=("CG04", "CG05")),
        decision("urban", "urban", categories=("CG04", "CG04")),
        decision("urban", "urban"),
    ]
    assert acceptance(given, NOW).confused_categories == [(("CG04", "CG05"), 1)]


def test_a_decision_is_read_off_what_the_case_kept() -> None:
    kept = {"departments": [{"code": "urban"}, {"code": "water"}], "categories": [{"code": "CG04"}], "sure": True}
    assert Decision.on(kept, NOW, "urban", "CG05") == Decision(NOW, "urban", "urban", True, "CG04", "CG05")
    assert Decision.on({**kept, "routed": {"by": "rule"}}, NOW, "urban", None).routed
    assert Decision.on({**kept, "model": "261122-aaaa"}, NOW, "urban", None).model == "261122-aaaa"
    assert Decision.on({}, NOW, "urban", None) == Decision(NOW, None, "urban", False)
