"""A case as the people at work on it see it. Read when it is sent, so it is never older than the sending."""

from dataclasses import dataclass
from typing import Any

from bot.rule_words import expert_words, routed_words
from bot.where_when import heard, heard_line
from routing.case import Case, PartKind
from routing.experts import experts
from routing.notice import moment, word
from routing.ports import UnitOfWork
from routing.suggestion import Heard, Understanding

#: A push shows this many characters of what was said; 查 shows all.
EXCERPT = 600
MAX_PICTURES = 4
#: Shorter words are read at a glance; of them only a day is told that would have to be reckoned.
_AT_A_GLANCE = 60


@dataclass(frozen=True, slots=True)
class CaseView:
    """What fills a card; `files` are ids of stored files, photos first."""

    params: dict[str, Any]
    files: tuple[int, ...]


def case_view(uow: UnitOfWork, understanding: Understanding, case: Case, limit: int | None = None) -> CaseView:
    """The words (masked: phone and identity numbers hidden), place, pictures and suggestion of an unsealed case."""
    texts: list[str] = []
    places: list[str] = []
    pictures: list[int] = []
    others: list[int] = []
    for submission in uow.submissions.of_case(case.id):
        if submission.withdrawn_at is not None:
            continue
        for part in uow.submissions.parts(submission.id):
            if part.text:
                texts.append(part.text)
            elif part.lat is not None and part.lon is not None:
                places.append(f"{part.lat:.5f}, {part.lon:.5f}")
            elif part.file_id is not None:
                (pictures if part.kind is PartKind.PHOTO else others).append(part.file_id)
    text = understanding.mask("\n".join(texts))
    if limit is not None and len(text) > limit:
        text = text[:limit] + "…"
    told = heard(uow, understanding, case)
    directory = uow.directory
    station = directory.stations.get(case.station_id)
    deputy = directory.deputies.get(case.deputy_id or 0)
    department = directory.departments.get(case.department or "")
    co = [directory.departments[code].name for code in case.co_departments if code in directory.departments]
    params: dict[str, Any] = {
        "number": case.number,
        "text": text or word("card.no_words"),
        "extras": _extras(case, told if _helps(told, text) else None, places, pictures, others),
        "urgent": word(f"card.urgency_{case.urgency}"),
        "station": station.name if station else "",
        "deputy": f"{deputy.number} {deputy.name}" if deputy else word("word.none"),
        "state": word(f"state.{case.state}"),
        "department": department.name if department else word("word.none"),
        "co": word("card.co", names=co) if co else "",
        "suggestion": suggestion_line(case),
        "experts": expert_words(experts(directory, understanding.categories(), case)),
        "answer": word("progress.answer", answer=case.answer) if case.answer else "",
        "at": moment(case.created_at),
    }
    return CaseView(params, tuple((pictures[:MAX_PICTURES] + others)[: MAX_PICTURES + 2]))


def _helps(told: Heard, text: str) -> bool:
    return len(text) > _AT_A_GLANCE or any(day is not None for _, day in told.times)


def _extras(case: Case, told: Heard | None, places: list[str], pictures: list[int], others: list[int]) -> list[Any]:
    lines: list[Any] = [word("card.strong_words")] if case.suggestion.get("abusive") else []
    if told is not None and (line := heard_line(told)):
        lines.append(line)
    lines += [word("card.place", place=place) for place in places]
    if pictures:
        lines.append(word("card.pictures", count=len(pictures)))
    if others:
        lines.append(word("card.files", count=len(others)))
    return lines


def suggestion_line(case: Case) -> dict[str, Any]:
    """The suggested departments with the words that speak for each; "not sure" is said plainly."""
    departments = case.suggestion.get("departments") or []
    out_of_scope = case.suggestion.get("out_of_scope")
    if out_of_scope:
        # It may only look like that: staff who take the case should not have to guess who would act.
        otherwise = word("card.if_taken", best=_ranked(departments[0])) if departments else ""
        return word("card.out_of_scope", matter=out_of_scope["name"], refer=out_of_scope["refer"], otherwise=otherwise)
    if not departments:
        return word("card.no_suggestion")
    routed = case.suggestion.get("routed")
    helpers = [d["name"] for d in case.suggestion.get("co") or []]
    co = word("card.may_co", names=helpers) if helpers else ""
    if routed:
        best = routed_words(routed, "card.by_rule", "card.by_place", departments[0]["name"])
        return word("card.suggested", best=best, co=co)
    ranked = [_ranked(department) for department in departments[:3]]
    if case.suggestion.get("sure"):
        return word("card.suggested", best=ranked[0], co=co)
    return word("card.unsure", ranked=ranked)


def _ranked(department: dict[str, Any]) -> dict[str, Any]:
    """A suggested department; nothing is given as a reason where no single word is one."""
    name, percent = department["name"], round(100 * department["confidence"])
    if not department["words"]:
        return word("card.ranked_bare", name=name, percent=percent)
    return word("card.ranked", name=name, percent=percent, words=department["words"])
