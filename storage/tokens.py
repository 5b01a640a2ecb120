"""Access tokens of our accounts on platforms."""

from collections.abc import Sequence

from sqlalchemy import select

from routing.platform_token import PlatformToken
from storage.schema import platform_tokens
from storage.tables import ACCOUNT
from storage.work import Work

_ALL = select(platform_tokens).order_by(platform_tokens.c.channel, platform_tokens.c.account)


class Tokens:
    """`routing.repositories.TokenRepository`."""

    def __init__(self, work: Work) -> None:
        self._tokens = work.map(work.tables.platform_tokens)

    def get(self, channel: str, account: str) -> PlatformToken | None:
        return self._tokens.find(ACCOUNT, channel, account)

    def add(self, token: PlatformToken) -> None:
        self._tokens.add(token)

    def all(self) -> Sequence[PlatformToken]:
        return self._tokens.select(_ALL)
