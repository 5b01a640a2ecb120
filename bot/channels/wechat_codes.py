"""Parametric QR codes (带参数二维码) of the account: whoever scans one follows us, or opens the chat, and WeChat says
by which of our codes they came.

Lasting ones for deputies, stations and project points: an account may make 100,000 of them, ever, so each is asked for
once and kept. For stalls, and for whatever code ends by itself, those of 30 days at most, made anew before they end
(https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog

from bot.channel import DeliveryError, NotReached, RateLimited, TemporaryFailure
from bot.channels.wechat_api import WeChatApi
from bot.channels.wechat_errors import WeChatRefusal
from bot.channels.wechat_parsing import CHANNEL
from routing.code import Code, CodeKind
from routing.platform_code import PlatformCode
from routing.ports import Clock, Reader, UnitOfWork, Writer

log = structlog.get_logger(__name__)

#: How many lasting ones an account may make, and from how many on somebody should hear of it.
LIMIT: Final = 100_000
WARN_FROM: Final = 80_000
#: A temporary one leads here so long at most …
LONGEST: Final = timedelta(seconds=2_592_000)
#: … and is made anew so long before its end.
RENEW_BEFORE: Final = timedelta(days=2)
#: How long one process may take to ask for one.
LEASE: Final = timedelta(seconds=60)
#: Asked for in one go by `keep_up`.
AT_ONCE: Final = 50
#: The platform's "all lasting ones are used up".
USED_UP: Final = 45029
_URL: Final = re.compile(r"https?://[!-~]{1,200}")


class CodesUsedUp(Exception):
    """The account can make no more lasting codes."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What a look at the database came to: the row as it is, and what is to be asked of the platform, if it is ours to
    ask. `seconds` is how long a temporary code shall lead here; None for a lasting one."""

    row: PlatformCode | None
    ask: bool = False
    seconds: int | None = None


class WeChatCodes:
    """The codes of the account `account` (its appid)."""

    def __init__(self, api: WeChatApi, writer: Writer, reader: Reader, account: str, clock: Clock) -> None:
        self._api = api
        self._writer = writer
        self._reader = reader
        self._account = account
        self._clock = clock
        #: Whether the account can make no more lasting ones; that it never can again needs no second asking.
        self._used_up = False

    async def obtain(self, code: Code) -> PlatformCode | None:
        """The QR of a code: the kept one, else one that is made now. None while another process asks for it, and for
        a code that is not valid any more.

        Raises `CodesUsedUp`, `WeChatRefusal`, `DeliveryError` or `StorageUnavailable`.
        """
        task = await self._writer.run(partial(self._look, code=code))
        if not task.ask:
            return task.row
        began = self._clock()
        try:
            answer = await self._api.call("qrcode/create", _body(code.code, task.seconds))
            url, lasts = _read(answer, task.seconds)
        except WeChatRefusal as refusal:
            await self._writer.run(partial(self._refused, code=code.code))
            if refusal.code == USED_UP:
                raise CodesUsedUp from None
            raise
        except (RateLimited, NotReached):
            # There is no access token, or no way there: it was not even asked for.
            await self._writer.run(partial(self._refused, code=code.code))
            raise
        except DeliveryError:
            # Whether it was made, nobody knows, so it stays counted.
            await self._writer.run(partial(self._given_up, code=code.code))
            raise
        ends_at = None if lasts is None else began + timedelta(seconds=lasts)
        return await self._writer.run(partial(self._keep, code=code.code, url=url, ends_at=ends_at))

    async def keep_up(self) -> int:
        """Make what is missing and renew what ends, as a tick; how many were made. What fails is tried at the next."""
        made = 0
        for code in (await self._reader.run(self.missing))[:AT_ONCE]:
            try:
                made += await self.obtain(code) is not None
            except CodesUsedUp:
                log.error("wechat.codes_used_up", limit=LIMIT)
                self._used_up = True
                break
            except (WeChatRefusal, DeliveryError) as error:
                log.warning("wechat.code_not_made", error=str(error))
                break
        if made:
            lasting = await self._reader.run(self.lasting)
            if lasting >= WARN_FROM:
                log.warning("wechat.codes_nearly_used_up", lasting=lasting, limit=LIMIT)
        return made

    def lasting(self, uow: UnitOfWork) -> int:
        """How many lasting codes the account has made."""
        return uow.platform_codes.lasting(CHANNEL, self._account)

    def missing(self, uow: UnitOfWork) -> Sequence[Code]:
        """The valid codes that need one now, or soon another; lasting ones only while the account can make them."""
        kept = {row.code: row for row in uow.platform_codes.all(CHANNEL, self._account)}
        missing = []
        for code in uow.codes.all():
            row = kept.get(code.code)
            if not code.valid_at(uow.now) or (row and (_good(row, code, uow.now) or row.leased(uow.now, LEASE))):
                continue
            if not (self._used_up and not _ends(code)):
                missing.append(code)
        return missing

    def _look(self, uow: UnitOfWork, *, code: Code) -> _Task:
        """Take the lease where the QR is missing or about to end and nobody else asks for it; count a lasting one
        before it is asked for, so that no crash leaves one uncounted."""
        if not code.valid_at(uow.now):
            return _Task(None)
        row = uow.platform_codes.get(CHANNEL, self._account, code.code)
        if row is not None and (_good(row, code, uow.now) or row.leased(uow.now, LEASE)):
            return _Task(row if row.leads_until(uow.now) else None)
        if not _ends(code) and self.lasting(uow) >= LIMIT and not (row and row.lasting):
            raise CodesUsedUp
        if row is None:
            row = PlatformCode(CHANNEL, self._account, code.code)
            uow.platform_codes.add(row)
        row.lease_until = uow.now + LEASE
        row.lasting = not _ends(code)
        if row.lasting:
            return _Task(row, ask=True)
        left = code.expires_at - uow.now if code.expires_at is not None else LONGEST
        return _Task(row, ask=True, seconds=max(60, int(min(left, LONGEST).total_seconds())))

    def _keep(self, uow: UnitOfWork, *, code: str, url: str, ends_at: datetime | None) -> PlatformCode:
        row = self._row(uow, code)
        row.url, row.ends_at, row.lease_until = url, ends_at, None
        return row

    def _refused(self, uow: UnitOfWork, *, code: str) -> None:
        """None was made."""
        row = self._row(uow, code)
        row.lease_until, row.lasting = None, False

    def _given_up(self, uow: UnitOfWork, *, code: str) -> None:
        self._row(uow, code).lease_until = None

    def _row(self, uow: UnitOfWork, code: str) -> PlatformCode:
        row = uow.platform_codes.get(CHANNEL, self._account, code)
        assert row is not None, "it was added before it was asked for, and none is ever deleted"
        return row


def _ends(code: Code) -> bool:
    """Whether its QR is a temporary one: nothing that lasts is spent on what goes by."""
    return code.kind is CodeKind.STALL or code.expires_at is not None


def _good(row: PlatformCode, code: Code, now: datetime) -> bool:
    """Whether the QR leads here as long as it is needed, or will be made anew in time."""
    needed = now + RENEW_BEFORE
    if code.expires_at is not None:
        # A QR ends on a whole second, its code may end within one.
        needed = min(needed, code.expires_at - timedelta(seconds=2))
    return row.leads_until(max(now, needed))


def _body(scene: str, seconds: int | None) -> dict[str, Any]:
    action = {"action_info": {"scene": {"scene_str": scene}}}
    if seconds is None:
        return {"action_name": "QR_LIMIT_STR_SCENE", **action}
    return {"action_name": "QR_STR_SCENE", "expire_seconds": seconds, **action}


def _read(answer: dict[str, Any], seconds: int | None) -> tuple[str, int | None]:
    """What the QR holds, and for how many seconds it is good. Raises `DeliveryError` for an answer without."""
    url, lasts = answer.get("url"), answer.get("expire_seconds")
    if not isinstance(url, str) or not _URL.fullmatch(url):
        raise TemporaryFailure("qrcode/create: an answer without an address")
    if seconds is None:
        return url, None
    return url, min(seconds, lasts) if type(lasts) is int and lasts > 0 else seconds
