"""What DingTalk's refusals mean for a message: one table, for the API and for session webhooks.

The new API answers 4xx with `{"code": "…", "message": "…"}`, a webhook 200 with `{"errcode": …}`. `message` may quote
what was sent, so only the code is ever told. Codes: 调用频次与限流 (open.dingtalk.com/document/development/
how-to-process-api-throttling-on-the-dingtalk-server) and the error lists of each call; a code that is in no list is
judged by its status.
"""

import logging
from dataclasses import dataclass
from typing import Literal

from bot.channel import DeliveryError, PermanentFailure, RateLimited, RecipientBlocked, TemporaryFailure

log = logging.getLogger(__name__)

Policy = Literal["wait", "quota", "person", "token", "secret", "permission", "robot", "never", "later"]

#: Seconds. DingTalk counts calls by the second and names no wait.
SECOND = 1.0
#: Seconds after which a station whose month is used up is tried again; somebody may have bought more meanwhile.
QUOTA_WAIT = 900.0
LONGEST_WAIT = 24 * 3600.0

#: code → what it means. The first that the code begins with counts.
POLICIES: tuple[tuple[str, Policy], ...] = (
    ("Forbidden.AccessDenied.QpsLimit", "wait"),  # the app's, or everybody's, calls of this second
    ("90002", "wait"),
    ("90018", "wait"),
    ("send.too.fast", "wait"),
    ("130101", "wait"),  # a webhook that is called too often
    ("Forbidden.AccessDenied.ApiCountLimitForOrg", "quota"),  # 标准版: 5,000 calls a month
    ("90020", "quota"),
    ("90030", "quota"),  # the month's webhook calls
    ("staffId.notExisted", "person"),
    ("user.not.exist", "person"),
    ("InvalidAuthentication", "token"),
    ("invalidAuthentication", "token"),
    ("40014", "token"),
    ("42001", "token"),
    ("invalidClientIdOrSecret", "secret"),
    ("authFailed", "secret"),
    ("Forbidden.AccessDenied.AccessTokenPermissionDenied", "permission"),
    ("Forbidden.AccessDenied.IpNotInWhiteList", "permission"),
    ("60020", "permission"),  # the caller's address is not on the app's list
    ("resource.not.found", "robot"),
    ("robot.not", "robot"),
    ("invalidRobotCode", "robot"),
    ("Throttling", "wait"),
    ("ServiceUnavailable", "later"),
    ("InternalError", "later"),
    ("internalError", "later"),
    ("unknownError", "later"),
    ("system.error", "later"),
)
_ADVICE: dict[Policy, str] = {
    "quota": "the month's calls of the organisation are used up; buy more in the console",
    "token": "the access token is refused",
    "secret": "MASHANG_DINGTALK_CLIENT_ID or _CLIENT_SECRET is not the app's",
    "permission": "the app lacks a permission or our address is not on its list; `main.py doctor dingtalk` says which",
    "robot": "the app has no robot, or it is not published",
}


@dataclass
class ApiRefusal(Exception):
    """DingTalk's own refusal. `code` is its word, `retry_after` the seconds that its answer asked for, if any."""

    status: int
    code: str
    retry_after: float | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.code}"

    @property
    def policy(self) -> Policy:
        for beginning, policy in POLICIES:
            if self.code.startswith(beginning):
                return policy
        if self.status == 429:
            return "wait"
        if self.status == 401:
            return "token"
        if self.status >= 500:
            return "later"
        if self.status == 403:
            return "permission"
        if self.status == 404:
            return "robot"
        return "never"


def delivery_error(refusal: ApiRefusal) -> DeliveryError:
    """The policy for a message that met this. What is ours to mend uses up nobody's message: it is told in the log and
    tried again later."""
    match refusal.policy:
        case "wait":
            return RateLimited(min(refusal.retry_after or SECOND, LONGEST_WAIT))
        case "person":
            return RecipientBlocked(str(refusal))
        case "never":
            return PermanentFailure(str(refusal))
        case "later":
            return TemporaryFailure(str(refusal))
        case policy:
            log.error("dingtalk.refused code=%s: %s", refusal.code, _ADVICE[policy])
            return RateLimited(QUOTA_WAIT) if policy == "quota" else TemporaryFailure(str(refusal))
