"""What the error codes of WeChat's and WeCom's APIs mean for a message: one policy a code.

The tables are the platforms' own (`wechat_errors`, `wecom_errors`): one code may mean two things on the two.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import structlog

from bot.channel import (
    DeliveryError,
    PermanentFailure,
    RateLimited,
    RecipientBlocked,
    TemporaryFailure,
    WindowClosed,
)

log = structlog.get_logger(__name__)

#: The platform counts its days in Beijing.
BEIJING: Final = ZoneInfo("Asia/Shanghai")
#: Seconds until an account that is out of order is tried again, and after the quota of a minute.
ACCOUNT_WAIT: Final = 300.0
MINUTE_WAIT: Final = 60.0


#: "… from ip: 192.0.2.7, more info at …", "invalid ip 192.0.2.7 ipv6 …"
_ADDRESS: Final = re.compile(r"\bip:? ((?:[0-9]{1,3}\.){3}[0-9]{1,3})\b")


class Policy(Enum):
    RENEW = auto()  # the token: renewed once, then an alarm (`bot.channels.tokens`)
    WRITE_FIRST = auto()  # nothing more goes out until the person writes
    WRITE_FIRST_ALARM = auto()  # the same, and somebody must look into it
    BLOCKED = auto()  # the person closed this way to them
    MINUTE = auto()  # the quota of a minute is used up
    MIDNIGHT = auto()  # the quota of a day is used up: until midnight in Beijing
    ACCOUNT = auto()  # our account is out of order: nothing goes out, nothing is lost, somebody must look into it
    LATER = auto()  # this once
    NEVER = auto()  # the platform will never take this message: the mistake is ours
    GONE = auto()  # the platform does not have the file


class CgiRefusal(Exception):
    """The platform answered with an `errcode`. `seen_from` is our IPv4 address as the platform sees it, where its text
    names one: that is what is to be allowed in its console. The rest of the text may quote what was sent."""

    platform: ClassVar[str]
    policies: ClassVar[Mapping[int, Policy]]

    def __init__(self, path: str, code: int, text: str = "") -> None:
        super().__init__(f"{path}: errcode {code}")
        self.path = path
        self.code = code
        found = _ADDRESS.search(text)
        self.seen_from = found[1] if found else None

    @property
    def policy(self) -> Policy:
        """What to do about it; a code that is not in the table is tried again for a while."""
        return self.policies.get(self.code, Policy.LATER)


def delivery_error(refusal: CgiRefusal, now: datetime) -> DeliveryError:
    """What a refusal means for the message that was to be sent. Raises the alarm where somebody must act."""
    policy, text = refusal.policy, str(refusal)
    if policy in (Policy.WRITE_FIRST_ALARM, Policy.ACCOUNT, Policy.NEVER, Policy.MIDNIGHT) or (
        refusal.code not in refusal.policies
    ):
        event = refusal.platform + ".refused"
        log.error(event, path=refusal.path, errcode=refusal.code, policy=policy.name.lower())
    match policy:
        case Policy.WRITE_FIRST | Policy.WRITE_FIRST_ALARM:
            return WindowClosed(text)
        case Policy.BLOCKED:
            return RecipientBlocked(text)
        case Policy.MINUTE:
            return RateLimited(MINUTE_WAIT, text)
        case Policy.MIDNIGHT:
            return RateLimited(until_midnight(now), text)
        case Policy.ACCOUNT:
            return RateLimited(ACCOUNT_WAIT, text)
        case Policy.NEVER:
            return PermanentFailure(text)
        case _:
            return TemporaryFailure(text)


def until_midnight(now: datetime) -> float:
    """Seconds until the next day begins in Beijing."""
    local = now.astimezone(BEIJING)
    tomorrow = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (tomorrow - local).total_seconds()
