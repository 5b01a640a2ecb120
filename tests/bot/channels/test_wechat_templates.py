"""Subscription notices: what a station writes into the mapping, and what fits into a platform's fields."""

import pytest

from bot.channels.wechat_templates import FITTING, Template, filled, read_templates
from bot.wording import Wording
from tests.conftest import Clock
from tests.fakes.wechat_methods import FIELDS

KINDS = {"case.answered", "case.accepted"}
MAPPING = """
case.answered:
  template: Kx2hTqP0
  page: https://station.example/
  fields:
    character_string1: "{number}"
    thing2: 您反映的事有答复了
    phrase3: 已答复
    time4: "{now}"
"*":
  template: Other
  fields: {thing1: "您反映的 {number} 有新进展"}
"""


def test_a_mapping_is_read() -> None:
    templates = read_templates(MAPPING, KINDS)
    answered = templates.of("case.answered")
    assert answered is not None
    assert (answered.id, answered.page) == ("Kx2hTqP0", "https://station.example/")
    other = templates.of("case.accepted")
    assert other is not None
    assert other.id == "Other"
    assert read_templates("", KINDS).of("case.answered") is None
    assert read_templates('{"case.accepted": {"template": "x", "fields": {"thing1": "y"}}}', KINDS).of("case.accepted")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("case.answered: [", "no YAML, line"),
        ("just words", "name notices"),
        ("case.lost: {template: x, fields: {thing1: y}}", "case.lost: there is no such notice"),
        ("case.answered: {fields: {thing1: y}}", "the template's id is missing"),
        ("case.answered: {template: x}", "the template's fields are missing"),
        ("case.answered: {template: x, fields: {thing: y}}", "thing is no field"),
        ("case.answered: {template: x, fields: {words1: y}}", "words1 is no field"),
        ("case.answered: {template: x, fields: {thing1: y}, url: z}", "and nothing else"),
        ("case.answered: {template: x, fields: {thing1: y}, page: 'javascript:alert(1)'}", "https://"),
        ("!!python/object/apply:os.system [id]", "no YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_templates(text, KINDS)


def test_the_notices_that_can_be_mapped_are_those_of_the_wording() -> None:
    assert read_templates("case.message: {template: x, fields: {thing1: y}}", Wording().keys())


def test_it_is_filled_with_the_notices_parameters(clock: Clock) -> None:
    template = read_templates(MAPPING, KINDS).of("case.answered")
    assert template is not None
    assert filled(template, {"number": "HB-261123-0001"}, clock.now) == {
        "character_string1": {"value": "HB-261123-0001"},
        "thing2": {"value": "您反映的事有答复了"},
        "phrase3": {"value": "已答复"},
        "time4": {"value": "2026年11月23日 10:00"},
    }


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("thing1", "一" * 20, "一" * 20),
        ("thing1", "一" * 21, "一" * 19 + "…"),
        ("thing1", "两\n行  字", "两 行 字"),
        ("character_string1", "编号 HB-1！", "HB-1"),
        ("character_string1", "x" * 40, "x" * 32),
        ("phrase1", "已经 答复了您", "已经答复了"),
        ("name1", "王" * 11, "王" * 9 + "…"),
        ("number1", "12.5", "12.5"),
        ("number1", "十二", None),
        ("time1", "2026年11月23日 10:00", "2026年11月23日 10:00"),
        ("time1", "明天", None),
        ("date1", "2026年11月23日", "2026年11月23日"),
        ("phone_number1", "电话 021-12345", "021-12345"),
        ("letter1", "abc1", "abc"),
        ("phrase1", "abc", None),
        ("thing1", "{missing}", None),
    ],
)
def test_a_value_is_made_to_fit_or_the_notice_is_not_announced(
    name: str, text: str, value: str | None, clock: Clock
) -> None:
    data = filled(Template("x", {name: text}), {}, clock.now)
    assert data == (None if value is None else {name: {"value": value}})
    if value is not None:
        assert FIELDS[name.rstrip("0123456789")](value), "the platform takes it"


def test_every_type_that_may_be_mapped_is_one_that_the_platform_has() -> None:
    assert set(FITTING) == set(FIELDS)


def test_what_a_citizen_wrote_is_never_taken_for_a_place(clock: Clock) -> None:
    data = filled(Template("x", {"thing1": "{text}"}), {"text": "{number}", "number": "1"}, clock.now)
    assert data == {"thing1": {"value": "{number}"}}
