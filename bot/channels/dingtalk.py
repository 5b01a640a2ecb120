"""The work robot on DingTalk (钉钉), for deputies, officers and staff: stream mode in, the robot API out.

Only private chats are served. Somebody becomes a member by typing the code of an invitation there; a robot's chat has
no address that could carry one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from weakref import WeakValueDictionary

from starlette.routing import BaseRoute

from bot.channel import (
    AttachmentGone,
    PermanentFailure,
    RateLimited,
    Receive,
    TemporaryFailure,
)
from bot.channels.dingtalk_api import DingTalkApi
from bot.channels.dingtalk_errors import ApiRefusal, delivery_error
from bot.channels.dingtalk_gateway import Gateway
from bot.channels.dingtalk_parsing import STAFF_ID, DingTalkReader, Malformed, Outsider
from bot.channels.dingtalk_sending import CAPABILITIES, File, Part, media_template, plan, template, uploadable
from bot.channels.dingtalk_session import SessionWebhooks
from bot.channels.dingtalk_thread import NotTaken, StreamThread
from bot.message import Attachment, Audience, OutboundMessage
from routing.errors import StorageUnavailable
from routing.ports import Clock

log = logging.getLogger(__name__)

_REMEMBERED = 1000


class DingTalk:
    """One app's robot.

    `api` speaks to DingTalk and has its tokens. `load` gives the content of a stored file by its name and raises
    `FileNotFoundError`. `backoff` is the first and longest wait in seconds between two tries to connect.
    """

    name = "dingtalk"
    account = "desk"
    audience: Audience = "work"
    capabilities = CAPABILITIES

    def __init__(
        self,
        *,
        api: DingTalkApi,
        clock: Clock,
        load: Callable[[str], Awaitable[bytes]],
        backoff: tuple[float, float] = (1.0, 60.0),
    ) -> None:
        self._api = api
        self._load = load
        self._gateway = Gateway(api, backoff)
        self._reader = DingTalkReader(self.account, clock)
        self._sessions = SessionWebhooks(api.base, clock)
        self._receive: Receive | None = None
        self._thread: StreamThread | None = None
        self._busy = 0
        self._idle = asyncio.Event()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._progress: dict[tuple[str, OutboundMessage], int] = {}

    # ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def routes(self) -> Sequence[BaseRoute]:
        return ()

    async def start(self, receive: Receive) -> None:
        """Returns after the first attempt to reach DingTalk; where that fails, it is tried again in the background."""
        self._receive = receive
        self._gateway.open()
        self._thread = StreamThread(self._take, self._gateway.connect)
        self._thread.start()
        await self._gateway.tried.wait()

    @property
    def state(self) -> str:
        """For `/health`: whether DingTalk lets us in."""
        return self._gateway.state

    async def stop(self) -> None:
        self._receive = None
        self._gateway.close()
        while self._busy:
            self._idle.clear()
            await self._idle.wait()
        if self._thread is not None:
            await self._thread.stop()
            self._thread = None

    async def _take(self, raw: Any) -> bool:
        """Hand a message on; returns once it is durable, False for what is no message. Raises what keeps it from that:
        then it is not acknowledged, and DingTalk sends it again."""
        receive = self._receive
        if receive is None:
            raise NotTaken
        self._busy += 1
        try:
            message = self._reader.read(raw)
            self._sessions.keep(message.user_id, raw)
            # One person's messages in their order: a photo takes longer than the words behind it.
            async with self._turns.setdefault(message.user_id, asyncio.Lock()):
                await receive(message)
        except Malformed as error:
            log.error("dingtalk.rejected reason=shape field=%s", error)
            return False
        except Outsider:
            log.warning("dingtalk.ignored reason=no_staff_id: not of this organisation, or the app is not published")
        except StorageUnavailable:
            log.warning("dingtalk.not_taken reason=StorageUnavailable")
            raise
        except Exception as error:
            # Only the type: the text of an unforeseen exception may quote the message.
            log.error("dingtalk.receive_failed error=%s", type(error).__name__)
            raise
        finally:
            self._busy -= 1
            self._idle.set()
        return True

    # ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def send(self, user_id: str, message: OutboundMessage) -> str:
        """See `Channel.send`. Of a notice that takes several messages and met trouble in between, the next attempt
        sends only the rest, as long as this process lives. What went by a session webhook has no id: ""."""
        if not STAFF_ID.fullmatch(user_id):
            raise PermanentFailure("not a DingTalk staff id")
        parts = plan(message, await self._files(message) if message.pictures else ())
        key = (user_id, message)
        sent = self._progress.pop(key, 0) if self._progress else 0
        last: str | None = None
        for part in parts[sent:]:
            try:
                last = await self._send_part(user_id, part, quotable=message.case_id is not None)
            except PermanentFailure as error:
                if part.file is None:
                    raise
                # The text must arrive all the same.
                log.warning("dingtalk.file_refused reason=%s", error)
            except (TemporaryFailure, RateLimited):
                self._remember(key, sent)
                raise
            sent += 1
        if last is None:
            raise PermanentFailure("nothing to send")
        return last

    def _remember(self, key: tuple[str, OutboundMessage], sent: int) -> None:
        if sent and key[1].notice_id is not None:
            while len(self._progress) >= _REMEMBERED:
                del self._progress[next(iter(self._progress))]
            self._progress[key] = sent

    async def _send_part(self, user_id: str, part: Part, *, quotable: bool) -> str:
        url = self._sessions.of(user_id, part, quotable=quotable)
        try:
            if url is not None:
                try:
                    await self._api.webhook(url, {"msgtype": "text", "text": {"content": part.text}})
                    return ""
                except ApiRefusal as refusal:
                    log.info("dingtalk.session_refused code=%s", refusal.code)
                    self._sessions.forget(user_id)
            if part.file is not None:
                media_id = await self._api.upload(part.file.media, part.file.name, part.file.content)
                key, params = media_template(part.file, media_id)
            else:
                key, params = template(part)
            return await self._api.send(user_id, key, params)
        except ApiRefusal as refusal:
            raise delivery_error(refusal) from None

    async def _files(self, message: OutboundMessage) -> list[File]:
        """The contents, all before anything is sent. A file that was erased by rule doesn't take the text with it."""
        files = []
        for picture in message.pictures:
            try:
                files.append(uploadable(picture, await self._load(picture.name)))
            except FileNotFoundError:
                log.warning("dingtalk.file_missing notice=%s", message.notice_id)
            except (OSError, StorageUnavailable) as error:
                raise TemporaryFailure(f"file: {type(error).__name__}") from None
        return files

    async def fetch(self, attachment: Attachment) -> bytes:
        if attachment.content is not None:
            return attachment.content
        if attachment.reference is None:
            raise AttachmentGone("no reference")
        try:
            return await self._api.download(attachment.reference, self.capabilities.attachment_limit)
        except ApiRefusal as refusal:
            raise TemporaryFailure(str(refusal)) from None

    def link(self, payload: str) -> str | None:
        """A robot's chat opens with nothing in it: an invitation's code is typed."""
        return None
