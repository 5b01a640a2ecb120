"""The platform that people chat on: it keeps what it took, loses answers, and knows who blocked whom.

It outlives every process of the program. A `Door` is one process's channel to it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.routing import BaseRoute

from bot.channel import Capabilities, RateLimited, Receive, RecipientBlocked, TemporaryFailure
from bot.message import Attachment, Audience, OutboundMessage
from tests.conftest import Clock

RATE_LIMIT = 7.0


@dataclass(frozen=True)
class Arrival:
    """What somebody got."""

    who: str
    message: OutboundMessage
    at: datetime

    @property
    def notice_id(self) -> int:
        assert self.message.notice_id is not None
        return self.message.notice_id


@dataclass
class Platform:
    """`troubles` meet the next sends, in order. `wrongs` are promises that a process was seen to break."""

    clock: Clock
    arrivals: list[Arrival] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)
    #: Who ever did: what they were to be told meanwhile may never have come.
    blockers: set[str] = field(default_factory=set)
    #: How often more than once each notice may have come: once for each answer that got lost.
    excused: Counter[int] = field(default_factory=Counter)
    wrongs: list[str] = field(default_factory=list)
    sends: int = 0
    _refused: set[str] = field(default_factory=set)
    _closed: dict[str, datetime] = field(default_factory=dict)

    def take(self, account: str, who: str, message: OutboundMessage) -> None:
        """Raises the platform's error where there is trouble."""
        self.sends += 1
        if self.clock.now < self._closed.get(account, self.clock.now):
            self.wrongs.append(f"sent to {who} before the platform's wait was over")
        if who in self.blocked:
            if who in self._refused:
                self.wrongs.append(f"tried again with {who}, who had blocked")
            self._refused.add(who)
            raise RecipientBlocked("status 403")
        trouble = self.troubles.pop(0) if self.troubles else "none"
        if trouble == "reset":
            raise TemporaryFailure("reset")
        if trouble == "rate":
            self._closed[account] = self.clock.now + timedelta(seconds=RATE_LIMIT)
            raise RateLimited(RATE_LIMIT)
        arrival = Arrival(who, message, self.clock.now)
        self.arrivals.append(arrival)
        if trouble == "answer lost":
            self.excused[arrival.notice_id] += 1
            raise TemporaryFailure("reset")

    def blocks(self, who: str) -> None:
        self.blocked.add(who)
        self.blockers.add(who)

    def writes(self, who: str) -> None:
        """Somebody writes, and so opens again what they had blocked."""
        self.blocked.discard(who)

    def heard(self, who: str) -> None:
        """What they wrote was taken in: from now on they may be tried again."""
        self._refused.discard(who)

    def restarted(self) -> None:
        """A new process knows of no wait, nor of a refusal that the old one had not recorded."""
        self._closed.clear()
        self._refused.clear()


@dataclass
class Door:
    """One process's channel of an account. `passed` is called after each send that arrived."""

    platform: Platform
    account: str
    dead: Callable[[], bool]
    passed: Callable[[], None]
    name: str = "plain"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(text_limit=4096, per_second=0))

    @property
    def audience(self) -> Audience:
        return "citizen" if self.account == "citizen" else "work"

    async def send(self, user_id: str, message: OutboundMessage) -> str:
        if not self.dead():
            self.platform.take(self.account, user_id, message)
            sent = len(self.platform.arrivals)
            self.passed()
        if self.dead():
            await asyncio.Future()  # nobody is left to go on
        return str(sent)

    def routes(self) -> Sequence[BaseRoute]:
        return ()

    async def start(self, receive: Receive) -> None: ...

    async def stop(self) -> None: ...

    async def fetch(self, attachment: Attachment) -> bytes:
        raise NotImplementedError

    def link(self, payload: str) -> str | None:
        return None
