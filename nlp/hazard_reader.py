"""The sections of the taxonomy file that come before any category: danger, corruption, scope."""

import re

import yaml

from nlp.taxonomy_model import IntegrityRules, OutOfScopeRule, SafetyRule, SafetyRules
from nlp.taxonomy_reader import Node, read_code
from nlp.yaml_reader import Reader

_NOTHING = re.compile(r"(?!)")
_NUMBER = re.compile(r"[0-9][0-9-]{2,12}")


def read_safety(reader: Reader, node: Node) -> SafetyRules:
    """Read ``safety``."""
    f = reader.mapping(node, "safety", ("rules", "soft"))
    rules: dict[str, SafetyRule] = {}
    for item in reader.items(f.get("rules"), "safety rules"):
        rule = _safety_rule(reader, item, rules)
        rules[rule.code] = rule
    return SafetyRules(tuple(rules.values()), _safety_rule(reader, f.get("soft"), rules))


def _safety_rule(reader: Reader, node: Node, taken: dict[str, SafetyRule]) -> SafetyRule:
    f = reader.mapping(
        node,
        "a safety rule",
        ("code", "name", "call", "keywords", "answer"),
        ("patterns", "exclude", "visible_to"),
    )
    code = read_code(reader, f.get("code"), "safety rule", taken)
    what = f"safety rule {code or '?'}"
    call = reader.texts(f.get("call"), f"call of {what}")
    for number in call:
        if number and not _NUMBER.fullmatch(number):
            reader.fail(f["call"], f"{number!r} in {what} is no telephone number; write digits")
    if "call" in f and not call:
        reader.fail(f["call"], f"{what} has no number to call; add one")
    return SafetyRule(
        code=code,
        name=reader.text(f.get("name"), f"name of {what}"),
        call=call,
        keywords=reader.words(f.get("keywords"), what),
        patterns=reader.patterns(f.get("patterns"), what),
        exclude=reader.words(f.get("exclude"), f"exclude of {what}"),
        answer=reader.text(f.get("answer"), f"answer of {what}"),
        visible_to=reader.texts(f.get("visible_to"), f"visible_to of {what}"),
    )


def read_integrity(reader: Reader, node: Node) -> IntegrityRules:
    """Read ``integrity``."""
    f = reader.mapping(
        node,
        "integrity",
        ("target_queue", "refer", "answer", "visible_to", "short_text", "min_words", "strong",
         "keywords", "soft", "soft_needs", "salutation"),
        ("patterns", "needing_patterns", "soft_patterns", "exclude"),
    )  # fmt: skip
    refer = reader.mapping(f.get("refer"), "refer of integrity", ("phone", "web", "letter"))
    salutation = f.get("salutation")
    return IntegrityRules(
        target_queue=reader.text(f.get("target_queue"), "target_queue of integrity"),
        phone=reader.text(refer.get("phone"), "phone of integrity"),
        web=reader.text(refer.get("web"), "web of integrity"),
        letter=reader.text(refer.get("letter"), "letter of integrity"),
        answer=reader.text(f.get("answer"), "answer of integrity"),
        visible_to=reader.texts(f.get("visible_to"), "visible_to of integrity"),
        short_text=reader.whole(f.get("short_text"), "short_text of integrity", 120, 5_000),
        min_words=reader.whole(f.get("min_words"), "min_words of integrity", 2, 20),
        strong=reader.words(f.get("strong"), "strong of integrity"),
        keywords=reader.words(f.get("keywords"), "keywords of integrity"),
        soft=reader.words(f.get("soft"), "soft of integrity"),
        soft_needs=reader.words(f.get("soft_needs"), "soft_needs of integrity"),
        patterns=reader.patterns(f.get("patterns"), "integrity"),
        needing_patterns=reader.patterns(f.get("needing_patterns"), "integrity"),
        soft_patterns=reader.patterns(f.get("soft_patterns"), "integrity"),
        exclude=reader.words(f.get("exclude"), "exclude of integrity"),
        salutation=_optional_pattern(reader, salutation, "salutation of integrity"),
    )


def _optional_pattern(reader: Reader, node: Node, what: str) -> re.Pattern[str]:
    found = reader.pattern(node, what) if isinstance(node, yaml.Node) else None
    return found or _NOTHING


def read_out_of_scope(reader: Reader, node: Node) -> tuple[OutOfScopeRule, ...]:
    """Read ``out_of_scope``."""
    rules: dict[str, OutOfScopeRule] = {}
    for item in reader.items(node, "out_of_scope"):
        f = reader.mapping(item, "an out-of-scope rule", ("code", "name", "refer", "keywords"), ("patterns",))
        code = read_code(reader, f.get("code"), "out-of-scope rule", rules)
        rules[code] = OutOfScopeRule(
            code=code,
            name=reader.text(f.get("name"), f"name of {code}"),
            refer=reader.text(f.get("refer"), f"refer of {code}"),
            keywords=reader.words(f.get("keywords"), code),
            patterns=reader.patterns(f.get("patterns"), code),
        )
    return tuple(rules.values())
