"""Calls to DingTalk's API over the shared client.

Through aiohttp's session, not `bot/lines.py`: the token goes in a header, and 20 calls a second, all that an app may
make, need no faster way.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import aiohttp
import orjson
from yarl import URL

from bot.channel import AttachmentGone, RecipientBlocked, TemporaryFailure
from bot.channels.dingtalk_errors import ApiRefusal, delivery_error
from bot.channels.tokens import TokenRefused
from bot.http import HttpClient
from bot.lines import address_of

log = logging.getLogger(__name__)

API_BASE = "https://api.dingtalk.com"
#: Uploads are a matter of the older API, on a host of its own.
OLD_API_BASE = "https://oapi.dingtalk.com"
ANSWER_LIMIT = 1024 * 1024
TOKEN_HEADER = "x-acs-dingtalk-access-token"
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,100}")
Json = dict[str, Any]


class Tokens(Protocol):
    """Who holds the app's access token for all processes: `bot.channels.tokens.TokenHolder`."""

    async def use(self, call: Callable[[str], Awaitable[Json]]) -> Json: ...


class DingTalkApi:
    """One app at one API server. `timeout` is seconds for a call, `transfer_timeout` for a file.

    Raises `ValueError` for a `base` that is no address. Set `tokens`, which fetch by `fetch_token`, before anything is
    called that needs one.
    """

    def __init__(
        self,
        http: HttpClient,
        client_id: str,
        client_secret: str,
        base: str = API_BASE,
        *,
        timeout: float = 10.0,
        transfer_timeout: float = 60.0,
    ) -> None:
        address_of(base)
        self.client_id = client_id
        self.tokens: Tokens | None = None
        self._secret = client_secret
        self._http = http
        self.base = base.rstrip("/")
        self._old_base = OLD_API_BASE if self.base == API_BASE else self.base
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._transfer_timeout = aiohttp.ClientTimeout(total=transfer_timeout)

    async def new_token(self) -> tuple[str, float]:
        """A new access token, and for how many seconds it is good. Raises as `call` does."""
        answer = await self._post("/v1.0/oauth2/accessToken", {"appKey": self.client_id, "appSecret": self._secret}, {})
        token, lifetime = answer.get("accessToken"), answer.get("expireIn")
        if not isinstance(token, str) or not token or not isinstance(lifetime, int | float) or lifetime <= 0:
            raise TemporaryFailure("accessToken: an answer that is not the API's")
        return token, float(lifetime)

    async def fetch_token(self) -> tuple[str, float]:
        """The same for a `TokenHolder`: raises `DeliveryError`."""
        try:
            return await self.new_token()
        except ApiRefusal as refusal:
            raise delivery_error(refusal) from None

    async def open_connection(self, subscriptions: list[Json], agent: str) -> tuple[str, str]:
        """Endpoint and one-time ticket of a new stream. Raises as `call` does."""
        fields = {
            "clientId": self.client_id,
            "clientSecret": self._secret,
            "subscriptions": subscriptions,
            "ua": agent,
            "localIp": "",  # what the SDK sends where it finds none
        }
        answer = await self._post("/v1.0/gateway/connections/open", fields, {})
        endpoint, ticket = answer.get("endpoint"), answer.get("ticket")
        secure = self.base.startswith("https:")
        if not isinstance(endpoint, str) or not isinstance(ticket, str) or not ticket:
            raise TemporaryFailure("connections/open: an answer that is not the API's")
        if _scheme(endpoint) not in (("wss",) if secure else ("wss", "ws")):
            raise TemporaryFailure("connections/open: an endpoint that is no secure one")
        return endpoint, ticket

    async def call(self, path: str, fields: Json) -> Json:
        """The answer to a call with the app's token, which is renewed once if it is refused.

        Raises `ApiRefusal`, `TemporaryFailure` for whatever is not DingTalk's own word, `RateLimited` where no token
        is to be had that it takes, or `StorageUnavailable`.
        """

        async def attempt(token: str) -> Json:
            return await self._post(path, fields, {TOKEN_HEADER: token})

        return await self._with_token(attempt)

    async def send(self, user_id: str, msg_key: str, params: dict[str, str]) -> str:
        """Send a robot's message to one person; returns its processQueryKey. Raises as `call` does, and `DeliveryError`
        where the platform answers well and will not deliver."""
        fields = {
            "robotCode": self.client_id,  # of an internal app they are the same
            "userIds": [user_id],
            "msgKey": msg_key,
            "msgParam": orjson.dumps(params).decode(),
        }
        answer = await self.call("/v1.0/robot/oToMessages/batchSend", fields)
        if answer.get("invalidStaffIdList"):
            raise ApiRefusal(200, "staffId.notExisted")
        if answer.get("filteredStaffIdList"):
            log.warning("dingtalk.out_of_range: somebody is outside the app's 可使用范围; widen it and publish the app")
            raise RecipientBlocked("outside the app's range")
        if answer.get("flowControlledStaffIdList"):
            # It is this person's count, not ours: nobody else need wait.
            raise TemporaryFailure("too many messages to this person just now")
        key = answer.get("processQueryKey")
        if not isinstance(key, str) or not key:
            raise TemporaryFailure("batchSend: an answer that is not the API's")
        return key

    async def webhook(self, url: str, fields: Json) -> None:
        """Send by a session webhook, whose address is its secret. Raises as `call` does."""
        answer = await self._ask("sendBySession", url, orjson.dumps(fields))
        if answer.get("errcode") != 0:
            raise ApiRefusal(200, _code(answer.get("errcode")))

    async def upload(self, media: str, name: str, content: bytes) -> str:
        """The media id of an uploaded file; `media` is "image", "voice" or "file". Raises as `call` does."""

        async def attempt(token: str) -> Json:
            form = aiohttp.FormData({"type": media}, quote_fields=False)
            form.add_field("media", BytesIO(content), filename=name)
            url = f"{self._old_base}/media/upload?access_token={quote(token, safe='')}"
            answer = await self._ask("media/upload", url, form)
            if answer.get("errcode", 0) != 0:
                raise ApiRefusal(200, _code(answer.get("errcode")))
            return answer

        media_id = (await self._with_token(attempt)).get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise TemporaryFailure("media/upload: an answer that is not the API's")
        return media_id

    async def download(self, code: str, limit: int) -> bytes:
        """A file that somebody sent, of at most `limit` bytes. Raises `AttachmentGone`, or as `call` does."""
        fields = {"downloadCode": code, "robotCode": self.client_id}
        try:
            answer = await self.call("/v1.0/robot/messageFiles/download", fields)
        except ApiRefusal as refusal:
            if refusal.policy == "never":
                raise AttachmentGone(f"messageFiles/download: {refusal}") from None
            raise
        url = answer.get("downloadUrl")
        if not isinstance(url, str) or _scheme(url) not in ("https", "http"):
            raise TemporaryFailure("messageFiles/download: an answer that is not the API's")
        if self.base.startswith("https:"):
            url = "https:" + url.partition(":")[2]
        return await self._get(url, limit)

    async def _with_token(self, call: Callable[[str], Awaitable[Json]]) -> Json:
        assert self.tokens is not None, "whoever makes the API gives it its tokens"

        async def attempt(token: str) -> Json:
            try:
                return await call(token)
            except ApiRefusal as refusal:
                if refusal.policy == "token":
                    raise TokenRefused from None
                raise

        return await self.tokens.use(attempt)

    async def _post(self, path: str, fields: Json, headers: dict[str, str]) -> Json:
        return await self._ask(path, self.base + path, orjson.dumps(fields), headers)

    async def _ask(
        self, what: str, url: str, body: bytes | aiohttp.FormData, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Json:
        """The JSON object that answers a POST. Raises `ApiRefusal` or `TemporaryFailure`, which quote no address:
        it may hold a token."""
        as_json = isinstance(body, bytes)
        try:
            async with self._http.session.post(
                URL(url, encoded=True),
                data=body,
                headers={**headers, "Content-Type": "application/json"} if as_json else headers,
                timeout=self._timeout if as_json else self._transfer_timeout,
                allow_redirects=False,
            ) as response:
                status, wait = response.status, response.headers.get("Retry-After", "")
                raw = await _read(response, ANSWER_LIMIT)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise TemporaryFailure(f"{what}: {type(error).__name__}") from None
        try:
            answer = orjson.loads(raw)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise TemporaryFailure(f"{what}: status {status} with an answer that is not the API's")
        if 200 <= status < 300:
            return answer
        code = _code(answer.get("code", answer.get("errcode")))
        raise ApiRefusal(status, code, float(wait) if wait.isascii() and wait.isdigit() else None)

    async def _get(self, url: str, limit: int) -> bytes:
        try:
            # As it is: it is signed, and aiohttp would write some of its marks another way.
            address = URL(url, encoded=True)
            async with self._http.session.get(
                address, timeout=self._transfer_timeout, allow_redirects=False
            ) as response:
                if response.status in (404, 410):
                    raise AttachmentGone(f"status {response.status}")
                if response.status != 200:
                    raise TemporaryFailure(f"download: status {response.status}")
                return await _read(response, limit)
        except _TooLong:
            raise AttachmentGone(f"larger than {limit} bytes") from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise TemporaryFailure(f"download: {type(error).__name__}") from None


class _TooLong(ValueError): ...


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, cut off as soon as it is longer than `limit` bytes, whatever its header announced."""
    parts = bytearray()
    async for chunk in response.content.iter_any():
        parts += chunk
        if len(parts) > limit:
            response.close()
            raise _TooLong
    return bytes(parts)


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def _code(value: object) -> str:
    """A refusal's code, if it looks like one: anything else might quote what was sent."""
    text = str(value)
    return text if _CODE.fullmatch(text) else "?"
