"""What WeChat's error codes mean for a message: one table, one policy a code.

Source: https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
"""

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final
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


POLICIES: Final[dict[int, Policy]] = {
    -1: Policy.LATER,  # busy
    40001: Policy.RENEW,  # invalid credential
    40003: Policy.BLOCKED,  # no openid of a follower of ours
    40004: Policy.NEVER,  # type of media
    40005: Policy.NEVER,  # type of file
    40006: Policy.NEVER,  # size of file
    40007: Policy.GONE,  # media id
    40008: Policy.NEVER,  # type of message
    40009: Policy.NEVER,  # size of picture
    40010: Policy.NEVER,  # size of voice
    40013: Policy.ACCOUNT,  # appid
    40014: Policy.RENEW,  # invalid access_token
    40035: Policy.NEVER,  # parameters
    40037: Policy.NEVER,  # template
    40125: Policy.ACCOUNT,  # appsecret
    40164: Policy.ACCOUNT,  # our IP address is not on the account's list
    41001: Policy.RENEW,  # access_token missing
    41002: Policy.ACCOUNT,  # appid missing
    41004: Policy.ACCOUNT,  # appsecret missing
    41006: Policy.GONE,  # media id missing
    42001: Policy.RENEW,  # access_token ran out
    43004: Policy.BLOCKED,  # does not follow us
    43019: Policy.BLOCKED,  # on our own list of people to be left alone
    43101: Policy.WRITE_FIRST,  # did not subscribe to this notice, or used it up
    44002: Policy.NEVER,  # empty body
    44004: Policy.NEVER,  # empty text
    45001: Policy.NEVER,  # size of media
    45002: Policy.NEVER,  # too long
    45009: Policy.MIDNIGHT,  # quota of the day
    45011: Policy.MINUTE,  # calls of the minute
    45015: Policy.WRITE_FIRST,  # window closed
    45047: Policy.WRITE_FIRST,  # count used up
    47001: Policy.NEVER,  # JSON
    47003: Policy.NEVER,  # fields of a template
    48001: Policy.WRITE_FIRST_ALARM,  # the account may not call this: replies in the answer are all it has
    48002: Policy.BLOCKED,  # switched messages off
    48004: Policy.ACCOUNT,  # the call was taken from us for breaking a rule
    50002: Policy.WRITE_FIRST_ALARM,  # the person's account, or ours, is frozen
    50005: Policy.BLOCKED,  # does not follow us
    61450: Policy.LATER,  # system error
    89501: Policy.ACCOUNT,  # an administrator must allow this IP address …
    89503: Policy.ACCOUNT,  # … must confirm it
    89506: Policy.ACCOUNT,  # … refused it for a day
    89507: Policy.ACCOUNT,  # … refused it for an hour
}


class WeChatRefusal(Exception):
    """The platform answered with an `errcode`."""

    def __init__(self, path: str, code: int) -> None:
        super().__init__(f"{path}: errcode {code}")
        self.path = path
        self.code = code

    @property
    def policy(self) -> Policy:
        """What to do about it; a code that is not in the table is tried again for a while."""
        return POLICIES.get(self.code, Policy.LATER)


def delivery_error(refusal: WeChatRefusal, now: datetime) -> DeliveryError:
    """What a refusal means for the message that was to be sent. Raises the alarm where somebody must act."""
    policy, text = refusal.policy, str(refusal)
    if policy in (Policy.WRITE_FIRST_ALARM, Policy.ACCOUNT, Policy.NEVER, Policy.MIDNIGHT) or (
        refusal.code not in POLICIES
    ):
        log.error("wechat.refused", path=refusal.path, errcode=refusal.code, policy=policy.name.lower())
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
