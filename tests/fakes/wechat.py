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

import argparse
import asyncio
import contextlib
import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web

from tests.fakes.wechat_account import MEDIA_LIFETIME, Account, ApiError, Call, Fault, Json
from tests.fakes.wechat_envelope import Envelope
from tests.fakes.wechat_methods import MEGABYTE, METHODS, UPLOADS
from tests.fakes.wechat_person import Citizen

__all__ = ["Account", "Citizen", "FakeWeChat", "Fault"]

APP_ID, SECRET = "wx5f2e1c9a7b30d468", "canary0wechat0app0secret00000000"
TOKEN, AES_KEY = "canarywechattoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFA"
PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


def now() -> datetime:
    return datetime.now(UTC)


class FakeWeChat:
    """The server. `patience`: seconds that the platform waits for an answer of the callback."""

    def __init__(self, clock: Callable[[], datetime] = now, *, port: int = 0, patience: float = 5.0) -> None:
        self.account = Account(APP_ID, SECRET, Envelope(APP_ID, TOKEN, AES_KEY), clock)
        self.url = ""
        self.callback = ""
        self.patience = patience
        self._port = port
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

    async def __aenter__(self) -> "FakeWeChat":
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        app = web.Application(client_max_size=20 * MEGABYTE)
        app.router.add_route("*", "/cgi-bin/{path:.+}", self._call)
        app.router.add_get("/video/{media_id}", self._video)
        app.router.add_route("*", "/control/{openid}/{what}", self._control)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        # The platform has as many connections as it needs: 50 messages a second that wait for 3 s are 150.
        connector = aiohttp.TCPConnector(limit=0)
        self.session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set_result(None)
        await self.session.close()
        await self._runner.cleanup()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        token = request.query.get("access_token")
        try:
            upload = path == "media/upload" and await _uploaded(request)
            body: Json = {} if upload or not request.can_read_body else await request.json()
            self.account.calls.append(Call(path, body, token, self.account.clock()))
            if fault := self.account.take_fault(path, body):
                if fault.taken:
                    await self._do(request, path, body, upload)
                return await self._suffer(request, fault)
            return await self._do(request, path, body, upload)
        except ApiError as error:
            return web.json_response(error.body)

    async def _do(self, request: web.Request, path: str, body: Json, upload: Any) -> web.StreamResponse:
        if path != "stable_token":
            self.account.check_token(request.query.get("access_token"))
        if path == "media/upload":
            return web.json_response(self._upload(request.query.get("type", ""), upload))
        if path == "media/get":
            return self._media(request.query.get("media_id", ""))
        if path not in METHODS:
            raise ApiError(48001, "api unauthorized")
        return web.json_response(METHODS[path](self.account, body))

    def _upload(self, kind: str, upload: tuple[str, str, bytes] | None) -> Json:
        if kind not in UPLOADS:
            raise ApiError(40004, "invalid media type")
        if not upload:
            raise ApiError(41005, "media data missing")
        name, mime, content = upload
        if len(content) > UPLOADS[kind]:
            raise ApiError(40006, "invalid media size")
        media_id = self.account.add_media(content, mime, name)
        return {"type": kind, "media_id": media_id, "created_at": int(self.account.clock().timestamp())}

    def _media(self, media_id: str) -> web.StreamResponse:
        media = self.account.media.get(media_id)
        if media is None or media.at + MEDIA_LIFETIME <= self.account.clock():
            raise ApiError(40007, "invalid media_id")
        if media.mime == "video/mp4":
            return web.json_response({"video_url": f"{self.url}/video/{media_id}"})
        disposition = f'attachment; filename="{media.name}"'
        return web.Response(body=media.content, content_type=media.mime, headers={"Content-Disposition": disposition})

    async def _video(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.account.media[request.match_info["media_id"]].content, content_type="video/mp4")

    async def _suffer(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault.kind:
            case "errcode":
                raise ApiError(fault.code, "as the test wants it")
            case "html":
                return web.Response(text=PAGE.format("Sign in to this network"), content_type="text/html")
            case "bad_gateway":
                return web.Response(status=502, text=PAGE.format("502 Bad Gateway"), content_type="text/html")
            case "empty":
                return web.Response()
            case "malformed":
                return web.Response(text='{"errcode":0,"errm', content_type="application/json")
            case "wrong_type":
                return web.json_response(["errcode", 0])
            case "reset":
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case "cut_off":
                answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "500"})
                await answer.prepare(request)
                await answer.write(b'{"errcode":0,')
                if request.transport is not None:
                    request.transport.abort()
                return answer
            case "hang":
                await asyncio.shield(self._closing)
                return web.Response(status=500)
        raise ValueError(fault.kind)

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


async def _uploaded(request: web.Request) -> tuple[str, str, bytes] | None:
    """Name, type and content of the file in a form."""
    part = (await request.post()).get("media")
    if not isinstance(part, web.FileField):
        return None
    content = part.file.read()
    part.file.close()
    return part.filename, part.content_type, content


async def _main(port: int, callback: str) -> None:
    async with FakeWeChat(port=port) as fake:
        fake.callback = callback
        for name, value in fake.settings.items():
            print(f"MASHANG_{name.upper()}={value}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--callback", default="http://127.0.0.1:8000/wechat")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(arguments.port, arguments.callback))
