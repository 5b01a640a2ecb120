"""A case (诉求件), what was said about it, and its history."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from routing.ids import new_id

_CANONICAL = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"))


class CaseState(StrEnum):
    """Where a case stands; the allowed ways between are in `routing.workflow`."""

    RECEIVED = "received"  # 已收件
    ACCEPTED = "accepted"  # 已受理
    DECLINED = "declined"  # 不受理
    SEALED = "sealed"  # 受限
    PROPOSED = "proposed"  # 预交办
    ASSIGNED = "assigned"  # 办理中
    NEEDS_INFO = "needs_info"  # 待补充
    ANSWERED = "answered"  # 已答复
    CLOSED = "closed"  # 办结
    REVIEW = "review"  # 复核
    WITHDRAWN = "withdrawn"  # 已撤回
    MERGED = "merged"  # 已并案
    TRANSFERRED = "transferred"  # 已移送


#: States in which somebody still owes the citizen something.
OPEN_STATES = frozenset(
    {
        CaseState.RECEIVED,
        CaseState.ACCEPTED,
        CaseState.PROPOSED,
        CaseState.ASSIGNED,
        CaseState.NEEDS_INFO,
        CaseState.ANSWERED,
        CaseState.REVIEW,
    }
)

#: States whose content only an integrity officer may see, whatever else they may see.
SEALED_STATES = frozenset({CaseState.SEALED, CaseState.TRANSFERRED})


class Urgency(StrEnum):
    """How soon somebody must act (`taxonomy.yaml`, urgency_levels)."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    NORMAL = "normal"


@dataclass(slots=True)
class Case:
    """One matter. `number` is told to people and opens nothing by itself.

    `suggestion` is the JSON form of `routing.suggestion.Suggestion`. `resume_state` is where a case in
    `NEEDS_INFO` came from. `held_from_deputy` keeps the text from the deputy whose code was scanned until staff
    release it. `news_at` is when the reporters were last told anything.
    """

    number: str
    station_id: int
    reporter_id: int
    channel: str
    created_at: datetime
    news_at: datetime
    deputy_id: int | None = None
    code: str | None = None
    state: CaseState = CaseState.RECEIVED
    resume_state: CaseState | None = None
    urgency: Urgency = Urgency.NORMAL
    category: str | None = None
    department: str | None = None
    co_departments: list[str] = field(default_factory=list)
    suggestion: dict[str, Any] = field(default_factory=dict)
    held_from_deputy: bool = False
    transfer_consent: bool = False
    heard_by: int | None = None
    heard_at: datetime | None = None
    returns: int = 0
    question: str | None = None
    answer_class: str | None = None
    answer: str | None = None
    answered_at: datetime | None = None
    promised_on: str | None = None
    rating: str | None = None
    rating_reason: str | None = None
    closed_at: datetime | None = None
    close_reason: str | None = None
    event_count: int = 0
    event_hash: str = ""
    id: int = field(default_factory=new_id)
    version: int = 0

    @property
    def sealed(self) -> bool:
        return self.state in SEALED_STATES

    @property
    def open(self) -> bool:
        return self.state in OPEN_STATES


@dataclass(slots=True)
class CaseEvent:
    """One line of a case's history. Appended, never edited.

    `hash` chains over the previous event's hash, so a changed or missing line shows (`verify_chain`).
    `data` holds what the step needs to be understood: a reason, a department, a reply. `actor_id` is a member's
    id, or a contact's for the citizen, or None for the system.
    """

    case_id: int
    seq: int
    at: datetime
    kind: str
    actor_role: str
    actor_id: int | None
    from_state: str | None
    to_state: str
    data: dict[str, Any]
    previous_hash: str
    hash: str = ""
    id: int = field(default_factory=new_id)

    def compute_hash(self) -> str:
        """SHA-256 (hex) over the previous hash and the canonical JSON of this event."""
        content = [
            self.case_id,
            self.seq,
            int(self.at.timestamp() * 1000),
            self.kind,
            self.actor_role,
            self.actor_id,
            self.from_state,
            self.to_state,
            self.data,
        ]
        canonical = _CANONICAL.encode(content)
        return hashlib.sha256(f"{self.previous_hash}\n{canonical}".encode()).hexdigest()


def append_event(
    case: Case,
    *,
    at: datetime,
    kind: str,
    actor_role: str,
    actor_id: int | None,
    from_state: CaseState | None,
    data: dict[str, Any] | None = None,
) -> CaseEvent:
    """Make the next event of `case`, chained to its last one, and note it on the case."""
    event = CaseEvent(
        case_id=case.id,
        seq=case.event_count + 1,
        at=at,
        kind=kind,
        actor_role=actor_role,
        actor_id=actor_id,
        from_state=from_state.value if from_state else None,
        to_state=case.state.value,
        data=data or {},
        previous_hash=case.event_hash,
    )
    event.hash = event.compute_hash()
    case.event_count, case.event_hash = event.seq, event.hash
    return event


def verify_chain(case: Case, events: list[CaseEvent]) -> str | None:
    """Say what is wrong with the history of `case` (events in order of `seq`), or None when it is whole."""
    previous = ""
    for position, event in enumerate(events, start=1):
        if event.seq != position:
            return f"event {position} is missing"
        if event.previous_hash != previous or event.hash != event.compute_hash():
            return f"event {position} was changed"
        previous = event.hash
    if len(events) != case.event_count or previous != case.event_hash:
        return "the last events are missing"
    return None


class PartKind(StrEnum):
    TEXT = "text"
    PHOTO = "photo"
    VOICE = "voice"
    FILE = "file"
    LOCATION = "location"


@dataclass(slots=True)
class Submission:
    """What one citizen said about a matter. A draft while `case_id` is None."""

    contact_id: int
    address_id: int
    station_id: int
    created_at: datetime
    deputy_id: int | None = None
    code: str | None = None
    case_id: int | None = None
    submitted_at: datetime | None = None
    withdrawn_at: datetime | None = None
    parts: int = 0
    id: int = field(default_factory=new_id)
    version: int = 0


@dataclass(slots=True)
class SubmissionPart:
    """One message of a submission, kept as it came.

    `text` is None once it is sealed; `sealed_text` then holds the ciphertext. `lat`/`lon` are degrees, WGS 84.
    """

    submission_id: int
    seq: int
    kind: PartKind
    at: datetime
    text: str | None = None
    sealed_text: str | None = None
    file_id: int | None = None
    lat: float | None = None
    lon: float | None = None
    author: str = "citizen"
    id: int = field(default_factory=new_id)
    version: int = 0


@dataclass(slots=True)
class StoredFile:
    """A photo, voice or document. `name` is random and is its name in the data directory.

    While `state` is "pending" the content is still at the platform, under `reference`; "rejected" means that its
    content was not of an allowed type or size, or could no longer be fetched. `size` is in bytes.
    """

    kind: PartKind
    channel: str
    created_at: datetime
    state: str = "stored"
    name: str | None = None
    mime: str | None = None
    size: int = 0
    sha256: str | None = None
    reference: str | None = None
    submission_id: int | None = None
    attempts: int = 0
    id: int = field(default_factory=new_id)
    version: int = 0
