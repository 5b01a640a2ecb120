"""What became of notices that were to be sent, and how it is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.letters import LetterWriter
from routing.notice import Notice, NoticeState
from routing.ports import UnitOfWork


@dataclass(slots=True)
class Outcome:
    """What became of one notice. `attempted` False: it was not tried, so it does not count towards giving up."""

    notice_id: int
    state: NoticeState
    error: str | None = None
    external_id: str | None = None
    retry_at: datetime | None = None
    moved_to: str | None = None
    address_id: int | None = None
    attempted: bool = True
    #: The tokens of the choices that were shown, and when they were about to be.
    choices: tuple[str, ...] = ()
    shown_at: datetime | None = None


def record(uow: UnitOfWork, owner: str, outcomes: Sequence[Outcome], letters: LetterWriter) -> None:
    """Note what became of notices that `owner` has leased. One that it has no longer, or that was put to wait when it
    was to be sent, stays as it is."""
    uow.notices.mark_sent(
        owner,
        [(o.notice_id, o.address_id or 0, o.external_id or "") for o in outcomes if o.state is NoticeState.SENT],
    )
    for outcome in outcomes:
        if outcome.state is NoticeState.SENT:
            _offer_numbers(uow, outcome)
            continue
        notice = uow.notices.get(outcome.notice_id)
        if notice is None or notice.lease_owner != owner or notice.state is not NoticeState.PENDING:
            continue
        notice.lease_owner = notice.lease_until = None
        notice.state, notice.error = outcome.state, outcome.error
        notice.attempts += outcome.attempted
        if outcome.retry_at is not None:
            notice.due_at = max(outcome.retry_at, notice.due_at)
        _mark_address(uow, notice, outcome, letters)


def _offer_numbers(uow: UnitOfWork, outcome: Outcome) -> None:
    """Let "1" press the first choice of what a citizen was shown last, for channels without buttons. Not as soon as
    it is told, as with a reply: a push may wait for days, and a number that somebody types means what they see."""
    if not outcome.choices or outcome.address_id is None or outcome.shown_at is None:
        return
    conversation = uow.conversations.of_address(outcome.address_id)
    if conversation is not None and conversation.updated_at <= outcome.shown_at:
        conversation.offered = list(outcome.choices)


def _mark_address(uow: UnitOfWork, notice: Notice, outcome: Outcome, letters: LetterWriter) -> None:
    address = uow.contacts.address_by_id(outcome.address_id) if outcome.address_id else None
    if address is None:
        return
    if outcome.moved_to is not None:
        there = uow.contacts.address(address.channel, address.account, outcome.moved_to)
        if there is None:
            address.user_id = outcome.moved_to
        else:
            # Somebody writes from there already, so it is not for us to send to.
            address.state = "blocked"
    elif outcome.state is NoticeState.BLOCKED:
        address.state = "blocked"
        if notice.address_id is None and letters.address(uow, notice) is not None:
            # Another way to this person is open: try that one.
            notice.state = NoticeState.PENDING
