"""The API of a WeChat Official Account."""

from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlsplit

from bot.channels.cgi_api import CgiApi
from bot.channels.wechat_errors import WeChatRefusal
from bot.http import HttpClient
from routing.ports import Clock, Writer


class WeChatApi(CgiApi):
    """One account. See `CgiApi`."""

    refusal = WeChatRefusal

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
        super().__init__(
            http, base, account=app_id, writer=writer, clock=clock, timeout=timeout, transfer_timeout=transfer_timeout
        )
        self._app_id = app_id
        self._app_secret = app_secret

    def _asked_for_token(self) -> tuple[str, Awaitable[tuple[int, bytes]]]:
        """`stable_token` gives the same until its end is near, and the old one stays good for another five minutes
        (https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html)."""
        body = {"grant_type": "client_credential", "appid": self._app_id, "secret": self._app_secret}
        return "stable_token", self._post("stable_token", body, {})

    def _lies_at(self, answer: dict[str, Any]) -> str | None:
        """A video comes as the address of it."""
        url = answer.get("video_url")
        return url if isinstance(url, str) and self._trusted(url) else None

    def _trusted(self, url: str) -> bool:
        """A video is fetched from where an answer says: the platform's own servers, or what stands in for them."""
        parts = urlsplit(url)
        ours = urlsplit(self._base)
        if (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc):
            return True
        return parts.scheme == "https" and (parts.hostname or "").endswith(".qq.com") and parts.port in (None, 443)
