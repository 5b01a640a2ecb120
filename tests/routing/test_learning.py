"""A challenger learns what a county does, and takes over only if it is better beyond chance and harms nothing."""

import dataclasses
from typing import Any

import pytest

from nlp.classify import Classifier
from nlp.model_bytes import from_bytes
from routing import learning
from routing.examples import Example, part_of, split
from routing.learning import Challenger, TooFew, habits
from tests.routing.school import HABIT, NOW, learner, lessons, sentences


def trained(examples: list[Example], champion: Classifier | None = None) -> Challenger:
    outcome = learner().train(examples, champion or learner().packaged, NOW)
    assert isinstance(outcome, Challenger), outcome
    return outcome


def classifier(challenger: Challenger) -> Classifier:
    return learner().packaged.with_model(from_bytes(challenger.content, learner().taxonomy))


def right(chosen: Classifier, pairs: list[tuple[str, str]]) -> float:
    """The share of texts whose first category is right."""
    found = [chosen.chances(text) for text, _ in pairs]
    return sum(max(of, key=of.__getitem__) == code for of, (_, code) in zip(found, pairs, strict=True)) / len(pairs)


@pytest.fixture(scope="module")
def of_habit() -> Challenger:
    return trained(lessons(500))


def test_a_county_s_habit_is_learned_and_takes_over(of_habit: Challenger) -> None:
    scores = of_habit.model.scores
    assert scores["second"] > scores["first"] + 0.08
    assert scores["p"] < 0.05
    assert of_habit.better


def test_its_figures_are_of_cases_that_it_never_learned_from(of_habit: Challenger) -> None:
    examples = lessons(500)
    parts = split(examples)
    held = {example.lesson.case_id for example in parts.held_back}
    assert len(held) == of_habit.model.scores["n"] == of_habit.model.data["held_back"]
    assert held.isdisjoint(one.example.lesson.case_id for one in parts.taught)
    assert {part_of(case_id) for case_id in held} == {0, 1}
    assert len({part_of(case_id) for case_id in range(1000)}) == 10


def test_what_the_county_does_not_do_its_own_way_stays_nearly_as_it_was(of_habit: Challenger) -> None:
    others = [pair for pair in sentences() if pair[1] not in (*HABIT, *HABIT.values())][::5]
    assert right(classifier(of_habit), others) > right(learner().packaged, others) - 0.02
    assert of_habit.model.scores["safety_recall"] >= 0.9


def test_a_model_says_what_it_learned_from(of_habit: Challenger) -> None:
    data = of_habit.model.data
    assert data["lessons"] == data["seconded"] == 500
    assert data["accepted"] + data["corrected"] == 500
    assert data["people"] == 3
    assert len(data["hash"]) == 64
    assert of_habit.model.id == f"{NOW:%y%m%d}-{data['hash'][:4]}"
    assert of_habit.model.base == learner().packaged.model.id
    assert classifier(of_habit).model.id == of_habit.model.id


def test_the_same_lessons_in_another_order_give_the_same_id(of_habit: Challenger) -> None:
    examples = lessons(500)
    assert trained(list(reversed(examples))).model.id == of_habit.model.id


def test_a_challenger_as_good_as_the_champion_does_not_take_over(of_habit: Challenger) -> None:
    again = trained(lessons(500), champion=classifier(of_habit))
    assert again.model.scores["won"] == again.model.scores["lost"] == 0
    assert not again.better


def test_one_who_sets_everything_to_one_category_does_not_turn_the_model(of_habit: Challenger) -> None:
    poisoned = trained(lessons(500, poisoner=lambda code, at: "ZW01", poisoned=400))
    clean = [pair for pair in sentences() if pair[1] not in HABIT][::5]
    assert right(classifier(poisoned), clean) > right(classifier(of_habit), clean) - 0.03
    assert poisoned.model.data["people"] == 4


def test_one_who_labels_at_random_does_not_turn_the_model(of_habit: Challenger) -> None:
    codes = sorted(learner().leads)
    poisoned = trained(lessons(500, poisoner=lambda code, at: codes[at * 37 % len(codes)], poisoned=400))
    clean = [pair for pair in sentences() if pair[1] not in HABIT][::5]
    assert right(classifier(poisoned), clean) > right(classifier(of_habit), clean) - 0.03


def test_a_poisoner_alone_never_makes_a_champion() -> None:
    examples = lessons(100, habit={}, poisoner=lambda code, at: "ZW01", poisoned=400)
    assert not trained(examples).better


@pytest.mark.parametrize("count", [0, 1, 49])
def test_few_lessons_are_not_enough(count: int) -> None:
    assert learner().train(lessons(300)[:count], learner().packaged, NOW) == TooFew("few", count)


def test_lessons_of_one_category_are_not_enough() -> None:
    examples = [
        example._replace(lesson=dataclasses.replace(example.lesson, category="CG05", suggested=None))
        for example in lessons(300)
    ]
    assert learner().train(examples, learner().packaged, NOW) == TooFew("one_category", 300)


def test_too_few_to_measure_with_are_not_enough() -> None:
    examples = [example for example in lessons(300) if part_of(example.lesson.case_id) not in (0, 1)]
    assert learner().train(examples, learner().packaged, NOW) == TooFew("few_held_back", len(examples))


def test_the_same_words_are_not_learned_from_where_they_are_held_back() -> None:
    examples = [example._replace(text="路灯不亮") for example in lessons(300)]
    parts = split(examples)
    assert parts.taught == []
    assert len(parts.held_back) > 10


def test_what_harms_danger_does_not_take_over(monkeypatch: pytest.MonkeyPatch) -> None:
    real = learning.report
    challengers = iter([False, True])

    def worse(judged: Any, taxonomy: Any) -> Any:
        found = real(judged, taxonomy)
        return dataclasses.replace(found, safety_recall=0.5) if next(challengers) else found

    monkeypatch.setattr(learning, "report", worse)
    challenger = trained(lessons(500))
    assert challenger.model.scores["p"] < 0.05
    assert not challenger.better


def test_a_habit_is_what_people_often_correct() -> None:
    assert habits(lessons(500)) >= set(HABIT)
    assert habits([]) == set()
