"""What an account at the fake WeChat and an app at the fake WeCom have alike: tokens, media, calls, and misfortunes."""

import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
MEDIA_LIFETIME = timedelta(days=3)
TOKEN_LIFETIME = timedelta(seconds=7200)


class ApiError(Exception):
    """An answer in the platform's own form of an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.body: Json = {"errcode": code, "errmsg": f"{message} rid: 6543abcd-1234"}


@dataclass
class Fault:
    """One misfortune for calls whose path ends with `path` (of any, with none), `times` times or `until` then. With
    `taken` the platform does what it was asked first, so that only its answer is lost. `kind`: html, bad_gateway,
    empty, malformed, wrong_type, reset, cut_off, hang, or errcode with its `code`."""

    kind: str
    path: str = ""
    times: int = 1
    until: datetime | None = None
    code: int = 0
    taken: bool = False


@dataclass
class Media:
    content: bytes
    mime: str
    name: str
    at: datetime


@dataclass
class Call:
    path: str
    body: Json
    token: str | None
    at: datetime


class CgiAccount:
    """`sends` is the call that brings something to a person; `violations` are the sends that broke a rule of the
    platform: none should ever be tried."""

    sends: str

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.media: dict[str, Media] = {}
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.faults: list[Fault] = []
        #: Asked for each call when no fault is set: (path, body) → what it meets.
        self.fault_for: Callable[[str, Json], Fault | None] = lambda path, body: None
        self.fetches = 0
        self._tokens: dict[str, datetime] = {}
        self._message_ids = itertools.count(24_000_000_000_000_001)

    def fail(self, kind: str, path: str | None = None, times: int = 1, **more: Any) -> None:
        """Let the next calls of `path` meet `kind`."""
        self.faults.append(Fault(kind, path or self.sends, times, **more))

    def take_fault(self, path: str, body: Json) -> Fault | None:
        for fault in self.faults:
            if not path.endswith(fault.path):
                continue
            if fault.until is not None and self.clock() < fault.until:
                return fault
            if fault.until is None and fault.times > 0:
                fault.times -= 1
                return fault
        return self.fault_for(path, body)

    def void_tokens(self) -> None:
        """As when somebody presses "reset" in the platform's console: each is refused from now on."""
        self._tokens.clear()

    def add_media(self, content: bytes, mime: str, name: str = "file") -> str:
        """A media id that is good for three days."""
        media_id = secrets.token_urlsafe(48)
        self.media[media_id] = Media(content, mime, name, self.clock())
        return media_id

    def next_message_id(self) -> int:
        return next(self._message_ids)

    def called(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path.endswith(path)]
