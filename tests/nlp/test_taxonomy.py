"""The taxonomy file: what is packaged is sound, and every mistake is told with its line."""

import re
from pathlib import Path

import pytest

from nlp.taxonomy import DEFAULT_PATH, TaxonomyError, default_taxonomy, load_taxonomy

PACKAGED = DEFAULT_PATH.read_text("utf-8")


def problems(tmp_path: Path, text: str) -> list[str]:
    """Load ``text`` as a taxonomy and give what is said against it."""
    path = tmp_path / "taxonomy.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(TaxonomyError) as caught:
        load_taxonomy(path)
    return list(caught.value.problems)


def changed(old: str, new: str) -> tuple[str, int]:
    """Give the packaged file with one change, and the line of the change."""
    assert old in PACKAGED
    return PACKAGED.replace(old, new, 1), PACKAGED[: PACKAGED.index(old)].count("\n") + 1


def test_the_packaged_file() -> None:
    taxonomy = default_taxonomy()
    lamp = taxonomy.categories["CG04"]
    assert (lamp.name, lamp.parent, lamp.lead, lamp.sla_workdays) == (
        "路灯与公共照明",
        "CG",
        "zhzf",
        3,
    )
    assert "路灯" in lamp.strong
    assert "路灯" in lamp.keywords
    assert taxonomy.categories["CG"].parent is None
    assert taxonomy.departments["jiwei"].restricted
    assert taxonomy.departments["fayuan"].refer_only
    assert taxonomy.departments["gongdian"].hotline == "95598"
    assert taxonomy.urgencies["emergency"].first_response_hours == 0.25
    assert taxonomy.matching.top_k == 3


def test_each_department_with_cases_can_take_them() -> None:
    taxonomy = default_taxonomy()
    for leaf in taxonomy.leaves:
        assert not taxonomy.departments[leaf.lead].refer_only
        assert not taxonomy.departments[leaf.lead].restricted


def test_every_danger_has_a_number_that_its_answer_tells() -> None:
    for rule in default_taxonomy().safety.rules:
        assert any(number in rule.answer for number in rule.call), rule.code


def test_words_are_kept_in_matching_form(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(changed("keywords: [路灯, 路灯不亮", "keywords: [路燈, ＫＴＶ")[0], "utf-8")
    assert load_taxonomy(path).categories["CG04"].keywords[:2] == ("路灯", "ktv")


MISTAKES = [
    ("lead: zhzf", "lead: chengguan", "unknown department 'chengguan' in lead of category"),
    ("co: [zhujian, gongdian, xiangzhen]", "co: [zhujian, nobody]", "unknown department 'nobody'"),
    ("lead: zhzf", "lead: fayuan", "takes no cases"),
    ("parent: CG\n", "parent: XX\n", "unknown parent 'XX'"),
    ("parent: CG\n", "parent: CG02\n", "is a leaf or in a cycle"),
    ("- code: CG02", "- code: CG01", "category code 'CG01' is used twice"),
    ("{code: zrzy, ", "{code: zhujian, ", "department code 'zhujian' is used twice"),
    ("'垃圾.{0,10}(?:没人", "'垃圾.{0,10}((?:没人", "is not a regular expression"),
    ("'苍蝇'", "'(?:苍|蝇*)+'", "pattern of category CG03 '(?:苍|蝇*)+' is too costly: an open repeat of a group may"),
    ("'苍蝇'", "'(?:苍蝇|苍|蝇){1,30}!'", "more than 2000 ways"),
    ("'苍蝇'", "'(苍)?(?(1)蝇|蚊)'", "references to groups"),
    ("'苍蝇'", "'" + "(" * 500 + "苍" + ")" * 500 + "'", "pattern of category CG03"),
    ("'苍蝇'", "'" + "苍蝇" * 1_001 + "'", "has 2002 characters, 2000 are the most"),
    ("'苍蝇'", "[苍蝇]", "must be text"),
    ("parent: CG\n", "parent: CG01\n", "is a leaf or in a cycle"),
    ("keywords: [路灯, 路灯不亮", "keywords: [" + "路灯" * 26 + ", 路灯不亮", "has 52 characters, 50 are the most"),
    ("keywords: [路灯, 路灯不亮", "keywords: [[路灯], 路灯不亮", "must be text"),
    ("    urgent: {", "    urgently: {", "urgency_levels has no 'urgent'"),
    ("keep: [3, 2]", "keep: [3, 999]", "must be two counts up to 10"),
    ("keep: [3, 2]", "keep: [-3, 2]", "must be two counts up to 10"),
    ("check: luhn", "check: lunh", "unknown check 'lunh'"),
    ("(?P<hide>[1一幺]", "(?P<hidden>[1一幺]", "may name one group only"),
    ("region: 吴语, from", "from", "has no 'region'"),
    ("min_margin: ", "min_margins: ", "did you mean 'min_margin'"),
    ("'苍蝇'", "'蒼蠅'", "which folded text never has"),
    ("'苍蝇'", "'(?:苍蝇)?'", "matches an empty text"),
    ("keywords: [路灯, 路灯不亮", "keywords: [灯, 路灯不亮", "'灯' in keywords of category CG04"),
    ("keywords: [路灯, 路灯不亮", "keywords: [110, 路灯不亮", "must be text; put it in quotes"),
    ("    name: 路灯与公共照明\n", "", "has no 'name'"),
    ("    name: 路灯与公共照明", "    nmae: 路灯", "unknown key 'nmae' in a category; did you mean"),
    ("    name: 路灯与公共照明", "    name: ''", "is empty"),
    ("urgency: normal", "urgency: soon", "unknown urgency 'soon'"),
    ("sla_workdays: 5", "sla_workdays: five", "must be a whole number"),
    ("sla_workdays: 5", "sla_workdays: 0", "must be above 0 and at most 365"),
    ("weight: 0.8", "weight: .nan", "must be above 0 and at most 10"),
    ("review: true", "review: perhaps", "must be true or false"),
    ("type: party,    aliases: [信访办", "type: club, aliases: [信访办", "unknown type 'club'"),
    ('call: ["110"]', 'call: ["值班电话"]', "is no telephone number"),
    ("keep: [3, 2]", "keep: [3]", "must be two counts"),
    ("to: 不亮}", "to: [不亮]}", "must be text"),
    ("co: [fagai, zhujian]", "co: caizheng", "must be a list"),
]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text, line = changed(old, new)
    found = problems(tmp_path, text)
    told = [problem for problem in found if message in problem]
    assert told, found
    number = re.match(r"taxonomy\.yaml:(\d+): ", told[0])
    assert number
    # A mapping that lacks something is named by its first line.
    assert abs(int(number[1]) - line) <= 1


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = PACKAGED.replace("lead: zhzf", "lead: nobody").replace("min_margin: 0.25", "min_margin: x")
    found = problems(tmp_path, text)
    assert len(found) > 5
    assert "min_margin" in found[0]
    lines = [int(problem.split(":")[1]) for problem in found]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "taxonomy.yaml:1: the file is empty"),
        ("# nothing\n" * 9, "taxonomy.yaml:1: the file is empty"),
        ("[1, 2]", "taxonomy.yaml:1: the taxonomy must be a mapping"),
        ("just words", "taxonomy.yaml:1: the taxonomy must be a mapping"),
        ('!!python/object/apply:os.system ["true"]', "taxonomy.yaml:1: the taxonomy must be a mapping"),
        ("- " * 60 + "a", "nested deeper than 50 levels"),
        ("a: 1\n---\nb: 2", "not YAML: but found another document"),
        ("a: x\0y", "cannot be read as UTF-8 YAML"),
        ("x" * 10_000_000, "taxonomy.yaml:1: has 10.0 MB; 2 MB are the most"),
        ("a: [1\nb: 2", "taxonomy.yaml:2: not YAML"),
        ("a: 1\na: 2", "taxonomy.yaml:2: 'a' is written twice"),
        ("categories: &x [*x]", "must be a mapping"),
    ],
)
def test_what_is_no_taxonomy_at_all(tmp_path: Path, text: str, message: str) -> None:
    assert any(message in problem for problem in problems(tmp_path, text))


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="cannot be read"):
        load_taxonomy(tmp_path / "missing.yaml")
    path = tmp_path / "taxonomy.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TaxonomyError, match="cannot be read"):
        load_taxonomy(path)


def test_two_dialects_may_not_mean_two_things_by_one_word(tmp_path: Path) -> None:
    text = PACKAGED.rstrip() + "\n  - {region: 客家, from: [屋企], to: 厂里}\n"
    assert "'屋企' already means '家里'; keep one meaning" in problems(tmp_path, text)[0]


def test_a_cycle_is_told_at_each_of_its_members(tmp_path: Path) -> None:
    first = PACKAGED.replace("parent: CG\n", "parent: CG02\n", 1)
    found = problems(tmp_path, first.replace("parent: CG\n", "parent: CG01\n", 1))
    assert len(found) == 2
    assert "parent 'CG02' of category CG01 is a leaf or in a cycle" in found[0]
    assert "parent 'CG01' of category CG02 is a leaf or in a cycle" in found[1]
