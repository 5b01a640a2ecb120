"""The API of an app in WeCom (企业微信)."""

import logging
import re
from collections.abc import Awaitable
from typing import Any, Final

from bot.channel import PermanentFailure, RecipientBlocked
from bot.channels.cgi_api import ANSWER_LIMIT, CgiApi
from bot.channels.wecom_errors import WeComRefusal
from bot.http import HttpClient
from routing.ports import Clock, Writer

log = logging.getLogger(__name__)

#: A member's id. It begins with no "@": "@all" would reach everybody; nor does a "|" name two.
USER_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


class WeComApi(CgiApi):
    """One app of one enterprise. See `CgiApi`."""

    refusal = WeComRefusal

    def __init__(
        self,
        http: HttpClient,
        corp_id: str,
        agent_id: str,
        secret: str,
        base: str,
        *,
        writer: Writer,
        clock: Clock,
        timeout: float = 10.0,
        transfer_timeout: float = 60.0,
    ) -> None:
        # A token is the app's, not the enterprise's.
        account = f"{corp_id}/{agent_id}"
        super().__init__(
            http, base, account=account, writer=writer, clock=clock, timeout=timeout, transfer_timeout=transfer_timeout
        )
        self.agent_id = agent_id
        self._corp_id = corp_id
        self._secret = secret

    async def send_to(self, user_id: str, content: dict[str, Any]) -> str:
        """Send a message to one member; returns its id. Raises `DeliveryError`.

        Where some of those named can't be reached, WeCom answers that it went well and names them
        (https://developer.work.weixin.qq.com/document/path/90236).
        """
        if not USER_ID.fullmatch(user_id):
            raise PermanentFailure("not a WeCom user id")
        try:
            answer = await self.send("message/send", {"touser": user_id, "agentid": int(self.agent_id), **content})
        except RecipientBlocked:
            log.warning("wecom.out_of_range: somebody left, or is outside of the app's 可见范围: widen it")
            raise
        if answer.get("unlicenseduser"):
            log.warning("wecom.unlicensed: somebody has no 接口许可 for this app")
            raise RecipientBlocked("no licence for calls about this member")
        if answer.get("invaliduser"):
            raise RecipientBlocked("no member who can be reached")
        message_id = answer.get("msgid")
        return message_id if isinstance(message_id, str) else ""

    async def replace_card(self, user_id: str, response_code: str, card: dict[str, Any]) -> None:
        """Show another card in the place of one. A response code is good once, for 72 hours
        (https://developer.work.weixin.qq.com/document/path/94888). Raises as `call` does."""
        body = {
            "userids": [user_id], "agentid": int(self.agent_id), "response_code": response_code, "template_card": card,
        }  # fmt: skip
        await self.call("message/update_template_card", body)

    def _asked_for_token(self) -> tuple[str, Awaitable[tuple[int, bytes]]]:
        """`gettoken` gives the same until it ends (https://developer.work.weixin.qq.com/document/path/91039)."""

        async def get() -> tuple[int, bytes]:
            query = {"corpid": self._corp_id, "corpsecret": self._secret}
            status, _, content = await self._get(self._url("gettoken"), query, ANSWER_LIMIT, self._timeout)
            return status, content

        return "gettoken", get()
