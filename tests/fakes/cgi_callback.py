"""How WeChat and WeCom put a message to a callback: encrypted, three times at most, five seconds each."""

import asyncio
import secrets
import time
from dataclasses import dataclass

import aiohttp

from tests.fakes.wechat_envelope import Envelope, cdata

TRIES = 3


@dataclass
class Try:
    """One POST: its status (None: no answer in time, or none that is HTTP), the answer, and how long it took."""

    status: int | None
    body: str
    seconds: float


async def hand_over(
    session: aiohttp.ClientSession,
    url: str,
    envelope: Envelope,
    xml: str,
    *,
    to: str,
    at: int,
    patience: float,
    who: str | None = None,
) -> list[Try]:
    """Put `xml` to the callback at `url` until it is taken, signed anew each time. `to` stands outside of the envelope,
    `who` in the query, where the platform says it. The last try has status 200 if it was taken."""
    tries: list[Try] = []
    while len(tries) < TRIES and not (tries and tries[-1].status == 200):
        encrypted = envelope.encrypt(xml)
        query = envelope.query(at, str(secrets.randbelow(10**10)), encrypted, who)
        body = f"<xml><ToUserName>{cdata(to)}</ToUserName><Encrypt>{cdata(encrypted)}</Encrypt></xml>"
        began = time.monotonic()
        try:
            async with (
                asyncio.timeout(patience),
                session.post(url, params=query, data=body.encode(), headers={"Content-Type": "text/xml"}) as response,
            ):
                answer = Try(response.status, await response.text(), 0.0)
        except (aiohttp.ClientError, OSError, TimeoutError, UnicodeDecodeError):
            answer = Try(None, "", 0.0)
        answer.seconds = time.monotonic() - began
        tries.append(answer)
    return tries
