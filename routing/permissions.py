"""Who may see a case and who may do what. Checked again at every action, never remembered."""

from enum import StrEnum

from routing.case import Case, CaseState, StoredFile, Submission
from routing.errors import Forbidden
from routing.notice import word
from routing.people import Address, Contact, Member, Role
from routing.ports import UnitOfWork


class Operation(StrEnum):
    """What a member can be asked to do, beyond the transitions of `routing.workflow`."""

    HEAR = "hear"
    ADD_NOTE = "add_note"
    FOLLOW = "follow"
    ASK = "ask"
    PROPOSE_DEPARTMENT = "propose_department"
    CONFIRM = "confirm"
    RETURN = "return"
    ANSWER = "answer"
    ACCEPT = "accept"
    DECLINE = "decline"
    ASSIGN = "assign"
    RECLASSIFY = "reclassify"
    GIVE_DEPUTY = "give_deputy"
    URGE = "urge"
    CLOSE = "close"
    REDO = "redo"
    SEARCH = "search"
    LIST = "list"
    STATISTICS = "statistics"
    MESSAGE = "message"
    SEAL = "seal"
    DUTY = "duty"
    CODES = "codes"
    INVITE = "invite"
    TRANSFER = "transfer"
    EXPLAIN = "explain"
    RULES = "rules"
    SIMILAR = "similar"
    HOT = "hot"
    LINK = "link"
    PUSH = "push"


_O = Operation
#: What is everybody's own: by which chats they are reached, and when.
_OWN = frozenset({_O.LINK, _O.PUSH})
#: A deputy listens, adds, follows, asks and proposes. There is no order and no decision in this row, and there must
#: not be: deputies do not handle matters themselves (Deputies Law 2025, Arts. 31 and 59).
_DEPUTY = frozenset({_O.HEAR, _O.ADD_NOTE, _O.FOLLOW, _O.ASK, _O.PROPOSE_DEPARTMENT, _O.LIST, _O.EXPLAIN})
_OFFICER = frozenset({_O.CONFIRM, _O.RETURN, _O.ANSWER, _O.ASK, _O.LIST, _O.EXPLAIN})
_STAFF = frozenset(
    {
        _O.ACCEPT, _O.DECLINE, _O.ASSIGN, _O.RECLASSIFY, _O.GIVE_DEPUTY, _O.URGE, _O.CLOSE, _O.REDO, _O.SEARCH, _O.LIST,
        _O.STATISTICS, _O.MESSAGE, _O.SEAL, _O.DUTY, _O.CODES, _O.INVITE, _O.ASK, _O.CONFIRM, _O.ANSWER, _O.ADD_NOTE,
        _O.EXPLAIN, _O.RULES, _O.SIMILAR, _O.HOT,
    }
)  # fmt: skip
MATRIX: dict[Role, frozenset[Operation]] = {
    Role.DEPUTY: _DEPUTY | _OWN,
    Role.OFFICER: _OFFICER | _OWN,
    Role.STAFF: _STAFF | _OWN,
    Role.ADMIN: frozenset({_O.CODES, _O.INVITE, _O.STATISTICS}) | _OWN,
    Role.INTEGRITY: frozenset({_O.TRANSFER}) | _OWN,
}


def may(member: Member, operation: Operation) -> bool:
    return member.active and operation in MATRIX.get(member.role, frozenset())


def member_sees(uow: UnitOfWork, member: Member, case: Case) -> bool:
    """Whether a member may know of a case at all.

    Sealed cases exist for integrity officers alone. Citizens' whistle-blowing must not reach the accused
    (regulations on petitions, Arts. 30 and 46).
    """
    if not member.active:
        return False
    if case.sealed:
        return member.role is Role.INTEGRITY
    if member.role is Role.STAFF:
        return uow.directory.sees_station(member, case.station_id)
    if member.role is Role.DEPUTY:
        return case.deputy_id == member.deputy_id and member.deputy_id is not None and not case.held_from_deputy
    if member.role is Role.OFFICER:
        if member.department is None or case.state in (CaseState.WITHDRAWN, CaseState.MERGED):
            return False
        current = ("proposed", "confirmed", "done")
        return any(
            assignment.department == member.department and assignment.state in current
            for assignment in uow.assignments.of_case(case.id)
        )
    return False


def _own(address: Address, submission: Submission, sealed: bool) -> bool:
    """Whether what was said is shown in a chat: to who said it, in any of their chats; what is sealed in its own."""
    return submission.contact_id == address.contact_id and (not sealed or submission.address_id == address.id)


def reporter_sees(uow: UnitOfWork, address: Address, case: Case) -> bool:
    """Whether the citizen of this chat told of this case. A number alone opens nothing. A sealed one is not even known
    in the other chats of who told of it."""
    return any(_own(address, submission, case.sealed) for submission in uow.submissions.of_case(case.id))


def member_for(uow: UnitOfWork, contact: Contact, operation: Operation, case: Case | None = None) -> Member:
    """The role by which a contact may do `operation` (on `case`).

    Raises:
        Forbidden: `error.not_found` when the case must not even be known; `error.role` when no role allows it.
    """
    members = list(uow.directory.members_of(contact.id))
    if case is not None:
        members = [m for m in members if member_sees(uow, m, case)]
        if not members:
            raise Forbidden(number=case.number)
    for member in members:
        if may(member, operation):
            return member
    raise Forbidden("error.role", action=word(f"operation.{operation}"))


def may_see_file(uow: UnitOfWork, address: Address, file: StoredFile) -> bool:
    """Whether a stored file may be opened in a chat: by its sender, or by a member who sees the case it belongs to."""
    if file.submission_id is None:
        return False
    submission = uow.submissions.get(file.submission_id)
    if submission is None:
        return False
    case = uow.cases.get(submission.case_id) if submission.case_id is not None else None
    if _own(address, submission, case is not None and case.sealed):
        return True
    if case is None:
        return False
    return any(member_sees(uow, member, case) for member in uow.directory.members_of(address.contact_id))
