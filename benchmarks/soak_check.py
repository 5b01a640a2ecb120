"""What the far side knows, held against what the database holds. Every figure of `Findings` should be empty."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select, text

from benchmarks.soak_people import Conversation, Ledger
from bot.delivery import IN_FLIGHT
from routing.case import verify_chain
from routing.notice import NoticeState
from storage.engine import reading_engine
from storage.schema import addresses, cases, inbox, mailbox, notices, submission_parts, submissions
from storage.store import Store
from tests.fakes.telegram_bot import Sent

_NUMBER = re.compile(r"[A-Z]{1,6}-\d{6}-[0-9A-Z]{3,6}")
#: A greeting, the privacy notice, "noted" and the receipt.
_REPLIES = 4


@dataclass(slots=True)
class Findings:
    """Each list names what is wrong; empty lists all over are a pass. `figures` are only told."""

    messages_lost: list[str] = field(default_factory=list)
    texts_doubled: list[str] = field(default_factory=list)
    messages_failed: list[str] = field(default_factory=list)
    cases_missing: list[str] = field(default_factory=list)
    cases_doubled: list[str] = field(default_factory=list)
    histories_broken: list[str] = field(default_factory=list)
    notices_unfinished: list[str] = field(default_factory=list)
    notices_never_arrived: list[str] = field(default_factory=list)
    replies_missing: list[str] = field(default_factory=list)
    notices_doubled_too_often: list[str] = field(default_factory=list)
    repeats_answered_otherwise: list[str] = field(default_factory=list)
    unexpected_answers: list[str] = field(default_factory=list)
    server_troubles: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    def wrong(self) -> dict[str, list[str]]:
        """What was found, by name; empty when everything held."""
        names = [name for name in self.__slots__ if name != "figures"]
        return {name: found for name in names if (found := getattr(self, name))}


def check(
    store: Store, url: str, ledger: Ledger, shown: Mapping[str, Sequence[Sent]], members: Sequence[int], kills: int
) -> Findings:
    """`shown` is what each bot (by account) sent; `members` are the chats that must hear of every case. Nobody may be
    writing to the store any more."""
    findings = Findings()
    findings.repeats_answered_otherwise += ledger.wrong_repeats
    findings.unexpected_answers += ledger.unexpected
    engine = reading_engine(url)
    try:
        with engine.connect() as connection:
            numbers = _conversations(connection, ledger, findings)
            _inbox(connection, ledger, findings)
            _notices(connection, shown, kills, findings)
            _mailboxes(connection, ledger, findings)
            case_ids = [row.id for row in connection.execute(select(cases.c.id))]
    finally:
        engine.dispose()
    with store.transaction() as uow:
        for case_id in case_ids:
            case = uow.cases.get(case_id)
            assert case is not None, "its id was just read"
            if (wrong := verify_chain(case, list(uow.cases.events(case_id)))) is not None:
                findings.histories_broken.append(f"{case.number}: {wrong}")
    findings.figures["cases"] = len(case_ids)
    _heard(ledger, shown, members, numbers, findings)
    return findings


def _conversations(connection: Connection, ledger: Ledger, findings: Findings) -> dict[tuple[str, str], str]:
    """Texts and cases of every conversation. Returns the number of each one's case."""
    said: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    rows = connection.execute(
        select(addresses.c.channel, addresses.c.user_id, submission_parts.c.text)
        .join(submissions, submissions.c.id == submission_parts.c.submission_id)
        .join(addresses, addresses.c.id == submissions.c.address_id)
    )
    for channel, user_id, words in rows:
        said[channel, user_id][words] += 1
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    rows = connection.execute(
        select(addresses.c.channel, addresses.c.user_id, cases.c.number)
        .join(submissions, submissions.c.case_id == cases.c.id)
        .join(addresses, addresses.c.id == submissions.c.address_id)
    )
    for channel, user_id, number in rows:
        found[channel, user_id].append(number)
    every_number = [row.number for row in connection.execute(select(cases.c.number))]
    findings.cases_doubled += [f"number {n}" for n, times in Counter(every_number).items() if times > 1]
    for conversation in ledger.conversations:
        key = (conversation.channel, conversation.user_id)
        for words in conversation.texts:
            times = said[key].pop(words, 0)
            if times == 0:
                findings.messages_lost.append(f"{key}: {words!r}")
            elif times > 1:
                findings.texts_doubled.append(f"{key}: {words!r} {times} times")
        findings.texts_doubled += [f"{key}: never said {words!r}" for words in said[key]]
        if conversation.submitted and not found[key]:
            findings.cases_missing.append(str(key))
        if len(found[key]) > 1:
            findings.cases_doubled.append(f"{key}: {found[key]}")
    if len(every_number) != sum(len(numbers) for numbers in found.values()):
        findings.cases_doubled.append("there are cases of nobody")
    return {key: numbers[0] for key, numbers in found.items() if numbers}


def _inbox(connection: Connection, ledger: Ledger, findings: Findings) -> None:
    rows = list(
        connection.execute(select(inbox.c.channel, inbox.c.account, inbox.c.external_id, inbox.c.state, inbox.c.error))
    )
    there = {(row.channel, row.account, row.external_id) for row in rows}
    findings.messages_lost += [f"not in the inbox: {key}" for key in ledger.acknowledged - there]
    findings.messages_failed += [
        f"{row.channel} {row.external_id}: {row.error}" for row in rows if row.state != "handled"
    ]
    findings.figures["messages taken in"] = len(rows)


def _notices(connection: Connection, shown: Mapping[str, Sequence[Sent]], kills: int, findings: Findings) -> None:
    """Every notice is finished, and every one that is marked as sent stands on its recipient's screen."""
    rows = list(
        connection.execute(
            select(notices.c.id, notices.c.kind, notices.c.state, notices.c.external_id, addresses.c.channel,
                   addresses.c.account, addresses.c.user_id)
            .outerjoin(addresses, addresses.c.id == notices.c.address_id)
        )
    )  # fmt: skip
    screens: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    copies: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for account, sent in shown.items():
        for message in sent:
            chat, looks = (account, str(message.chat_id)), message.text + json.dumps(message.keyboard)
            screens[chat][str(message.message_id)] = looks
            copies[chat][looks] += 1
    arrived: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.state is NoticeState.PENDING:
            findings.notices_unfinished.append(f"{row.kind} {row.id}")
        elif row.state is not NoticeState.SENT:
            findings.notices_never_arrived.append(f"{row.kind} {row.id}: {row.state}")
        elif row.channel == "telegram":
            shown_as = screens[row.account, row.user_id].get(row.external_id)
            if shown_as is None:
                findings.notices_never_arrived.append(f"{row.kind} {row.id}: no such message on the screen")
            else:
                arrived[row.account, row.user_id][shown_as] += 1
    # What was sent more often than there are notices for it: a process died between sending and noting that it had.
    surplus = [times - arrived[chat][looks] for chat, seen in copies.items() for looks, times in seen.items()]
    findings.notices_doubled_too_often += [f"{times + 1} times" for times in surplus if times > kills]
    if sum(surplus) > kills * IN_FLIGHT:
        findings.notices_doubled_too_often.append(f"{sum(surplus)} sent twice by {kills} kills")
    findings.figures |= {
        "notices": len(rows),
        "messages at the platform": sum(len(sent) for sent in shown.values()),
        "sent twice": sum(surplus),
        "most copies of one": max(surplus, default=0) + 1,
    }


def _mailboxes(connection: Connection, ledger: Ledger, findings: Findings) -> None:
    """What the web chat answered is still what its page would show."""
    rows = connection.execute(
        select(addresses.c.user_id, mailbox.c.seq, mailbox.c.payload).join(
            addresses, addresses.c.id == mailbox.c.address_id
        )
    )
    kept = {(user_id, seq): json.loads(payload)["text"] for user_id, seq, payload in rows}
    for conversation in ledger.conversations:
        for seq, words in conversation.replies:
            if kept.get((conversation.user_id, seq)) != words:
                findings.replies_missing.append(f"web chat {conversation.user_id[:8]}: reply {seq}")


def _heard(
    ledger: Ledger, shown: Mapping[str, Sequence[Sent]], members: Sequence[int],
    numbers: Mapping[tuple[str, str], str], findings: Findings,
) -> None:  # fmt: skip
    """What people must have heard, whatever the outbox says: each citizen their receipt, each member every case."""
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    looks: dict[tuple[str, str], set[str]] = defaultdict(set)
    for account, sent in shown.items():
        for message in sent:
            told[account, str(message.chat_id)].update(_NUMBER.findall(message.text))
            looks[account, str(message.chat_id)].add(message.text)
    for conversation in ledger.conversations:
        number = numbers.get((conversation.channel, conversation.user_id))
        if number is None or not conversation.submitted:
            continue
        if not _has_receipt(conversation, number, told, looks):
            findings.replies_missing.append(f"{conversation.channel} {conversation.user_id}: receipt of {number}")
        findings.replies_missing += [
            f"member {chat}: card of {number}" for chat in members if number not in told["desk", str(chat)]
        ]


def _has_receipt(
    conversation: Conversation, number: str, told: Mapping[tuple[str, str], set[str]],
    looks: Mapping[tuple[str, str], set[str]],
) -> bool:  # fmt: skip
    if conversation.channel == "webchat":
        return any(number in words for _, words in conversation.replies)
    chat = ("citizen", conversation.user_id)
    return number in told[chat] and len(looks[chat]) >= _REPLIES


def run_out_leases(url: str) -> None:
    """What waiting for the lease of a process that is dead would do. Only while nobody serves."""
    from storage.engine import writing_engine

    engine = writing_engine(url, busy_seconds=10.0)
    try:
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE notices SET lease_owner = NULL, lease_until = NULL WHERE state = 'pending'")
            )
    finally:
        engine.dispose()


def unfinished(url: str) -> int:
    """Notices that still wait to be sent."""
    engine = reading_engine(url)
    try:
        with engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM notices WHERE state = 'pending'")).scalar_one())
    finally:
        engine.dispose()
