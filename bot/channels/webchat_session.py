"""Who a browser is: a random cookie, of which the address keeps only a hash."""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from bot.message import Audience
from routing.ports import Reader, UnitOfWork

CHANNEL = "webchat"
LIFETIME = timedelta(days=180)
_REMEMBER_SECONDS = 60.0
_REMEMBERED = 20_000

#: The two trust domains have cookies of their own, so neither can ever be taken for the other.
COOKIES = {"citizen": "mashang_chat", "desk": "mashang_desk"}
AUDIENCES: dict[str, Audience] = {"citizen": "citizen", "desk": "work"}


@dataclass(frozen=True, slots=True)
class Known:
    """A session that the store knows, and its address."""

    user_id: str
    address_id: int


def new_token() -> str:
    """256 random bits, for a cookie."""
    return secrets.token_urlsafe(32)


def user_id_of(token: str) -> str:
    """The address's user id: what is stored can't be used as a cookie."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def set_cookie(response: Response, account: str, token: str, path: str, *, secure: bool) -> None:
    """`path` keeps sessions apart: several desks in one browser are several cookies of one name."""
    response.set_cookie(
        COOKIES[account],
        token,
        max_age=int(LIFETIME.total_seconds()),
        path=path,
        secure=secure,
        httponly=True,
        samesite="lax",
    )


class Sessions:
    """Finds the session of a request. What was found is remembered for a minute, so that a message costs no query."""

    def __init__(self, reader: Reader, account: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._account = account
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Known]] = OrderedDict()

    async def of_request(self, request: Request) -> Known | None:
        """None without a cookie, with a forged one, and with one that lay unused for 180 days.

        Raises `StorageUnavailable`.
        """
        token = request.cookies.get(COOKIES[self._account], "")
        if not 20 <= len(token) <= 100:
            return None
        return await self.of_user(user_id_of(token))

    async def of_user(self, user_id: str) -> Known | None:
        remembered = self._known.get(user_id)
        if remembered is not None and self._clock() < remembered[0]:
            return remembered[1]
        known = await self._reader.run(lambda uow: _find(uow, self._account, user_id))
        self._known.pop(user_id, None)
        if known is not None:
            self._known[user_id] = (self._clock() + _REMEMBER_SECONDS, known)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return known


def _find(uow: UnitOfWork, account: str, user_id: str) -> Known | None:
    address = uow.contacts.address(CHANNEL, account, user_id)
    if address is None:
        return None
    conversation = uow.conversations.of_address(address.id)
    used = max(address.created_at, conversation.updated_at) if conversation else address.created_at
    return Known(user_id, address.id) if uow.now - used < LIFETIME else None
