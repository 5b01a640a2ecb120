"""An own `getUpdates` loop: an update is confirmed to Telegram only after `take` returned, that is after the commit.

Confirming happens by asking with an offset. It is sent with the first request after a batch and then left out,
because after a quiet week Telegram goes on with a random, possibly lower, update id, and a standing offset would
confirm those unseen.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import orjson

from bot.channel import DeliveryError, RateLimited
from bot.channels.telegram_api import ApiRefusal, BotApi, delivery_error, pause
from bot.channels.telegram_parsing import ALLOWED_UPDATES, Malformed, NotReady, update_id_of
from routing.errors import StorageUnavailable

log = logging.getLogger(__name__)

BATCH = 100
# A bug that one update always meets would else hold up everybody behind it.
ATTEMPTS = 5


class TelegramPolling:
    """`take` gets an update as plain JSON; `chat_of` says whose it is. `poll_timeout` is seconds of a long poll,
    `backoff` the first and the longest wait in seconds after trouble."""

    def __init__(
        self,
        api: BotApi,
        account: str,
        take: Callable[[Any], Awaitable[None]],
        *,
        poll_timeout: float = 25.0,
        backoff: tuple[float, float] = (1.0, 60.0),
    ) -> None:
        self._api = api
        self._account = account
        self._take = take
        self._poll_timeout = poll_timeout
        self._first, self._longest = backoff
        self._offset: int | None = None
        self._troubles = 0
        self._asked_to_wait = 0.0
        self._failures: dict[int, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; what was fetched before is handled first, and confirmed."""
        while not stop.is_set():
            updates = await self._ask(stop)
            if updates is None:
                await self._wait(stop)
                continue
            done = await self._handle(updates)
            if done < len(updates):
                await self._wait(stop)
            else:
                self._troubles = 0
        if self._offset is not None:
            await self._confirm()

    async def _ask(self, stop: asyncio.Event) -> list[Any] | None:
        """The next batch; empty when stopping; None when there was trouble."""
        asking = asyncio.create_task(self._api.call("getUpdates", self._request(), wait=self._poll_timeout))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((asking, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                return []
            updates = asking.result()
        except (ApiRefusal, DeliveryError) as error:
            self._complain(error)
            return None
        finally:
            asking.cancel()
            stopping.cancel()
            await asyncio.gather(asking, stopping, return_exceptions=True)
        if not isinstance(updates, list):
            log.warning("telegram.poll_malformed account=%s", self._account)
            return None
        known = [update for update in updates if _has_id(update)]
        if len(known) < len(updates):
            log.error("telegram.rejected account=%s reason=no_id count=%d", self._account, len(updates) - len(known))
            if not known:
                # They can't be confirmed: asking again at once would only bring them again at once.
                return None
        self._offset = None
        return known

    def _request(self, *, timeout: float | None = None, limit: int = BATCH) -> bytes:
        seconds = self._poll_timeout if timeout is None else timeout
        fields = {"timeout": f"{seconds:g}", "limit": limit, "allowed_updates": orjson.dumps(ALLOWED_UPDATES)}
        if self._offset is not None:
            fields["offset"] = self._offset
        return urlencode(fields).encode()

    async def _handle(self, updates: list[Any]) -> int:
        """Take a batch in: chats beside each other, each in order. Returns how many, from the first on, are done."""
        chats: dict[object, list[int]] = {}
        for index, raw in enumerate(updates):
            chats.setdefault(_chat_of(raw), []).append(index)
        done: set[int] = set()

        async def handle_chat(indexes: list[int]) -> None:
            for index in indexes:
                if not await self._handle_one(updates[index]):
                    return
                done.add(index)

        await asyncio.gather(*(handle_chat(indexes) for indexes in chats.values()))
        count = next((index for index in range(len(updates)) if index not in done), len(updates))
        if count:
            self._offset = max(raw["update_id"] for raw in updates[:count]) + 1
            self._failures = {key: tries for key, tries in self._failures.items() if key >= self._offset}
        return count

    async def _handle_one(self, raw: Any) -> bool:
        """Whether the update need not come again."""
        try:
            await self._take(raw)
        except Malformed as error:
            # Unlike at the webhook it can't wait for a mended version: everybody's updates stand behind it.
            log.error("telegram.rejected account=%s reason=shape field=%s", self._account, error)
        except (StorageUnavailable, NotReady) as error:
            log.warning("telegram.not_taken account=%s reason=%s", self._account, type(error).__name__)
            return False
        except Exception as error:
            update_id = update_id_of(raw)
            tries = self._failures[update_id] = self._failures.get(update_id, 0) + 1
            # Only the type: the text of an unforeseen exception may quote the message.
            log.error(
                "telegram.receive_failed account=%s update=%d attempt=%d of %d error=%s",
                self._account,
                update_id,
                tries,
                ATTEMPTS,
                type(error).__name__,
            )
            return tries >= ATTEMPTS
        return True

    async def _confirm(self) -> None:
        """Say goodbye, so that the last batch doesn't come again at the next start."""
        try:
            await self._api.call("getUpdates", self._request(timeout=0, limit=1))
        except (ApiRefusal, DeliveryError):
            log.info("telegram.unconfirmed account=%s: the last batch will come again", self._account)

    def _complain(self, error: Exception) -> None:
        if isinstance(error, ApiRefusal):
            if error.status == 409:
                log.error("telegram.conflict account=%s: another process polls with this token", self._account)
            error = delivery_error(error)
        if isinstance(error, RateLimited):
            self._asked_to_wait = error.retry_after
        log.warning("telegram.poll_failed account=%s reason=%s", self._account, error)

    async def _wait(self, stop: asyncio.Event) -> None:
        """Back off: doubling, with jitter so that several processes don't come back at once."""
        longest = min(self._longest, self._first * 2 ** min(self._troubles, 16))
        self._troubles += 1
        seconds = self._asked_to_wait + longest * random.uniform(0.5, 1.0)
        self._asked_to_wait = 0.0
        await pause(seconds, stop)


def _has_id(raw: Any) -> bool:
    try:
        update_id_of(raw)
    except Malformed:
        return False
    return True


def _chat_of(raw: Any) -> object:
    """Whose order an update belongs to; updates that name nobody are in one order of their own."""
    try:
        [content] = [value for key, value in raw.items() if key != "update_id"]
        chat = (content.get("message") or content).get("chat")["id"]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return chat if isinstance(chat, int) else None
