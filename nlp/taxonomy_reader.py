"""Each section of the taxonomy file, node by node, into :mod:`nlp.taxonomy_model`."""

import re
from types import MappingProxyType
from typing import Final, get_args

import yaml

from nlp.checksums import CHECKS
from nlp.normalise import fold_word
from nlp.taxonomy_model import (
    Category,
    Department,
    DepartmentType,
    Matching,
    PrivacyPattern,
    Urgency,
    UrgencyCode,
    WordRule,
)
from nlp.yaml_reader import Reader

Node = yaml.Node | None

_MOST_KEPT: Final = 10
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_LEAF_ONLY: Final = ("co", "urgency", "sla_workdays", "weight", "strong", "patterns", "exclude")


def read_urgencies(reader: Reader, node: Node) -> MappingProxyType[str, Urgency]:
    """Read ``meta.urgency_levels``."""
    levels: dict[str, Urgency] = {}
    for code, value in reader.entries(node, "urgency_levels").items():
        what = f"urgency level {code}"
        if code not in get_args(UrgencyCode):
            reader.fail(value, f"{what} is not one of {', '.join(get_args(UrgencyCode))}")
        times = (
            "first_response_hours",
            "first_response_workdays",
            "handle_hours",
            "handle_workdays",
        )
        f = reader.mapping(value, what, ("name",), (*times, "note"))
        levels[code] = Urgency(
            code=code,
            name=reader.text(f.get("name"), f"name of {what}"),
            first_response_hours=_hours(reader, f, "first_response_hours"),
            first_response_workdays=_days(reader, f, "first_response_workdays"),
            handle_hours=_hours(reader, f, "handle_hours"),
            handle_workdays=_days(reader, f, "handle_workdays"),
            note=reader.text(f.get("note"), f"note of {what}"),
        )
    for code in get_args(UrgencyCode):
        if node is not None and code not in levels:
            reader.fail(node, f"urgency_levels has no {code!r}; add it")
    return MappingProxyType(levels)


def _hours(reader: Reader, fields: dict[str, yaml.Node], key: str) -> float | None:
    return reader.number(fields[key], key, 1.0, 10_000) if key in fields else None


def _days(reader: Reader, fields: dict[str, yaml.Node], key: str) -> int | None:
    return reader.whole(fields[key], key, 1, 1_000) if key in fields else None


def read_matching(reader: Reader, node: Node) -> Matching:
    """Read ``matching``."""
    f = reader.mapping(node, "matching", ("min_score", "min_confidence", "min_margin", "top_k"), ("ignored_terms",))
    return Matching(
        min_score=reader.number(f.get("min_score"), "min_score", 1.6, 100),
        min_confidence=reader.number(f.get("min_confidence"), "min_confidence", 0.7, 1),
        min_margin=reader.number(f.get("min_margin"), "min_margin", 0.25, 1),
        top_k=reader.whole(f.get("top_k"), "top_k", 3, 20),
        ignored_terms=frozenset(reader.words(f.get("ignored_terms"), "ignored_terms")),
    )


def read_departments(reader: Reader, node: Node) -> MappingProxyType[str, Department]:
    """Read ``departments``."""
    departments: dict[str, Department] = {}
    for item in reader.items(node, "departments"):
        f = reader.mapping(
            item,
            "a department",
            ("code", "name", "type"),
            ("aliases", "hotline", "restricted", "refer_only"),
        )
        code = read_code(reader, f.get("code"), "department", departments)
        what = f"department {code or '?'}"
        kind = reader.text(f.get("type"), f"type of {what}", "gov")
        if kind not in get_args(DepartmentType):
            known = ", ".join(get_args(DepartmentType))
            reader.fail(f["type"], f"unknown type {kind!r} of {what}; known are {known}")
        departments[code] = Department(
            code=code,
            name=reader.text(f.get("name"), f"name of {what}"),
            type=kind,  # type: ignore[arg-type]  # checked just above
            aliases=reader.texts(f.get("aliases"), f"aliases of {what}"),
            hotline=reader.text(f.get("hotline"), f"hotline of {what}") or None,
            restricted=reader.flag(f.get("restricted"), f"restricted of {what}"),
            refer_only=reader.flag(f.get("refer_only"), f"refer_only of {what}"),
        )
    departments.pop("", None)
    return MappingProxyType(departments)


def read_code(reader: Reader, node: Node, what: str, taken: object) -> str:
    """Read a code: Latin letters and digits, used once."""
    code = reader.text(node, f"code of a {what}")
    if code and not _CODE.fullmatch(code):
        reader.fail(node, f"{what} code {code!r} may have letters, digits and _ only")
    if code and isinstance(taken, dict) and code in taken:
        reader.fail(node, f"{what} code {code!r} is used twice; give each its own")
    return code


def read_category(reader: Reader, item: yaml.Node, taken: dict[str, Category]) -> tuple[Category, dict[str, yaml.Node]]:
    """Read a leaf or a group; give its fields too, for the checks across the file."""
    f = reader.mapping(item, "a category", ("code", "name", "parent"), ("lead", "keywords", "review", *_LEAF_ONLY))
    code = read_code(reader, f.get("code"), "category", taken)
    what = f"category {code or '?'}"
    name = reader.text(f.get("name"), f"name of {what}")
    parent = f.get("parent")
    if parent is None or parent.tag == "tag:yaml.org,2002:null":
        for key in sorted(set(f) - {"code", "name", "parent"}):
            reader.fail(f[key], f"{what} has no parent, so it is a group and takes no {key!r}")
        return Category(code, name, None), f
    for key in ("lead", "keywords"):
        if key not in f:
            reader.fail(item, f"{what} has no {key!r}; add it")
    urgency = reader.text(f.get("urgency"), f"urgency of {what}", "normal")
    if urgency not in get_args(UrgencyCode):
        known = ", ".join(get_args(UrgencyCode))
        reader.fail(f["urgency"], f"unknown urgency {urgency!r} of {what}; known are {known}")
    strong = reader.words(f.get("strong"), f"strong of {what}")
    category = Category(
        code=code,
        name=name,
        parent=reader.text(parent, f"parent of {what}"),
        lead=reader.text(f.get("lead"), f"lead of {what}"),
        co=reader.texts(f.get("co"), f"co of {what}"),
        urgency=urgency,  # type: ignore[arg-type]  # checked just above
        sla_workdays=reader.whole(f.get("sla_workdays"), f"sla_workdays of {what}", 5, 365),
        weight=reader.number(f.get("weight"), f"weight of {what}", 1.0, 10),
        strong=frozenset(strong),
        # A strong word need not be repeated among the keywords.
        keywords=tuple(dict.fromkeys((*reader.words(f.get("keywords"), f"keywords of {what}"), *strong))),
        patterns=reader.patterns(f.get("patterns"), f"{what}"),
        exclude=reader.words(f.get("exclude"), f"exclude of {what}"),
        review=reader.flag(f.get("review"), f"review of {what}"),
    )
    return category, f


def read_word_rule(reader: Reader, code: str, node: Node, *, named: bool = False) -> WordRule:
    """Read an intent, ``abuse`` or ``spam``."""
    optional = ("patterns", "exclude", "unless") if code == "spam" else ("patterns", "exclude")
    f = reader.mapping(node, code, ("name", "keywords") if named else ("keywords",), optional)
    return WordRule(
        code=code,
        name=reader.text(f.get("name"), f"name of {code}"),
        keywords=reader.words(f.get("keywords"), code),
        patterns=reader.patterns(f.get("patterns"), code),
        exclude=reader.words(f.get("exclude"), f"exclude of {code}"),
        unless=reader.words(f.get("unless"), f"unless of {code}"),
    )


def read_privacy(reader: Reader, node: Node) -> tuple[PrivacyPattern, ...]:
    """Read ``privacy_patterns``, in the order they are applied."""
    found: list[PrivacyPattern] = []
    for code, value in reader.entries(node, "privacy_patterns").items():
        what = f"privacy pattern {code}"
        f = reader.mapping(value, what, ("pattern",), ("keep", "digits_only", "check", "digits"))
        pattern = reader.pattern(f["pattern"], what) if "pattern" in f else None
        keep = [
            int(node.value)
            for node in reader.items(f.get("keep"), f"keep of {what}")
            if isinstance(node, yaml.ScalarNode) and node.value.isdecimal() and len(node.value) < 4
        ]
        if "keep" in f and (len(keep) != 2 or max(keep) > _MOST_KEPT):
            reader.fail(f["keep"], f"keep of {what} must be two counts up to {_MOST_KEPT}, like [3, 4]")
        check = reader.text(f.get("check"), f"check of {what}")
        if check and check not in CHECKS:
            reader.fail(f["check"], f"unknown check {check!r} of {what}; known are {', '.join(CHECKS)}")
        digits = reader.whole(f["digits"], f"digits of {what}", 1, 100) if "digits" in f else 0
        if pattern is not None:
            if set(pattern.groupindex) - {"hide"}:
                reader.fail(f["pattern"], f"{what} may name one group only: (?P<hide>…), which alone is hidden")
            first, last = keep if len(keep) == 2 else (0, 0)
            digits_only = reader.flag(f.get("digits_only"), f"digits_only of {what}")
            group = pattern.groupindex.get("hide", 0)
            found.append(PrivacyPattern(code, pattern, (first, last), digits_only, group, check, digits))
    return tuple(found)


def read_colloquial(reader: Reader, node: Node) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read ``colloquial``: form → meaning, and the words that only look like a form."""
    forms: dict[str, str] = {}
    kept: dict[str, None] = {}
    for item in reader.items(node, "colloquial"):
        f = reader.mapping(item, "a colloquial entry", ("region", "from", "to"), ("except",))
        reader.text(f.get("region"), "region of a colloquial entry")
        meaning = fold_word(reader.text(f.get("to"), "to of a colloquial entry"))
        for form in reader.words(f.get("from"), "from of a colloquial entry"):
            if forms.get(form, meaning) != meaning:
                reader.fail(item, f"{form!r} already means {forms[form]!r}; keep one meaning")
            forms[form] = meaning
        kept |= dict.fromkeys(reader.words(f.get("except"), "except of a colloquial entry"))
    return forms, tuple(kept)
