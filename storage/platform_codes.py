"""QR codes that platforms made for our codes."""

from collections.abc import Sequence

from sqlalchemy import func, select

from routing.platform_code import PlatformCode
from storage.schema import platform_codes as table
from storage.tables import PLATFORM_CODE
from storage.work import Work

_ALL = select(table).order_by(table.c.code)
_LASTING = select(func.count()).where(table.c.lasting)


class PlatformCodes:
    """`routing.repositories.PlatformCodeRepository`."""

    def __init__(self, work: Work) -> None:
        self._session = work.session
        self._codes = work.map(work.tables.platform_codes)

    def get(self, channel: str, account: str, code: str) -> PlatformCode | None:
        return self._codes.find(PLATFORM_CODE, channel, account, code)

    def add(self, code: PlatformCode) -> None:
        self._codes.add(code)

    def all(self, channel: str, account: str) -> Sequence[PlatformCode]:
        return self._codes.select(_ALL.where(table.c.channel == channel, table.c.account == account))

    def lasting(self, channel: str, account: str) -> int:
        self._codes.flush()
        ((count,),) = self._session.select(_LASTING.where(table.c.channel == channel, table.c.account == account))
        return int(count)
