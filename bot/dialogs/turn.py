"""One message and everything that answering it needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.message import InboundMessage
from routing.buttons import offer
from routing.case import Case, StoredFile
from routing.errors import Refused
from routing.hot import HotBoard
from routing.notice import Notice
from routing.people import Address, Contact, Conversation
from routing.ports import UnitOfWork
from routing.repeats import RepeatIndex
from routing.suggestion import Understanding

#: What of a chat outlives a change of its state.
_KEPT = ("asked", "draft", "submit_at")


@dataclass(frozen=True, slots=True)
class Say:
    """A reply before it is worded: a key of `bot/wording`, what fills it, and (label, token) pairs.

    `case_id` makes it that case's card, so that a reply to it names the case. `sealed` text is kept encrypted.
    """

    key: str
    params: dict[str, Any] = field(default_factory=dict)
    buttons: tuple[list[str], ...] = ()
    case_id: int | None = None
    files: tuple[int, ...] = ()
    sealed: bool = False


@dataclass(slots=True)
class Turn:
    """The message, who sent it, where their chat stands, and what will be answered.

    `files` are the message's photos, voices and documents that were taken; `refused` says why others were not.
    `work_links` gives the addresses that open a work chat with a payload. `repeats` and `hot` are what this process has
    worked out beside the messages; without them it is worked out when it is asked for. `waited` is what waited until
    this person writes, and is due now.
    """

    uow: UnitOfWork
    message: InboundMessage
    contact: Contact
    address: Address
    conversation: Conversation
    understanding: Understanding
    files: list[StoredFile] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    replies: list[Say] = field(default_factory=list)
    work_links: Callable[[str], list[str]] = lambda payload: []
    repeats: RepeatIndex | None = None
    hot: HotBoard | None = None
    waited: Sequence[Notice] = ()

    @property
    def text(self) -> str:
        return self.message.text

    def say(
        self,
        key: str,
        params: dict[str, Any] | None = None,
        buttons: Sequence[list[str]] = (),
        *,
        case: Case | None = None,
        files: Sequence[int] = (),
        sealed: bool = False,
    ) -> None:
        """Add a reply. The buttons of the last reply that has any can also be answered by number."""
        say = Say(key, params or {}, tuple(buttons), case.id if case else None, tuple(files), sealed)
        self.replies.append(say)
        if buttons:
            self.conversation.offered = [token for _, token in buttons]

    def button(
        self, label: str, action: str, case: Case | None = None, in_state: bool = False, **args: Any
    ) -> list[str]:
        """A button for the person of this turn."""
        return offer(self.uow, self.contact.id, label, action, case=case, in_state=in_state, **args)

    def become(self, state: str, **data: Any) -> None:
        """Change where the chat stands. A question that waits for an answer goes on waiting, and a draft stays open."""
        kept = {name: value for name in _KEPT if (value := self.conversation.data.get(name)) is not None}
        self.conversation.state = state
        self.conversation.data = {**kept, **data}
