"""What the doctor finds out about the address that is printed in the codes."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.channels.webchat_check import check_web
from bot.http import HttpClient


@pytest.fixture
async def site() -> AsyncIterator[tuple[str, dict[str, int], list[web.Request]]]:
    """A site that answers each path with 200, or with the status that is set for it; and what was asked."""
    statuses: dict[str, int] = {}
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        return web.Response(status=statuses.get(request.path, 200), text="x")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", statuses, asked
    await runner.cleanup()


async def test_every_page_is_asked_for_without_counting_as_a_visit(
    site: tuple[str, dict[str, int], list[web.Request]],
) -> None:
    url, _, asked = site
    http = HttpClient()
    found = await check_web(http, url, "10A7K2QX")
    await http.close()
    assert [(one.name, one.ok) for one in found] == [("health", True), ("page of a code", True), ("chat page", True)]
    assert [request.path for request in asked] == ["/health", "/c/10A7K2QX", "/chat"]
    assert all("prefetch" in request.headers["Sec-Purpose"] for request in asked)


@pytest.mark.parametrize(("status", "said"), [(503, "name the part"), (404, "every path"), (302, "every path")])
async def test_a_page_that_does_not_come_is_told_with_what_to_do(
    site: tuple[str, dict[str, int], list[web.Request]], status: int, said: str
) -> None:
    url, statuses, _ = site
    statuses["/chat"] = status
    http = HttpClient()
    found = {one.name: one for one in await check_web(http, url, None)}
    await http.close()
    assert list(found) == ["health", "chat page"]
    assert found["health"].ok
    assert not found["chat page"].ok
    assert said in found["chat page"].todo


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://", "nonsense"])
async def test_an_address_where_nothing_is_says_what_to_look_at(url: str) -> None:
    http = HttpClient()
    found = await check_web(http, url, None)
    await http.close()
    assert [one.ok for one in found] == [False, False]
    assert "is `main.py serve` running" in found[0].todo
