"""Buttons that mean one thing, for one person, once the case still stands where it stood."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from routing.case import Case, CaseState
from routing.errors import Refused
from routing.linking import is_now
from routing.people import ButtonGrant
from routing.ports import UnitOfWork

#: How long a button of a push stays usable.
LIFETIME = timedelta(days=30)


def literal(label: str) -> str:
    """A button's label that is a name and not a sentence of `bot/wording`."""
    return f"={label}"


def offer(
    uow: UnitOfWork,
    contact_id: int,
    label: str,
    action: str,
    *,
    case: Case | None = None,
    in_state: bool = False,
    also_in: Iterable[CaseState] = (),
    lifetime: timedelta = LIFETIME,
    **args: Any,
) -> list[str]:
    """Make a button for `contact_id`; returns the (label key, token) pair that a notice carries.

    `in_state` binds it to the case's present state (and those `also_in`): pressed in another one, it does nothing and
    says that the matter has moved on.
    """
    states = dict.fromkeys((case.state, *also_in)) if case and in_state else ()
    grant = ButtonGrant(
        token=secrets.token_urlsafe(16),
        contact_id=contact_id,
        action=action,
        expires_at=uow.now + lifetime,
        args=args,
        case_id=case.id if case else None,
        case_state=",".join(state.value for state in states) or None,
    )
    uow.buttons.add(grant)
    return [label, grant.token]


def press(uow: UnitOfWork, contact_id: int, token: str) -> ButtonGrant:
    """What a pressed button means.

    Raises:
        Refused: `error.button` when it is unknown, expired or another person's (told alike, so that nothing leaks);
            `error.button_state` when the case has moved on.
    """
    grant = uow.buttons.get(token) if len(token) <= 64 else None
    if grant is None or not is_now(uow, grant.contact_id, contact_id) or uow.now >= grant.expires_at:
        raise Refused("error.button")
    if grant.case_id is not None and grant.case_state is not None:
        case = uow.cases.get(grant.case_id)
        if case is None or case.state.value not in grant.case_state.split(","):
            raise Refused("error.button_state")
    return grant
