"""What a citizen can do: arrive by a code, say something, send it in, add, withdraw."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from routing import deadlines
from routing.agenda import reckon, schedule
from routing.case import Case, CaseState, PartKind, StoredFile, Submission, SubmissionPart, Urgency
from routing.code import Code, Scan, fold_code
from routing.erasure import erase_part
from routing.errors import Forbidden, Refused
from routing.follow_up import FollowUp, FollowUpKind
from routing.guessing import count_wrong, may_guess
from routing.notice import Priority
from routing.notices import tell_members, watchers
from routing.people import Address, Contact, Conversation, Role
from routing.permissions import reporter_sees
from routing.ports import UnitOfWork
from routing.sealed import new_sealed_number, seal_parts
from routing.station import Deputy, Station
from routing.suggestion import Suggestion, Understanding
from routing.workflow import SYSTEM, Action, Actor, perform, remark

LOCAL = ZoneInfo("Asia/Shanghai")
MAX_PARTS = 50
#: Characters of one message; a longer one is no chat message, and staff would have to scroll through it.
MAX_TEXT = 20_000
_CASE_NUMBER = re.compile(r"([A-Z]{1,6})-?([0-9]{6})-?([0-9A-Z]{3,6})")


def case_number(typed: str) -> str | None:
    """The number that somebody typed, as it is kept (`hp261123007` → `HP-261123-007`); None when it is none."""
    match = _CASE_NUMBER.fullmatch(unicodedata.normalize("NFKC", typed).strip().upper())
    return "-".join(match.groups()) if match else None


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a code leads: the station, the deputy it names and who hears for them now."""

    station: Station
    deputy: Deputy | None = None
    hearing: Deputy | None = None


def arrive(uow: UnitOfWork, contact: Contact, conversation: Conversation, typed: str, channel: str) -> Arrival:
    """Bind a conversation to the deputy or station behind a code.

    Raises:
        Refused: `code.unknown`, `code.revoked` or, after ten wrong ones within an hour, `code.limit`.
    """
    if not may_guess(uow, contact):
        raise Refused("code.limit")
    folded = fold_code(typed)
    code = uow.codes.get(folded) if folded else None
    if code is None:
        count_wrong(uow, contact)
        raise Refused("code.unknown")
    if not code.valid_at(uow.now):
        raise Refused("code.revoked")
    uow.codes.add_scan(Scan(code=code.code, place=code.place, channel=channel, at=uow.now))
    arrival = resolve(uow, code)
    conversation.code = code.code
    conversation.station_id = arrival.station.id
    conversation.deputy_id = arrival.deputy.id if arrival.deputy else None
    return arrival


def resolve(uow: UnitOfWork, code: Code) -> Arrival:
    """Whom a code stands for now. A deputy who left: their station, so that a poster never leads nowhere."""
    station = uow.directory.stations[code.station_id]
    deputy = uow.directory.deputies.get(code.deputy_id) if code.deputy_id else None
    if deputy is None or deputy.status == "left":
        return Arrival(station)
    return Arrival(station, deputy, uow.directory.serving_deputy(deputy.id, uow.now))


def draft_of(uow: UnitOfWork, conversation: Conversation) -> Submission | None:
    """The submission that a conversation is gathering, if any."""
    draft = uow.submissions.get(conversation.draft_id) if conversation.draft_id else None
    return draft if draft is not None and draft.case_id is None and draft.withdrawn_at is None else None


def take(
    uow: UnitOfWork, conversation: Conversation, address: Address, *, text: str = "",
    location: tuple[float, float] | None = None, files: list[StoredFile] | None = None,
) -> Submission:  # fmt: skip
    """Add what was said to the draft (a new one if there is none) and let it be sent in after ten quiet minutes.

    Raises:
        Refused: `intake.no_station` when no station is known yet; `intake.full` past 50 messages.
    """
    draft = draft_of(uow, conversation)
    _check_room(draft.parts if draft else 0, text, location, files or [])
    if draft is None:
        if conversation.station_id is None:
            raise Refused("intake.no_station")
        draft = Submission(
            contact_id=conversation.contact_id, address_id=address.id, station_id=conversation.station_id,
            created_at=uow.now, deputy_id=conversation.deputy_id, code=conversation.code,
        )  # fmt: skip
        uow.submissions.add(draft)
        conversation.data = {**conversation.data, "draft": draft.id}
        follow_up = FollowUp(
            kind=FollowUpKind.SUBMIT_DRAFT, due_at=reckon(uow, deadlines.DRAFT_QUIET).at, created_at=uow.now,
            submission_id=draft.id, params={"conversation": conversation.id, "address": address.id},
        )  # fmt: skip
        uow.follow_ups.add(follow_up)
        conversation.data["submit_at"] = follow_up.id
    else:
        waiting = uow.follow_ups.get(conversation.data.get("submit_at", 0))
        if waiting is not None:
            waiting.due_at = reckon(uow, deadlines.DRAFT_QUIET).at
    add_parts(uow, draft, text=text, location=location, files=files)
    return draft


def _check_room(parts: int, text: str, location: tuple[float, float] | None, files: list[StoredFile]) -> None:
    if len(text) > MAX_TEXT:
        raise Refused("intake.too_long", limit=MAX_TEXT)
    if parts + len(files) + bool(text) + bool(location) > MAX_PARTS:
        raise Refused("intake.full", limit=MAX_PARTS)


def add_parts(
    uow: UnitOfWork, submission: Submission, *, text: str = "", location: tuple[float, float] | None = None,
    files: list[StoredFile] | None = None, author: str = "citizen", sealed: bool = False,
) -> None:  # fmt: skip
    """Append one message to a submission, as it came.

    Raises:
        Refused: `intake.full` or `intake.too_long`, before anything is added.
    """
    files = files or []
    _check_room(submission.parts, text, location, files)

    def add(kind: PartKind, **what: object) -> None:
        submission.parts += 1
        part = SubmissionPart(submission_id=submission.id, seq=submission.parts, kind=kind, at=uow.now, author=author)
        for name, value in what.items():
            setattr(part, name, value)
        uow.submissions.add_part(part)

    if text:
        if sealed:
            add(PartKind.TEXT, sealed_text=uow.sealer.seal(text))
        else:
            add(PartKind.TEXT, text=text)
    if location is not None:
        add(PartKind.LOCATION, lat=location[0], lon=location[1])
    for file in files:
        file.submission_id = submission.id
        add(file.kind, file_id=file.id)


def said(uow: UnitOfWork, submission: Submission) -> str:
    """The citizen's words of a submission, unsealed, one message a line."""
    parts = uow.submissions.parts(submission.id)
    return "\n".join(part.text for part in parts if part.text and part.author == "citizen")


def words_at_submission(uow: UnitOfWork, case: Case) -> str:
    """The words that a case's suggestion was made of: its first submission as it was sent in, one message a line. ""
    where nothing was written, or where it was withdrawn or sealed."""
    first = next((s for s in uow.submissions.of_case(case.id) if s.withdrawn_at is None), None)
    if first is None or first.submitted_at is None:
        return ""
    parts = uow.submissions.parts(first.id)
    return "\n".join(p.text for p in parts if p.text and p.author == "citizen" and p.at <= first.submitted_at)


def submit(
    uow: UnitOfWork,
    understanding: Understanding,
    submission: Submission,
    channel: str,
    *,
    suggestion: Suggestion | None = None,
    urgent: bool = False,
) -> Case:
    """Make a case of a draft: number, suggestion, events, deadlines, and the pushes to those who should know.

    Corruption is sealed before anybody is told; danger rings the duty officer; a text about the deputy whose code was
    scanned, or that may hint at corruption, is held from the deputy until staff release it. `urgent`: the citizen
    said that somebody is in danger now. `suggestion` is what was made of the words, if that is known already.
    """
    station = uow.directory.stations[submission.station_id]
    text = said(uow, submission)
    suggestion = suggestion or understanding.suggest(text, uow.directory, station_id=station.id, at=uow.now)
    integrity = understanding.integrity(text)
    danger = understanding.danger(text)
    sealed = integrity is not None and integrity.level == "sealed"
    hearing = uow.directory.serving_deputy(submission.deputy_id, uow.now) if submission.deputy_id else None
    scanned = uow.directory.deputies.get(submission.deputy_id) if submission.deputy_id else None
    about = [d for d in (scanned, hearing) if d is not None and understanding.names_deputy(text, d)]
    urgency = Urgency(suggestion.urgency)
    if urgent or (danger is not None and danger.level == "hard"):
        urgency = Urgency.EMERGENCY
    case = Case(
        number=new_sealed_number(station, uow.now) if sealed else _new_number(uow, station),
        station_id=station.id, reporter_id=submission.contact_id, channel=channel, created_at=uow.now,
        news_at=uow.now, deputy_id=hearing.id if hearing else None, code=submission.code, urgency=urgency,
        category=suggestion.categories[0]["code"] if suggestion.sure and suggestion.categories else None,
        suggestion={} if sealed else suggestion.to_json(),
        held_from_deputy=bool(about) or suggestion.integrity_hint or urgency is Urgency.EMERGENCY,
    )  # fmt: skip
    uow.cases.add(case)
    submission.case_id, submission.submitted_at = case.id, uow.now
    citizen = Actor(Role.CITIZEN, submission.contact_id)
    _cancel(uow, submission)
    uow.cases.add_event(remark(case, "received", citizen, uow.now, {"submission": submission.id}))
    if sealed:
        seal_case(uow, case, SYSTEM)
    else:
        _set_clocks(uow, case)
        _tell_desk(uow, case)
    return case


def seal_case(uow: UnitOfWork, case: Case, actor: Actor) -> None:
    """Move a case to the sealed track: its words are encrypted and only integrity officers are told."""
    uow.cases.add_event(perform(case, Action.SEAL, actor, uow.now))
    seal_parts(uow, case)
    for follow_up in uow.follow_ups.pending_of_case(case.id):
        follow_up.state = "cancelled"
    due = reckon(uow, deadlines.INTEGRITY)
    schedule(uow, FollowUpKind.INTEGRITY_DUE, due, case)
    tell_members(uow, uow.directory.integrity_officers(), "card.integrity", case, priority=Priority.URGENT)


def _new_number(uow: UnitOfWork, station: Station) -> str:
    day = uow.now.astimezone(LOCAL).date()
    return f"{station.prefix}-{day:%y%m%d}-{uow.cases.next_number(station.id, day):03d}"


def _cancel(uow: UnitOfWork, submission: Submission) -> None:
    for follow_up in uow.follow_ups.pending_of_submission(submission.id):
        follow_up.state = "cancelled"


def _set_clocks(uow: UnitOfWork, case: Case) -> None:
    emergency = case.urgency is Urgency.EMERGENCY
    if case.deputy_id is not None and not case.held_from_deputy and not emergency:
        schedule(uow, FollowUpKind.DEPUTY_SILENT, deadlines.DEPUTY_TO_SUBSTITUTE, case, step="substitute")
    schedule(uow, FollowUpKind.STAFF_SILENT, deadlines.STAFF_ACCEPT, case)
    if emergency:
        schedule(uow, FollowUpKind.DUTY_SILENT, deadlines.DUTY_CALL, case)
    schedule(uow, FollowUpKind.NO_NEWS, deadlines.NO_NEWS, case)


def _tell_desk(uow: UnitOfWork, case: Case) -> None:
    """Push a new case: an emergency to the duty officer alone, else to staff and, unless held back, to the deputy."""
    if case.urgency is Urgency.EMERGENCY:
        tell_members(uow, uow.directory.duty_of(case.station_id), "card.duty", case, priority=Priority.URGENT)
        return
    kind = "card.staff_held" if case.held_from_deputy else "card.staff"
    tell_members(uow, uow.directory.staff_of(case.station_id), kind, case)
    if case.deputy_id is not None and not case.held_from_deputy:
        deputy = uow.directory.deputy_member(case.deputy_id)
        if deputy is not None:
            tell_members(uow, [deputy], "card.deputy", case)


def own_case(uow: UnitOfWork, address: Address, number_or_id: str | int) -> Case:
    """A case that the citizen of this chat told of; a sealed one only where they told of it from this chat.

    Raises:
        Forbidden: `error.not_found`, alike for a case that is not there and one that is another's.
    """
    case = uow.cases.get(number_or_id) if isinstance(number_or_id, int) else uow.cases.by_number(number_or_id)
    if case is None or not reporter_sees(uow, address, case):
        raise Forbidden(number=str(number_or_id) if isinstance(number_or_id, str) else "")
    return case


def cases_told(uow: UnitOfWork, address: Address) -> list[Case]:
    """The cases that the citizen of this chat told of, newest first, as far as this chat may know of them."""
    told = uow.cases.of_reporter(address.contact_id)
    return [case for case in told if not case.sealed or reporter_sees(uow, address, case)]


def supplement(
    uow: UnitOfWork,
    contact: Contact,
    case: Case,
    *,
    text: str = "",
    location: tuple[float, float] | None = None,
    files: list[StoredFile] | None = None,
) -> None:
    """Add to a case that was told of before; answers the question if one was asked.

    Raises:
        Refused: `case.over` when the case is no longer open.
    """
    if not case.open and not case.sealed:
        raise Refused("case.over", number=case.number)
    mine = [s for s in uow.submissions.of_case(case.id) if s.contact_id == contact.id]
    # One person may have told of it in two chats before they were joined: it goes to what was told in this one.
    submission = next((s for s in mine if s.address_id == contact.address_id), mine[0])
    add_parts(uow, submission, text=text, location=location, files=files, sealed=case.sealed)
    citizen = Actor(Role.CITIZEN, contact.id)
    if case.state is CaseState.NEEDS_INFO:
        uow.cases.add_event(perform(case, Action.INFORM, citizen, uow.now))
        case.question = None
        _expect_no_answer(uow, contact.id, case)
        for follow_up in uow.follow_ups.pending_of_case(case.id, [FollowUpKind.INFO_EXPIRES]):
            restart_clock(uow, case, follow_up)
    else:
        uow.cases.add_event(remark(case, "supplemented", citizen, uow.now))
    # Of a sealed case even its officer is told no more than that there is something to open.
    kind = "card.integrity" if case.sealed else "card.supplemented"
    priority = Priority.URGENT if case.urgency is Urgency.EMERGENCY else Priority.PUSH
    tell_members(uow, watchers(uow, case), kind, case, priority=priority)


def expect_answer(uow: UnitOfWork, contact_id: int, case: Case) -> None:
    """Let the next thing that a citizen says be the answer to the question they were asked."""
    # Which of their chats the question goes to is known only when it is sent, and they may answer in another.
    for address in uow.contacts.addresses_of(contact_id):
        conversation = uow.conversations.of_address(address.id)
        if conversation is not None:
            conversation.data = {**conversation.data, "asked": case.id}
            # "2" is now an answer, and no longer the second button of an older message.
            conversation.offered = []


def _expect_no_answer(uow: UnitOfWork, contact_id: int, case: Case) -> None:
    """They answered in one of their chats: what they say in another is no answer any more."""
    for address in uow.contacts.addresses_of(contact_id):
        conversation = uow.conversations.of_address(address.id)
        if conversation is not None and conversation.data.get("asked") == case.id:
            conversation.data = {name: value for name, value in conversation.data.items() if name != "asked"}


def stop_clock(uow: UnitOfWork, case: Case, until: datetime) -> None:
    """The clock stands still from now, `until` then at the latest: nobody is reminded of an answer meanwhile."""
    for follow_up in uow.follow_ups.pending_of_case(case.id, [FollowUpKind.ANSWER_DUE]):
        follow_up.due_at += until - uow.now


def restart_clock(uow: UnitOfWork, case: Case, expiring: FollowUp) -> None:
    """The clock stood still while the citizen was asked: push every due date of the case back by that time.

    The reminder was put off by the whole time to answer when they were asked (`stop_clock`); what they did not use of
    it is taken back.
    """
    expiring.state = "done"
    stood_still = uow.now - expiring.created_at
    for follow_up in uow.follow_ups.pending_of_case(case.id, [FollowUpKind.ANSWER_DUE]):
        follow_up.due_at += uow.now - expiring.due_at
    for assignment in uow.assignments.of_case(case.id):
        if assignment.due_at is not None and assignment.state == "confirmed":
            assignment.due_at += stood_still


def discard(uow: UnitOfWork, draft: Submission) -> None:
    """Forget a draft that was never sent in: its words, places and files are erased."""
    for part in uow.submissions.parts(draft.id):
        erase_part(uow, part)
    draft.withdrawn_at = uow.now
    _cancel(uow, draft)


def withdraw(uow: UnitOfWork, contact: Contact, case: Case) -> None:
    """Take back what this citizen said. The case ends with its last reporter.

    Raises:
        Refused: `error.state` when the case is already over, or sealed (its officer decides then).
    """
    submissions = [s for s in uow.submissions.of_case(case.id) if s.withdrawn_at is None]
    others = [s for s in submissions if s.contact_id != contact.id]
    citizen = Actor(Role.CITIZEN, contact.id)
    if others:
        uow.cases.add_event(remark(case, "reporter_withdrew", citizen, uow.now))
    else:
        # Told before the state changes: afterwards the department may no longer see the case.
        told = watchers(uow, case)
        uow.cases.add_event(perform(case, Action.WITHDRAW, citizen, uow.now))
        case.closed_at, case.close_reason = uow.now, "withdrawn"
        for follow_up in uow.follow_ups.pending_of_case(case.id):
            follow_up.state = "cancelled"
        tell_members(uow, told, "line.withdrawn", case)
    for submission in submissions:
        if submission.contact_id == contact.id:
            submission.withdrawn_at = uow.now
