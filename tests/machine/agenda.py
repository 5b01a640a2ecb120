"""The model's time: what happens when something falls due."""

from datetime import datetime

from routing.deadlines import Unit
from tests.machine.cast import CHIEFS, HEARS_FOR, INTEGRITY, OFFICERS, STAFF, later
from tests.machine.matters import OPEN, FollowUp, Submission
from tests.machine.model import Model


def tick(model: Model, now: datetime) -> int:
    """Do what is due, oldest first; returns how much that was."""
    done = 0
    while due := sorted((f for f in model.follow_ups if f.at <= now), key=lambda f: f.at):
        model.follow_ups.remove(due[0])
        _happen(model, due[0], now)
        done += 1
    return done


def _happen(model: Model, what: FollowUp, now: datetime) -> None:
    if isinstance(what.about, Submission):
        _quiet(model, what.about, now)
        return
    case, times = what.about, what.times + 1

    def again(count: int = times) -> None:
        model.later(what.kind, case, now, 1, Unit.WORKDAY, count)

    match what.kind, case.state:
        case "deputy_silent", state if state in OPEN and case.heard_by is None and case.deputy:
            if times > 1:
                model.tell(STAFF, "line.deputy_silent", case)
                return
            case.deputy = HEARS_FOR[case.deputy]
            model.tell(case.deputy, "card.deputy_substitute", case)
            model.tell_reporter(case, "case.substitute", now)
            model.later("deputy_silent", case, now, 24, Unit.HOUR, times)
        case "staff_silent", "received" | "accepted" | "review" as state:
            kind = "card.review" if state == "review" else "card.staff_silent"
            model.tell([*STAFF, *(CHIEFS if times > 1 else ())], kind, case)
            again()
        case "confirm_due", "proposed":
            model.tell(OFFICERS[case.department or ""], "card.confirm_due", case)
            if times > 1:
                model.tell(STAFF, "line.confirm_late", case)
            again()
        case "answer_due", "assigned":
            model.tell(OFFICERS[case.department or ""], "card.answer_due", case)
            model.tell(STAFF, "line.answer_late", case)
            if times == 1:
                model.tell_reporter(case, "case.late", now)
            again()
        case (("staff_silent" | "answer_due"), "needs_info"):
            again(what.times)
        case "no_news", state if state in OPEN and state != "answered":
            start = case.news_at
            if later(start, 3, Unit.WORKDAY) <= now:
                model.tell_reporter(case, "case.no_news", now)
                start = now
            model.follow_ups.append(FollowUp("no_news", later(start, 3, Unit.WORKDAY), now, case))
        case "info_expires", "needs_info":
            case.state = case.came_from
            model.follow_ups.append(what)
            model.go_on(case, now)
            model.tell_reporter(case, "case.info_expired", now)
            model.tell(model.watchers(case), "line.info_expired", case)
        case "rating_reminder", "answered":
            model.tell(case.who, "case.rating_reminder", case)
            model.later("rating_expires", case, now, 3, Unit.WORKDAY)
        case "rating_expires", "answered":
            case.state = "closed"
            model.later("look_back", case, now, 30, Unit.DAY)
            model.tell_reporter(case, "case.closed_unanswered", now)
        case "look_back", "closed":
            model.tell(case.who, "case.look_back", case)
        case "integrity_due", "sealed":
            model.tell(INTEGRITY, "card.integrity", case)
            again()


def _quiet(model: Model, draft: Submission, now: datetime) -> None:
    """Ten quiet minutes: what was said is sent in by itmodel."""
    case = model.submit(draft, now)
    chat = model.chat(draft.who)
    if chat.draft is draft:
        chat.draft = None
        if chat.state == "collecting":
            chat.state = "idle"
    model.tell(draft.who, "receipt.quiet", case)
