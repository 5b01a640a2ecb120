"""Fetches what a group of messages will look up, in a few queries instead of a few for each."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from routing.ports import Names
from storage.tables import ADDRESS_ID, ADDRESS_KEY, INBOX_KEY, NUMBER
from storage.work import Work

AddressKey = tuple[str, str, str]
Take = Callable[[], object]


def prefetch(work: Work, group: Sequence[Names]) -> None:
    """Load what `group` names into the identity maps, or note that it is not there.

    On PostgreSQL the contacts come first and stay locked until the commit, so that what one person sends to several
    processes is handled one after the other.
    """
    with work.session.together():
        answers = _ask(work, group)
    for take in answers:
        take()


def _ask(work: Work, group: Sequence[Names]) -> list[Take]:
    """In three rounds: what the names say; who is behind the addresses and where they stand; what they gather."""
    tables = work.tables
    address_keys = list(dict.fromkeys(names.address_key for names in group if names.address_key))
    locked = [_lock_contacts(work, address_keys)] if address_keys and work.session.postgresql else []
    addresses = work.map(tables.addresses).ask_by(ADDRESS_KEY, address_keys)
    others: list[Take] = [
        work.map(tables.inbox).ask_by(INBOX_KEY, [names.inbox_key for names in group if names.inbox_key]),
        work.map(tables.codes).ask(names.code for names in group if names.code),
        work.map(tables.buttons).ask(names.button for names in group if names.button),
        work.map(tables.cases).ask_by(NUMBER, [(names.case_number,) for names in group if names.case_number]),
        work.map(tables.notices).ask(notice_id for names in group for notice_id in names.notice_ids),
    ]
    found = addresses()
    for take in locked:
        take()
    contacts = work.map(tables.contacts).ask(address.contact_id for address in found)
    conversations = work.map(tables.conversations).ask_by(ADDRESS_ID, [(address.id,) for address in found])
    drafts = [conversation.draft_id for conversation in conversations() if conversation.draft_id]
    return [
        *others,
        contacts,
        work.map(tables.submissions).ask(drafts),
        work.map(tables.submission_parts).ask_owned("submission_id", drafts),
        work.map(tables.follow_ups).ask_owned("submission_id", drafts),
    ]


def _lock_contacts(work: Work, keys: Sequence[AddressKey]) -> Take:
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
    answer = work.session.ask(
        f"{work.tables.contacts.select_sql} WHERE id IN "
        f"(SELECT contact_id FROM addresses WHERE {' OR '.join([one] * len(buckets))}) "
        "ORDER BY id FOR NO KEY UPDATE",
        params,
    )
    contacts = work.map(work.tables.contacts)
    return lambda: contacts.load(answer())
