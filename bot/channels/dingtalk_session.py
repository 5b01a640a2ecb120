"""Session webhooks: with every message DingTalk gives an address by which the robot may answer for 90 minutes.

Answers by it need no permission, and 标准版 counts them apart from the 5,000 API calls a month that an organisation
has. What it sends can't be quoted, though: its answer names no message. So it is for what nobody will reply to, a plain
text that belongs to no case; everything else goes by the API.

An address is a secret and lives in this process's memory only. After a restart, or in another process, the API sends.
"""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.channels.dingtalk_parsing import PRIVATE
from bot.channels.dingtalk_sending import Part
from routing.ports import Clock

#: What is about to end might end on the way.
SPARE = timedelta(minutes=1)
LIFETIME = timedelta(minutes=90)
_MOST = 10_000


class SessionWebhooks:
    """The addresses of the private chats. `base` is the API's: only over https, and at DingTalk, is anything sent."""

    def __init__(self, base: str, clock: Clock) -> None:
        parts = urlsplit(base)
        self._scheme, self._host = parts.scheme, parts.netloc
        self._clock = clock
        self._known: dict[str, tuple[str, datetime]] = {}

    def keep(self, user_id: str, raw: dict[str, Any]) -> None:
        """Remember the address that came with a message, if there is one that may be used."""
        url, ends = raw.get("sessionWebhook"), raw.get("sessionWebhookExpiredTime")
        if isinstance(ends, str) and ends.isascii() and ends.isdigit() and len(ends) < 20:
            ends = int(ends)  # so the SDK reads it
        private = raw.get("conversationType") == PRIVATE
        if not private or not isinstance(url, str) or not isinstance(ends, int) or not self._ours(url):
            return
        now = self._clock()
        # A time beyond what DingTalk promises is no time but a garbled one.
        lasts = min(timedelta(milliseconds=max(0, min(ends, 2**45))) - _since_epoch(now), LIFETIME)
        self._known.pop(user_id, None)
        while len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        self._known[user_id] = url, now + lasts

    def of(self, user_id: str, part: Part, *, quotable: bool) -> str | None:
        """The address to send a part by; None where the API is to send it."""
        if quotable or part.buttons or part.file is not None:
            return None
        url, ends = self._known.get(user_id, ("", None))
        return url if ends is not None and self._clock() < ends - SPARE else None

    def forget(self, user_id: str) -> None:
        """It was refused."""
        self._known.pop(user_id, None)

    def _ours(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        host = (parts.hostname or "").lower()
        at_home = host == "dingtalk.com" or host.endswith(".dingtalk.com") or parts.netloc == self._host
        return parts.scheme == self._scheme and at_home and "@" not in parts.netloc


def _since_epoch(now: datetime) -> timedelta:
    return timedelta(seconds=now.timestamp())
