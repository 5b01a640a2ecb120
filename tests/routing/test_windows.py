"""What may be sent to one address, where its platform counts."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from routing.windows import Allowance, Window, Windows, is_open, open_window, shut, take

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WECHAT = Windows({"message": Window(5, 48 * 3600), "tap": Window(3, 60)})
WECOM = Windows(rates=(Window(30, 60), Window(1000, 3600)))


def granted(allowance: Allowance | None, windows: Windows, now: datetime) -> tuple[bool, Allowance | None]:
    permit, left = take(allowance, windows, now)
    return permit.granted, left


def sends(allowance: Allowance | None, windows: Windows, now: datetime) -> tuple[int, Allowance | None]:
    """How many go out at one moment."""
    count = 0
    while True:
        went, allowance = granted(allowance, windows, now)
        if not went:
            return count, allowance
        count += 1


def test_nothing_goes_out_before_the_person_did_something() -> None:
    permit, left = take(None, WECHAT, NOW)
    assert (permit.granted, permit.again_at, left) == (False, None, None)


@pytest.mark.parametrize(("kind", "count", "lasts"), [("message", 5, 48 * 3600), ("tap", 3, 60)])
def test_a_window_takes_so_many_until_it_closes(kind: str, count: int, lasts: int) -> None:
    opened = open_window(None, WECHAT, kind, NOW)
    assert sends(opened, WECHAT, NOW)[0] == count
    assert sends(opened, WECHAT, NOW + timedelta(seconds=lasts, milliseconds=-1))[0] == count
    assert sends(opened, WECHAT, NOW + timedelta(seconds=lasts))[0] == 0


def test_what_closes_first_is_used_first() -> None:
    both = open_window(open_window(None, WECHAT, "message", NOW), WECHAT, "tap", NOW)
    for _ in range(3):
        permit, both = take(both, WECHAT, NOW)  # type: ignore[assignment]
        assert permit.window is not None
        assert permit.window[0] == "tap"
    assert sends(both, WECHAT, NOW + timedelta(minutes=2))[0] == 5, "the taps took none of them"


def test_the_next_message_opens_it_anew_and_an_older_one_does_not() -> None:
    count, used = sends(open_window(None, WECHAT, "message", NOW), WECHAT, NOW)
    assert count == 5
    late = open_window(used, WECHAT, "message", NOW - timedelta(hours=1))
    assert sends(late, WECHAT, NOW)[0] == 0
    assert sends(open_window(used, WECHAT, "message", NOW), WECHAT, NOW)[0] == 0, "a repeat of the same second"
    assert sends(open_window(used, WECHAT, "message", NOW + timedelta(seconds=1)), WECHAT, NOW)[0] == 5


def test_a_window_that_the_platform_says_is_closed_is_forgotten_but_not_one_opened_since() -> None:
    opened = open_window(None, WECHAT, "message", NOW)
    permit, opened = take(opened, WECHAT, NOW)  # type: ignore[assignment]
    assert not is_open(shut(opened, permit.window), WECHAT, NOW)
    again = open_window(opened, WECHAT, "message", NOW + timedelta(seconds=3))
    assert is_open(shut(again, permit.window), WECHAT, NOW)


def test_what_a_platform_does_not_know_opens_nothing() -> None:
    with pytest.raises(KeyError):
        open_window(None, WECHAT, "wave", NOW)


def test_a_rate_says_when_to_ask_again() -> None:
    count, left = sends(None, WECOM, NOW)
    assert count == 30
    permit, _ = take(left, WECOM, NOW)
    assert permit.again_at is not None
    assert timedelta(seconds=60) <= permit.again_at - NOW <= timedelta(seconds=63)
    assert not granted(left, WECOM, permit.again_at - timedelta(milliseconds=1))[0]
    assert sends(left, WECOM, permit.again_at)[0] == 30


def test_no_rate_is_ever_exceeded_whenever_it_is_asked() -> None:
    dice, now, allowance = Random(3), NOW, None
    sent: list[datetime] = []
    for _ in range(6000):
        now += timedelta(milliseconds=dice.choice((0, 5, 120, 900, 4000)))
        went, allowance = granted(allowance, WECOM, now)
        if went:
            sent.append(now)
    for window in WECOM.rates:
        for first, after in zip(sent, sent[window.count :], strict=False):
            assert after - first > timedelta(seconds=window.seconds), "one more than that within the time"
    hours = (now - NOW) / timedelta(hours=1)
    assert len(sent) > 0.85 * 1000 * hours, "and nearly all of it is used"
    assert len(str(allowance)) < 1200, "what is kept stays small"


def test_a_clock_that_was_set_back_does_not_count_what_is_yet_to_come() -> None:
    _, left = sends(None, WECOM, NOW + timedelta(days=1))
    assert granted(left, WECOM, NOW)[0]
