"""One bot of the fake Telegram: its queue of updates, what it sent, the faults it is to meet."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram_updates import Json, Person

MEGABYTE = 1024 * 1024
DEFAULT_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member", "poll", "inline_query")


class ApiError(Exception):
    """An answer in the platform's own form of an error."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.body: Json = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters
        self.code = code


@dataclass
class Fault:
    """One misfortune for a call of `method` ("send" stands for every send method, "download" for a file). With `taken`
    the platform does what it was asked first, so that only its answer is lost."""

    kind: str
    method: str = "send"
    times: int = 1
    retry_after: int = 1
    moved_to: int = 0
    status: int = 200
    body: bytes = b""
    taken: bool = False

    def meets(self, method: str) -> bool:
        return self.times > 0 and (method == self.method or (self.method == "send" and method.startswith("send")))


@dataclass
class Sent:
    """One message of the bot's in a chat."""

    chat_id: int
    message_id: int
    method: str
    text: str
    keyboard: list[list[Json]]
    content: bytes | None
    params: dict[str, str]
    at: float

    @property
    def buttons(self) -> list[Json]:
        return [button for row in self.keyboard for button in row]


@dataclass
class Webhook:
    url: str
    secret: str | None
    max_connections: int

    def __post_init__(self) -> None:
        self.slots = asyncio.Semaphore(self.max_connections)


@dataclass
class Call:
    method: str
    params: dict[str, str]


@dataclass
class FakeBot:
    """One token. `pending` are updates that nobody acknowledged yet, by id."""

    token: str
    username: str
    webhook: Webhook | None = None
    allowed: tuple[str, ...] = DEFAULT_UPDATES
    pending: dict[int, Json] = field(default_factory=dict)
    dropped: list[Json] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    attempts: list[tuple[int, int | None]] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)  # of each attempt: when, and its answer's seconds
    files: dict[str, bytes] = field(default_factory=dict)
    expired: bool = False  # the addresses that getFile gives lead nowhere
    blocked: set[int] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    fault_for: Callable[[str, dict[str, str]], Fault | None] | None = None
    next_update: int = 700_000_001
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    poll: "asyncio.Future[str] | None" = None
    in_flight: set[int] = field(default_factory=set)

    @property
    def id(self) -> int:
        return int(self.token.partition(":")[0])

    @property
    def user(self) -> Json:
        return {"id": self.id, "is_bot": True, "first_name": "Fake", "username": self.username}

    def push(self, update: Json) -> int:
        """Something happened. Returns the update's id. What the bot didn't ask for is dropped, as Telegram does."""
        kind, content = next(iter(update.items()))
        if kind != "callback_query":
            content = {"date": 1_800_000_000, **content}
            if kind != "my_chat_member":
                content = {"message_id": next(self.ids), **content}
        update_id = self.next_update
        self.next_update += 1
        whole = {"update_id": update_id, kind: content}
        if kind in self.allowed:
            self.put(whole)
        else:
            self.dropped.append(whole)
        return update_id

    def put(self, update: Json) -> None:
        """Deliver a whole update, also one that was acknowledged before."""
        self.pending[update["update_id"]] = update
        self.changed.set()
        self.wake()

    def wake(self) -> None:
        """Answer the long poll that waits now, if any."""
        if self.poll is not None and not self.poll.done():
            self.poll.set_result("news")

    def press(self, sent: Sent, label: str, person: Person | None = None) -> int:
        """Press the button with that label."""
        [data] = [button["callback_data"] for button in sent.buttons if button["text"] == label]
        person = person or Person(sent.chat_id)
        return self.push(person.pressed(self.describe(sent), data, f"q{next(self.ids)}"))

    def describe(self, sent: Sent) -> Json:
        """The message as the platform describes it in an answer, a reply or a pressed button."""
        message = {
            "message_id": sent.message_id,
            "from": self.user,
            "chat": Person(sent.chat_id).chat,
            "date": 1_800_000_000,
        }
        if sent.keyboard:
            message["reply_markup"] = {"inline_keyboard": sent.keyboard}
        if sent.method == "sendMessage":
            return {**message, "text": sent.text}
        size = len(sent.content or b"")
        media: Any = {"file_id": f"out-{sent.message_id}", "file_unique_id": f"u{sent.message_id}", "file_size": size}
        kind = sent.method.removeprefix("send").lower()
        if kind == "photo":
            media = [{**media, "width": 10, "height": 10}]
        elif kind == "voice":
            media["duration"] = 1
        return {**message, kind: media, **({"caption": sent.text} if sent.text else {})}

    def sent_to(self, chat_id: int) -> list[Sent]:
        return [sent for sent in self.sent if sent.chat_id == chat_id]

    def add_file(self, content: bytes) -> str:
        """Keep a file that somebody sent; returns its id."""
        file_id = f"file-{len(self.files) + 1}"
        self.files[file_id] = content
        return file_id

    def fail(self, kind: str, **details: Any) -> Fault:
        """The next call meets a fault: rate_limit, blocked, chat_not_found, refused, unauthorized, migrate,
        server_error, server_error_json, proxy_refusal, no_code, hang, reset, cut_off, malformed, wrong_type, or raw
        (`status`, `body`)."""
        fault = Fault(kind, **details)
        self.faults.append(fault)
        return fault

    def take_fault(self, method: str, params: dict[str, str]) -> Fault | None:
        if self.fault_for is not None and (fault := self.fault_for(method, params)):
            return fault
        for fault in self.faults:
            if fault.meets(method):
                fault.times -= 1
                return fault
        return None

    async def wait_acknowledged(self, update_id: int, seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds):
            while update_id in self.pending:  # noqa: ASYNC110 - it is a test that waits
                await asyncio.sleep(0.002)
