"""The sections of the taxonomy file that come before any category: danger, corruption, scope."""

import re
from collections.abc import Collection
from typing import Final

import yaml

from nlp.normalise import MAX_CHARS
from nlp.taxonomy_model import Context, Cue, IntegrityRules, OutOfScopeRule, SafetyRule, SafetyRules
from nlp.taxonomy_reader import Node, read_code
from nlp.yaml_reader import Reader

_NOTHING = re.compile(r"(?!)")
_NUMBER = re.compile(r"[0-9][0-9-]{2,12}")
_NO_CONTEXT: Final = Context((), MAX_CHARS, 0.5, frozenset(), _NOTHING)


def read_safety(reader: Reader, node: Node) -> SafetyRules:
    """Read ``safety``."""
    f = reader.mapping(node, "safety", ("rules", "soft"), ("context",))
    rules: dict[str, SafetyRule] = {}
    for item in reader.items(f.get("rules"), "safety rules"):
        rule = _safety_rule(reader, item, rules)
        rules[rule.code] = rule
    return SafetyRules(
        rules=tuple(rules.values()),
        soft=_safety_rule(reader, f.get("soft"), rules),
        context=_context(reader, f["context"], rules) if "context" in f else _NO_CONTEXT,
    )


def _context(reader: Reader, node: yaml.Node, rules: Collection[str]) -> Context:
    f = reader.mapping(node, "context of safety", ("cues",), ("long_text", "long_loses", "careful", "oneself"))
    cues: dict[str, Cue] = {}
    for item in reader.items(f.get("cues"), "cues"):
        cue = _cue(reader, item, cues)
        cues[cue.code] = cue
    careful = reader.texts(f.get("careful"), "careful of safety")
    for code in sorted(set(careful) - set(rules)):
        reader.fail(f["careful"], f"unknown rule {code!r} in careful; add it under rules or correct the code")
    return Context(
        cues=tuple(cues.values()),
        long_text=reader.whole(f.get("long_text"), "long_text of safety", MAX_CHARS, MAX_CHARS),
        long_loss=reader.number(f.get("long_loses"), "long_loses of safety", 0.5, 5),
        careful=frozenset(careful),
        oneself=_optional_pattern(reader, f.get("oneself"), "oneself of safety"),
    )


def _cue(reader: Reader, node: Node, taken: dict[str, Cue]) -> Cue:
    f = reader.mapping(
        node, "a cue", ("code",), ("loses", "gains", "before", "after", "keywords", "patterns", "exclude")
    )
    code = read_code(reader, f.get("code"), "cue", taken)
    what = f"cue {code or '?'}"
    if ("loses" in f) == ("gains" in f):
        reader.fail(node, f"{what} needs either 'loses' (it excuses) or 'gains' (it says now), in points")
    if not f.keys() & {"keywords", "patterns"}:
        reader.fail(node, f"{what} has no 'keywords' and no 'patterns'; add what it is known by")
    loss = reader.number(f.get("loses"), f"loses of {what}", 1, 5)
    gain = reader.number(f.get("gains"), f"gains of {what}", 1, 5)
    return Cue(
        code=code,
        weight=gain if "gains" in f else -loss,
        before=reader.whole(f.get("before"), f"before of {what}", 0, 9),
        after=reader.whole(f.get("after"), f"after of {what}", 0, 9),
        keywords=reader.words(f.get("keywords"), what),
        patterns=reader.patterns(f.get("patterns"), what),
        exclude=reader.words(f.get("exclude"), f"exclude of {what}"),
    )


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
        f = reader.mapping(item, "an out-of-scope rule", ("code", "name", "refer", "keywords"), ("patterns", "exclude"))
        code = read_code(reader, f.get("code"), "out-of-scope rule", rules)
        rules[code] = OutOfScopeRule(
            code=code,
            name=reader.text(f.get("name"), f"name of {code}"),
            refer=reader.text(f.get("refer"), f"refer of {code}"),
            keywords=reader.words(f.get("keywords"), code),
            patterns=reader.patterns(f.get("patterns"), code),
            exclude=reader.words(f.get("exclude"), f"exclude of {code}"),
        )
    return tuple(rules.values())
