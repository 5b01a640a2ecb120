"""The taxonomy: departments, categories and the words that speak for them.

The file is data that staff edit, so it is checked as a whole when it is read, and everything
that is wrong with it is told at once, each with its line and what to do about it.
"""

import functools
from collections.abc import Collection
from pathlib import Path
from types import MappingProxyType
from typing import Final

import yaml

from nlp.hazard_reader import read_integrity, read_out_of_scope, read_safety
from nlp.taxonomy_model import (
    Category,
    Department,
    IntegrityRules,
    Matching,
    OutOfScopeRule,
    PrivacyPattern,
    SafetyRule,
    SafetyRules,
    Taxonomy,
    Urgency,
    WordRule,
)
from nlp.taxonomy_reader import (
    read_category,
    read_colloquial,
    read_departments,
    read_matching,
    read_privacy,
    read_urgencies,
    read_word_rule,
)
from nlp.yaml_reader import Reader

__all__ = [
    "DEFAULT_PATH",
    "Category",
    "Department",
    "IntegrityRules",
    "Matching",
    "OutOfScopeRule",
    "PrivacyPattern",
    "SafetyRule",
    "SafetyRules",
    "Taxonomy",
    "TaxonomyError",
    "Urgency",
    "WordRule",
    "default_taxonomy",
    "load_taxonomy",
]

DEFAULT_PATH: Final = Path(__file__).parent / "data" / "taxonomy.yaml"

_SECTIONS: Final = (
    "meta",
    "matching",
    "departments",
    "categories",
    "intents",
    "safety",
    "integrity",
    "out_of_scope",
    "abuse",
    "spam",
    "privacy_patterns",
    "colloquial",
)


class TaxonomyError(ValueError):
    """The file cannot be used. ``problems`` are ``taxonomy.yaml:LINE: what, and what to do``."""

    def __init__(self, problems: Collection[str]) -> None:
        """Keep the problems; the message has one on each line."""
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load_taxonomy(path: Path | None = None) -> Taxonomy:
    """Read and check a taxonomy file; the packaged one if ``path`` is None.

    Raises :class:`TaxonomyError` with all problems of the file.
    """
    path = path or DEFAULT_PATH
    reader = Reader(path.name)
    root = reader.compose(path)
    if root is None:
        if not reader.problems:
            reader.fail(None, "the file is empty; start from the packaged taxonomy.yaml")
        raise TaxonomyError(reader.problems)
    if not isinstance(root, yaml.MappingNode):
        reader.fail(
            root, "the taxonomy must be a mapping (meta: …, departments: …); start from the packaged taxonomy.yaml"
        )
        raise TaxonomyError(reader.problems)
    taxonomy = _read(reader, root)
    if reader.problems:
        raise TaxonomyError(reader.problems)
    return taxonomy


@functools.cache
def default_taxonomy() -> Taxonomy:
    """Give the packaged taxonomy, read once."""
    return load_taxonomy()


def _read(reader: Reader, root: yaml.Node) -> Taxonomy:
    f = reader.mapping(root, "the taxonomy", _SECTIONS)
    meta = reader.mapping(f.get("meta"), "meta", ("version", "urgency_levels"))
    departments = read_departments(reader, f.get("departments"))
    forms, kept = read_colloquial(reader, f.get("colloquial"))
    intents = reader.entries(f.get("intents"), "intents")
    return Taxonomy(
        version=reader.text(meta.get("version"), "version"),
        urgencies=read_urgencies(reader, meta.get("urgency_levels")),
        matching=read_matching(reader, f.get("matching")),
        departments=departments,
        categories=_read_categories(reader, f.get("categories"), departments),
        intents=tuple(read_word_rule(reader, code, node, named=True) for code, node in intents.items()),
        safety=read_safety(reader, f.get("safety")),
        integrity=read_integrity(reader, f.get("integrity")),
        out_of_scope=read_out_of_scope(reader, f.get("out_of_scope")),
        abuse=read_word_rule(reader, "abuse", f.get("abuse")),
        spam=read_word_rule(reader, "spam", f.get("spam")),
        privacy=read_privacy(reader, f.get("privacy_patterns")),
        colloquial=MappingProxyType(forms),
        colloquial_kept=kept,
    )


def _read_categories(
    reader: Reader, node: yaml.Node | None, departments: MappingProxyType[str, Department]
) -> MappingProxyType[str, Category]:
    categories: dict[str, Category] = {}
    nodes: list[tuple[Category, dict[str, yaml.Node]]] = []
    for item in reader.items(node, "categories"):
        category, fields = read_category(reader, item, categories)
        categories[category.code] = category
        nodes.append((category, fields))
    for category, fields in nodes:
        _check_departments(reader, category, fields, departments)
        _check_parent(reader, category, fields, categories)
    categories.pop("", None)
    return MappingProxyType(categories)


def _check_departments(
    reader: Reader,
    category: Category,
    fields: dict[str, yaml.Node],
    departments: MappingProxyType[str, Department],
) -> None:
    if category.lead and category.lead not in departments:
        reader.fail(fields["lead"], _unknown_department(category.lead, "lead", category.code))
    elif category.lead:
        lead = departments[category.lead]
        if lead.refer_only or lead.restricted:
            reader.fail(
                fields["lead"],
                f"lead {lead.code!r} of category {category.code} takes no cases "
                "(refer_only or restricted); name another department",
            )
    for code, node in zip(category.co, reader.items(fields.get("co"), "co"), strict=True):
        if code and code not in departments:
            reader.fail(node, _unknown_department(code, "co", category.code))
        if code == category.lead:
            reader.fail(node, f"{code!r} already leads category {category.code}; drop it from co")


def _unknown_department(code: str, key: str, category: str) -> str:
    return f"unknown department {code!r} in {key} of category {category}; add it under departments or correct the code"


def _check_parent(
    reader: Reader,
    category: Category,
    fields: dict[str, yaml.Node],
    categories: dict[str, Category],
) -> None:
    if not category.parent:
        return
    parent = categories.get(category.parent)
    if parent is None:
        reader.fail(
            fields["parent"],
            f"unknown parent {category.parent!r} of category {category.code}; add the group or correct the code",
        )
    elif parent.parent is not None:
        reader.fail(
            fields["parent"],
            f"parent {category.parent!r} of category {category.code} is a leaf or in a cycle; "
            "a parent is a group (parent: null)",
        )
