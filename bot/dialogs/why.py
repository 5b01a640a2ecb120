"""为什么: the whole reason of a case's suggestion, for whoever may see the case."""

from typing import Any, Final

from bot.cards import suggestion_line
from bot.dialogs.commands import Call, Command
from bot.rule_words import expert_words, routed_words
from nlp.result import ExplainedCategory
from routing.case import Case
from routing.casework import department_name
from routing.experts import experts
from routing.intake import words_at_submission
from routing.notice import word
from routing.permissions import Operation, may

#: Words that are told of one category.
_WORDS: Final = 8


def why(call: Call) -> None:
    """The rule or place that was met first, then the categories with their words and weights, and what spoke for the
    second where it was close. What is quoted is masked as in a push; who knows the trade and which model it was is for
    staff alone."""
    turn, case = call.turn, call.on
    text = words_at_submission(turn.uow, case)
    if not text.strip():
        turn.say("why.no_words", {"number": case.number}, case=case)
        return
    found = turn.understanding.explain(text)
    masked = turn.understanding.mask(text)
    told = 2 if found.close else 1
    others = [word("why.other", name=c.name, percent=_percent(c.confidence)) for c in found.categories[told:]]
    close = word("why.close") if found.close else "" if found.sure else word("why.unsure")
    for_staff = may(call.member, Operation.GIVE_DEPUTY)
    skilled = experts(turn.uow.directory, turn.understanding.categories(), case)
    turn.say("why.case", {
        "number": case.number,
        "suggestion": suggestion_line(case),
        "routed": _routed(call, case),
        "categories": [_category(call, category, masked) for category in found.categories[:told]],
        "others": word("why.others", names=others) if others else "",
        "close": close,
        "now": _now(call, case, text),
        "experts": expert_words(skilled) if for_staff else "",
        "model": _model(case, found.model) if for_staff else "",
    }, case=case)  # fmt: skip


def _routed(call: Call, case: Case) -> dict[str, Any] | str:
    routed = case.suggestion.get("routed")
    if not routed:
        return ""
    shown = {**routed, "words": [call.turn.understanding.mask(said) for said in routed["words"]]}
    return routed_words(shown, "why.by_rule", "why.by_place", "")


def _category(call: Call, category: ExplainedCategory, masked: str) -> dict[str, Any]:
    words = [
        word(
            "why.word_rule" if reason.rule else "why.word",
            word=masked[reason.start : reason.end],
            percent=_percent(reason.weight),
        )
        for reason in category.reasons[:_WORDS]
    ]
    told = {
        "name": f"{category.code} {category.name}",
        "department": department_name(call.turn.uow.directory, category.lead),
        "percent": _percent(category.confidence),
        "words": words,
    }
    return word("why.category" if words else "why.category_bare", **told)


def _now(call: Call, case: Case, text: str) -> dict[str, Any] | str:
    """What would be suggested by today's rules and words, where that is something else."""
    turn = call.turn
    today = turn.understanding.suggest(text, turn.uow.directory, station_id=case.station_id, at=case.created_at)
    before = case.suggestion.get("departments") or []
    if not today.departments or (before and before[0]["code"] == today.departments[0]["code"]):
        return ""
    return word("why.now", department=today.departments[0]["name"])


def _model(case: Case, now: str) -> dict[str, Any] | str:
    """Which learned model suggested; where another one is in use by now, that the reasons are that one's."""
    was = case.suggestion.get("model") or now
    if not was:
        return ""
    return word("why.model", model=was) if was == now else word("why.model_before", was=was, model=now)


def _percent(share: float) -> int:
    return round(100 * share)


COMMANDS = (Command(("为什么", "why"), Operation.EXPLAIN, "usage.why", why),)
