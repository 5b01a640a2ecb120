"""What both Telegram bots do alike. A subclass brings the library with its calls by name."""

import asyncio
import logging
import random
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from starlette.routing import BaseRoute

from bot.channel import (
    AttachmentGone,
    Capabilities,
    DeliveryError,
    PermanentFailure,
    RateLimited,
    Receive,
    TemporaryFailure,
)
from bot.channels.telegram_api import ApiRefusal, BotApi, delivery_error, pause
from bot.channels.telegram_parsing import NotReady, TelegramReader, callback_id_of
from bot.channels.telegram_polling import TelegramPolling
from bot.channels.telegram_sending import TEXT_LIMIT, File, Part, alternatives, plan, uploadable
from bot.channels.telegram_webhook import TelegramWebhook
from bot.http import HttpClient
from bot.message import Attachment, Audience, OutboundMessage
from routing.errors import StorageUnavailable
from routing.ports import Clock

log = logging.getLogger(__name__)

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_CHAT = re.compile(r"-?[0-9]{1,19}")
_REMEMBERED = 1000
_GOODBYE = 2.0


class TelegramChannel(ABC):
    """One bot of Telegram's, by webhook where there is a secret, else by polling.

    `http` is the shared client, which its owner closes. `load` gives the content of a stored file by its name and
    raises `FileNotFoundError`. `public_url` is where Telegram reaches us. Times are seconds: `timeout` for a call,
    `transfer_timeout` for a file, `poll_timeout` for a long poll, `backoff` the first and longest wait after trouble.
    Raises `ValueError` for a token, secret or URL that can't work.
    """

    account: str
    audience: Audience
    name = "telegram"
    capabilities = Capabilities(text_limit=TEXT_LIMIT, text_unit="utf16", per_second=30.0)

    def __init__(
        self,
        *,
        http: HttpClient,
        token: str,
        clock: Clock,
        load: Callable[[str], Awaitable[bytes]],
        api_base: str = "https://api.telegram.org",
        webhook_secret: str | None = None,
        public_url: str | None = None,
        timeout: float = 10.0,
        transfer_timeout: float = 60.0,
        poll_timeout: float = 25.0,
        backoff: tuple[float, float] = (1.0, 60.0),
        max_connections: int = 40,
    ) -> None:
        self._api = BotApi(http, token, api_base, timeout=timeout, transfer_timeout=transfer_timeout)
        self._load = load
        self._backoff = backoff
        self._max_connections = max_connections
        self._reader = TelegramReader(self.account, self.audience, clock)
        self._secret = webhook_secret
        self._url = f"{(public_url or '').rstrip('/')}/telegram/{self.account}"
        self._webhook: TelegramWebhook | None = None
        self._polling: TelegramPolling | None = None
        if webhook_secret is None:
            self._polling = TelegramPolling(
                self._api, self.account, self._take, poll_timeout=poll_timeout, backoff=backoff
            )
        elif not _SECRET.fullmatch(webhook_secret):
            raise ValueError("Telegram's webhook secret is 1 to 256 of A-Z a-z 0-9 _ -")
        elif not public_url:
            raise ValueError("Telegram's webhook needs the public URL of this server")
        else:
            self._webhook = TelegramWebhook(f"/telegram/{self.account}", webhook_secret, self._take)
        self._receive: Receive | None = None
        self._username: str | None = None
        self._stop = asyncio.Event()
        self._busy = 0
        self._idle = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._answers: set[asyncio.Task[None]] = set()
        self._progress: dict[tuple[str, OutboundMessage], int] = {}
        self._open(http, token)

    # ── the library's part ──────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def _open(self, http: HttpClient, token: str) -> None:
        """Make the library's bot, on `self._api`."""

    @abstractmethod
    async def _send_part(self, chat_id: int, part: Part) -> int:
        """Send one message and return its id. Raises `ApiRefusal` or `DeliveryError`, as do all below."""

    @abstractmethod
    async def _get_file(self, file_id: str) -> str | None:
        """The path of a file at the file server."""

    @abstractmethod
    async def _get_username(self) -> str | None: ...

    @abstractmethod
    async def _set_webhook(self, url: str, secret: str, max_connections: int) -> None:
        """Without dropping what is pending."""

    @abstractmethod
    async def _delete_webhook(self) -> None:
        """Without dropping what is pending."""

    @abstractmethod
    async def _answer_callback(self, query_id: str) -> None: ...

    # ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def routes(self) -> Sequence[BaseRoute]:
        return [self._webhook.route] if self._webhook else []

    async def start(self, receive: Receive) -> None:
        """Returns after the first attempt to reach Telegram; where that fails, it is tried again in the background,
        so that a platform that is away keeps nothing else from starting."""
        self._receive = receive
        self._stop = asyncio.Event()
        introduced = await self._introduce()
        self._runner = asyncio.create_task(self._run(introduced))

    async def stop(self) -> None:
        self._receive = None
        self._stop.set()
        if self._runner is not None:
            await self._runner
            self._runner = None
        while self._busy:
            self._idle.clear()
            await self._idle.wait()
        if self._answers:
            await asyncio.wait(self._answers, timeout=_GOODBYE)
        for task in tuple(self._answers):
            task.cancel()

    async def _run(self, introduced: bool) -> None:
        wait, longest = self._backoff
        while not introduced and not self._stop.is_set():
            await pause(wait * random.uniform(0.5, 1.0), self._stop)
            wait = min(wait * 2, longest)
            introduced = self._stop.is_set() or await self._introduce()
        while self._polling is not None and not self._stop.is_set():
            try:
                await self._polling.run(self._stop)
            except Exception as error:
                log.error("telegram.poll_broken account=%s error=%s", self.account, type(error).__name__)
                await pause(longest, self._stop)

    async def _introduce(self) -> bool:
        """Tell Telegram how we take updates, and ask what our name is there."""
        try:
            if self._secret is not None:
                await self._set_webhook(self._url, self._secret, self._max_connections)
            else:
                await self._delete_webhook()
            self._username = await self._get_username()
        except ApiRefusal as refusal:
            delivery_error(refusal)
            log.error("telegram.start_refused account=%s reason=%s", self.account, refusal)
            return False
        except DeliveryError as error:
            log.warning("telegram.start_failed account=%s reason=%s", self.account, error)
            return False
        except Exception as error:
            # A `result` that the library can't read.
            log.error("telegram.start_failed account=%s error=%s", self.account, type(error).__name__)
            return False
        return True

    async def _take(self, raw: Any) -> None:
        """Hand an update on; returns once it is durable. Raises `Malformed`, `NotReady`, and what `receive` raises."""
        receive = self._receive
        if receive is None:
            raise NotReady
        self._busy += 1
        try:
            message = self._reader.read(raw)
            if message is not None:
                await receive(message)
        finally:
            self._busy -= 1
            self._idle.set()
        query_id = callback_id_of(raw)
        if query_id is not None:
            self._in_background(self._answer(query_id))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, query_id: str) -> None:
        """Stop the button's spinner. It is a courtesy: a query older than a minute can't be answered any more."""
        try:
            await self._answer_callback(query_id)
        except Exception as error:
            log.debug("telegram.callback_unanswered account=%s error=%s", self.account, type(error).__name__)

    # ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def send(self, user_id: str, message: OutboundMessage) -> str:
        """See `Channel.send`. Of a notice that takes several messages and met trouble in between, the next attempt
        sends only the rest, as long as this process lives."""
        if not _CHAT.fullmatch(user_id):
            raise PermanentFailure("not a Telegram chat id")
        parts = plan(message, await self._files(message) if message.pictures else ())
        key = (user_id, message)
        sent = self._progress.pop(key, 0) if self._progress else 0
        last: int | None = None
        refused: PermanentFailure | None = None
        for part in parts[sent:]:
            try:
                last = await self._send_some_way(int(user_id), part)
            except PermanentFailure as error:
                if part.file is None:
                    raise
                refused = error
            except (TemporaryFailure, RateLimited):
                self._remember(key, sent)
                raise
            sent += 1
        if last is None:
            raise refused or PermanentFailure("nothing to send")
        return str(last)

    def _remember(self, key: tuple[str, OutboundMessage], sent: int) -> None:
        if sent and key[1].notice_id is not None:
            while len(self._progress) >= _REMEMBERED:
                del self._progress[next(iter(self._progress))]
            self._progress[key] = sent

    async def _files(self, message: OutboundMessage) -> list[File]:
        """The contents, all before anything is sent. A file that was erased by rule doesn't take the text with it."""
        files = []
        for picture in message.pictures:
            try:
                files.append(uploadable(picture, await self._load(picture.name)))
            except FileNotFoundError:
                log.warning("telegram.file_missing account=%s notice=%s", self.account, message.notice_id)
            except (OSError, StorageUnavailable) as error:
                raise TemporaryFailure(f"file: {type(error).__name__}") from None
        return files

    async def _send_some_way(self, chat_id: int, part: Part) -> int:
        if part.file is None:
            return await self._send_one(chat_id, part)
        *others, plainest = alternatives(part)
        for way in others:
            try:
                return await self._send_one(chat_id, way)
            except PermanentFailure as error:
                log.warning("telegram.file_refused account=%s reason=%s", self.account, error)
        return await self._send_one(chat_id, plainest)

    async def _send_one(self, chat_id: int, part: Part) -> int:
        try:
            return await self._send_part(chat_id, part)
        except ApiRefusal as refusal:
            raise delivery_error(refusal) from None
        except DeliveryError:
            raise
        except Exception as error:
            # An answer whose `result` the library can't read. Its exception quotes the message.
            raise TemporaryFailure(type(error).__name__) from None

    async def fetch(self, attachment: Attachment) -> bytes:
        if attachment.content is not None:
            return attachment.content
        limit = self.capabilities.attachment_limit
        if attachment.reference is None or (attachment.size or 0) > limit:
            raise AttachmentGone("no reference" if attachment.reference is None else f"larger than {limit} bytes")
        try:
            path = await self._get_file(attachment.reference)
        except ApiRefusal as refusal:
            # Telegram has one sentence for a wrong id and for a file server that is away; the latter passes.
            if refusal.status == 400 and "temporarily unavailable" not in refusal.description:
                raise AttachmentGone("getFile: status 400") from None
            raise TemporaryFailure(f"getFile: status {refusal.status}") from None
        except TemporaryFailure:
            raise
        except Exception as error:
            raise TemporaryFailure(f"getFile: {type(error).__name__}") from None
        if not path:
            raise AttachmentGone("getFile gave no path")
        return await self._api.download(path, limit)

    def link(self, payload: str) -> str | None:
        if self._username is None:
            return None
        return f"https://t.me/{self._username}?start={payload}" if payload else f"https://t.me/{self._username}"
