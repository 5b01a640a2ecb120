"""Deputies who know a trade (代表专业特长): named to staff beside a case, never asked by the desk itself."""

from collections.abc import Mapping
from typing import Final

from nlp.taxonomy import Category
from routing.case import Case
from routing.directory import Directory
from routing.station import Deputy

MOST: Final = 3


def experts(directory: Directory, categories: Mapping[str, Category], case: Case) -> list[tuple[Deputy, str]]:
    """Up to three serving deputies with a skill in the area of a case, each with that skill: the closest to the matter
    first, then those of the case's own station. The deputy whom the citizen turned to is not among them."""
    suggested = case.suggestion.get("categories") or []
    leaf = categories.get(case.category or (suggested[0]["code"] if suggested else ""))
    if leaf is None:
        return []
    group = categories.get(leaf.parent or "")
    near = directory.stations_above(case.station_id)
    found: dict[int, tuple[tuple[int, int, str], Deputy, str]] = {}
    for skill, deputies in directory.by_skill.items():
        closeness = _closeness(skill, leaf, group)
        if closeness is None:
            continue
        for deputy in deputies:
            if deputy.status != "active" or deputy.id == case.deputy_id:
                continue
            distance = near.index(deputy.station_id) if deputy.station_id in near else len(near)
            rank = (closeness, distance, deputy.number)
            if deputy.id not in found or rank < found[deputy.id][0]:
                found[deputy.id] = rank, deputy, skill
    return [(deputy, skill) for _, deputy, skill in sorted(found.values(), key=lambda one: one[0])[:MOST]]


def _closeness(skill: str, leaf: Category, group: Category | None) -> int | None:
    """How close a skill is to a leaf: in its own name, in its group's, among its words; None where it isn't."""
    if len(skill) < 2:
        return None
    if skill in leaf.name:
        return 0
    if group is not None and skill in group.name:
        return 1
    return 2 if skill in leaf.keywords else None
