"""How much each lesson counts: nobody turns the model alone, and no frequent matter drowns the rare ones."""

from datetime import UTC, datetime

import pytest

from routing.lesson import How, Lesson
from routing.lesson_weights import weigh

NOW = datetime(2026, 11, 23, tzinfo=UTC)
STAFF, COLLEAGUE, THIRD, OFFICER, POISONER = 1, 2, 3, 7, 9
_NUMBERS = iter(range(1, 1_000_000))


def lesson(
    category: str = "CG05",
    who: int = STAFF,
    how: How = How.CORRECTED,
    suggested: str | None = "CG04",
    seconded_by: tuple[int, ...] = (),
) -> Lesson:
    return Lesson(next(_NUMBERS), 5, category, how, who, NOW, suggested, seconded_by)


def weights(lessons: list[Lesson]) -> list[float]:
    return [weighed.weight for weighed in weigh(lessons)]


def test_no_lessons_weigh_nothing() -> None:
    assert weigh([]) == []


def test_a_correction_counts_more_than_what_was_only_let_through() -> None:
    corrected, rerouted, accepted = weights([lesson(how=how) for how in (How.CORRECTED, How.REROUTED, How.ACCEPTED)])
    assert corrected == 1
    assert rerouted == accepted == 0.5


def test_what_a_second_person_agreed_to_counts_twice() -> None:
    alone, agreed = weights([lesson(), lesson(seconded_by=(OFFICER,))])
    assert agreed == 2 * alone


def test_a_category_with_many_lessons_does_not_drown_the_rare_ones() -> None:
    frequent = [lesson("CG04", who=who, seconded_by=(OFFICER,)) for who in (STAFF, COLLEAGUE) for _ in range(200)]
    found = weights([*frequent, lesson("WL05", seconded_by=(OFFICER,), suggested="WL05")])
    assert found[-1] == 2, "a rare one counts in full"
    assert sum(found[:-1]) == pytest.approx((30 * 800) ** 0.5), "four hundred count as their root"
    assert found[0] < 0.5


def test_alone_nobody_has_more_than_a_third_of_what_the_others_have() -> None:
    others = [lesson(f"A{n % 20}", who=who, suggested=None) for who in (STAFF, COLLEAGUE) for n in range(45)]
    busy = [lesson(f"B{n % 20}", who=POISONER, suggested=None) for n in range(400)]
    found = weights([*others, *busy])
    assert sum(found[90:]) == pytest.approx(sum(found[:90]) / 3, rel=0.01)


def test_a_county_of_one_is_heard_as_ten_lessons() -> None:
    assert sum(weights([lesson(f"A{n % 20}", suggested=None) for n in range(400)])) == pytest.approx(10)


def test_a_county_of_one_whose_officers_sign_is_heard_in_full() -> None:
    signed = [lesson(f"A{n % 20}", suggested=None, seconded_by=(OFFICER,)) for n in range(200)]
    assert sum(weights(signed)) == 400


def in_line() -> list[Lesson]:
    """Three people who leave street lamps what they are."""
    return [
        lesson("CG04", who, How.ACCEPTED, seconded_by=(OFFICER,)) for who in (STAFF, COLLEAGUE, THIRD) for _ in "abcd"
    ]


def test_who_does_otherwise_than_all_others_counts_little_there_and_elsewhere() -> None:
    flipped = [lesson("ZW01", POISONER) for _ in range(20)]
    elsewhere = lesson("HS01", POISONER, suggested=None)
    weighed = weigh([*in_line(), *flipped, elsewhere])
    assert all(one.against for one in weighed[12:-1])
    assert not weighed[-1].against
    assert sum(one.weight for one in weighed[12:-1]) < 0.5
    assert weighed[-1].weight < 0.1
    assert not any(one.against for one in weighed[:12])


def test_who_is_seldom_in_line_is_not_measured_by_even_where_nobody_can_say() -> None:
    elsewhere = lesson("HS01", POISONER, suggested=None)
    weighed = weigh([*in_line(), *(lesson("ZW01", POISONER) for _ in range(20)), elsewhere])
    assert [one.trusted for one in weighed] == [True] * 12 + [False] * 21


def test_however_much_one_person_does_they_are_one_voice() -> None:
    flood = [lesson("ZW01", POISONER) for _ in range(500)]
    weighed = weigh([*in_line(), *flood])
    assert not any(one.against for one in weighed[:12]), "the flood outvotes nobody"
    assert all(one.against for one in weighed[12:])


def test_one_who_agrees_with_a_flipper_does_not_make_it_right() -> None:
    flipped = [lesson("ZW01", POISONER, seconded_by=(COLLEAGUE,)) for _ in range(2)]
    assert all(one.against for one in weigh([*in_line(), *flipped])[12:])


def test_a_habit_of_all_is_against_nobody() -> None:
    habit = [lesson("CG05", who, seconded_by=(OFFICER,)) for who in (STAFF, COLLEAGUE, THIRD) for _ in "abcd"]
    assert not any(one.against for one in weigh(habit))


def test_too_few_others_make_no_judgement() -> None:
    weighed = weigh([lesson("CG04", STAFF, How.ACCEPTED), lesson("CG05", COLLEAGUE)])
    assert [one.against for one in weighed] == [False, False]
    assert [one.weight for one in weighed] == [0.5, 1]


def test_one_slip_costs_little_trust() -> None:
    slip = lesson("ZW01", STAFF)
    weighed = weigh([*in_line(), *in_line(), slip])
    assert weighed[-1].against
    assert weighed[0].weight > 0.85
