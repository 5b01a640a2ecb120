"""How the citizen was served, in their own words. Silence is never counted as satisfied."""

from routing import deadlines
from routing.agenda import cancel, schedule
from routing.case import Case
from routing.errors import Refused
from routing.follow_up import FollowUpKind
from routing.notice import word
from routing.notices import tell_members, watchers
from routing.people import Contact, Role
from routing.ports import UnitOfWork
from routing.workflow import SYSTEM, Action, Actor, perform, remark

RATINGS = ("satisfied", "mostly", "dissatisfied")
#: Why somebody is not satisfied, in the order offered (scenario 5).
REASONS = ("unsolved", "attitude", "slow", "differs", "other")


def rate(uow: UnitOfWork, contact: Contact, case: Case, rating: str) -> None:
    """Close an answered case with the citizen's rating; "dissatisfied" opens a review instead.

    Raises:
        Refused: `error.state` when the case is not waiting for a rating.
    """
    if rating not in RATINGS:
        raise Refused("error.button")
    citizen = Actor(Role.CITIZEN, contact.id)
    if rating == "dissatisfied":
        uow.cases.add_event(perform(case, Action.OBJECT, citizen, uow.now, {"rating": rating}))
        case.closed_at = case.close_reason = None
    else:
        uow.cases.add_event(perform(case, Action.RATE, citizen, uow.now, {"rating": rating}))
        case.closed_at, case.close_reason = uow.now, "rated"
    case.rating = rating
    cancel(uow, case)
    if rating == "dissatisfied":
        schedule(uow, FollowUpKind.STAFF_SILENT, deadlines.REVIEW, case)
        schedule(uow, FollowUpKind.NO_NEWS, deadlines.NO_NEWS, case)
        tell_members(uow, uow.directory.staff_of(case.station_id), "card.review", case)
        return
    _look_back_later(uow, case)
    told = [m for m in watchers(uow, case) if m.role in (Role.DEPUTY, Role.STAFF)]
    told += uow.directory.officers_of(case.department) if case.department else []
    tell_members(uow, told, "line.rated", case, {"rating": word(f"rating.{rating}")})


def give_reason(uow: UnitOfWork, contact: Contact, case: Case, reason: str) -> None:
    """Why the citizen is not satisfied: one of `REASONS`. Their own words go to the submission, not into history,
    which can't be erased."""
    case.rating_reason = reason
    citizen = Actor(Role.CITIZEN, contact.id)
    uow.cases.add_event(remark(case, "rating_reason", citizen, uow.now, {"reason": reason}))
    staff = uow.directory.staff_of(case.station_id)
    tell_members(uow, staff, "line.rating_reason", case, {"reason": word(f"rating_reason.{reason}")})


def look_back(uow: UnitOfWork, contact: Contact, case: Case, good: bool) -> None:
    """Whether it stayed solved. If not, the case goes into review like a dissatisfied rating."""
    if not good:
        rate(uow, contact, case, "dissatisfied")
    citizen = Actor(Role.CITIZEN, contact.id)
    uow.cases.add_event(remark(case, "looked_back", citizen, uow.now, {"good": good}))


def close_unrated(uow: UnitOfWork, case: Case) -> None:
    """The call-back ran out: closed as unanswered, without a rating."""
    uow.cases.add_event(perform(case, Action.RATING_EXPIRED, SYSTEM, uow.now))
    case.closed_at, case.close_reason, case.rating = uow.now, "unanswered", None
    _look_back_later(uow, case)


def _look_back_later(uow: UnitOfWork, case: Case) -> None:
    limits = [deadlines.LOOK_BACK]
    if case.answer_class == "planned":
        limits.append(deadlines.LOOK_BACK_PROMISE)
    for limit in limits:
        schedule(uow, FollowUpKind.LOOK_BACK, limit, case, days=limit.amount)
