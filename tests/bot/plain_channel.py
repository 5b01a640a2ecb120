"""A channel that keeps what it is told to send and fails as it is told to: the promise of `bot.channel` and no more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.routing import BaseRoute

from bot.channel import Capabilities, Receive
from bot.message import Attachment, Audience, OutboundMessage


@dataclass
class PlainChannel:
    """`failures` are raised by the next sends, in order; `answer` may raise for one person."""

    account: str = "citizen"
    name: str = "plain"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(text_limit=4096, per_second=0))
    sent: list[tuple[str, OutboundMessage]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    failures: list[Exception | None] = field(default_factory=list)
    answer: Callable[[str], Exception | None] = lambda user_id: None
    contents: dict[str, bytes | Exception] = field(default_factory=dict)

    @property
    def audience(self) -> Audience:
        return "citizen" if self.account == "citizen" else "work"

    def routes(self) -> Sequence[BaseRoute]:
        return ()

    async def start(self, receive: Receive) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, user_id: str, message: OutboundMessage) -> str:
        self.tried.append(user_id)
        failure = self.failures.pop(0) if self.failures else self.answer(user_id)
        if failure is not None:
            raise failure
        self.sent.append((user_id, message))
        return str(len(self.sent))

    async def fetch(self, attachment: Attachment) -> bytes:
        content = self.contents[attachment.reference or ""]
        if isinstance(content, Exception):
            raise content
        return content

    def link(self, payload: str) -> str | None:
        return None

    def texts(self, user_id: str) -> list[str]:
        return [message.text for to, message in self.sent if to == user_id]
