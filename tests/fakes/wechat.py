"""A WeChat Official Account platform on loopback: real HTTP, its windows and counts, its error codes, its tokens, and
its own side that hands messages over, encrypted, with five seconds and three tries. Needs aiohttp and cryptography.

    async with FakeWeChat(clock) as wechat:
        wechat.settings                            # the MASHANG_WECHAT_… names for the server under test
        wechat.callback = f"{server}/wechat"
        ming = wechat.citizen("o-ming")
        receipt = await ming.subscribe("ABCD2345")   # by a deputy's code; also scan, text, image, voice, click, …
        receipt.passive                            # the reply in the answer
        ming.screen                                # everything that came, with its way: passive, custom, template
        wechat.account.fail("html", times=2)       # the next two customer-service messages meet a web page
        wechat.account.fail("errcode", "stable_token", until=later, code=-1)
        wechat.account.violations == []            # nothing was tried outside the windows and above the counts

Beside another process: `python -m tests.fakes.wechat --port 8082 --callback http://127.0.0.1:8000/wechat`, and by
HTTP `POST /control/OPENID/text` (or subscribe, scan, click, …) with the arguments as a JSON list, and
`GET /control/OPENID/screen`.
"""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from tests.fakes.cgi_account import ApiError, Fault, Json
from tests.fakes.cgi_server import CgiServer, run_beside
from tests.fakes.wechat_account import Account
from tests.fakes.wechat_envelope import Envelope
from tests.fakes.wechat_methods import METHODS, UPLOADS
from tests.fakes.wechat_person import Citizen

__all__ = ["Account", "Citizen", "FakeWeChat", "Fault"]

APP_ID, SECRET = "wx5f2e1c9a7b30d468", "canary0wechat0app0secret00000000"
TOKEN, AES_KEY = "canarywechattoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFA"


def now() -> datetime:
    return datetime.now(UTC)


class FakeWeChat(CgiServer[Account]):
    token_call = "stable_token"
    uploads = UPLOADS

    def __init__(self, clock: Callable[[], datetime] = now, *, port: int = 0, patience: float = 5.0) -> None:
        account = Account(APP_ID, SECRET, Envelope(APP_ID, TOKEN, AES_KEY), clock)
        super().__init__(account, port=port, patience=patience)
        self._citizens: dict[str, Citizen] = {}

    @property
    def settings(self) -> dict[str, str]:
        """What the server under test is to be told."""
        return {
            "wechat_app_id": APP_ID, "wechat_app_secret": SECRET, "wechat_token": TOKEN, "wechat_aes_key": AES_KEY,
            "wechat_api_base": self.url,
        }  # fmt: skip

    def citizen(self, openid: str) -> Citizen:
        """The person of an openid, who follows nobody yet when they are new."""
        if openid not in self._citizens:
            self._citizens[openid] = Citizen(self, openid)
            self.account.people[openid]
        return self._citizens[openid]

    async def verify(self, echo: str = "8273645210") -> tuple[int, str]:
        """What the platform does when the callback's address is entered: status and body of the answer."""
        timestamp, nonce = str(int(self.account.clock().timestamp())), "1320562132"
        query = {
            "signature": self.account.envelope.sign(timestamp, nonce), "timestamp": timestamp, "nonce": nonce,
            "echostr": echo,
        }  # fmt: skip
        async with self.session.get(self.callback, params=query) as response:
            return response.status, await response.text()

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/wxaapi/{path:.+}", self._call)
        router.add_get("/video/{media_id}", self._video)
        router.add_route("*", "/control/{openid}/{what}", self._control)

    def _answer(self, path: str, body: Json) -> Json:
        if path not in METHODS:
            raise ApiError(48001, "api unauthorized")
        return METHODS[path](self.account, body)

    def _media(self, media_id: str) -> web.StreamResponse:
        """A video comes as the address of it."""
        answer = super()._media(media_id)
        if self.account.media[media_id].mime == "video/mp4":
            return web.json_response({"video_url": f"{self.url}/video/{media_id}"})
        return answer

    async def _video(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.account.media[request.match_info["media_id"]].content, content_type="video/mp4")

    async def _control(self, request: web.Request) -> web.Response:
        citizen = self.citizen(request.match_info["openid"])
        what = request.match_info["what"]
        if what == "screen":
            return web.json_response(
                [{"text": seen.text, "way": seen.way, "kind": seen.kind} for seen in citizen.screen]
            )
        if what not in ("subscribe", "scan", "unsubscribe", "click", "view", "text", "location", "link"):
            raise web.HTTPNotFound
        receipt = await getattr(citizen, what)(*(await request.json() if request.can_read_body else []))
        return web.json_response(dataclasses.asdict(receipt))


if __name__ == "__main__":
    run_beside(lambda port: FakeWeChat(port=port), "wechat", __doc__)
