"""Calls to an API as WeChat's and WeCom's are: `/cgi-bin/…`, an access token in the query, `errcode` in the answer.

The token stands in the query, so no address and no client's exception is ever logged or quoted.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from io import BytesIO
from typing import Any, ClassVar, Final

import aiohttp
import orjson

from bot.channel import NotReached, PermanentFailure, TemporaryFailure
from bot.channels.cgi_errors import CgiRefusal, Policy, delivery_error
from bot.channels.tokens import TokenHolder, TokenRefused
from bot.http import HttpClient, read_within
from bot.lines import NO_QUERY, Unreadable, unreached
from routing.ports import Clock, Writer

ANSWER_LIMIT: Final = 1024 * 1024
JSON: Final = "application/json"
#: How a medium comes that is none: an error, or where a video lies.
WORDS: Final = (JSON, "text/plain")
#: Seconds that a token is believed to be good for, whatever the platform says.
LONGEST_LIFE: Final = 7200.0
_NO_UPLOAD: Final = (Policy.MIDNIGHT, Policy.WRITE_FIRST, Policy.WRITE_FIRST_ALARM)
FAILURES: Final = (aiohttp.ClientError, TimeoutError, OSError, ValueError, Unreadable)


class TooLong(Exception):
    """A medium is larger than it may be."""


class CgiApi(ABC):
    """One account at one API server. `timeout` is seconds for a call, `transfer_timeout` for one with a file; `account`
    names the account among those of the platform whose tokens are kept.

    Raises `ValueError` for a `base` that is no address.
    """

    #: What the platform's refusals are, with its table of codes.
    refusal: ClassVar[type[CgiRefusal]]

    def __init__(
        self,
        http: HttpClient,
        base: str,
        *,
        account: str,
        writer: Writer,
        clock: Clock,
        timeout: float = 10.0,
        transfer_timeout: float = 60.0,
    ) -> None:
        self._http = http
        self._lines = http.lines_to(base, limit=ANSWER_LIMIT)
        self._base = base.rstrip("/")
        self._clock = clock
        self._timeout = timeout
        self._transfer_timeout = transfer_timeout
        self.tokens = TokenHolder(self.fetch_token, writer, self.refusal.platform, account, clock)

    async def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of a POST to `/cgi-bin/{path}`, which says that it went well. A `path` that begins with "/" is
        taken as it is, here and in `look`.

        Raises `CgiRefusal`; `TemporaryFailure` for whatever is not the platform's own word, `RateLimited` where
        there is no token, `StorageUnavailable` where it can't be looked up.
        """
        return await self.tokens.use(lambda token: self._judged(path, self._post(path, body, {"access_token": token})))

    async def send(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of a call that brings something to a person. Raises the `DeliveryError` that a refusal means."""
        try:
            answer = await self.call(path, body)
        except CgiRefusal as refusal:
            raise delivery_error(refusal, self._clock()) from None
        if answer.get("errcode") != 0:
            raise TemporaryFailure(f"{path}: an answer that does not say how it went")
        return answer

    async def look(self, path: str, query: Mapping[str, str] = NO_QUERY) -> dict[str, Any]:
        """The answer of a GET. Raises as `call` does."""

        async def get(token: str) -> tuple[int, bytes]:
            whole = {"access_token": token, **query}
            status, _, content = await self._get(self._url(path), whole, ANSWER_LIMIT, self._timeout)
            return status, content

        return await self.tokens.use(lambda token: self._judged(path, get(token)))

    async def upload(self, kind: str, name: str, mime: str, content: bytes) -> str:
        """The id of a temporary medium ("image", "voice" or "file"), good for three days. Raises as `send` does, but
        `PermanentFailure` where the account may upload no more, which says nothing of what else it may send."""
        path = "media/upload"

        async def put(token: str) -> tuple[int, bytes]:
            form = aiohttp.FormData()
            form.add_field("media", BytesIO(content), filename=name, content_type=mime)
            async with self._http.session.post(
                self._url(path), params={"access_token": token, "type": kind}, data=form,
                timeout=aiohttp.ClientTimeout(total=self._transfer_timeout), allow_redirects=False,
            ) as response:  # fmt: skip
                return response.status, await read_within(response, ANSWER_LIMIT)

        try:
            answer = await self.tokens.use(lambda token: self._judged(path, put(token)))
        except CgiRefusal as refusal:
            if refusal.policy in _NO_UPLOAD:
                raise PermanentFailure(str(refusal)) from None
            raise delivery_error(refusal, self._clock()) from None
        media_id = answer.get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise TemporaryFailure(f"{path}: an answer without an id")
        return media_id

    async def download(self, media_id: str, limit: int) -> bytes:
        """A medium that a person sent. Raises `TooLong` for more than `limit` bytes, else as `call` does."""
        path = "media/get"

        async def get(token: str) -> bytes:
            query = {"access_token": token, "media_id": media_id}
            status, kind, content = await self._transfer(path, self._url(path), query, limit)
            if kind not in WORDS and not content.startswith(b'{"errcode"'):
                return content
            url = self._lies_at(self._answer(path, status, content))
            if url is None:
                raise TemporaryFailure(f"{path}: words instead of a file")
            return (await self._transfer(path, url, {}, limit))[2]

        return await self.tokens.use(get)

    async def _transfer(self, path: str, url: str, query: dict[str, str], limit: int) -> tuple[int, str, bytes]:
        try:
            status, kind, content = await self._get(url, query, limit, self._transfer_timeout)
        except Unreadable:
            raise TooLong(f"{path}: larger than {limit} bytes") from None
        except FAILURES as error:
            raise TemporaryFailure(f"{path}: {type(error).__name__}") from None
        if status != 200 or kind == "text/html":
            raise TemporaryFailure(f"{path}: status {status} with {'a page' if kind == 'text/html' else 'no file'}")
        return status, kind, content

    async def _get(self, url: str, query: dict[str, str], limit: int, seconds: float) -> tuple[int, str, bytes]:
        async with self._http.session.get(
            url, params=query, timeout=aiohttp.ClientTimeout(total=seconds), allow_redirects=False
        ) as response:
            return response.status, response.content_type, await read_within(response, limit)

    async def _post(self, path: str, body: dict[str, Any], query: dict[str, str]) -> tuple[int, bytes]:
        return await self._lines.post(_whole(path), JSON, orjson.dumps(body), seconds=self._timeout, query=query)

    async def fetch_token(self) -> tuple[str, float]:
        """A token and for how many seconds it is good, for a `TokenHolder`. Raises `DeliveryError`."""
        try:
            return await self.new_token()
        except CgiRefusal as refusal:
            raise delivery_error(refusal, self._clock()) from None

    async def new_token(self) -> tuple[str, float]:
        """The same. Raises `CgiRefusal`, or `TemporaryFailure` for whatever is not the platform's own word."""
        path, asked = self._asked_for_token()
        try:
            answer = await self._judged(path, asked)
        except TokenRefused:
            raise TemporaryFailure(f"{path}: the account's credentials are refused") from None
        token, lifetime = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(lifetime, int) or lifetime <= 0:
            raise TemporaryFailure(f"{path}: an answer without a token")
        return token, min(float(lifetime), LONGEST_LIFE)

    @abstractmethod
    def _asked_for_token(self) -> tuple[str, Awaitable[tuple[int, bytes]]]:
        """The call that gives a token: its path and, to be awaited, the status and body of its answer."""

    def _lies_at(self, answer: dict[str, Any]) -> str | None:
        """Where a medium is to be fetched, by the answer that came instead of it; None for nowhere."""
        return None

    def _url(self, path: str) -> str:
        return f"{self._base}{_whole(path)}"

    async def _judged(self, path: str, asked: Awaitable[tuple[int, bytes]]) -> dict[str, Any]:
        try:
            status, raw = await asked
        except FAILURES as error:
            missed = unreached(error) or isinstance(error, aiohttp.ClientConnectorError)
            # `from None`: the exception may quote the address, and that holds the token.
            raise (NotReached if missed else TemporaryFailure)(f"{path}: {type(error).__name__}") from None
        return self._answer(path, status, raw)

    def _answer(self, path: str, status: int, raw: bytes) -> dict[str, Any]:
        """What the platform said. Raises `CgiRefusal`, `TokenRefused`, or `TemporaryFailure`."""
        try:
            answer = orjson.loads(raw)
        except orjson.JSONDecodeError:
            answer = None
        code = answer.get("errcode", 0) if isinstance(answer, dict) else None
        if status != 200 or not isinstance(answer, dict) or type(code) is not int:
            raise TemporaryFailure(f"{path}: status {status} with an answer that is not the platform's")
        if code:
            refusal = self.refusal(path, code, str(answer.get("errmsg", ""))[:500])
            raise TokenRefused(str(refusal)) if refusal.policy is Policy.RENEW else refusal
        return answer


def _whole(path: str) -> str:
    return path if path.startswith("/") else f"/cgi-bin/{path}"
