"""DingTalk on loopback: the token, the stream gateway with its websocket, the robot's sends, files and webhooks.

    async with FakeDingTalk() as fake:
        app = fake.app("dingclient", "secret")
        app.push(Staff("0123").text("帮助"))      # goes down the stream, again until it is acknowledged
        app.sent_to("0123")                       # what the person's screen shows
        app.press("0123", "签收")                 # sends what the button's link says
        app.fail("quota")                         # the next send meets it

Its errors are those of the documentation (see bot/channels/dingtalk_errors.py); that the real platform has more could
not be tried here.
"""

import asyncio
import contextlib
import json
import time
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.dingtalk_app import Delivery, FakeApp, Fault, Sent
from tests.fakes.dingtalk_faults import PAGE, REFUSALS
from tests.fakes.dingtalk_messages import Json, Staff
from tests.fakes.dingtalk_screen import InvalidParam, show

__all__ = ["REFUSALS", "FakeApp", "FakeDingTalk", "Fault", "Staff"]

TOKEN_HEADER = "x-acs-dingtalk-access-token"
#: What a file's address ends with. It is signed as it stands.
SIGNED = "?Expires=1&OSSAccessKeyId=a.b%2D&Signature=x%2By%2Fz%3D%7e"


class FakeDingTalk:
    """The server. One app, whose secret may be wrong."""

    def __init__(self) -> None:
        self.url = ""
        self._apps: dict[str, FakeApp] = {}
        self._sockets: set[web.WebSocketResponse] = set()

    def app(self, client_id: str, secret: str, **options: Any) -> FakeApp:
        """An app with a published robot."""
        self._apps[client_id] = app = FakeApp(client_id, secret, self.url, **options)
        return app

    async def __aenter__(self) -> "FakeDingTalk":
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        server = web.Application(client_max_size=60 * 1024 * 1024)
        server.router.add_post("/v1.0/oauth2/accessToken", self._token)
        server.router.add_post("/v1.0/gateway/connections/open", self._open)
        server.router.add_get("/connect", self._stream)
        server.router.add_post("/v1.0/robot/oToMessages/batchSend", self._send)
        server.router.add_post("/v1.0/robot/messageFiles/download", self._locate)
        server.router.add_get("/files/{client}/{number}", self._file)
        server.router.add_post("/media/upload", self._upload)
        server.router.add_post("/robot/sendBySession", self._session)
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set_result(None)
        await self.hang_up()
        await self._runner.cleanup()

    # ── the stream ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _token(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        app = self._apps.get(body["appKey"])
        if app is not None and (fault := app.take_fault("token")):
            return await self._suffer(request, fault)
        if app is None or body["appSecret"] != app.secret:
            return self._refusal("bad_secret")
        token = f"token-{next(app.ids)}"
        app.tokens.add(token)
        return web.json_response({"accessToken": token, "expireIn": 7200})

    async def _open(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        app = self._apps.get(body["clientId"])
        if app is not None:
            app.calls.append(("open", body))
            if fault := app.take_fault("open"):
                return await self._suffer(request, fault)
        if app is None or body["clientSecret"] != app.secret:
            return self._refusal("bad_login")
        ticket = f"ticket +/{next(app.ids)}"
        app.tickets.add(ticket)
        return web.json_response({"endpoint": self.url.replace("http", "ws") + "/connect", "ticket": ticket})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        app = next((app for app in self._apps.values() if ticket in app.tickets), None)
        if app is None:
            return web.Response(status=401)
        if fault := app.take_fault("connect"):
            return await self._suffer(request, fault)
        app.tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        app.connections += 1
        for delivery in app.pending.values():
            delivery.sent_at = 0.0
        sending = asyncio.create_task(self._deliver(app, socket))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    answer = json.loads(message.data)
                    app.answered(answer["headers"].get("messageId", ""), answer["code"])
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            self._sockets.discard(socket)
            app.connections -= 1
        return socket

    async def _deliver(self, app: FakeApp, socket: web.WebSocketResponse) -> None:
        """Send what waits, and again what was not acknowledged in time."""
        while True:
            app.changed.clear()
            for delivery in [d for d in app.pending.values() if _due(d, app.retry)]:
                delivery.sent_at = time.monotonic()
                delivery.tries += 1
                await socket.send_json(delivery.frame)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(app.retry / 4):
                    await app.changed.wait()

    async def system(self, app: FakeApp, topic: str) -> str:
        """Send a frame of the platform's own ("ping", "disconnect"). Returns its message id."""
        message_id = f"sys{next(app.ids)}"
        await self.raw(json.dumps(app.frame(message_id, '{"opaque":"o"}', kind="SYSTEM", topic=topic)))
        return message_id

    async def raw(self, frame: str | bytes) -> None:
        """Put this on the wire, to whoever is connected."""
        for socket in tuple(self._sockets):
            with contextlib.suppress(ConnectionError):
                await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))

    async def hang_up(self) -> None:
        """Every connection is closed as it should be."""
        for socket in tuple(self._sockets):
            await socket.close()

    async def cut(self) -> None:
        """Every connection breaks."""
        for socket in tuple(self._sockets):
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()

    # ── the API ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _authorised(self, token: str) -> FakeApp | None:
        return next((app for app in self._apps.values() if token in app.tokens), None)

    async def _send(self, request: web.Request) -> web.StreamResponse:
        app = self._authorised(request.headers.get(TOKEN_HEADER, ""))
        if app is None:
            return self._refusal("unauthorized")
        body = await request.json()
        app.calls.append(("send", body))
        fault = app.take_fault("send") or app.fault_for(body)
        if fault is not None and not fault.taken:
            return await self._suffer(request, fault)
        if app.too_often():
            return self._refusal("qps")
        answer = self._accept(app, body)
        return await self._suffer(request, fault) if fault is not None else answer

    def _accept(self, app: FakeApp, body: Json) -> web.Response:
        if body["robotCode"] != app.client_id:
            return self._refusal("robot")
        [user_id] = body["userIds"]
        if user_id not in app.staff:
            return self._refusal("not_existed")
        try:
            shown = show(body["msgKey"], body["msgParam"])
        except InvalidParam:
            return self._refusal("refused")
        if shown.media_id is not None and shown.media_id not in app.media:
            return self._refusal("refused")
        key = f"key-{next(app.ids)}="
        app.sent.append(Sent(user_id, key, body["msgKey"], body["msgParam"], shown))
        answer = {"processQueryKey": key, "invalidStaffIdList": [], "flowControlledStaffIdList": []}
        return web.json_response(answer)

    async def _session(self, request: web.Request) -> web.StreamResponse:
        session, body = request.query.get("session", ""), await request.json()
        app = next((app for app in self._apps.values() if session in app.sessions), None)
        if app is None:
            return self._refusal("session_gone")
        app.calls.append(("session", body))
        if fault := app.take_fault("session"):
            return await self._suffer(request, fault)
        user_id, ends = app.sessions[session]
        if app.now() >= ends:
            return self._refusal("session_gone")
        content = json.dumps({"content": body["text"]["content"]})
        app.sent.append(Sent(user_id, "", "sampleText", content, show("sampleText", content)))
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    async def _locate(self, request: web.Request) -> web.StreamResponse:
        app = self._authorised(request.headers.get(TOKEN_HEADER, ""))
        if app is None:
            return self._refusal("unauthorized")
        body = await request.json()
        if fault := app.take_fault("download"):
            return await self._suffer(request, fault)
        if body["robotCode"] != app.client_id or body["downloadCode"] not in app.files:
            return web.json_response({"code": "invalidParameter.downloadCode", "message": "已过期"}, status=400)
        number = list(app.files).index(body["downloadCode"])
        return web.json_response({"downloadUrl": f"{self.url}/files/{app.client_id}/{number}{SIGNED}"})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        app = self._apps[request.match_info["client"]]
        if fault := app.take_fault("file"):
            return await self._suffer(request, fault)
        if not request.raw_path.endswith(SIGNED):
            return web.Response(status=403)
        return web.Response(body=list(app.files.values())[int(request.match_info["number"])])

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        app = self._authorised(request.query.get("access_token", ""))
        if app is None:
            return web.json_response({"errcode": 40014, "errmsg": "不合法的access_token"})
        form = await request.post()
        if fault := app.take_fault("upload"):
            return await self._suffer(request, fault)
        part = form["media"]
        assert isinstance(part, web.FileField)
        content = part.file.read()
        part.file.close()
        media_id = f"@media{next(app.ids)}"
        app.media[media_id] = content
        return web.json_response({"errcode": 0, "errmsg": "ok", "media_id": media_id, "type": form["type"]})

    # ── misfortune ──────────────────────────────────────────────────────────────────────────────────────────────

    def _refusal(self, name: str, retry_after: int = 0) -> web.Response:
        status, body = REFUSALS[name]
        headers = {"Retry-After": str(retry_after)} if retry_after else None
        return web.json_response(body, status=status, headers=headers)

    async def _suffer(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault.kind:
            case "server_error":
                return web.Response(status=502, text=PAGE.format("502 Bad Gateway"), content_type="text/html")
            case "proxy_refusal":
                return web.Response(status=403, text=PAGE.format("403 Forbidden"), content_type="text/html")
            case "punished":
                # What an address gets that called 10,000 times in 20 seconds.
                return web.Response(text=PAGE.format('{"status":1111,"wait":5}'), content_type="text/html")
            case "malformed":
                return web.Response(text='{"processQueryKey":', content_type="application/json")
            case "other_shape":
                return web.json_response({"result": True})
            case "reset":
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case "hang":
                await asyncio.shield(self._closing)
                return web.Response(status=500)
        return self._refusal(fault.kind, fault.retry_after)


def _due(delivery: Delivery, retry: float) -> bool:
    return delivery.tries == 0 or time.monotonic() - delivery.sent_at >= retry
