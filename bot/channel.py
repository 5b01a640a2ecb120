"""What every channel promises.

1. An inbound message is verified (signature, secret, session) and parsed before it is handed on; a body that can't be
   is answered with a 4xx and leaves no trace but a counted log line.
2. It is acknowledged to the platform only after `receive` returned, that is after the commit (or, for a platform that
   does not repeat it, when it is safe on disk). When `receive` raises `StorageUnavailable`, it is not acknowledged: the
   platform (or the person's own page) sends it again.
3. A repeat carries the same `external_id`; `receive` gives the same replies and does nothing else.
4. `send` either returns the platform's id of the (last) message or raises one of the errors below. It never retries
   by itself: the error carries the policy, and only `bot.delivery` decides.
5. A long text is split by `bot.text.split` at the channel's limit, never inside a character or a link.
6. Where `capabilities.buttons` is False, the choices are written under the text as numbers.
7. Where the platform counts what goes to one person, `capabilities.windows` says how, an inbound message says in
   `opens` what it opens, and the channel is a `CountedChannel`: delivery cuts a message into `parts`, takes a permit
   for each before it hands it to `send`, and `send` then calls the platform once.

    DeliveryError
    ├── RecipientBlocked    the person closed the channel: don't try again until they write
    ├── RecipientMoved      the address changed: `user_id` is the new one
    ├── RateLimited         wait `retry_after` seconds; nothing for this account goes out before
    ├── WindowClosed        the platform takes nothing more for this person until they write
    ├── TemporaryFailure    time-out, reset, 5xx, malformed answer: try later
    │   └── NotReached      there was no connection, so it certainly took nothing
    └── PermanentFailure    the platform will never take this message
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from starlette.routing import BaseRoute

from bot.message import Attachment, Audience, InboundMessage, OutboundMessage
from routing.windows import Windows


class DeliveryError(Exception):
    """A message was not delivered. The text is for the log and holds nothing of the message or the person."""


class RecipientBlocked(DeliveryError): ...


class RecipientMoved(DeliveryError):
    def __init__(self, user_id: str) -> None:
        super().__init__("the recipient's address changed")
        self.user_id = user_id


class RateLimited(DeliveryError):
    """`why`: what keeps the account from sending, if it is not a rate."""

    def __init__(self, retry_after: float, why: str = "rate limited") -> None:
        super().__init__(f"{why} for {retry_after:g} s")
        self.retry_after = retry_after


class WindowClosed(DeliveryError): ...


class TemporaryFailure(DeliveryError): ...


class NotReached(TemporaryFailure): ...


class PermanentFailure(DeliveryError): ...


class AttachmentGone(Exception):
    """The platform no longer has the file, or it is larger than the platform gives out."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`text_limit` counts `text_unit`s. `passive`: replies go back in the answer to the inbound message, and `receive`
    returns them; else they go through the outbox. `answer_limit` is for a platform that takes one text as its answer,
    of so many `text_unit`s: what fits of the replies goes back in it, and only the rest is sent. `redelivers`: the
    platform repeats what was not acknowledged; one that doesn't, or gives up soon, is answered within `answer_within`
    seconds whatever happens, and what can't be handled by then is kept on disk.
    `per_second` bounds the whole account, `windows` what goes to one person; None where the platform does not count."""

    text_limit: int
    text_unit: Literal["characters", "utf16", "bytes"] = "characters"
    buttons: bool = True
    pictures: bool = True
    passive: bool = False
    answer_limit: int = 0
    answer_within: float | None = None
    redelivers: bool = True
    per_second: float = 30.0
    attachment_limit: int = 20 * 1024 * 1024
    windows: Windows | None = None


Receive = Callable[[InboundMessage], Awaitable[Sequence[OutboundMessage]]]


class Channel(Protocol):
    """One platform account. `name` is the platform ("telegram", "webchat"), `account` which of ours on it."""

    @property
    def name(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def audience(self) -> Audience: ...
    @property
    def capabilities(self) -> Capabilities: ...

    def routes(self) -> Sequence[BaseRoute]:
        """HTTP entrances to be mounted by `bot.server`; none for a polling channel. One for a machine, an ASGI endpoint
        on a path without fields, is called directly and bounds its own body."""
        ...

    async def start(self, receive: Receive) -> None:
        """Begin to take messages in. Returns once ready; polling goes on in a task of the channel's own."""
        ...

    async def stop(self) -> None:
        """Stop taking messages in and close what was opened. What is being handled is finished first."""
        ...

    async def send(self, user_id: str, message: OutboundMessage) -> str:
        """Deliver to one person; returns the platform's id of the message. Raises `DeliveryError`."""
        ...

    async def fetch(self, attachment: Attachment) -> bytes:
        """The content behind `attachment.reference`. Raises `AttachmentGone` or `TemporaryFailure`."""
        ...

    def link(self, payload: str) -> str | None:
        """The address that opens this chat with a code or invitation, or None where there is none."""
        ...


class CountedChannel(Channel, Protocol):
    """A channel with `capabilities.windows`."""

    def parts(self, message: OutboundMessage) -> Sequence[OutboundMessage]:
        """The messages, one at least, that `message` is sent as: each costs one permit. The same for the same message,
        so that after a failure the rest can follow."""
        ...

    def announces(self, kind: str) -> bool:
        """Whether a notice of this kind can be announced to somebody who must write first, by a template of the
        platform that needs no window."""
        ...

    async def announce(self, user_id: str, kind: str, fields: Mapping[str, str]) -> None:
        """Tell the person by the template of `kind` that something waits for them; `fields` are the notice's
        parameters in their language. Raises `DeliveryError`; `WindowClosed` where they did not subscribe to it."""
        ...
