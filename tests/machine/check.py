"""The store and the platform held against the model. Everything is read from the tables as they lie on the disk."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, select

from bot.delivery import LEASE, MAX_ATTEMPTS
from routing.case import CaseState, verify_chain
from routing.notice import NoticeState
from routing.worklist import worklist
from storage import schema
from storage.store import Store
from tests.machine.cast import CITIZENS, INTEGRITY
from tests.machine.matters import REFUSED
from tests.machine.model import Model
from tests.machine.platform import Platform

#: Sentences that say no.
REFUSALS = frozenset(
    {"case.over", "case.lead_only", "case.final", "redo.no_department", "urge.nobody", "message.nobody",
     "citizen.nothing_to_submit", "withdraw.sealed", "withdraw.none"}
)  # fmt: skip
#: Pushes about a case carry its number; of other replies only the kind is compared.
ABOUT_A_CASE = ("card.", "line.", "case.", "receipt.")


def rows(store: Store, query: Select[Any]) -> list[Row[Any]]:
    with store._reading.connect() as connection:
        return list(connection.execute(query))


def people(store: Store) -> dict[int, str]:
    """Whose contact an id is."""
    return {
        row.contact_id: row.user_id
        for row in rows(store, select(schema.addresses.c.contact_id, schema.addresses.c.user_id))
    }


def taken_in(store: Store, external_id: str) -> bool:
    return bool(rows(store, select(schema.inbox.c.id).where(schema.inbox.c.external_id == external_id)))


def pending(store: Store) -> set[int]:
    """The notices that are not finished."""
    found = rows(store, select(schema.notices.c.id).where(schema.notices.c.state == NoticeState.PENDING))
    return {row.id for row in found}


def due(store: Store, now: datetime) -> int:
    """How many follow-ups are due."""
    f = schema.follow_ups.c
    return len(rows(store, select(f.id).where(f.state == "pending", f.due_at <= now)))


def button(store: Store, token: str) -> str | None:
    """The number of the case that a button is about."""
    joined = schema.buttons.join(schema.cases, schema.buttons.c.case_id == schema.cases.c.id)
    found = rows(store, select(schema.cases.c.number).select_from(joined).where(schema.buttons.c.token == token))
    return str(found[0].number) if found else None


def made(store: Store, notice_id: int) -> datetime:
    """When a notice, and so its buttons, was made."""
    [row] = rows(store, select(schema.notices.c.created_at).where(schema.notices.c.id == notice_id))
    return row.created_at  # type: ignore[no-any-return]


# ── the store ───────────────────────────────────────────────────────────────────────────────────────────────────────


def same(store: Store, model: Model, taken: set[str]) -> None:
    """The store holds what the model does, each thing once."""
    inbox = rows(store, select(schema.inbox.c.external_id, schema.inbox.c.state))
    assert Counter(row.external_id for row in inbox) == Counter(taken)
    assert all(row.state == "handled" for row in inbox)
    names = people(store)
    submissions = _submissions(store, model, names)
    numbers = _cases(store, model, names)
    _chats(store, model, names)
    _follow_ups(store, model, submissions, numbers)
    _told(store, model, names, numbers)


def _submissions(store: Store, model: Model, names: dict[int, str]) -> dict[int, int]:
    """Compares what was said, in order; gives the model's cases their numbers. Returns whose place each id has."""
    parts: dict[int, list[str]] = defaultdict(list)
    p = schema.submission_parts.c
    for part in rows(store, select(p.submission_id, p.text, p.sealed_text).order_by(p.submission_id, p.seq)):
        text = store.sealer.open(part.sealed_text) if part.sealed_text else part.text
        if text is not None:
            parts[part.submission_id].append(text)
    s = schema.submissions.c
    joined = schema.submissions.outerjoin(schema.cases, s.case_id == schema.cases.c.id)
    stored = rows(
        store,
        select(s.id, s.contact_id, s.withdrawn_at, schema.cases.c.number).select_from(joined).order_by(s.id),
    )
    assert len(stored) == len(model.submissions), "a submission is missing or doubled"
    place = {}
    for row, expected in zip(stored, model.submissions, strict=True):
        assert names[row.contact_id] == expected.who
        assert parts[row.id] == expected.texts
        assert (row.withdrawn_at is not None) == expected.withdrawn
        assert (row.number is not None) == (expected.case is not None)
        if expected.case is not None:
            expected.case.number = row.number
        place[row.id] = id(expected)
    return place


def _cases(store: Store, model: Model, names: dict[int, str]) -> dict[int, str]:
    deputies = {row.id: row.name for row in rows(store, select(schema.deputies.c.id, schema.deputies.c.name))}
    members = {row.id: row.name for row in rows(store, select(schema.members.c.id, schema.members.c.name))}
    c = schema.cases.c
    stored = rows(
        store, select(c.id, c.number, c.reporter_id, c.state, c.deputy_id, c.heard_by, c.department, c.returns)
    )
    assert sorted(row.number for row in stored) == sorted(case.number for case in model.cases), "a case too many or few"
    expected = {
        case.number: (case.who, case.state, case.deputy, case.heard_by, case.department, case.returns)
        for case in model.cases
    }
    found = {
        row.number: (names[row.reporter_id], row.state.value, deputies.get(row.deputy_id), members.get(row.heard_by),
                     row.department, row.returns)
        for row in stored
    }  # fmt: skip
    assert found == expected
    return {row.id: row.number for row in stored}


def _chats(store: Store, model: Model, names: dict[int, str]) -> None:
    c = schema.conversations.c
    found = {names[row.contact_id]: row.state for row in rows(store, select(c.contact_id, c.state))}
    expected = {who: chat.state for who, chat in model.chats.items()}
    assert {who: state for who, state in found.items() if who in CITIZENS} == expected


def _follow_ups(store: Store, model: Model, submissions: dict[int, int], numbers: dict[int, str]) -> None:
    f = schema.follow_ups.c
    stored = rows(store, select(f.kind, f.due_at, f.case_id, f.submission_id).where(f.state == "pending"))
    found = Counter(
        (row.kind.value, row.due_at, numbers[row.case_id] if row.case_id else submissions[row.submission_id])
        for row in stored
    )
    expected = Counter((f.kind, f.at, getattr(f.about, "number", id(f.about))) for f in model.follow_ups)
    assert found == expected, f"too many: {found - expected}, too few: {expected - found}"


def _told(store: Store, model: Model, names: dict[int, str], numbers: dict[int, str]) -> None:
    """Everybody is to be told what the model says, once; and every case has its one receipt."""
    n = schema.notices.c
    found: Counter[tuple[str, str, str]] = Counter()
    for row in rows(store, select(n.kind, n.contact_id, n.case_id)):
        kind = REFUSED if row.kind.startswith(("error.", "usage.")) or row.kind in REFUSALS else row.kind
        about = numbers[row.case_id] if row.case_id and kind.startswith(ABOUT_A_CASE) else ""
        found[names[row.contact_id], kind, about] += 1
    expected = model.told
    assert found == expected, f"too many: {found - expected}, too few: {expected - found}"
    receipts = Counter(
        number for (_, kind, number), times in found.items() if kind.startswith("receipt.") for _ in range(times)
    )
    assert receipts == Counter(case.number for case in model.cases)


# ── the platform ────────────────────────────────────────────────────────────────────────────────────────────────────


def arrived(store: Store, platform: Platform, model: Model, now: datetime) -> None:
    """What came came to the right person, in order, and no oftener than it may."""
    names = people(store)
    assert not platform.wrongs, platform.wrongs
    n = schema.notices.c
    notices = {
        row.id: row
        for row in rows(store, select(n.id, n.contact_id, n.priority, n.state, n.due_at, n.lease_until, n.attempts))
    }
    for notice in notices.values():
        if notice.state is NoticeState.PENDING:
            assert notice.attempts < MAX_ATTEMPTS
            assert notice.due_at <= now + timedelta(hours=1), "nobody would try this again soon"
            assert notice.lease_until is None or notice.lease_until <= now + LEASE
    times = Counter(arrival.notice_id for arrival in platform.arrivals)
    for notice_id, count in times.items():
        assert count <= 1 + platform.excused[notice_id], f"{notices[notice_id]} came {count} times"
    lines: dict[tuple[str, int], list[int]] = defaultdict(list)
    for arrival in platform.arrivals:
        notice = notices[arrival.notice_id]
        assert arrival.who == names[notice.contact_id], "it came to somebody else"
        line = lines[arrival.who, notice.priority]
        if arrival.notice_id not in line:
            line.append(arrival.notice_id)
    for (who, _), ids in lines.items():
        assert ids == sorted(ids), f"{who} was not told in order"
    _sealed_is_nobodys(store, platform, model)


def _sealed_is_nobodys(store: Store, platform: Platform, model: Model) -> None:
    """What was sealed at once never reaches anybody but its reporter and the integrity officer, and is in no list."""
    secret = {text: case.who for case in model.cases if case.sealed for text in case.submission.texts if "红包" in text}
    for arrival in platform.arrivals if secret else ():
        for text, who in secret.items():
            assert text not in arrival.message.text or arrival.who in (who, INTEGRITY), "a report of corruption leaked"
    if any(case.sealed for case in model.cases):
        with store.transaction() as uow:
            for member in uow.directory.members.values():
                listed = worklist(uow, member, tuple(CaseState), 50)
                assert member.name == INTEGRITY or not any(case.sealed for case in listed)


def finished(store: Store, platform: Platform) -> None:
    """At the end everything was told; what was not was no longer true, or whoever it was for had blocked."""
    names = people(store)
    came = {arrival.notice_id for arrival in platform.arrivals}
    n = schema.notices.c
    for row in rows(store, select(n.id, n.kind, n.contact_id, n.state)):
        assert row.state is not NoticeState.PENDING, f"{row.kind} was never finished"
        if row.state is NoticeState.SENT:
            assert row.id in came, f"{row.kind} counts as sent and never came"
        elif row.state is NoticeState.OBSOLETE:
            assert row.kind.startswith("card."), f"{row.kind} can't be out of date"
        else:
            assert row.state is NoticeState.BLOCKED, f"{row.kind} is {row.state}"
            assert names[row.contact_id] in platform.blockers, f"{row.kind} was kept from who never blocked"
    _histories_are_whole(store, [row.number for row in rows(store, select(schema.cases.c.number))])


def _histories_are_whole(store: Store, numbers: Iterable[str]) -> None:
    with store.transaction() as uow:
        for number in numbers:
            case = uow.cases.by_number(number)
            assert case is not None
            assert verify_chain(case, list(uow.cases.events(case.id))) is None
