"""What may be sent to one address, where its platform counts."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from routing.windows import Allowance, Permit, Window, Windows, give_back, is_open, open_window, shut, take

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
    assert sends(open_window(used, WECHAT, "message", NOW + timedelta(seconds=1)), WECHAT, NOW)[0] == 5


def test_what_was_sent_before_we_heard_of_a_message_counts_for_it() -> None:
    """The platform counts from when they wrote; we hear of it later, and have sent meanwhile."""
    allowance: Allowance | None = open_window(None, WECHAT, "message", NOW)
    for seconds in (1, 5, 9):
        _, allowance = take(allowance, WECHAT, NOW + timedelta(seconds=seconds))
    heard = open_window(allowance, WECHAT, "message", NOW + timedelta(seconds=5))
    assert sends(heard, WECHAT, NOW + timedelta(seconds=10))[0] == 3, "those of the fifth and ninth second are its own"


def test_two_messages_within_a_second_open_one_window_each() -> None:
    _, used = sends(open_window(None, WECHAT, "message", NOW), WECHAT, NOW - timedelta(seconds=1))
    assert sends(open_window(used, WECHAT, "message", NOW), WECHAT, NOW)[0] == 5


def test_a_permit_that_is_given_back_is_as_if_it_had_not_been_taken() -> None:
    opened = open_window(None, WECHAT, "message", NOW)
    permit, left = take(opened, WECHAT, NOW)
    assert give_back(left, permit) == {**opened, "sent": []}
    assert give_back(give_back(left, permit), Permit(True, window=("tap", 1), taken_at=1)) == {**opened, "sent": []}


def test_a_window_that_the_platform_says_is_closed_is_forgotten_but_not_one_opened_since() -> None:
    opened: Allowance | None = open_window(None, WECHAT, "message", NOW)
    permit, opened = take(opened, WECHAT, NOW)
    assert not is_open(shut(opened, permit), WECHAT, NOW)
    again = open_window(opened, WECHAT, "message", NOW + timedelta(seconds=3))
    assert is_open(shut(again, permit), WECHAT, NOW)


@dataclass
class Platform:
    """Counts as WeChat does, from when the person did something."""

    opened: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def did(self, kind: str, at: datetime) -> None:
        window = WECHAT.opened[kind]
        self.opened[kind] = at + timedelta(seconds=window.seconds), window.count

    def takes(self, at: datetime) -> bool:
        for until, kind in sorted((until, kind) for kind, (until, _) in self.opened.items() if until > at):
            left = self.opened[kind][1]
            if left:
                self.opened[kind] = until, left - 1
                return True
        return False


@pytest.mark.parametrize("seed", range(20))
def test_the_platform_takes_whatever_we_permit_however_late_we_hear(seed: int) -> None:
    dice, now, platform = Random(seed), NOW, Platform()
    allowance: Allowance | None = None
    unheard: list[tuple[str, datetime]] = []
    went = 0
    for _ in range(3000):
        now += timedelta(milliseconds=dice.choice((0, 3, 200, 900, 20_000, 3_600_000)))
        what = dice.random()
        if what < 0.25:
            kind = dice.choice(("message", "tap"))
            platform.did(kind, now)
            unheard.append((kind, now.replace(microsecond=0)))
        elif what < 0.6 and unheard:
            kind, at = unheard.pop(0)
            allowance = open_window(allowance, WECHAT, kind, at)
        else:
            granted, allowance = take(allowance, WECHAT, now)
            if granted.granted:
                went += 1
                assert platform.takes(now)
    assert went > 300


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
