"""The access token of one of our accounts on a platform: one for all processes.

Platforms hand out a token for an hour or two and count how often it is asked for; some void the old one with it. So it
is kept where every process finds it, and a lease says which one is fetching the next.
"""

from dataclasses import dataclass, field
from datetime import datetime

from routing.ids import new_id


@dataclass(slots=True)
class PlatformToken:
    """`account` is the platform's name for our account; `sealed` the token, encrypted, good until `ends_at`.

    `failures` counts fetches that failed one after the other, and none is tried before `retry_at`. `trouble` is what
    somebody must look into since `trouble_since`: "fetch" (the platform gives no token), "refused" (it refuses the one
    that it gave), or None.
    """

    channel: str
    account: str
    sealed: str | None = None
    ends_at: datetime | None = None
    lease_owner: str | None = None
    lease_until: datetime | None = None
    failures: int = 0
    retry_at: datetime | None = None
    trouble: str | None = None
    trouble_since: datetime | None = None
    id: int = field(default_factory=new_id)
    version: int = 0

    def lives(self, now: datetime) -> bool:
        """Whether there is a token that is good at `now`."""
        return self.sealed is not None and self.ends_at is not None and now < self.ends_at
