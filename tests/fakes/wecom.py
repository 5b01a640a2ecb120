"""A WeCom (企业微信) platform on loopback: real HTTP, its counts that drop without a word, its error codes, its tokens,
cards that are changed once they were pressed, and its own side that hands messages over, encrypted, with five seconds
and three tries. Needs aiohttp and cryptography.

    async with FakeWeCom(clock) as wecom:
        wecom.settings                             # the MASHANG_WECOM_… names for the server under test
        wecom.callback = f"{server}/wecom"
        lin = wecom.member("LinQiu")
        await lin.text("K7M2-9PQR-4XYZ")           # also image, enter, press, click, subscribe, unsubscribe
        lin.screen                                 # everything that came; of a card, the labels that look pressed: grey
        wecom.account.fail("html", times=2)        # the next two messages meet a web page
        wecom.account.dropped == []                # nobody was sent more than the platform brings

Beside another process: `python -m tests.fakes.wecom --port 8083 --callback http://127.0.0.1:8000/wecom`, and by HTTP
`POST /control/USERID/text` (or press, enter, click, …) with the arguments as a JSON list, and `GET
/control/USERID/screen`.
"""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from tests.fakes.cgi_account import ApiError, Fault, Json
from tests.fakes.cgi_server import CgiServer, run_beside
from tests.fakes.wechat_envelope import Envelope
from tests.fakes.wecom_app import App, Membership
from tests.fakes.wecom_member import Member
from tests.fakes.wecom_methods import METHODS, UPLOADS

__all__ = ["App", "FakeWeCom", "Fault", "Member"]

CORP_ID, AGENT_ID, SECRET = "ww9c5e1f2a7b30d468", 1000002, "canary-secret-of-the-app-0123456789abcdefgh"
TOKEN, AES_KEY = "canarywecomtoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFA"


def now() -> datetime:
    return datetime.now(UTC)


class FakeWeCom(CgiServer[App]):
    token_call = "gettoken"
    uploads = UPLOADS

    def __init__(self, clock: Callable[[], datetime] = now, *, port: int = 0, patience: float = 5.0) -> None:
        app = App(CORP_ID, AGENT_ID, SECRET, Envelope(CORP_ID, TOKEN, AES_KEY), clock)
        super().__init__(app, port=port, patience=patience)

    @property
    def settings(self) -> dict[str, str]:
        """What the server under test is to be told."""
        return {
            "wecom_corp_id": CORP_ID, "wecom_agent_id": str(AGENT_ID), "wecom_secret": SECRET, "wecom_token": TOKEN,
            "wecom_aes_key": AES_KEY, "wecom_api_base": self.url,
        }  # fmt: skip

    def member(self, user_id: str) -> Member:
        """The person of a user id, within what the app may see when they are new."""
        self.account.members.setdefault(user_id, Membership())
        return Member(self, user_id)

    async def verify(self, echo: str = "8273645210") -> tuple[int, str]:
        """What the platform does when the callback's address is entered: status and body of the answer."""
        envelope = self.account.envelope
        sealed = envelope.encrypt(echo)
        query = envelope.query(int(self.account.clock().timestamp()), "1320562132", sealed) | {"echostr": sealed}
        async with self.session.get(self.callback, params=query) as response:
            return response.status, await response.text()

    def _answer(self, path: str, body: Json) -> Json:
        if path not in METHODS:
            raise ApiError(48002, "api forbidden")
        return METHODS[path](self.account, body)

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_route("*", "/control/{user_id}/{what}", self._control)

    async def _control(self, request: web.Request) -> web.Response:
        member = self.member(request.match_info["user_id"])
        what = request.match_info["what"]
        if what == "screen":
            return web.json_response(
                [{"text": seen.text, "kind": seen.kind, "buttons": [*seen.buttons]} for seen in member.screen]
            )
        if what not in ("enter", "subscribe", "unsubscribe", "click", "press", "text"):
            raise web.HTTPNotFound
        receipt = await getattr(member, what)(*(await request.json() if request.can_read_body else []))
        return web.json_response(dataclasses.asdict(receipt))


if __name__ == "__main__":
    run_beside(lambda port: FakeWeCom(port=port), "wecom", __doc__)
