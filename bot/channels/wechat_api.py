"""Calls to the API of a WeChat Official Account over the shared client.

The access token stands in the query, so no address and no client's exception is ever logged or quoted.
"""

from collections.abc import Awaitable
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import orjson

from bot.channel import NotReached, PermanentFailure, TemporaryFailure
from bot.channels.tokens import TokenHolder, TokenRefused
from bot.channels.wechat_errors import Policy, WeChatRefusal, delivery_error
from bot.http import HttpClient, read_within
from bot.lines import Unreadable, unreached
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


class WeChatApi:
    """One account at one API server. `timeout` is seconds for a call, `transfer_timeout` for one with a file.

    Raises `ValueError` for a `base` that is no address.
    """

    def __init__(
        self,
        http: HttpClient,
        app_id: str,
        app_secret: str,
        base: str,
        *,
        writer: Writer,
        clock: Clock,
        timeout: float = 10.0,
        transfer_timeout: float = 60.0,
    ) -> None:
        self._http = http
        self._app_id = app_id
        self._app_secret = app_secret
        self._lines = http.lines_to(base, limit=ANSWER_LIMIT)
        self._base = base.rstrip("/")
        self._clock = clock
        self._timeout = timeout
        self._transfer_timeout = transfer_timeout
        self.tokens = TokenHolder(self._fetch_token, writer, "wechat", app_id, clock)

    async def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of a POST to `/cgi-bin/{path}`, which says that it went well.

        Raises `WeChatRefusal`; `TemporaryFailure` for whatever is not the platform's own word, `RateLimited` where
        there is no token, `StorageUnavailable` where it can't be looked up.
        """
        return await self.tokens.use(lambda token: _judged(path, self._post(path, body, {"access_token": token})))

    async def send(self, path: str, body: dict[str, Any]) -> None:
        """A call that brings something to a person. Raises the `DeliveryError` that the platform's refusal means."""
        try:
            answer = await self.call(path, body)
        except WeChatRefusal as refusal:
            raise delivery_error(refusal, self._clock()) from None
        if answer.get("errcode") != 0:
            raise TemporaryFailure(f"{path}: an answer that does not say how it went")

    async def look(self, path: str) -> dict[str, Any]:
        """The answer of a GET. Raises as `call` does."""

        async def get(token: str) -> tuple[int, bytes]:
            status, _, content = await self._get(self._url(path), {"access_token": token}, ANSWER_LIMIT, self._timeout)
            return status, content

        return await self.tokens.use(lambda token: _judged(path, get(token)))

    async def upload(self, kind: str, name: str, mime: str, content: bytes) -> str:
        """The id of a temporary medium ("image" or "voice"), good for three days. Raises as `send` does, but
        `PermanentFailure` where the account may upload no more, which says nothing of what else it may send."""
        path = "media/upload"

        async def put(token: str) -> tuple[int, bytes]:
            form = aiohttp.FormData()
            form.add_field("media", content, filename=name, content_type=mime)
            async with self._http.session.post(
                self._url(path), params={"access_token": token, "type": kind}, data=form,
                timeout=aiohttp.ClientTimeout(total=self._transfer_timeout), allow_redirects=False,
            ) as response:  # fmt: skip
                return response.status, await read_within(response, ANSWER_LIMIT)

        try:
            answer = await self.tokens.use(lambda token: _judged(path, put(token)))
        except WeChatRefusal as refusal:
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
            url = _answer(path, status, content).get("video_url")
            if not isinstance(url, str) or not self._trusted(url):
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
        return await self._lines.post(f"/cgi-bin/{path}", JSON, orjson.dumps(body), seconds=self._timeout, query=query)

    async def _fetch_token(self) -> tuple[str, float]:
        """`stable_token` gives the same until its end is near, and the old one stays good for another five minutes
        (https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html)."""
        path = "stable_token"
        body = {"grant_type": "client_credential", "appid": self._app_id, "secret": self._app_secret}
        try:
            answer = await _judged(path, self._post(path, body, {}))
        except TokenRefused:
            raise TemporaryFailure(f"{path}: the account's credentials are refused") from None
        except WeChatRefusal as refusal:
            raise delivery_error(refusal, self._clock()) from None
        token, lifetime = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(lifetime, int) or lifetime <= 0:
            raise TemporaryFailure(f"{path}: an answer without a token")
        return token, min(float(lifetime), LONGEST_LIFE)

    def _url(self, path: str) -> str:
        return f"{self._base}/cgi-bin/{path}"

    def _trusted(self, url: str) -> bool:
        """A video is fetched from where an answer says: the platform's own servers, or what stands in for them."""
        parts = urlsplit(url)
        ours = urlsplit(self._base)
        if (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc):
            return True
        return parts.scheme == "https" and (parts.hostname or "").endswith(".qq.com") and parts.port in (None, 443)


async def _judged(path: str, asked: Awaitable[tuple[int, bytes]]) -> dict[str, Any]:
    try:
        status, raw = await asked
    except FAILURES as error:
        missed = unreached(error) or isinstance(error, aiohttp.ClientConnectorError)
        # `from None`: the exception may quote the address, and that holds the token.
        raise (NotReached if missed else TemporaryFailure)(f"{path}: {type(error).__name__}") from None
    return _answer(path, status, raw)


def _answer(path: str, status: int, raw: bytes) -> dict[str, Any]:
    """What the platform said. Raises `WeChatRefusal`, `TokenRefused`, or `TemporaryFailure`."""
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        answer = None
    code = answer.get("errcode", 0) if isinstance(answer, dict) else None
    if status != 200 or not isinstance(answer, dict) or type(code) is not int:
        raise TemporaryFailure(f"{path}: status {status} with an answer that is not the platform's")
    if code:
        refusal = WeChatRefusal(path, code)
        raise TokenRefused(str(refusal)) if refusal.policy is Policy.RENEW else refusal
    return answer
