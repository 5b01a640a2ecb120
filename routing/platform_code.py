"""A QR code that a platform makes for one of our codes: whoever scans it lands in the chat with our account there, and
the platform says by which code they came.

It is asked for once and kept: platforms count how many an account makes, and a poster is printed once.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from routing.ids import new_id


@dataclass(slots=True)
class PlatformCode:
    """`account` is the platform's name for our account, `code` ours (`routing.code.Code`).

    `url` is what the QR holds, once the platform has given it; it leads there until `ends_at`, or for good where that
    is None. `lasting`: it was asked for as one that never ends, so it counts, also if the answer got lost. While one
    process asks, the others leave it alone until `lease_until`.
    """

    channel: str
    account: str
    code: str
    url: str | None = None
    ends_at: datetime | None = None
    lasting: bool = False
    lease_until: datetime | None = None
    id: int = field(default_factory=new_id)
    version: int = 0

    def leads_until(self, at: datetime) -> bool:
        """Whether there is a QR, and whoever scans it up to `at` arrives."""
        return self.url is not None and (self.ends_at is None or at < self.ends_at)

    def leased(self, now: datetime, longest: timedelta) -> bool:
        """Whether another process is asking. A lease of more than `longest` is a clock that was set back."""
        return self.lease_until is not None and now < self.lease_until <= now + longest
