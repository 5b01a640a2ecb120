"""One app of one enterprise at the fake WeCom: its token, who may use it, what they were sent, what was dropped."""

import secrets
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.fakes.cgi_account import TOKEN_LIFETIME, ApiError, CgiAccount, Json
from tests.fakes.wechat_envelope import Envelope

#: How many messages one member gets from one app; what is more is dropped without a word
#: (https://developer.work.weixin.qq.com/document/path/90312).
COUNTS = ((30, timedelta(minutes=1)), (1000, timedelta(hours=1)))
CODE_LIFETIME = timedelta(hours=72)


@dataclass
class Seen:
    """One message on a member's screen. `links`: words of a text that lead elsewhere. Of a card: `buttons` by label,
    with their keys; `grey` are the labels that look pressed."""

    text: str
    at: datetime
    id: str
    kind: str = "text"
    content: bytes | None = None
    links: dict[str, str] = field(default_factory=dict)
    title: str = ""
    buttons: dict[str, str] = field(default_factory=dict)
    task_id: str = ""
    grey: tuple[str, ...] = ()


@dataclass
class Membership:
    """`visible`: within what the app may see; `licensed`: calls about them are paid for."""

    visible: bool = True
    licensed: bool = True
    screen: list[Seen] = field(default_factory=list)
    sent_at: list[datetime] = field(default_factory=list)


class App(CgiAccount):
    """What the platform knows of an app. `dropped` are the messages that nobody got, though the answer said "ok"."""

    sends = "message/send"

    def __init__(
        self, corp_id: str, agent_id: int, secret: str, envelope: Envelope, clock: Callable[[], datetime]
    ) -> None:
        super().__init__(clock)
        self.corp_id = corp_id
        self.agent_id = agent_id
        self.secret = secret
        self.envelope = envelope
        self.members: dict[str, Membership] = {}
        self.dropped: list[str] = []
        self.trusted = True
        self.switched_off = False
        self.task_ids: set[str] = set()
        self._codes: dict[str, tuple[datetime, Seen]] = {}

    def give_token(self) -> Json:
        """The same until it ends."""
        self.fetches += 1
        now = self.clock()
        token = next((token for token, ends in self._tokens.items() if ends > now), None)
        if token is None:
            token = f"{len(self.calls)}_{secrets.token_urlsafe(96)}"
            self._tokens[token] = now + TOKEN_LIFETIME
        lasts = int((self._tokens[token] - now).total_seconds())
        return {"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": lasts}

    def check_token(self, token: str | None) -> None:
        if not token:
            raise ApiError(41001, "access_token missing")
        if token not in self._tokens:
            raise ApiError(40014, "invalid access_token")
        if self._tokens[token] <= self.clock():
            raise ApiError(42001, "access_token expired")
        if not self.trusted:
            raise ApiError(60020, "not allow to access from your ip, from ip: 192.0.2.7")

    def check_agent(self, agent_id: object) -> None:
        if str(agent_id) != str(self.agent_id):
            raise ApiError(301002, "not allow operate another agent with this accesstoken")
        if self.switched_off:
            raise ApiError(50003, "agent disabled")

    def deliver(self, user_id: str, seen: Seen) -> None:
        """Show a message, unless the member got too many."""
        member, now = self.members[user_id], self.clock()
        for count, within in COUNTS:
            if sum(now - at < within for at in member.sent_at) >= count:
                self.dropped.append(user_id)
                return
        member.sent_at.append(now)
        member.screen.append(seen)

    def new_code(self, seen: Seen) -> str:
        """A code by which this card can be changed once."""
        code = secrets.token_urlsafe(40)
        self._codes[code] = self.clock() + CODE_LIFETIME, seen
        return code

    def use_code(self, code: str) -> Seen:
        ends, seen = self._codes.pop(code, (self.clock(), None))
        if seen is None or ends <= self.clock():
            raise ApiError(42022, "code has been used or is expired")
        return seen

    def counts_of(self, user_id: str, within: timedelta) -> int:
        """The most that a member got within any such time."""
        times = self.members[user_id].sent_at
        best: dict[datetime, int] = defaultdict(int)
        for begin in times:
            best[begin] = sum(begin <= at < begin + within for at in times)
        return max(best.values(), default=0)
