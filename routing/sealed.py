"""The sealed track for corruption reports: own numbers, encrypted words, own eyes.

Source: regulations on petitions (信访工作条例) Arts. 30 and 46: what informs on somebody must not reach them.
"""

import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

from routing.case import Case, CaseState
from routing.code import ALPHABET
from routing.erasure import erase_part
from routing.errors import Refused
from routing.notices import tell_reporters
from routing.people import Member, Role
from routing.ports import UnitOfWork
from routing.station import Station
from routing.workflow import Action, Actor, perform, remark

_LETTERS = [char for char in ALPHABET if char.isalpha()]


def new_sealed_number(station: Station, now: datetime) -> str:
    """A number outside the day's sequence, so that no gap in it tells of a sealed case."""
    day = now.astimezone(ZoneInfo("Asia/Shanghai")).date()
    tail = "".join(secrets.choice(_LETTERS) for _ in range(5))
    return f"{station.prefix}-{day:%y%m%d}-{tail}"


def seal_parts(uow: UnitOfWork, case: Case) -> None:
    """Encrypt every word of a case's submissions and drop what was derived from them."""
    for submission in uow.submissions.of_case(case.id):
        for part in uow.submissions.parts(submission.id):
            if part.text is not None:
                part.sealed_text, part.text = uow.sealer.seal(part.text), None
    case.suggestion = {}
    case.category = None
    case.department = None
    case.deputy_id = None
    case.held_from_deputy = True


def read_sealed(uow: UnitOfWork, member: Member, case: Case) -> str:
    """The words of a sealed case, for an integrity officer; the reading is written into its history.

    Raises:
        Refused: `error.not_found` for anybody else, as if the case were not there.
    """
    if member.role is not Role.INTEGRITY or not case.sealed:
        raise Refused("error.not_found", number=case.number)
    uow.cases.add_event(remark(case, "sealed_read", Actor(member.role, member.id), uow.now))
    lines = []
    for submission in uow.submissions.of_case(case.id):
        for part in uow.submissions.parts(submission.id):
            if part.sealed_text is not None:
                lines.append(uow.sealer.open(part.sealed_text))
    return "\n".join(lines)


def consent_to_transfer(uow: UnitOfWork, contact_id: int, case: Case) -> None:
    """The citizen asks the station to hand their report on."""
    if case.state is not CaseState.SEALED:
        raise Refused("error.not_found", number=case.number)
    case.transfer_consent = True
    uow.cases.add_event(remark(case, "transfer_consent", Actor(Role.CITIZEN, contact_id), uow.now))


def transfer(uow: UnitOfWork, member: Member, case: Case, receipt: str) -> None:
    """Note the hand-over to the discipline organ, then erase the words (RULES: no copy kept longer than needed)."""
    uow.cases.add_event(perform(case, Action.TRANSFER, Actor(member.role, member.id), uow.now, {"receipt": receipt}))
    case.closed_at, case.close_reason = uow.now, "transferred"
    for submission in uow.submissions.of_case(case.id):
        for part in uow.submissions.parts(submission.id):
            erase_part(uow, part)
    for follow_up in uow.follow_ups.pending_of_case(case.id):
        follow_up.state = "cancelled"
    tell_reporters(uow, case, "case.transferred")
