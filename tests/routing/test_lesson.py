"""What a case taught is read off its history: who said which category is right, and who agreed."""

import pytest

from routing import casework, intake
from routing.erasure import erase_part
from routing.examples import Example, gather
from routing.lesson import How, Lesson
from tests.routing.county import CITIZEN, COLLEAGUE, LAMP, STAFF, County


def lessons(county: County) -> list[Lesson]:
    return [example.lesson for example in examples(county)]


def examples(county: County) -> list[Example]:
    leads = {code: leaf.lead for code, leaf in county.understanding.categories().items() if leaf.lead}
    with county.work() as uow:
        return gather(uow, leads, county.understanding.mask)


def only(county: County) -> Lesson:
    (lesson,) = lessons(county)
    return lesson


def assign(county: County, number: str, department: str, who: str = STAFF) -> None:
    county.does(casework.assign, who, number, county.department(department))


def teach(county: County, number: str, category: str, who: str = STAFF) -> None:
    county.does(casework.reclassify, who, number, category)


def ident(county: County, name: str) -> int:
    return county.member(name).id


def officer_of(county: County, department: str) -> str:
    with county.work() as uow:
        return uow.directory.officers_of(department)[0].name


def test_what_nobody_said_anything_of_is_no_lesson(county: County) -> None:
    number = county.report()
    assert lessons(county) == []
    county.does(casework.accept, STAFF, number)
    assign(county, number, "zhzf")
    assert lessons(county) == [], "sending it where the suggestion leads says nothing new before somebody signs"


def test_a_suggestion_is_confirmed_by_the_department_that_signs_for_it(county: County) -> None:
    number = county.report()
    assign(county, number, "zhzf")
    county.does(casework.confirm, officer_of(county, "zhzf"), number)
    lesson = only(county)
    assert (lesson.category, lesson.how) == ("CG04", How.ACCEPTED)
    assert lesson.taught_by == ident(county, STAFF)
    assert lesson.seconded_by == (ident(county, officer_of(county, "zhzf")),)


def test_a_correction_is_a_lesson_of_whoever_made_it(county: County) -> None:
    number = county.report()
    teach(county, number, "CG05")
    lesson = only(county)
    assert (lesson.category, lesson.suggested, lesson.how) == ("CG05", "CG04", How.CORRECTED)
    assert lesson.taught_by == ident(county, STAFF)
    assert lesson.seconded_by == ()
    assert lesson.at == county.clock.now


def test_an_officer_who_signs_agrees_with_what_staff_set(county: County) -> None:
    number = county.report()
    teach(county, number, "CG05")
    assign(county, number, "zhzf")
    county.does(casework.confirm, officer_of(county, "zhzf"), number)
    assert only(county).seconded_by == (ident(county, officer_of(county, "zhzf")),)


def test_of_concurrent_corrections_the_last_one_holds_and_both_stay_in_the_history(county: County) -> None:
    number = county.report()
    teach(county, number, "CG05", STAFF)
    teach(county, number, "HS01", COLLEAGUE)
    lesson = only(county)
    assert (lesson.category, lesson.taught_by) == ("HS01", ident(county, COLLEAGUE))
    assert [event.data["category"] for event in county.events(number) if event.kind == "reclassify"] == ["CG05", "HS01"]


def test_a_colleague_who_sets_the_same_agrees(county: County) -> None:
    number = county.report()
    teach(county, number, "CG05", STAFF)
    teach(county, number, "CG05", COLLEAGUE)
    lesson = only(county)
    assert lesson.taught_by == ident(county, STAFF)
    assert lesson.seconded_by == (ident(county, COLLEAGUE),)


def test_who_says_it_twice_does_not_agree_with_themselves(county: County) -> None:
    number = county.report()
    teach(county, number, "CG05")
    teach(county, number, "CG05")
    assert only(county).seconded_by == ()


def test_a_return_takes_the_agreement_away_until_it_is_sent_elsewhere(county: County) -> None:
    number = county.report()
    teach(county, number, "CG05")
    assign(county, number, "zhzf")
    county.does(casework.return_case, officer_of(county, "zhzf"), number, "不归我们管")
    assert lessons(county) == []
    teach(county, number, "HS01")
    assert only(county).category == "HS01"


def test_another_department_means_the_suggested_category_that_it_leads(county: County) -> None:
    number = county.report()
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        case.suggestion = {**case.suggestion, "categories": [{"code": "CG04"}, {"code": "GY02"}, {"code": "HS01"}]}
    assign(county, number, "zhzf")
    county.does(casework.return_case, officer_of(county, "zhzf"), number, "不归我们管")
    assign(county, number, "zhujian")
    lesson = only(county)
    assert (lesson.category, lesson.how) == ("HS01", How.REROUTED)


def test_another_department_than_any_suggested_says_no_category(county: County) -> None:
    number = county.report()
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        case.suggestion = {**case.suggestion, "categories": [{"code": "CG04"}]}
    assign(county, number, "zhujian")
    county.does(casework.confirm, officer_of(county, "zhujian"), number)
    assert lessons(county) == []


def test_staff_who_insist_after_a_return_stand_by_their_category(county: County) -> None:
    number = county.report()
    teach(county, number, "CG05")
    assign(county, number, "zhzf")
    county.does(casework.return_case, officer_of(county, "zhzf"), number, "不归我们管")
    assign(county, number, "zhzf")
    assert only(county).category == "CG05"


def test_an_answer_that_it_belongs_elsewhere_confirms_nothing(county: County) -> None:
    number = county.report()
    officer = officer_of(county, "zhzf")
    assign(county, number, "zhzf")
    county.does(casework.confirm, officer, number)
    county.does(casework.answer, officer, number, "elsewhere", "请找住建局", None)
    assert lessons(county) == []


def test_the_final_answer_of_the_department_agrees(county: County) -> None:
    number = county.report()
    officer = officer_of(county, "zhzf")
    assign(county, number, "zhzf")
    county.does(casework.confirm, STAFF, number)
    assert only(county).seconded_by == (), "staff who sign for a department are not a second person"
    county.does(casework.answer, officer, number, "solved", "修好了", None)
    assert only(county).seconded_by == (ident(county, officer),)


def test_the_newest_case_comes_first_and_every_page_is_read(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routing.examples._PAGE", 2)
    for who in "甲乙丙丁戊":
        teach(county, county.report(who=who), "CG05")
    found = [lesson.case_id for lesson in lessons(county)]
    assert len(found) == 5
    assert found == sorted(found, reverse=True)


def test_what_is_learned_from_is_masked_and_what_was_said_at_first(county: County) -> None:
    number = county.report(f"{LAMP}，我叫王小明，电话13812345678")
    teach(county, number, "CG05")
    county.clock.move(minutes=5)
    county.says(intake.supplement, number, text="后来又坏了")
    (example,) = examples(county)
    assert "路灯" in example.text
    assert "13812345678" not in example.text
    assert "王小明" not in example.text
    assert "后来" not in example.text


def test_a_case_that_is_sealed_later_teaches_nothing_any_more(county: County) -> None:
    number = county.report()
    teach(county, number, "CG05")
    assert len(lessons(county)) == 1
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        intake.seal_case(uow, case, casework.actor(county.member(STAFF)))
    assert lessons(county) == []


def test_what_may_hint_at_corruption_is_not_learned_from(county: County) -> None:
    number = county.report()
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        case.suggestion = {**case.suggestion, "integrity_hint": True}
    teach(county, number, "CG05")
    assert lessons(county) == []


def test_what_a_citizen_withdrew_is_not_learned_from(county: County) -> None:
    number = county.report()
    teach(county, number, "CG05")
    county.says(intake.withdraw, number, who=CITIZEN)
    assert lessons(county) == []


def test_erased_words_take_their_lesson_along(county: County) -> None:
    number = county.report()
    teach(county, number, "CG05")
    with county.work() as uow:
        for submission in uow.submissions.of_case(county.case(number).id):
            for part in uow.submissions.parts(submission.id):
                erase_part(uow, part)
    assert lessons(county) == []


def test_a_category_that_the_taxonomy_no_longer_has_is_not_learned(county: County) -> None:
    number = county.report()
    teach(county, number, "XX99")
    assert lessons(county) == []


def test_a_signature_without_any_suggestion_says_no_category(county: County) -> None:
    number = county.report()
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        case.suggestion = {}
    assign(county, number, "zhzf")
    county.does(casework.confirm, officer_of(county, "zhzf"), number)
    assert lessons(county) == [], "without a category there is nothing to agree to"
