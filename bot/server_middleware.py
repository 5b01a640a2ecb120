"""What every request passes through: a log line, security headers, a bound on its body, and no traceback at the end."""

import secrets
import time
import traceback
from typing import Any

import orjson
import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.channels.webchat_wire import FILE_BODY, TEXT_BODY
from bot.metrics import Metrics
from bot.pages.site import sorry, words_of
from routing.errors import StorageUnavailable

_log = structlog.get_logger("mashang.server")

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": that would take the Origin off our own forms too, and by it they are told from foreign ones.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(self), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FORM_OVERHEAD = 2 * TEXT_BODY


class BodyTooLarge(Exception):
    """The body grew beyond what its kind may have."""


def wants_page(request: Request) -> bool:
    """Whether a person's browser is asking for a page, not a script for JSON."""
    return "text/html" in request.headers.get("accept", "")


def error_answer(request: Request, status: int, key: str, reference: str = "") -> Response:
    """A kind page or kind JSON."""
    if wants_page(request):
        return sorry(request, key, status, reference=reference)
    content: dict[str, Any] = {"error": words_of(request).say(key)}
    if reference:
        content["reference"] = reference
    return Response(orjson.dumps(content), status, {"Cache-Control": "no-store"}, "application/json")


async def http_error(request: Request, error: Exception) -> Response:
    """For what the router itself refuses: unknown paths and methods."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    key = {404: "error.not_found", 405: "error.method"}.get(status, "error.bad_request")
    response = error_answer(request, status, key)
    if status == 405:
        # The router names those of the first route alone, and a path may have a route for each of its methods.
        routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
        response.headers["Allow"] = ", ".join(sorted({method for route in routes for method in route.methods}))
    return response


class Edge:
    """The outermost layer. `secure` says that people reach us by https.

    A machine's entrance (a webhook: an ASGI endpoint on a path without fields, which bounds its own body) is called
    from here: everything between is for people's pages, and would take as long as the entrance itself.
    """

    def __init__(self, app: ASGIApp, *, routes: list[BaseRoute], metrics: Metrics, secure: bool) -> None:
        self._app = app
        # The template of a path ("/join/{secret}") holds no secret, as the path itself does.
        self._templates = {getattr(route, "endpoint", None): getattr(route, "path", "") for route in routes}
        self._entrances = {
            (method, route.path): route.endpoint
            for route in routes
            if isinstance(route, Route) and route.app is route.endpoint and not route.param_convertors
            for method in route.methods or ()
        }
        self._metrics = metrics
        secured = {**_HEADERS, "Strict-Transport-Security": "max-age=31536000"} if secure else _HEADERS
        self._headers = [(name.lower().encode(), value.encode()) for name, value in secured.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, stream = 0, False
        headers = self._headers

        async def sending(message: Message) -> None:
            nonlocal status, stream
            if message["type"] == "http.response.start":
                # Names come in lower case from everybody who speaks ASGI.
                given = dict(message["headers"])
                message["headers"] = [*message["headers"], *(pair for pair in headers if pair[0] not in given)]
                status = message["status"]
                stream = given.get(b"content-type", b"").startswith(b"text/event-stream")
            await send(message)

        entrance = self._entrances.get((scope["method"], scope["path"]))
        try:
            if entrance is not None:
                await entrance(scope, receive, sending)
            else:
                await self._app(scope, _bounded(scope, receive), sending)
        except Exception as error:
            response = _answer_for(Request(scope), error)
            if response is not None and not status:
                await response(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - began
            route = self._templates.get(entrance or scope.get("endpoint"), "(none)")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.request(method, route, status, None if stream else seconds)
            _log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _answer_for(request: Request, error: Exception) -> Response | None:
    if isinstance(error, ClientDisconnect):
        return None
    if isinstance(error, BodyTooLarge):
        return error_answer(request, 413, "error.too_large")
    if isinstance(error, StorageUnavailable):
        response = error_answer(request, 503, "error.unavailable")
        response.headers["Retry-After"] = "5"
        return response
    reference = secrets.token_hex(4)
    # The place and the type, not the text: an exception's text may hold what somebody wrote.
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    _log.error("request failed", error=type(error).__name__, reference=reference, where=where)
    return error_answer(request, 500, "error.internal", reference)


def _bounded(scope: Scope, receive: Receive) -> Receive:
    headers = Headers(scope=scope)
    form = headers.get("content-type", "").lower().startswith("multipart/form-data")
    upload = form and scope["path"].endswith("/messages")
    limit = FILE_BODY + _FORM_OVERHEAD if upload else TEXT_BODY
    declared = headers.get("content-length", "")
    received = 0

    async def bounded() -> Message:
        nonlocal received
        if declared.isdecimal() and declared.isascii() and int(declared[:20]) > limit:
            raise BodyTooLarge
        message = await receive()
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            if received > limit:
                raise BodyTooLarge
        return message

    return bounded
