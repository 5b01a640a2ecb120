"""One Official Account at the fake WeChat: its token, who follows it, what may be sent to whom, and what was."""

import secrets
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.cgi_account import TOKEN_LIFETIME, ApiError, CgiAccount, Json
from tests.fakes.wechat_envelope import Envelope

BEIJING = ZoneInfo("Asia/Shanghai")
#: What a person's deed opens: how many messages, for how long
#: (https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html).
WINDOWS = {"message": (5, timedelta(hours=48)), "tap": (3, timedelta(minutes=1))}
#: So long before its end a token is followed by another, and both are good.
TOKEN_OVERLAP = timedelta(minutes=5)


@dataclass
class Seen:
    """One message on a person's screen. `way`: passive, custom, template or fault (the platform's own words)."""

    text: str
    at: datetime
    way: str
    kind: str = "text"
    content: bytes | None = None
    data: Json = field(default_factory=dict)


@dataclass
class Follower:
    """`opened`: by kind, until when and how many are left. `subscribed`: templates with how many notices each may still
    bring; None for a long-term one."""

    following: bool = False
    opened: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    subscribed: dict[str, int | None] = field(default_factory=dict)
    screen: list[Seen] = field(default_factory=list)


class Account(CgiAccount):
    """What the platform knows of an account."""

    sends = "message/custom/send"

    def __init__(self, app_id: str, secret: str, envelope: Envelope, clock: Callable[[], datetime]) -> None:
        super().__init__(clock)
        self.app_id = app_id
        self.secret = secret
        self.envelope = envelope
        self.name = "gh_5f2e1c9a7b30"
        self.people: dict[str, Follower] = defaultdict(Follower)
        self.codes: dict[str, Json] = {}
        self.permanent_codes = 0
        self.permanent_codes_limit = 100_000
        self.menu: Json | None = None
        #: How often each call may be made in a day, as the quota tells it.
        self.daily_limit = 500_000
        self.templates: dict[str, tuple[str, ...]] = {}
        self._full: Counter[str] = Counter()

    # ── trouble ─────────────────────────────────────────────────────────────────────────────────────────────────

    def use_up_quota(self) -> None:
        """45009 for every customer-service message until midnight in Beijing."""
        self._full[self._day()] += 1

    # ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────────

    def give_token(self, force: bool) -> Json:
        self.fetches += 1
        now = self.clock()
        newest = max(self._tokens, key=lambda token: self._tokens[token], default=None)
        if force:
            self._tokens.clear()
            newest = None
        if newest is None or self._tokens[newest] - now <= TOKEN_OVERLAP:
            newest = f"{len(self.calls)}_{secrets.token_urlsafe(96)}"
            self._tokens[newest] = now + TOKEN_LIFETIME
        return {"access_token": newest, "expires_in": int((self._tokens[newest] - now).total_seconds())}

    def check_token(self, token: str | None) -> None:
        if not token:
            raise ApiError(41001, "access_token missing")
        ends = self._tokens.get(token)
        if ends is None:
            raise ApiError(40001, "invalid credential, access_token is invalid or not latest")
        if ends <= self.clock():
            raise ApiError(42001, "access_token expired")

    # ── people ──────────────────────────────────────────────────────────────────────────────────────────────────

    def opens(self, openid: str, kind: str) -> None:
        """What a person did opens a window of `kind`: "message" or "tap"."""
        count, lasts = WINDOWS[kind]
        self.people[openid].opened[kind] = (self.clock() + lasts, count)

    def take_permit(self, openid: str) -> None:
        """Count one customer-service message, or refuse it."""
        person = self.people.get(openid)
        if person is None or not person.following:
            self.violations.append(f"43004 {openid}")
            raise ApiError(43004, "require subscribe")
        if self._full[self._day()]:
            raise ApiError(45009, "reach max api daily quota limit")
        now = self.clock()
        opened = sorted((until, kind, left) for kind, (until, left) in person.opened.items() if until > now)
        if not opened:
            self.violations.append(f"45015 {openid}")
            raise ApiError(45015, "response out of time limit or subscription is canceled")
        for until, kind, left in opened:
            if left:
                person.opened[kind] = (until, left - 1)
                return
        self.violations.append(f"45047 {openid}")
        raise ApiError(45047, "out of response count limit")

    def show(self, openid: str, text: str, way: str, **more: Any) -> None:
        self.people[openid].screen.append(Seen(text, self.clock(), way, **more))

    def _day(self) -> str:
        return f"{self.clock().astimezone(BEIJING):%Y-%m-%d}"
