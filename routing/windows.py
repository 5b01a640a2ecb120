"""How much may be sent to one address, where its platform counts.

Two kinds of count. A window is opened by what the person does and takes so many messages until it closes: WeChat takes
5 within 48 hours after a person wrote. A rate holds for whatever is sent: WeCom takes 30 a minute for each member. A
permit is taken, and committed, before a send: a process that dies in between wastes one and never sends one too many.

What is open and what was sent is kept with the address, as plain JSON:
`{"open": {kind: [closes at, left]}, "sent": [the last permits], "rates": {seconds: [[slice, sent in it], …]}}`,
times in milliseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

#: A rate is counted in so many slices of its time, and one more for the slice that has begun: at most a twentieth
#: slower than the platform allows, never faster, and a row stays small whatever the rate.
SLICES = 20

Allowance = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` messages within `seconds`."""

    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Windows:
    """How a platform counts what goes to one person.

    `opened`: what a message may open (`InboundMessage.opens`), and what may then be sent; a send takes from the one
    that closes first, and needs one to be open. Where it is empty, nothing need be open. `rates` hold for every send.
    """

    opened: Mapping[str, Window] = field(default_factory=lambda: MappingProxyType({}))
    rates: Sequence[Window] = ()


@dataclass(frozen=True, slots=True)
class Permit:
    """Whether one message may go out now. If not: `again_at` is when to ask again, None when the person must write
    first. `window` is what the permit was taken from, by its kind and the time at which it closes; `taken_at` is when.
    Both times are in milliseconds."""

    granted: bool
    again_at: datetime | None = None
    window: tuple[str, int] | None = None
    taken_at: int = 0


def open_window(allowance: Allowance | None, windows: Windows, kind: str, at: datetime) -> Allowance:
    """What may be sent after the person did at `at` what opens a window of `kind`. An older message that is taken in
    later opens nothing anew, and what was sent since the person did it, before we heard of it, has used up its part.

    Raises `KeyError` for a kind that the platform does not have.
    """
    window = windows.opened[kind]
    # Platforms tell times in whole seconds, rounded down.
    closes, since = _ms(at + timedelta(seconds=window.seconds)), _ms(at) // 1000 * 1000
    opened = dict((allowance or {}).get("open", {}))
    if kind not in opened or opened[kind][0] <= closes:
        used = sum(sent >= since for sent in (allowance or {}).get("sent", ()))
        opened[kind] = [closes, max(0, window.count - used)]
    return {**(allowance or {}), "open": opened}


def take(allowance: Allowance | None, windows: Windows, now: datetime) -> tuple[Permit, Allowance | None]:
    """A permit for one message at `now`, and what is left after it."""
    again_at = _rated(allowance, windows, now)
    usable = _usable(allowance, windows, now)
    if windows.opened and not usable:
        return Permit(False), allowance
    if again_at is not None:
        return Permit(False, again_at), allowance
    left: Allowance = dict(allowance or {})
    window = None
    if windows.opened:
        closes, kind = usable[0]
        window = kind, closes
        left["open"] = {**left["open"], kind: [closes, left["open"][kind][1] - 1]}
        most = max(each.count for each in windows.opened.values())
        left["sent"] = [*left.get("sent", ()), _ms(now)][-most:]
    if windows.rates:
        left["rates"] = {str(rate.seconds): _counted(left, rate, now) for rate in windows.rates}
    return Permit(True, window=window, taken_at=_ms(now)), left


def give_back(allowance: Allowance | None, permit: Permit) -> Allowance | None:
    """After the platform said that it did not take what a permit was for."""
    allowance = dict(allowance or {})
    sent = list(allowance.get("sent", ()))
    if permit.taken_at in sent:
        sent.remove(permit.taken_at)
        allowance["sent"] = sent
    kind, closes = permit.window or ("", 0)
    opened = allowance.get("open", {})
    if kind in opened and opened[kind][0] == closes:
        allowance["open"] = {**opened, kind: [closes, opened[kind][1] + 1]}
    return allowance


def shut(allowance: Allowance | None, permit: Permit) -> Allowance | None:
    """After the platform said that the window of a permit takes nothing more. What was opened since stays open."""
    kind, closes = permit.window or ("", 0)
    opened = (allowance or {}).get("open", {})
    if kind not in opened or opened[kind][0] != closes:
        return allowance
    return {**(allowance or {}), "open": {other: value for other, value in opened.items() if other != kind}}


def is_open(allowance: Allowance | None, windows: Windows, now: datetime) -> bool:
    """Whether a message could go out without the person having to write first."""
    return not windows.opened or bool(_usable(allowance, windows, now))


def _usable(allowance: Allowance | None, windows: Windows, now: datetime) -> list[tuple[int, str]]:
    """(closes at, kind) of the open windows with something left, the one that closes first in front."""
    opened = (allowance or {}).get("open", {})
    at = _ms(now)
    return sorted(
        (closes, kind) for kind, (closes, left) in opened.items() if kind in windows.opened and closes > at and left > 0
    )


def _rated(allowance: Allowance | None, windows: Windows, now: datetime) -> datetime | None:
    """When every rate takes a message again; None when all of them do now."""
    waits = []
    for rate in windows.rates:
        kept = _kept(allowance, rate, now)
        over = sum(count for _, count in kept) - rate.count
        for slice_, count in kept:
            if over < 0:
                break
            over -= count
            waits.append((slice_ + SLICES + 1) * _slice_ms(rate))
    return datetime.fromtimestamp(max(waits) / 1000, UTC) if waits else None


def _counted(allowance: Allowance, rate: Window, now: datetime) -> list[list[int]]:
    kept = _kept(allowance, rate, now)
    current = _ms(now) // _slice_ms(rate)
    if kept and kept[-1][0] >= current:
        # Another process's clock may be a little ahead.
        return [*kept[:-1], [kept[-1][0], kept[-1][1] + 1]]
    return [*kept, [current, 1]]


def _kept(allowance: Allowance | None, rate: Window, now: datetime) -> list[list[int]]:
    """The slices that a rate still looks at. Those further ahead than it reaches were counted before a clock was set
    back."""
    current = _ms(now) // _slice_ms(rate)
    slices = (allowance or {}).get("rates", {}).get(str(rate.seconds), [])
    return [[slice_, count] for slice_, count in slices if abs(slice_ - current) <= SLICES]


def _slice_ms(rate: Window) -> int:
    return rate.seconds * 1000 // SLICES


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
