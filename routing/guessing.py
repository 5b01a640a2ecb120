"""Codes can be guessed at, so wrong ones are counted: ten an hour for each person, whatever kind of code it was."""

from datetime import timedelta
from typing import Final

from routing.people import AccessAttempt, Contact
from routing.ports import UnitOfWork

WRONG_CODES_AN_HOUR: Final = 10
_RUNNING: Final = timedelta(hours=1)


def may_guess(uow: UnitOfWork, contact: Contact) -> bool:
    """Whether this person may try another code now."""
    attempts = uow.contacts.attempts(contact.id)
    return attempts is None or uow.now - attempts.since >= _RUNNING or attempts.wrong < WRONG_CODES_AN_HOUR


def count_wrong(uow: UnitOfWork, contact: Contact) -> None:
    """Note that a code was wrong; the hour begins with the first."""
    attempts = uow.contacts.attempts(contact.id)
    if attempts is None:
        uow.contacts.add_attempts(AccessAttempt(contact_id=contact.id, since=uow.now, wrong=1))
    elif uow.now - attempts.since < _RUNNING:
        attempts.wrong += 1
    else:
        attempts.since, attempts.wrong = uow.now, 1
