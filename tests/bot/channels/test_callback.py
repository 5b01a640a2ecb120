"""The entrance of WeChat and WeCom over HTTP: what is taken, refused, counted, and never told."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import httpx
import pytest
from starlette.applications import Starlette

from bot.channels.callback import Callback
from bot.channels.envelope import BODY_LIMIT, Envelope, Refused
from routing.errors import StorageUnavailable
from tests.bot.channels.envelopes import Sealed

NOW = datetime(2026, 11, 28, 4, tzinfo=UTC)
ACCOUNT = Sealed("a token of ours", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
TEXT = "<xml><Content>机密内容</Content></xml>"


class Desk:
    """Takes messages, and answers or fails as it is told."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.answer: str | None = None
        self.failure: Exception | None = None

    async def take(self, message: Element) -> str | None:
        if self.failure is not None:
            raise self.failure
        self.taken.append(message.findtext("Content", ""))
        return self.answer


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def callback(desk: Desk) -> Callback:
    envelope = Envelope(token=ACCOUNT.token, aes_key=ACCOUNT.aes_key, receiver=ACCOUNT.receiver, clock=lambda: NOW)
    return Callback("/here", envelope, envelope.echo, desk.take)


@pytest.fixture
async def http(callback: Callback) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=[callback.route]))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client:
        yield client


async def test_a_message_is_taken_and_answered_with_success(http: httpx.AsyncClient, desk: Desk) -> None:
    query, body = ACCOUNT.call(TEXT, NOW)
    answer = await http.post("/here", params=query, content=body)
    assert (answer.status_code, answer.content) == (200, b"success")
    assert desk.taken == ["机密内容"]


async def test_an_answer_goes_back_sealed(http: httpx.AsyncClient, desk: Desk) -> None:
    desk.answer = "<xml><Content>您好</Content></xml>"
    query, body = ACCOUNT.call(TEXT, NOW)
    answer = await http.post("/here", params=query, content=body)
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert "您好" not in answer.text
    assert ACCOUNT.answer(answer.content) == desk.answer


async def test_the_check_of_the_address(http: httpx.AsyncClient, callback: Callback) -> None:
    query, _ = ACCOUNT.call(TEXT, NOW)
    answer = await http.get("/here", params={**query, "echostr": "<b>1&2</b>"})
    assert (answer.status_code, answer.text) == (200, "<b>1&2</b>")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    answer = await http.get("/here", params={**query, "echostr": "1", "nonce": "another"})
    assert (answer.status_code, answer.content) == (403, b"")
    assert callback.rejected == {"signature": 1}


async def test_what_is_refused_is_counted_and_not_quoted(
    http: httpx.AsyncClient, callback: Callback, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    query, body = ACCOUNT.call(TEXT, NOW)
    plain = TEXT.encode()
    for params, content, status in (
        (query, plain, 400),
        (query, plain, 400),
        ({**query, "nonce": "2"}, body, 403),
        ({}, body, 400),
        (query, b" " * (BODY_LIMIT + 1), 413),
    ):
        answer = await http.post("/here", params=params, content=content)
        assert (answer.status_code, answer.content) == (status, b"")
    assert callback.rejected == {"plain": 2, "signature": 1, "query": 1, "size": 1}
    assert desk.taken == []
    assert "reason=plain count=2" in caplog.text
    for secret in ("机密内容", ACCOUNT.token, query["msg_signature"], query["nonce"]):
        assert secret not in caplog.text


async def test_a_message_that_is_none_is_refused_by_who_reads_it(http: httpx.AsyncClient, desk: Desk) -> None:
    desk.failure = Refused(400, "shape")
    query, body = ACCOUNT.call(TEXT, NOW)
    assert (await http.post("/here", params=query, content=body)).status_code == 400


@pytest.mark.parametrize("failure", [StorageUnavailable("机密内容"), RuntimeError("机密内容")])
async def test_what_was_not_kept_is_not_acknowledged(
    http: httpx.AsyncClient, desk: Desk, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    desk.failure = failure
    query, body = ACCOUNT.call(TEXT, NOW)
    answer = await http.post("/here", params=query, content=body)
    assert (answer.status_code, answer.content) == (503, b"")
    assert "机密内容" not in caplog.text
    desk.failure = None
    assert (await http.post("/here", params=query, content=body)).status_code == 200


async def test_a_body_without_announced_length_is_cut_off(http: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 100_000

    query, _ = ACCOUNT.call(TEXT, NOW)
    answer = await http.post("/here", params=query, content=endless())
    assert answer.status_code == 413
    assert sent < 10


@pytest.mark.parametrize("query", ["&".join(f"a{n}=1" for n in range(100)), "a=%ff&b", "é"])
async def test_a_hostile_query_is_refused(http: httpx.AsyncClient, callback: Callback, query: str) -> None:
    _, body = ACCOUNT.call(TEXT, NOW)
    assert (await http.post(f"/here?{query}", content=body)).status_code == 400
    assert callback.rejected == {"query": 1}


async def test_a_query_of_bytes_that_no_url_has_is_refused(callback: Callback) -> None:
    status = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    async def send(message: dict[str, object]) -> None:
        status.append(message.get("status"))

    await callback({"method": "GET", "query_string": b"\xff", "headers": []}, receive, send)  # type: ignore[arg-type]
    assert status == [400, None]


async def test_a_call_that_is_cut_off_changes_nothing(callback: Callback, desk: Desk) -> None:
    query, body = ACCOUNT.call(TEXT, NOW)
    parts: list[dict[str, object]] = [
        {"type": "http.request", "body": body[:50], "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0)
        return parts.pop(0)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    text = str(httpx.QueryParams(query)).encode()
    await callback({"method": "POST", "query_string": text, "headers": []}, receive, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 400
    assert desk.taken == []
    assert callback.rejected == {"cut_off": 1}
