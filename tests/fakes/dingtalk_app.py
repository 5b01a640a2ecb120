"""One app of the fake DingTalk: its robot's queue, what it sent, the faults it is to meet."""

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.dingtalk_messages import Json, Staff
from tests.fakes.dingtalk_screen import Shown, says

TOPIC = "/v1.0/im/bot/messages/get"
SESSION = timedelta(minutes=90)


@dataclass
class Fault:
    """One misfortune for a call: "send" (batchSend), "session", "token", "open", "connect", "download", "file" or
    "upload"; `after` so many that go well. With `taken` a send is done all the same, and only its answer is lost."""

    kind: str
    call: str = "send"
    times: int = 1
    retry_after: int = 0
    after: int = 0
    taken: bool = False


@dataclass
class Sent:
    """One message of the robot's on a person's screen. `key` is its processQueryKey, "" by a session webhook."""

    user_id: str
    key: str
    msg_key: str
    param: str
    shown: Shown


@dataclass
class Delivery:
    """A message on its way to the app; `tries` counts how often its frame was sent."""

    frame: Json
    sent_at: float = 0.0
    tries: int = 0


@dataclass
class FakeApp:
    """`pending` are messages that nobody acknowledged yet, by the frame's message id; `answers` the acknowledgements'
    codes. `retry` is the pause in seconds before DingTalk sends what was not acknowledged again (60 there).
    `witness` is called with the id of each acknowledgement as it comes in. `per_second` is how many sends 标准版
    lets an app make in a second; 0 is any number."""

    client_id: str
    secret: str
    base: str
    retry: float = 0.4
    per_second: int = 20
    witness: Callable[[str], None] = lambda message_id: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    staff: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    tickets: set[str] = field(default_factory=set)
    pending: dict[str, Delivery] = field(default_factory=dict)
    answers: dict[str, list[int]] = field(default_factory=dict)
    calls: list[tuple[str, Json]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    media: dict[str, bytes] = field(default_factory=dict)
    sessions: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    fault_for: Callable[[Json], Fault | None] = lambda body: None
    connections: int = 0
    times: deque[float] = field(default_factory=deque)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def push(self, message: Json) -> str:
        """Somebody wrote. Returns the frame's message id."""
        user_id, now = message.get("senderStaffId", ""), self.now()
        session = f"s{next(self.ids)}"
        self.sessions[session] = user_id, now + SESSION
        platform = {
            "robotCode": self.client_id,
            "chatbotUserId": "$:LWCP_v1:$robot",
            "chatbotCorpId": "ding0123456789",
            "createAt": int(now.timestamp() * 1000),
            "sessionWebhook": f"{self.base}/robot/sendBySession?session={session}",
            "sessionWebhookExpiredTime": int((now + SESSION).timestamp() * 1000),
        }
        return self.put({**platform, **message})

    def put(self, data: Json) -> str:
        """Deliver this as it is, until it is acknowledged."""
        message_id = f"m{next(self.ids)}"
        self.pending[message_id] = Delivery(self.frame(message_id, json.dumps(data)))
        self.changed.set()
        return message_id

    def frame(self, message_id: str, data: str, *, kind: str = "CALLBACK", topic: str = TOPIC) -> Json:
        headers = {
            "appId": "app-1",
            "connectionId": f"c{self.connections}",
            "contentType": "application/json",
            "messageId": message_id,
            "time": "1763859723000",
            "topic": topic,
        }
        return {"specVersion": "1.0", "type": kind, "headers": headers, "data": data}

    def answered(self, message_id: str, code: int) -> None:
        self.witness(message_id)
        self.answers.setdefault(message_id, []).append(code)
        self.pending.pop(message_id, None)

    def sent_to(self, user_id: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.user_id == user_id]

    def press(self, user_id: str, label: str, *, by: str | None = None) -> str:
        """Press the newest button with that label on the person's screen, or let somebody else send the same."""
        found = next(sent for sent in reversed(self.sent_to(user_id)) if label in sent.shown.buttons)
        said = says(found.shown.buttons[label])
        assert said is not None, "the client ignores this link"
        return self.push(Staff(by or user_id).text(said))

    def too_often(self) -> bool:
        """Whether one more send in this second is one too many; it counts if it is not."""
        now = time.monotonic()
        while self.times and now - self.times[0] >= 1:
            self.times.popleft()
        if self.per_second and len(self.times) >= self.per_second:
            return True
        self.times.append(now)
        return False

    def add_file(self, content: bytes) -> str:
        """Keep a file that somebody sent; returns its download code."""
        code = f"code-{len(self.files) + 1}+/="
        self.files[code] = content
        return code

    def fail(self, kind: str, **details: Any) -> Fault:
        """The next call meets a fault: see `FakeDingTalk`."""
        fault = Fault(kind, **details)
        self.faults.append(fault)
        return fault

    def take_fault(self, call: str) -> Fault | None:
        for fault in self.faults:
            if fault.call == call and fault.after > 0:
                fault.after -= 1
            elif fault.call == call and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def wait_acknowledged(self, message_id: str, seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds):
            while message_id in self.pending:  # noqa: ASYNC110 - it is a test that waits
                await asyncio.sleep(0.002)
