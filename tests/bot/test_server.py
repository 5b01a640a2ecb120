"""What every request passes through, and live arrival over a real connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from bot.channels.webchat_session import new_token
from bot.message import OutboundMessage
from bot.metrics import Metrics
from bot.server import build_app, server_for
from routing.errors import StorageUnavailable
from tests.fakes.web import Web, web

#: How each route answers somebody without a session, and somebody with forged cookies: (path to try, status).
#: Public pages answer 200 to anyone; a new route needs a line here.
STRANGERS: dict[tuple[str, str], tuple[str, int]] = {
    ("GET", "/"): ("/", 200),
    ("GET", "/c"): ("/c", 303),
    ("GET", "/c/{code}"): ("/c/00000000", 404),
    ("GET", "/robots.txt"): ("/robots.txt", 200),
    ("GET", "/static/{name}"): ("/static/..%2fentrance.py", 404),
    ("GET", "/health"): ("/health", 200),
    ("GET", "/metrics"): ("/metrics", 200),
    ("GET", "/chat"): ("/chat", 200),
    ("POST", "/chat"): ("/chat", 415),
    ("GET", "/chat/messages"): ("/chat/messages?after=0", 401),
    ("POST", "/chat/messages"): ("/chat/messages", 401),
    ("GET", "/chat/stream"): ("/chat/stream", 401),
    ("GET", "/chat/files/{name}"): ("/chat/files/x.jpg", 401),
    ("POST", "/chat/leave"): ("/chat/leave", 415),
    ("GET", "/desk/{slot}"): ("/desk/abcdefgh", 401),
    ("GET", "/desk/{slot}/messages"): ("/desk/abcdefgh/messages", 401),
    ("POST", "/desk/{slot}/messages"): ("/desk/abcdefgh/messages", 401),
    ("GET", "/desk/{slot}/stream"): ("/desk/abcdefgh/stream", 401),
    ("GET", "/desk/{slot}/files/{name}"): ("/desk/abcdefgh/files/x.jpg", 401),
    ("POST", "/desk/{slot}/leave"): ("/desk/abcdefgh/leave", 415),
    ("GET", "/join/{secret}"): ("/join/ABCDEFGHJKMN", 410),
    ("POST", "/join/{secret}"): ("/join/ABCDEFGHJKMN", 410),
}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Web]:
    async with web(tmp_path) as one:
        yield one


async def test_every_route_has_an_answer_for_strangers(served: Web) -> None:
    routes = {
        (method, route.path)
        for route in served.app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert len(served.app.routes) == len(routes)
    assert routes == set(STRANGERS)
    forged = f"mashang_chat={new_token()}; mashang_desk={new_token()}"
    for headers in ({}, {"cookie": forged}, {"cookie": "mashang_chat=; mashang_desk=\xff\xfe".encode("latin-1")}):
        async with served.client(headers=headers) as stranger:
            for (method, template), (path, status) in STRANGERS.items():
                answer = await stranger.request(method, path)
                assert answer.status_code == status, (method, template)
                assert "set-cookie" not in answer.headers, (method, template)
    assert served.echo.messages == []


async def test_every_answer_has_the_security_headers(served: Web) -> None:
    async with served.client() as browser:
        for path in ("/", "/chat", "/health", "/nothing", "/chat/messages", "/static/chat.js", "/join/x"):
            headers = (await browser.get(path)).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["x-frame-options"] == "DENY"


async def test_an_unknown_path_and_a_wrong_method_are_kindly_told(served: Web) -> None:
    async with served.client(headers={"accept": "text/html"}) as browser:
        page = await browser.get("/nothing")
        assert page.status_code == 404
        assert "没有找到这一页" in page.text
        wrong = await browser.delete("/chat")
        assert wrong.status_code == 405
        assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    async with served.client() as script:
        assert (await script.get("/nothing")).json() == {"error": "没有找到这一页。"}


def _app_with(endpoint: Any, **options: Any) -> Any:
    class Pages:
        def routes(self) -> list[Route]:
            return [Route("/try/{secret}/messages", endpoint, methods=["GET", "POST"])]

    return build_app(
        channels=[], pages=Pages(), health=options.get("health", {}), metrics=options.get("metrics", Metrics()),
        public_url="http://desk.test",
    )  # fmt: skip


def _client(app: Any, host: str = "127.0.0.1", **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(host, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://desk.test", **options)


async def test_a_failure_shows_no_traceback_and_logs_no_words_of_a_person() -> None:
    async def broken(request: Request) -> Response:
        raise KeyError("my phone is 13800000000")

    with capture_logs() as logs:
        async with _client(_app_with(broken)) as client:
            answer = await client.get("/try/TOPSECRET/messages?code=TOPSECRET")
            page = await client.get("/try/TOPSECRET/messages", headers={"accept": "text/html"})
    assert answer.status_code == page.status_code == 500
    reference = answer.json()["reference"]
    assert "Traceback" not in answer.text + page.text
    assert "13800000000" not in f"{answer.text} {page.text} {logs}"
    assert "TOPSECRET" not in str(logs)
    failed, request = logs[:2]
    assert (failed["error"], failed["reference"]) == ("KeyError", reference)
    assert any("broken" in place for place in failed["where"])
    assert (request["route"], request["status"]) == ("/try/{secret}/messages", 500)


async def test_an_absent_database_is_a_503_on_pages_too() -> None:
    async def away(request: Request) -> Response:
        raise StorageUnavailable

    async with _client(_app_with(away)) as client:
        page = await client.get("/try/x/messages", headers={"accept": "text/html,*/*"})
        assert page.status_code == 503
        assert "系统暂时接不上" in page.text
        assert int(page.headers["retry-after"]) > 0
        assert (await client.get("/try/x/messages")).json()["error"].startswith("系统暂时接不上")


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_is_bounded_for_routes_that_forget_to(announced: bool) -> None:
    read: list[int] = []

    async def greedy(request: Request) -> Response:
        read.append(len(await request.body()))
        return Response()

    async def chunks(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * 1024

    async with _client(_app_with(greedy)) as client:
        form = "multipart/form-data"
        for count, kind, status in (
            (1024, "text/xml", 200), (1025, "text/xml", 413), (1025, form, 200), (23 * 1024, form, 413)
        ):  # fmt: skip
            content = b"x" * 1024 * count if announced else chunks(count)
            headers = {"content-type": kind}
            answer = await client.post("/try/x/messages", content=content, headers=headers)
            assert answer.status_code == status
    assert read == [1024 * 1024, 1025 * 1024]


class Entrance:
    """A webhook, as a channel makes one: plain ASGI, which bounds its own body."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.failures: list[Exception] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.failures:
            raise self.failures.pop()
        self.bodies.append(await Request(scope, receive).body())
        await Response(status_code=202, headers={"X-Frame-Options": "SAMEORIGIN"})(scope, receive, send)


async def test_a_machines_entrance_passes_the_edge_and_nothing_else() -> None:
    entrance, metrics = Entrance(), Metrics()

    class Pages:
        def routes(self) -> list[Route]:
            return [Route("/hook", entrance, methods=["POST"])]

    app = build_app(channels=[], pages=Pages(), health={}, metrics=metrics, public_url="https://desk.test")
    with capture_logs() as logs:
        async with _client(app) as client:
            taken = await client.post("/hook?secret=TOPSECRET", content=b"x" * 2 * 1024 * 1024)
            assert (await client.get("/hook")).status_code == 405
            assert (await client.post("/hook/")).status_code == 404
            entrance.failures = [StorageUnavailable(), KeyError("13800000000")]
            broken, away = await client.post("/hook"), await client.post("/hook")
    assert (taken.status_code, [len(body) for body in entrance.bodies]) == (202, [2 * 1024 * 1024])
    assert taken.headers.get_list("x-frame-options") == ["SAMEORIGIN"]
    for answer in (taken, broken, away):
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert (broken.status_code, away.status_code, away.headers["retry-after"]) == (500, 503, "5")
    assert "13800000000" not in f"{broken.text} {logs}"
    assert "TOPSECRET" not in str(logs)
    requests = [(line["method"], line["route"], line["status"]) for line in logs if line["event"] == "request"]
    assert requests == [("POST", "/hook", 202), ("GET", "/hook", 405), ("POST", "(none)", 404), ("POST", "/hook", 500),
                        ("POST", "/hook", 503)]  # fmt: skip
    assert 'method="POST",route="/hook",status="202"} 1.0' in (await metrics.page()).decode()


async def test_health_names_what_is_away() -> None:
    async def fine() -> dict[str, int | None]:
        return {"oldest_seconds": None}

    async def away() -> str:
        raise StorageUnavailable("password=secret")

    async def unused(request: Request) -> Response:
        raise HTTPException(404)

    async with _client(_app_with(unused, health={"outbox": fine})) as client:
        answer = await client.get("/health")
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "outbox": {"oldest_seconds": None}})
    async with _client(_app_with(unused, health={"database": away, "outbox": fine})) as client:
        answer = await client.get("/health")
        assert answer.status_code == 503
        content = answer.json()
        assert content["ok"] is False
        assert content["database"] == {"error": "StorageUnavailable"}
        assert "secret" not in answer.text


async def test_metrics_count_by_template_and_are_for_neighbours_only(served: Web) -> None:
    browser, _ = await served.browser()
    async with browser:
        await browser.post("/chat/messages", json={"id": "1", "text": "x"})
        await browser.get(f"/join/{served.town.invitation}")
        await browser.request("BREW", "/c/nothing")
        text = (await browser.get("/metrics")).text
    assert 'mashang_http_requests_total{method="POST",route="/chat/messages",status="200"} 1.0' in text
    assert 'method="GET",route="/join/{secret}",status="200"' in text
    assert 'method="other",route="/c/{code}",status="405"' in text
    assert 'mashang_messages_in_total{account="citizen",channel="webchat",kind="text"} 1.0' in text
    assert served.town.invitation not in text
    for host, status in (("8.8.8.8", 404), ("10.0.0.5", 200), ("not an address", 404)):
        async with _client(served.app, host) as client:
            assert (await client.get("/metrics")).status_code == status


async def test_metrics_show_the_notices_by_state() -> None:
    async def notices() -> dict[str, int]:
        return {"pending": 3, "sent": 9}

    text = (await Metrics(notices).page()).decode()
    assert 'mashang_notices{state="pending"} 3.0' in text


async def test_metrics_name_the_channel_whose_access_token_is_no_good() -> None:
    async def tokens() -> dict[str, int]:
        return {"wechat": 1, "dingtalk": 0}

    text = (await Metrics(tokens=tokens).page()).decode()
    assert 'mashang_token_trouble{channel="wechat"} 1.0' in text
    assert 'mashang_token_trouble{channel="dingtalk"} 0.0' in text


async def test_metrics_name_what_cannot_be_kept_also_without_the_database() -> None:
    async def away() -> dict[str, int]:
        raise StorageUnavailable

    text = (await Metrics(away, lambda: {"disk": "0 MB free"}).page()).decode()
    assert 'mashang_trouble{part="disk"} 1.0' in text
    assert 'mashang_trouble{part="writing"} 0.0' in text
    assert "mashang_notices{" not in text


@asynccontextmanager
async def listening(served: Web) -> AsyncIterator[tuple[str, Any]]:
    """The app on a real port; gives its address and the server."""
    closing = [served.citizen.close_streams, served.desk.close_streams]
    server = server_for(served.app, host="127.0.0.1", port=0, before_shutdown=lambda: [close() for close in closing])
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.should_exit = True
        async with asyncio.timeout(5):
            await task


async def _events(stream: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """Pairs of (event id, message); a heartbeat is ("", None)."""
    last = ""
    async for line in stream.aiter_lines():
        if line.startswith("id: "):
            last = line[4:]
        elif line.startswith("data: "):
            yield last, orjson.loads(line[6:])
        elif line.startswith(": "):
            yield "", None


async def test_messages_arrive_live_and_a_new_connection_goes_on_where_the_last_ended(served: Web) -> None:
    token, user_id = await served.person()
    headers = {"cookie": f"mashang_chat={token}"}
    await served.citizen.send(user_id, OutboundMessage("before"))
    async with listening(served) as (base, _), httpx.AsyncClient(base_url=base, headers=headers) as client:
        async with client.stream("GET", "/chat/stream?after=0") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            events = _events(stream)
            event, message = await anext(events)
            assert (event, message["text"]) == ("1", "before")
            assert (await anext(events))[1] is None  # a heartbeat comes while nothing happens
            began = asyncio.get_running_loop().time()
            await served.citizen.send(user_id, OutboundMessage("live"))
            while (found := await anext(events))[1] is None:
                pass
            assert (found[0], found[1]["text"]) == ("2", "live")
            assert asyncio.get_running_loop().time() - began < 1
        await served.citizen.send(user_id, OutboundMessage("missed"))
        resume = {"last-event-id": "2"}
        async with client.stream("GET", "/chat/stream?after=0", headers=resume) as stream:
            assert (await anext(_events(stream)))[1]["text"] == "missed"


async def test_a_message_that_another_process_put_in_arrives_too(served: Web) -> None:
    token, user_id = await served.person()
    served.citizen._bells.ring = lambda user_id: None  # type: ignore[method-assign]
    async with listening(served) as (base, _), httpx.AsyncClient(base_url=base) as client:
        cookie = {"cookie": f"mashang_chat={token}"}
        async with client.stream("GET", "/chat/stream?after=0", headers=cookie) as stream:
            await served.citizen.send(user_id, OutboundMessage("from afar"))
            async with asyncio.timeout(3):
                async for _, message in _events(stream):
                    if message is not None:
                        assert message["text"] == "from afar"
                        break


async def test_open_streams_hold_up_no_shutdown_and_are_few_for_one_session(served: Web) -> None:
    token, _ = await served.person()
    headers = {"cookie": f"mashang_chat={token}"}
    async with httpx.AsyncClient(headers=headers) as client:
        async with listening(served) as (base, server):
            streams = [client.stream("GET", f"{base}/chat/stream") for _ in range(9)]
            opened = [await stream.__aenter__() for stream in streams]
            assert [one.status_code for one in opened] == [200] * 8 + [429]
            began = asyncio.get_running_loop().time()
            server.should_exit = True
            for one in opened:
                await one.aread()
        assert asyncio.get_running_loop().time() - began < 3
        for stream in streams:
            await stream.__aexit__(None, None, None)
