"""People who chat, and where."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from routing.people import AccessAttempt, Address, Contact, LinkCode
from storage.schema import addresses, contacts, link_codes
from storage.tables import ADDRESS_KEY, SECRET_HASH
from storage.work import Work

_OF_CONTACT = select(addresses).where(addresses.c.contact_id == bindparam("contact")).order_by(addresses.c.id)

_HELD = select(contacts).where(contacts.c.id == bindparam("contact")).with_for_update(key_share=True)
_CODES_OF = select(link_codes).where(link_codes.c.contact_id == bindparam("contact")).order_by(link_codes.c.id)


class Contacts:
    """`routing.repositories.ContactRepository`."""

    def __init__(self, work: Work) -> None:
        self._contacts = work.map(work.tables.contacts)
        self._addresses = work.map(work.tables.addresses)
        self._attempts = work.map(work.tables.access_attempts)
        self._link_codes = work.map(work.tables.link_codes)
        self._session = work.session

    def get(self, contact_id: int) -> Contact | None:
        return self._contacts.get(contact_id)

    def add(self, contact: Contact) -> None:
        self._contacts.add(contact)

    def address(self, channel: str, account: str, user_id: str) -> Address | None:
        return self._addresses.find(ADDRESS_KEY, channel, account, user_id)

    def address_by_id(self, address_id: int) -> Address | None:
        return self._addresses.get(address_id)

    def addresses_of(self, contact_id: int) -> Sequence[Address]:
        return self._addresses.select(_OF_CONTACT, {"contact": contact_id})

    def add_address(self, address: Address) -> None:
        self._addresses.add(address)

    def attempts(self, contact_id: int) -> AccessAttempt | None:
        return self._attempts.known(contact_id) if self._contacts.made(contact_id) else self._attempts.get(contact_id)

    def add_attempts(self, attempt: AccessAttempt) -> None:
        self._attempts.add(attempt)

    def hold(self, contact_id: int) -> Contact | None:
        # One process writes to SQLite, one group after the other.
        if self._session.postgresql:
            self._contacts.flush()
            self._contacts.load(self._session.select(_HELD, {"contact": contact_id}), refresh=True)
        return self._contacts.get(contact_id)

    def link_code(self, secret_hash: str) -> LinkCode | None:
        return self._link_codes.find(SECRET_HASH, secret_hash)

    def link_code_by_id(self, code_id: int) -> LinkCode | None:
        return self._link_codes.get(code_id)

    def link_codes_of(self, contact_id: int) -> Sequence[LinkCode]:
        return self._link_codes.select(_CODES_OF, {"contact": contact_id})

    def add_link_code(self, code: LinkCode) -> None:
        self._link_codes.add(code)
