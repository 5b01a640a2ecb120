"""The HTTP server: every channel's entrances, the pages, `/health` and `/metrics`."""

import ipaddress
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import orjson
import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channel import Channel
from bot.metrics import Metrics
from bot.server_middleware import Edge, http_error

Checks = Mapping[str, Callable[[], Awaitable[object]]]
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]
_log = structlog.get_logger("mashang.server")


class Pages(Protocol):
    def routes(self) -> Sequence[BaseRoute]: ...


def build_app(
    *,
    channels: Sequence[Channel],
    pages: Pages,
    health: Checks,
    metrics: Metrics,
    public_url: str,
    lifespan: Lifespan | None = None,
) -> Starlette:
    """Put everything that speaks HTTP together.

    `health` gives each part's state by name; a check that raises makes the whole answer 503, with the type of the
    error as that part's state. Starting and stopping channels is the caller's (`lifespan`).
    """
    routes: list[BaseRoute] = [route for channel in channels for route in channel.routes()]
    routes += pages.routes()
    routes += [
        Route("/health", _health(health), methods=["GET"], name="health"),
        Route("/metrics", _metrics(metrics), methods=["GET"], name="metrics"),
    ]
    edge = Middleware(Edge, routes=routes, metrics=metrics, secure=public_url.startswith("https:"))
    app = Starlette(routes=routes, middleware=[edge], exception_handlers={HTTPException: http_error}, lifespan=lifespan)
    # A path with a slash too many is unknown here: a redirect would repeat an invitation's secret in a header.
    app.router.redirect_slashes = False
    return app


def _health(checks: Checks) -> Callable[[Request], Awaitable[Response]]:
    async def health(request: Request) -> Response:
        content: dict[str, Any] = {"ok": True}
        for name, check in checks.items():
            try:
                content[name] = await check()
            except Exception as error:
                _log.warning("health check failed", part=name, error=type(error).__name__)
                content[name] = {"error": type(error).__name__}
                content["ok"] = False
        status = 200 if content["ok"] else 503
        return Response(orjson.dumps(content), status, {"Cache-Control": "no-store"}, "application/json")

    return health


def _metrics(metrics: Metrics) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        if not _is_near(request):
            raise HTTPException(404)
        return Response(await metrics.page(), headers={"Cache-Control": "no-store"}, media_type=CONTENT_TYPE_LATEST)

    return page


def _is_near(request: Request) -> bool:
    """Whether the asker is on this machine or its private network: how busy a station is concerns nobody else."""
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_private
    except ValueError:
        return False


class Server(uvicorn.Server):
    """uvicorn, which on shutdown waits for its connections to close, and live streams never do by themselves.

    `before_shutdown` is called once no new connections are taken.
    """

    def __init__(self, config: uvicorn.Config, before_shutdown: Callable[[], None]) -> None:
        super().__init__(config)
        self._before_shutdown = before_shutdown

    async def shutdown(self, sockets: Any = None) -> None:
        self._before_shutdown()
        await super().shutdown(sockets)


def server_for(app: Starlette, *, host: str, port: int, before_shutdown: Callable[[], None]) -> Server:
    """A server for `app`. uvicorn's own access log stays off: it would print paths, and those hold invitations."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
    )
    return Server(config, before_shutdown)
