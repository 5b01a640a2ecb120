"""The HTTP side of the fake WeChat and the fake WeCom: calls below /cgi-bin/, media, misfortunes."""

import argparse
import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

import aiohttp
from aiohttp import web

from tests.fakes.cgi_account import MEDIA_LIFETIME, ApiError, Call, CgiAccount, Json
from tests.fakes.cgi_faults import suffer, uploaded

MEGABYTE = 1024 * 1024
A = TypeVar("A", bound=CgiAccount)


class CgiServer(ABC, Generic[A]):
    """The server. `callback` is the address of the server under test, `patience` the seconds that the platform waits
    for its answer."""

    #: The call that needs no token, because it gives one; and the largest uploads by type, in bytes.
    token_call: ClassVar[str]
    uploads: ClassVar[Mapping[str, int]]

    def __init__(self, account: A, *, port: int = 0, patience: float = 5.0) -> None:
        self.account = account
        self.url = ""
        self.callback = ""
        self.patience = patience
        self._port = port

    @property
    @abstractmethod
    def settings(self) -> dict[str, str]:
        """What the server under test is to be told."""

    @abstractmethod
    def _answer(self, path: str, body: Json) -> Json:
        """What a call is answered; its query stands in `body` as well. Raises `ApiError`."""

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        """Entrances of the platform's own."""

    async def __aenter__(self) -> Self:
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        app = web.Application(client_max_size=20 * MEGABYTE)
        app.router.add_route("*", "/cgi-bin/{path:.+}", self._call)
        self._add_routes(app.router)
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
        path = request.path.removeprefix("/cgi-bin/")
        token = request.query.get("access_token")
        try:
            upload = path == "media/upload" and await uploaded(request)
            body: Json = {} if upload or not request.can_read_body else await request.json()
            self.account.calls.append(Call(path, body, token, self.account.clock()))
            if fault := self.account.take_fault(path, body):
                if fault.taken:
                    await self._do(request, path, body, upload)
                return await suffer(request, fault, self._closing)
            return await self._do(request, path, body, upload)
        except ApiError as error:
            return web.json_response(error.body)

    async def _do(self, request: web.Request, path: str, body: Json, upload: Any) -> web.StreamResponse:
        if path != self.token_call:
            self.account.check_token(request.query.get("access_token"))
        if path == "media/upload":
            return web.json_response(self._upload(request.query.get("type", ""), upload))
        if path == "media/get":
            return self._media(request.query.get("media_id", ""))
        return web.json_response(self._answer(path, {**request.query, **body}))

    def _upload(self, kind: str, upload: tuple[str, str, bytes] | None) -> Json:
        if kind not in self.uploads:
            raise ApiError(40004, "invalid media type")
        if not upload:
            raise ApiError(41005, "media data missing")
        name, mime, content = upload
        if len(content) > self.uploads[kind]:
            raise ApiError(40006, "invalid media size")
        media_id = self.account.add_media(content, mime, name)
        return {"type": kind, "media_id": media_id, "created_at": int(self.account.clock().timestamp())}

    def _media(self, media_id: str) -> web.StreamResponse:
        media = self.account.media.get(media_id)
        if media is None or media.at + MEDIA_LIFETIME <= self.account.clock():
            raise ApiError(40007, "invalid media_id")
        disposition = f'attachment; filename="{media.name}"'
        return web.Response(body=media.content, content_type=media.mime, headers={"Content-Disposition": disposition})


def run_beside(platform: Callable[[int], CgiServer[Any]], channel: str, description: str | None) -> None:
    """Run a platform beside another process until it is interrupted; what that is to be told is printed."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--callback", default=f"http://127.0.0.1:8000/{channel}")
    arguments = parser.parse_args()

    async def run() -> None:
        async with platform(arguments.port) as fake:
            fake.callback = arguments.callback
            for name, value in fake.settings.items():
                print(f"MASHANG_{name.upper()}={value}", flush=True)
            await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())
