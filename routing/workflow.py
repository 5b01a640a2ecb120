"""The life of a case as one table. Tests walk every allowed and every forbidden pair.

Two rows are not in the first design and are told in `docs/decisions/0005-staff-may-reroute.md`: staff may propose anew
while a department has not confirmed, and take a case back from a department that is already working on it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from routing.case import OPEN_STATES, Case, CaseEvent, CaseState, append_event
from routing.errors import Forbidden, Refused
from routing.notice import word
from routing.people import Role

S = CaseState


class Action(StrEnum):
    """What moves a case. The field's word for each is in `bot/wording` under `action.*`."""

    ACCEPT = "accept"  # 受理
    HEAR = "hear"  # 我来听
    DECLINE = "decline"  # 不受理
    SEAL = "seal"  # 转受限
    PROPOSE = "propose"  # 预交办、改派
    RETURN = "return"  # 退回
    CONFIRM = "confirm"  # 签收
    ASK = "ask"  # 提问
    INFORM = "inform"  # 补充
    INFO_EXPIRED = "info_expired"
    ANSWER = "answer"  # 答复
    RATE = "rate"  # 评价
    RATING_EXPIRED = "rating_expired"
    OBJECT = "object"  # 不满意
    REDO = "redo"  # 重办
    UPHOLD = "uphold"  # 维持
    SUPERVISE = "supervise"  # 督办
    WITHDRAW = "withdraw"  # 撤回
    MERGE = "merge"  # 并案
    TRANSFER = "transfer"  # 移送


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it: a role and a member's id (a contact's for the citizen, None for the system)."""

    role: Role
    id: int | None = None
    name: str = ""


SYSTEM = Actor(Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Transition:
    """`target` None means: back to where the case came from (`Case.resume_state`)."""

    source: CaseState
    action: Action
    target: CaseState | None
    roles: frozenset[Role]


def _rows() -> list[Transition]:
    staff, deputy, officer = Role.STAFF, Role.DEPUTY, Role.OFFICER
    citizen, system, integrity = Role.CITIZEN, Role.SYSTEM, Role.INTEGRITY
    table: list[tuple[CaseState, Action, CaseState | None, set[Role]]] = [
        (S.RECEIVED, Action.ACCEPT, S.ACCEPTED, {staff}),
        (S.RECEIVED, Action.HEAR, S.ACCEPTED, {deputy}),
        (S.RECEIVED, Action.DECLINE, S.DECLINED, {staff}),
        (S.RECEIVED, Action.SEAL, S.SEALED, {system, staff}),
        (S.ACCEPTED, Action.PROPOSE, S.PROPOSED, {staff}),
        (S.PROPOSED, Action.PROPOSE, S.PROPOSED, {staff}),
        (S.ASSIGNED, Action.PROPOSE, S.PROPOSED, {staff}),
        (S.PROPOSED, Action.RETURN, S.ACCEPTED, {officer}),
        (S.PROPOSED, Action.CONFIRM, S.ASSIGNED, {officer, staff}),
        (S.ACCEPTED, Action.ASK, S.NEEDS_INFO, {staff, deputy, officer}),
        (S.ASSIGNED, Action.ASK, S.NEEDS_INFO, {staff, deputy, officer}),
        (S.NEEDS_INFO, Action.INFORM, None, {citizen}),
        (S.NEEDS_INFO, Action.INFO_EXPIRED, None, {system}),
        (S.ACCEPTED, Action.ANSWER, S.ANSWERED, {officer, staff}),
        (S.ASSIGNED, Action.ANSWER, S.ANSWERED, {officer, staff}),
        (S.ANSWERED, Action.RATE, S.CLOSED, {citizen}),
        (S.ANSWERED, Action.RATING_EXPIRED, S.CLOSED, {system}),
        (S.ANSWERED, Action.OBJECT, S.REVIEW, {citizen}),
        (S.CLOSED, Action.OBJECT, S.REVIEW, {citizen}),
        (S.REVIEW, Action.REDO, S.ASSIGNED, {staff}),
        (S.REVIEW, Action.SUPERVISE, S.ASSIGNED, {staff}),
        (S.REVIEW, Action.UPHOLD, S.CLOSED, {staff}),
        (S.SEALED, Action.TRANSFER, S.TRANSFERRED, {integrity}),
    ]
    for state in sorted(OPEN_STATES):
        table.append((state, Action.WITHDRAW, S.WITHDRAWN, {citizen}))
        table.append((state, Action.MERGE, S.MERGED, {staff}))
    return [Transition(source, action, target, frozenset(roles)) for source, action, target, roles in table]


TRANSITIONS: tuple[Transition, ...] = tuple(_rows())
_BY_KEY = {(row.source, row.action): row for row in TRANSITIONS}


def find_transition(state: CaseState, action: Action) -> Transition | None:
    """The row for an action in a state, if there is one. (state, action) is unique."""
    return _BY_KEY.get((state, action))


def allowed(case: Case, action: Action, role: Role) -> bool:
    row = find_transition(case.state, action)
    return row is not None and role in row.roles


def perform(case: Case, action: Action, actor: Actor, now: datetime, data: dict[str, Any] | None = None) -> CaseEvent:
    """Move `case` by one row of the table and return the event to be stored.

    Raises:
        Forbidden: the action exists here, but not for this role.
        Refused: `error.state`, when the case can't go that way from where it stands.
    """
    row = find_transition(case.state, action)
    if row is None:
        raise Refused(
            "error.state",
            number=case.number,
            state=word(f"state.{case.state}"),
            action=word(f"action.{action}"),
        )
    if actor.role not in row.roles:
        raise Forbidden("error.role", action=word(f"action.{action}"))
    source = case.state
    if row.target is S.NEEDS_INFO:
        case.resume_state = source
    target = row.target or case.resume_state
    if target is None:
        raise Refused("error.state", number=case.number, state=word(f"state.{source}"), action=word(f"action.{action}"))
    case.state = target
    if row.target is None:
        case.resume_state = None
    return append_event(
        case, at=now, kind=action.value, actor_role=actor.role.value, actor_id=actor.id, from_state=source, data=data
    )


def remark(case: Case, kind: str, actor: Actor, now: datetime, data: dict[str, Any] | None = None) -> CaseEvent:
    """Add a line to the history that leaves the state as it is (a note, a reminder, a proposal)."""
    return append_event(
        case, at=now, kind=kind, actor_role=actor.role.value, actor_id=actor.id, from_state=case.state, data=data
    )
