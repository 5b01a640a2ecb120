"""Fetches what a group of messages will look up, in a few queries instead of a few for each."""

from collections import defaultdict
from collections.abc import Sequence

from routing.ports import Names
from storage.tables import ADDRESS_ID, ADDRESS_KEY, INBOX_KEY, NUMBER
from storage.work import Work

AddressKey = tuple[str, str, str]


def prefetch(work: Work, group: Sequence[Names]) -> None:
    """Load what `group` names into the identity maps, or note that it is not there.

    On PostgreSQL the contacts come first and stay locked until the commit, so that what one person sends to several
    processes is handled one after the other.
    """
    tables = work.tables
    address_keys = list(dict.fromkeys(names.address_key for names in group if names.address_key))
    if address_keys:
        if work.session.postgresql:
            _lock_contacts(work, address_keys)
        addresses = work.map(tables.addresses).fetch_by(ADDRESS_KEY, address_keys)
        work.map(tables.contacts).fetch(address.contact_id for address in addresses)
        work.map(tables.conversations).fetch_by(ADDRESS_ID, ((address.id,) for address in addresses))
    inbox_keys = [names.inbox_key for names in group if names.inbox_key]
    if inbox_keys:
        work.map(tables.inbox).fetch_by(INBOX_KEY, inbox_keys)
    codes = [names.code for names in group if names.code]
    if codes:
        work.map(tables.codes).fetch(codes)
    buttons = [names.button for names in group if names.button]
    if buttons:
        work.map(tables.buttons).fetch(buttons)
    numbers = [(names.case_number,) for names in group if names.case_number]
    if numbers:
        work.map(tables.cases).fetch_by(NUMBER, numbers)
    notice_ids = [notice_id for names in group for notice_id in names.notice_ids]
    if notice_ids:
        work.map(tables.notices).fetch(notice_ids)


def _lock_contacts(work: Work, keys: Sequence[AddressKey]) -> None:
    addresses = work.tables.addresses
    buckets: dict[tuple[str, str], list[str]] = defaultdict(list)
    for channel, account, user_id in keys:
        buckets[channel, account].append(addresses.encode("user_id", user_id))
    one = "(channel = %s AND account = %s AND user_id = ANY(%s))"
    params = [
        value
        for (channel, account), users in buckets.items()
        for value in (addresses.encode("channel", channel), addresses.encode("account", account), users)
    ]
    # NO KEY: a group that only refers to this person, in a notice to them say, need not wait.
    rows = work.session.rows(
        f"{work.tables.contacts.select_sql} WHERE id IN "
        f"(SELECT contact_id FROM addresses WHERE {' OR '.join([one] * len(buckets))}) "
        "ORDER BY id FOR NO KEY UPDATE",
        params,
    )
    work.map(work.tables.contacts).load(rows)
