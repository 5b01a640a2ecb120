"""What the conformance suite asks of a channel's harness: a person and a platform on the far side of the wire.

A channel's author subclasses `Harness`, says what the platform knows (`kinds`, `features`, `faults`), and moves
messages over a real connection. The suite itself knows no platform.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bot.channel import Channel
from bot.message import InboundMessage, OutboundMessage
from routing.errors import StorageUnavailable


class Fault(Enum):
    """What a platform does to the next thing that is sent. `seconds` of RATE_LIMITED is 7 throughout."""

    BLOCKED = "the person closed the channel"
    UNKNOWN_RECIPIENT = "the platform knows no such chat"
    MOVED = "the chat has another address: `Harness.moved_to`"
    RATE_LIMITED = "too many requests, retry after 7 s"
    SERVER_ERROR = "a 5xx with a page of HTML"
    PROXY_REFUSAL = "a 403 with a page of HTML, which is not the platform's word"
    HANG = "no answer"
    RESET = "the connection is cut"
    MALFORMED = "an answer that is not what the platform's documentation says"
    REFUSED = "a 4xx: never this message"
    WRONG_TOKEN = "our credentials are not accepted"


RETRY_AFTER = 7.0


@dataclass(frozen=True)
class Inbound:
    """What a person does. `kind` is that of `InboundMessage`; `reply_to` is the platform's id of one of ours."""

    kind: str
    user_id: str
    text: str = ""
    code: str = ""
    button: str = ""
    content: bytes = b""
    name: str = ""
    mime: str = ""
    location: tuple[float, float] = (0.0, 0.0)
    reply_to: str | None = None
    edited: bool = False
    forwarded: bool = False
    private: bool = True


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for what happens on the far side; `TimeoutError` when it doesn't."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the far side has no event to wait for
            await asyncio.sleep(0.002)


@dataclass
class Seen:
    """One message as it stands on the person's screen."""

    text: str
    buttons: list[str] = field(default_factory=list)
    picture: bytes | None = None


class Receipt(ABC):
    """One delivery from the platform, repeated by the platform (or the page) until it is acknowledged."""

    @property
    @abstractmethod
    def acknowledged(self) -> bool: ...

    async def wait(self, seconds: float = 5.0) -> None:
        """Until it is acknowledged; `TimeoutError` when it isn't."""
        await until(lambda: self.acknowledged, seconds)


class Recorder:
    """A `receive` that keeps what it was given, and can be held up or made to fail."""

    def __init__(self) -> None:
        self.messages: list[InboundMessage] = []
        self.finished: list[InboundMessage] = []
        self.replies: list[OutboundMessage] = []
        self.failures: list[Exception] = []
        self._open = asyncio.Event()
        self._open.set()

    async def __call__(self, message: InboundMessage) -> Sequence[OutboundMessage]:
        self.messages.append(message)
        await self._open.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.finished.append(message)
        return self.replies

    def hold(self) -> None:
        """Let nothing through until `release`."""
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def lose_storage(self, times: int) -> None:
        self.failures += [StorageUnavailable() for _ in range(times)]

    async def wait(self, count: int = 1, seconds: float = 5.0) -> list[InboundMessage]:
        """Until `count` messages came in; `TimeoutError` when they don't."""
        await until(lambda: len(self.messages) >= count, seconds)
        return self.messages


class Harness(ABC):
    """One channel, started, with a platform to talk to. `people` are two user ids of persons who can write to it."""

    channel: Channel
    people: tuple[str, str]
    kinds: frozenset[str]
    features: frozenset[str] = frozenset()  # of "caption", "edited", "forwarded", "reply", "groups", "gone"
    faults: frozenset[Fault] = frozenset()
    moved_to: str = ""

    def __init__(self) -> None:
        self.receive = Recorder()

    @abstractmethod
    async def deliver(self, inbound: Inbound) -> Receipt:
        """Begin to deliver it and return at once; the harness repeats it as the platform would."""

    @abstractmethod
    async def repeat(self, receipt: Receipt) -> Receipt:
        """Deliver the same once more, with the same identity, though it was acknowledged."""

    @abstractmethod
    async def press(self, user_id: str, label: str) -> Receipt:
        """Press a button of the last message on the person's screen (or write its number)."""

    @abstractmethod
    async def seen(self, user_id: str) -> list[Seen]:
        """What the person's screen shows of ours, oldest first."""

    @abstractmethod
    async def message_id(self, user_id: str) -> str:
        """The platform's id of the last message on the person's screen."""

    @abstractmethod
    def inject(self, fault: Fault) -> None:
        """Let the next send meet `fault`."""

    def lose_files(self) -> None:
        """Make the platform forget every file; only where `features` has "gone"."""
        raise NotImplementedError

    @abstractmethod
    async def hostile(self, body: bytes, *, authentic: bool = True) -> int | None:
        """Put `body` in at the entrance, with or without the right credentials. The HTTP status; None where the
        channel asks for its messages and so has no entrance."""

    @abstractmethod
    def body(self, inbound: Inbound) -> bytes:
        """The body that `deliver` would put on the wire, for forging."""

    def wrong_shapes(self) -> Sequence[bytes]:
        """Well-formed JSON that looks like one of the platform's messages and isn't."""
        return ()
