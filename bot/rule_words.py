"""Routing rules, routes and deputies' trades as parameters of sentences, for cards and for the commands."""

from typing import Any

from routing.casework import department_name
from routing.directory import Directory
from routing.notice import word
from routing.router import takes_cases
from routing.rule import PlaceKind, RoutingRule, RuleStep
from routing.rule_trial import DAYS, Trial
from routing.station import Deputy

Word = dict[str, Any]

KIND = {
    PlaceKind.PROJECT: "rules.kind_project",
    PlaceKind.STREET: "rules.kind_street",
    PlaceKind.ESTATE: "rules.kind_estate",
    PlaceKind.INSTITUTION: "rules.kind_institution",
}
STEP = {
    RuleStep.ADDED: "rules.step_added",
    RuleStep.CHANGED: "rules.step_changed",
    RuleStep.ENABLED: "rules.step_enabled",
    RuleStep.DISABLED: "rules.step_disabled",
    RuleStep.MOVED: "rules.step_moved",
    RuleStep.DELETED: "rules.step_deleted",
}


def rule_line(directory: Directory, rule: RoutingRule) -> Word:
    """A rule on one line: its number, what it asks for, where it sends."""
    station = directory.stations.get(rule.station_id or 0)
    co = [department_name(directory, code) for code in rule.co_departments]
    return word(
        "rules.line",
        number=rule.number,
        state=word(_state(directory, rule)),
        words=word("rules.words", words=rule.words) if rule.words else "",
        places=word("rules.places", words=rule.places) if rule.places else "",
        categories=word("rules.categories", words=rule.categories) if rule.categories else "",
        station=word("rules.station", name=station.name) if station else "",
        hours=word("rules.hours", span=rule.hours) if rule.hours else "",
        days=word("rules.days", span=rule.days) if rule.days else "",
        department=department_name(directory, rule.department),
        co=word("rules.co", names=co) if co else "",
    )


def _state(directory: Directory, rule: RoutingRule) -> str:
    if not rule.active:
        return "rules.state_off"
    return "rules.state_on" if takes_cases(directory.departments.get(rule.department)) else "rules.state_stuck"


def trial_words(directory: Directory, trial: Trial) -> Word:
    """What a dry run found."""
    return word(
        "rules.trial",
        days=DAYS,
        looked=trial.looked,
        changed=trial.changed,
        agreed=word("rules.agreed", agreed=trial.agreed) if trial.agreed else "",
        examples=[
            word(
                "rules.example",
                number=number,
                before=department_name(directory, before) if before else word("rules.nobody"),
                after=department_name(directory, after),
            )
            for number, before, after in trial.examples
        ],
        more=word("rules.trial_more", looked=trial.looked) if trial.more else "",
    )


def because(words: list[str]) -> Word | str:
    """The words that a rule was met by; a rule may need none."""
    return word("rules.because", words=words) if words else ""


def routed_words(routed: dict[str, Any], rule_key: str, place_key: str, department: str) -> Word:
    """Why a rule or a place put a department first, by the sentences of whoever tells it."""
    if routed["by"] == "rule":
        return word(rule_key, name=department, department=department, rule=routed["rule"],
                    because=because(routed["words"]))  # fmt: skip
    kind = word(KIND[PlaceKind(routed["kind"])])
    return word(place_key, name=department, department=department, place=routed["place"], kind=kind)


def expert_words(found: list[tuple[Deputy, str]]) -> Word | str:
    """The deputies who know a trade; "" for none."""
    names = [word("why.expert", number=deputy.number, name=deputy.name, skill=skill) for deputy, skill in found]
    return word("why.experts", names=names) if names else ""
