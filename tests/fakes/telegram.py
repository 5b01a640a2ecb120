"""A Telegram Bot API on loopback: real HTTP, its limits, its error answers, its redelivery. Needs aiohttp only.

    async with FakeTelegram() as fake:
        bot = fake.bot("1000001:citizen")
        bot.push(Person(42).text("hello"))        # goes to the webhook, or to whoever asks getUpdates
        bot.sent_to(42)                           # what the person's screen shows
        bot.fail("rate_limit", retry_after=7)     # the next send meets 429

Beside another process: `python -m tests.fakes.telegram --port 8081 --token 1000001:citizen`, and the same by HTTP:
`POST /control/{token}/updates` (a list of updates without ids), `GET /control/{token}/state`, and
`GET /control/{token}/sent?after=N`.
"""

import argparse
import asyncio
import contextlib
import json
import time
from typing import Any

import aiohttp
from aiohttp import web

from tests.fakes.telegram_bot import DEFAULT_UPDATES, MEGABYTE, ApiError, Call, FakeBot, Fault
from tests.fakes.telegram_methods import METHODS
from tests.fakes.telegram_updates import Json, Person

__all__ = ["FakeBot", "FakeTelegram", "Fault", "Person"]


class FakeTelegram:
    """The server. `webhook_retry` is the pause in seconds before an update that was not taken is sent again."""

    def __init__(self, *, port: int = 0, webhook_retry: float = 0.05) -> None:
        self.bots: dict[str, FakeBot] = {}
        self.url = ""
        self._port = port
        self._retry = webhook_retry
        self._tasks: set[asyncio.Task[None]] = set()

    def bot(self, token: str, username: str | None = None) -> FakeBot:
        """The bot of a token, registered when it is new."""
        if token not in self.bots:
            self.bots[token] = FakeBot(token, username or f"fake_{token.partition(':')[0]}_bot")
            if self.url:
                self._spawn(self._push_webhooks(self.bots[token]))
        return self.bots[token]

    async def __aenter__(self) -> "FakeTelegram":
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        app = web.Application(client_max_size=60 * MEGABYTE)
        app.router.add_route("*", "/bot{token:[^/]+}/{method}", self._call)
        app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self._download)
        app.router.add_route("*", "/control/{token}/{what}", self._control)
        # No reason to wait for callers who hang: they are told to go by `_closing`.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        for bot in self.bots.values():
            self._spawn(self._push_webhooks(bot))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set_result(None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()
        await self._runner.cleanup()

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ── updates out ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _push_webhooks(self, bot: FakeBot) -> None:
        while True:
            await bot.changed.wait()
            bot.changed.clear()
            if bot.webhook is None:
                continue
            for update_id in [u for u in bot.pending if u not in bot.in_flight]:
                bot.in_flight.add(update_id)
                self._spawn(self._push_webhook(bot, update_id))

    async def _push_webhook(self, bot: FakeBot, update_id: int) -> None:
        try:
            while (hook := bot.webhook) and (update := bot.pending.get(update_id)):
                headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
                status, answer = None, b""
                async with hook.slots:
                    asked = time.time()
                    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                        async with self._session.post(hook.url, json=update, headers=headers) as response:
                            status, answer = response.status, await response.read()
                    bot.waits.append((asked, time.time() - asked))
                bot.attempts.append((update_id, status))
                if status is not None and 200 <= status < 300:
                    bot.pending.pop(update_id, None)
                    self._answer_in_webhook(bot, answer)
                    return
                await asyncio.sleep(self._retry)
        finally:
            bot.in_flight.discard(update_id)
            if bot.pending:
                bot.changed.set()

    def _answer_in_webhook(self, bot: FakeBot, answer: bytes) -> None:
        """Telegram carries out one method that a webhook's own answer names, and tells nobody how it went."""
        with contextlib.suppress(ValueError, ApiError, AttributeError):
            called = json.loads(answer)
            method = called.pop("method")
            params = {key: value if isinstance(value, str) else json.dumps(value) for key, value in called.items()}
            bot.calls.append(Call(method, params))
            METHODS[method.lower()](bot, params, {})

    async def _get_updates(self, bot: FakeBot, params: dict[str, str]) -> list[Json]:
        if bot.webhook is not None:
            problem = "can't use getUpdates method while webhook is active"
            raise ApiError(409, f"Conflict: {problem}; use deleteWebhook to delete the webhook first")
        if "allowed_updates" in params:
            bot.allowed = tuple(json.loads(params["allowed_updates"])) or DEFAULT_UPDATES
        offset = int(params.get("offset", 0))
        for update_id in [u for u in bot.pending if u < offset]:
            del bot.pending[update_id]
        if bot.poll is not None and not bot.poll.done():
            bot.poll.set_result("conflict")
        mine = bot.poll = asyncio.get_running_loop().create_future()
        if not bot.pending:
            seconds = float(params.get("timeout", 0))
            await asyncio.wait([mine, self._closing], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if mine.done() and mine.result() == "conflict":
            problem = "terminated by other getUpdates request; make sure that only one bot instance is running"
            raise ApiError(409, f"Conflict: {problem}")
        return list(bot.pending.values())[: int(params.get("limit", 100))]

    # ── calls in ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _call(self, request: web.Request) -> web.StreamResponse:
        bot = self.bots.get(request.match_info["token"])
        method = request.match_info["method"]
        try:
            if bot is None:
                raise ApiError(401, "Unauthorized")
            params, files = await _read(request)
            bot.calls.append(Call(method, params))
            if fault := bot.take_fault(method, params):
                if fault.taken:
                    METHODS[method.lower()](bot, params, files)
                return await self._suffer(request, fault)
            result: Any
            if method.lower() == "getupdates":
                result = await self._get_updates(bot, params)
            elif handler := METHODS.get(method.lower()):
                result = handler(bot, params, files)
            else:
                raise ApiError(404, "Not Found: method not found")
        except ApiError as error:
            return web.json_response(error.body, status=error.code)
        return web.json_response({"ok": True, "result": result})

    async def _suffer(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        page = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
        match fault.kind:
            case "rate_limit":
                after = fault.retry_after
                raise ApiError(429, f"Too Many Requests: retry after {after}", retry_after=after)
            case "blocked":
                raise ApiError(403, "Forbidden: bot was blocked by the user")
            case "chat_not_found":
                raise ApiError(400, "Bad Request: chat not found")
            case "refused":
                raise ApiError(400, "Bad Request: BUTTON_URL_INVALID")
            case "unauthorized":
                raise ApiError(401, "Unauthorized")
            case "migrate":
                moved = "Bad Request: group chat was upgraded to a supergroup chat"
                raise ApiError(400, moved, migrate_to_chat_id=fault.moved_to)
            case "server_error":
                return web.Response(status=502, text=page.format("502 Bad Gateway"), content_type="text/html")
            case "server_error_json":
                raise ApiError(500, "Internal Server Error")
            case "no_code":
                return web.json_response({"ok": False})
            case "wrong_type":
                return web.Response(text=page.format("Sign in to this network"), content_type="text/html")
            case "proxy_refusal":
                return web.Response(status=403, text=page.format("403 Forbidden"), content_type="text/html")
            case "malformed":
                return web.Response(text='{"ok":true,"resu', content_type="application/json")
            case "raw":
                return web.Response(status=fault.status, body=fault.body, content_type="application/json")
            case "reset":
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case "cut_off":
                answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "500"})
                await answer.prepare(request)
                await answer.write(b'{"ok":true,"result":{"message_id":')
                if request.transport is not None:
                    request.transport.abort()
                return answer
            case "hang":
                await asyncio.shield(self._closing)
                return web.Response(status=500)
        raise ValueError(fault.kind)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        bot = self.bots.get(request.match_info["token"])
        path = request.match_info["path"]
        if bot is not None and (fault := bot.take_fault("download", {})):
            try:
                return await self._suffer(request, fault)
            except ApiError as error:
                return web.json_response(error.body, status=error.code)
        if bot is None or bot.expired or path.removeprefix("documents/") not in bot.files:
            return web.json_response(ApiError(404, "Not Found").body, status=404)
        return web.Response(body=bot.files[path.removeprefix("documents/")])

    async def _control(self, request: web.Request) -> web.Response:
        bot = self.bot(request.match_info["token"])
        match request.match_info["what"]:
            case "updates":
                return web.json_response([bot.push(update) for update in await request.json()])
            case "sent":
                after = int(request.query.get("after", "0"))
                return web.json_response([{"chat_id": s.chat_id, "at": s.at, "text": s.text} for s in bot.sent[after:]])
            case "state":
                counts = {"pending": len(bot.pending), "sent": len(bot.sent), "attempts": len(bot.attempts)}
                return web.json_response(counts)
        raise web.HTTPNotFound


async def _read(request: web.Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """The parameters, of whatever form, as strings (structures as JSON), and the uploads."""
    params = dict(request.query)
    files: dict[str, bytes] = {}
    if request.content_type == "application/json":
        for key, value in (await request.json()).items():
            params[key] = value if isinstance(value, str) else json.dumps(value)
    else:
        for key, part in (await request.post()).items():
            if isinstance(part, web.FileField):
                files[key] = part.file.read()
                part.file.close()
            elif isinstance(part, str):
                params[key] = part
    return params, files


async def _main(port: int, tokens: list[str]) -> None:
    async with FakeTelegram(port=port) as fake:
        for token in tokens:
            fake.bot(token)
        print(fake.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", action="append", default=[])
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(arguments.port, arguments.token))
