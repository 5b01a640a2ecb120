"""Quiet hours: what is read as such, when they end, and what rings through them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.notice import Notice, Priority
from routing.people import Contact
from routing.quiet import RINGS, held_until, hold, quiet_until, read_hours, written

LOCAL = timezone(timedelta(hours=8))


def at(clock: str, day: int = 23) -> datetime:
    """A time of the county's day, in UTC."""
    hour, minute = (int(part) for part in clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=LOCAL).astimezone(UTC)


def somebody(hours: str | None = "22:00-7:00") -> Contact:
    contact = Contact(at("9:00"))
    if hours is not None:
        found = read_hours(hours)
        assert found is not None
        contact.quiet_from, contact.quiet_to = found
    return contact


def push(kind: str = "card.staff", priority: Priority = Priority.PUSH, member: int | None = 1) -> Notice:
    return Notice(kind, 1, at("9:00"), at("9:00"), member_id=member, priority=priority)


@pytest.mark.parametrize(
    "typed",
    ["22:00-7:00", "22:00-07:00", "22：00—7：00", "22:00 - 7:00", "22点到7点", "22-7", "22:00至7:00", "２２:００~7"],
)
def test_hours_as_people_write_them(typed: str) -> None:
    assert read_hours(typed) == (22 * 60, 7 * 60)


@pytest.mark.parametrize("typed", ["", "关", "25:00-7:00", "22:60-7:00", "22:00", "22:00-22:00", "0-24", "-", "晚上"])
def test_what_are_no_hours(typed: str) -> None:
    assert read_hours(typed) is None


@given(st.text(max_size=60))
def test_whatever_is_typed_is_hours_or_none(typed: str) -> None:
    found = read_hours(typed)
    assert found is None or (found[0] != found[1] and all(0 <= minutes < 24 * 60 for minutes in found))


def test_hours_are_written_as_they_are_read() -> None:
    assert read_hours(f"{written(22 * 60 + 5)}-{written(7 * 60)}") == (22 * 60 + 5, 7 * 60)


@pytest.mark.parametrize(
    ("hours", "now", "ends"),
    [
        ("22:00-7:00", at("21:59"), None),
        ("22:00-7:00", at("22:00"), at("7:00", 24)),
        ("22:00-7:00", at("23:59"), at("7:00", 24)),
        ("22:00-7:00", at("0:00"), at("7:00")),
        ("22:00-7:00", at("6:59"), at("7:00")),
        ("22:00-7:00", at("7:00"), None),
        ("12:00-14:30", at("12:00"), at("14:30")),
        ("12:00-14:30", at("14:30"), None),
        ("12:00-14:30", at("3:00"), None),
        ("0:00-6:00", at("0:00"), at("6:00")),
        ("20:00-0:00", at("23:00"), at("0:00", 24)),
        (None, at("3:00"), None),
    ],
)
def test_when_they_end(hours: str | None, now: datetime, ends: datetime | None) -> None:
    assert quiet_until(somebody(hours), now) == ends


@given(st.integers(0, 24 * 60 - 1), st.integers(0, 24 * 60 - 1), st.integers(0, 2 * 24 * 60))
def test_they_end_within_a_day_and_then_they_are_over(begins: int, ends: int, minute: int) -> None:
    contact = somebody(None)
    contact.quiet_from, contact.quiet_to = begins, ends
    now = at("0:00") + timedelta(minutes=minute)
    until = quiet_until(contact, now)
    if until is not None:
        assert now < until <= now + timedelta(days=1)
        assert quiet_until(contact, until) is None


@pytest.mark.parametrize(
    ("notice", "held"),
    [
        (push(), True),
        (push("line.answered", Priority.REMINDER), True),
        (push("card.answer_due", Priority.URGENT), True),
        (push("card.integrity", Priority.URGENT), True),
        (push("card.duty", Priority.URGENT), False),
        (push("card.supplemented", Priority.URGENT), False),
        (push("card.supplemented"), True),
        (push("staff.case", Priority.REPLY), False),
        (push("case.answered", member=None), False),
    ],
    ids=lambda value: f"{value.kind}-{value.priority.name}" if isinstance(value, Notice) else str(value),
)
def test_pushes_are_held_but_what_rings(notice: Notice, held: bool) -> None:
    until = held_until(somebody(), notice, at("23:00"))
    assert until == (at("7:00", 24) if held else None)
    assert held_until(somebody(), notice, at("12:00")) is None


def test_what_rings_is_urgent() -> None:
    assert {priority for _, priority in RINGS} == {Priority.URGENT}


def test_what_is_held_stands_before_no_emergency() -> None:
    """One person's notices of one priority go in order: an urgent one that waits would hold up a gas leak."""
    notice = push("card.answer_due", Priority.URGENT)
    notice.lease_owner = "a"
    hold(notice, at("7:00", 24))
    assert (notice.priority, notice.due_at, notice.lease_owner) == (Priority.PUSH, at("7:00", 24), None)


def test_holding_brings_nothing_forward() -> None:
    notice = push(priority=Priority.REMINDER)
    notice.due_at = at("9:00", 25)
    hold(notice, at("7:00", 24))
    assert (notice.priority, notice.due_at) == (Priority.REMINDER, at("9:00", 25))
