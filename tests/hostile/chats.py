"""A citizen's web chat, spoken to without its page."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from tests.hostile.station import Answer, Station

JSON = {"Content-Type": "application/json"}


@contextlib.asynccontextmanager
async def chat(station: Station) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that was opened with a code."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        body = json.dumps({"code": station.station_code}).encode()
        answer = await station.ask("POST", "/chat", body=body, headers=JSON, session=session)
        assert answer.status == 200
        yield session


async def say(
    station: Station, session: aiohttp.ClientSession | None, body: Any, sent: str = "", **headers: str
) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return await station.ask(
        "POST", "/chat/messages", body=raw, headers={**JSON, **headers}, session=session, sent=sent
    )
