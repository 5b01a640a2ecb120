"""The JSON under a chat page, the same for citizens and members."""

import asyncio
import functools
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from bot.channels.webchat_session import AUDIENCES, CHANNEL, COOKIES, Known, Sessions, new_token, set_cookie, user_id_of
from bot.channels.webchat_stream import PER_SESSION, Bells, events
from bot.channels.webchat_wire import Refusal, check_origin, message_json, read_json, read_said
from bot.limiter import Limiter, client_key
from bot.mailbox import open_mailbox_message
from bot.message import InboundMessage, OutboundMessage
from bot.pages import language
from bot.pages.site import words_of
from routing.case import StoredFile
from routing.errors import StorageUnavailable
from routing.inbox import MailboxMessage
from routing.people import Address
from routing.ports import Clock, FileStore, Reader, Sealer, UnitOfWork

PAGE = 200
_SHOWN_INLINE = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "audio/ogg", "audio/mpeg", "audio/mp4",
                           "audio/webm", "audio/wav", "audio/amr"})  # fmt: skip

_SLOT = re.compile(r"[A-Za-z0-9_-]{8}")

Handler = Callable[[Request], Awaitable[Response]]
Take = Callable[[InboundMessage], Awaitable[Sequence[OutboundMessage]]]
MaySee = Callable[[UnitOfWork, Address, StoredFile], bool]


@dataclass(frozen=True, slots=True)
class Limits:
    """How often one may knock: messages a minute by session and by network address, new sessions by address."""

    messages_per_minute: int = 60
    messages_per_minute_of_ip: int = 600
    sessions_per_minute_of_ip: int = 30


def new_slot() -> str:
    """Tells the desks of one browser apart; it is no secret."""
    return secrets.token_urlsafe(6)


def json_answer(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, {"Cache-Control": "no-store"}, "application/json")


def refuse(request: Request, refusal: Refusal) -> Response:
    """The answer to a request that is not taken, with a sentence for the person."""
    response = json_answer({"error": words_of(request).say(refusal.key)}, refusal.status)
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(int(refusal.retry_after) + 1)
    return response


def guarded(handler: Handler, answer: Callable[[Request, Refusal], Response] = refuse) -> Handler:
    """`handler`, with refusals and an absent database worded by `answer`."""

    @functools.wraps(handler)
    async def guarded_handler(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return answer(request, refusal)
        except StorageUnavailable:
            return answer(request, Refusal(503, "error.unavailable", retry_after=4))
        except ClientDisconnect:
            return Response(status_code=400)

    return guarded_handler


class ChatApi:
    """Handlers of one account. `take` hands a message to the dialogs and raises `StorageUnavailable` when it can't."""

    def __init__(
        self,
        *,
        account: str,
        sessions: Sessions,
        reader: Reader,
        files: FileStore,
        may_see: MaySee,
        take: Take,
        bells: Bells,
        clock: Clock,
        public_url: str,
        limits: Limits,
        poll_seconds: float,
        heartbeat_seconds: float,
    ) -> None:
        self.account = account
        self.sessions = sessions
        self.public_url = public_url
        self.secure = public_url.startswith("https:")
        self._reader = reader
        self._files = files
        self._may_see = may_see
        self._take = take
        self._bells = bells
        self._clock = clock
        self._by_session = Limiter(limits.messages_per_minute, 60)
        self._by_ip = Limiter(limits.messages_per_minute_of_ip, 60)
        self._new_by_ip = Limiter(limits.sessions_per_minute_of_ip, 60)
        self._poll_seconds = poll_seconds
        self._heartbeat_seconds = heartbeat_seconds

    def base(self, request: Request) -> str:
        """The path under which this session's JSON and cookie lie. Raises `Refusal` for one that we never gave out:
        it goes into a cookie's path and into the page."""
        slot = request.path_params.get("slot")
        if slot is None:
            return "/chat"
        if not _SLOT.fullmatch(slot):
            raise Refusal(404, "error.not_found")
        return f"/desk/{slot}"

    async def require(self, request: Request) -> Known:
        """Raises `Refusal` without a valid session."""
        known = await self.sessions.of_request(request)
        if known is None:
            raise Refusal(401, "error.unauthorised")
        return known

    def limit(self, limiter: Limiter, key: str) -> None:
        wait = limiter.hit(key)
        if wait is not None:
            raise Refusal(429, "error.too_many", retry_after=wait)

    async def open(self, request: Request) -> Response:
        """`POST /chat`: open a session with a code, or go on with the one there is."""
        check_origin(request, self.public_url)
        content = await read_json(request)
        code = content.get("code", "")
        if not isinstance(code, str) or len(code) > 200 or "\x00" in code:
            raise Refusal(400, "error.bad_request")
        known = await self.sessions.of_request(request)
        token = request.cookies[COOKIES[self.account]] if known is not None else ""
        if known is not None:
            self.limit(self._by_session, known.user_id)
        return await self.begin(request, code, token, self.base(request))

    async def begin(
        self, request: Request, code: str, token: str, base: str, answer: Response | None = None
    ) -> Response:
        """Hand `code` to the dialogs and give the browser its cookie. Without `token` a session is made: a token that
        the store doesn't know is never taken from a browser, so nobody can be given a session known to another."""
        if not token:
            self.limit(self._new_by_ip, client_key(request))
            token = new_token()
        user_id = user_id_of(token)
        message = self._inbound(request, user_id, f"start:{secrets.token_hex(8)}", kind="start", code=code)
        replies = await self._take(message)
        response = answer or json_answer({"messages": self._worded(replies, base)})
        set_cookie(response, self.account, token, base, secure=self.secure)
        self._bells.ring(user_id)
        return response

    async def say(self, request: Request) -> Response:
        """`POST …/messages`: one message. A repeat of its `id` is answered the same and does nothing."""
        check_origin(request, self.public_url)
        known = await self.require(request)
        base = self.base(request)
        self.limit(self._by_session, known.user_id)
        self.limit(self._by_ip, client_key(request))
        said = await read_said(request)
        message = self._inbound(
            request,
            known.user_id,
            f"said:{said.client_id}",
            kind=said.kind,
            text=said.text,
            button=said.button,
            location=said.location,
            attachments=said.attachments,
            reply_to=said.reply_to,
        )
        replies = await self._take(message)
        self._bells.ring(known.user_id)
        return json_answer({"messages": self._worded(replies, base)})

    def _inbound(self, request: Request, user_id: str, local_id: str, **content: Any) -> InboundMessage:
        wanted = language.chosen(request) or language.of_header(request.headers.get("accept-language", ""))
        return InboundMessage(
            channel=CHANNEL,
            account=self.account,
            audience=AUDIENCES[self.account],
            # A page makes up its own ids, so they are unique within a session only.
            external_id=f"{user_id[:32]}:{local_id}",
            user_id=user_id,
            received_at=self._clock(),
            language=language.HINTS[wanted] if wanted else None,
            **content,
        )

    def _worded(self, replies: Sequence[OutboundMessage], base: str) -> list[dict[str, Any]]:
        now = self._clock()
        return [message_json(reply, base, now) for reply in replies]

    async def since(self, request: Request) -> Response:
        """`GET …/messages?after=N`: what came since, at most 200; `after=-N` gives the last N."""
        known = await self.require(request)
        messages = await self._messages(known, _after(request.query_params.get("after", "0")), self.base(request))
        return json_answer({"messages": messages, "more": len(messages) == PAGE})

    async def stream(self, request: Request) -> Response:
        """`GET …/stream?after=N`: the same as server-sent events, going on where `Last-Event-ID` says."""
        known = await self.require(request)
        if self._bells.count(known.user_id) >= PER_SESSION:
            raise Refusal(429, "error.too_many", retry_after=10)
        after = _after(request.query_params.get("after", "0"))
        if resumed := request.headers.get("last-event-id"):
            after = _after(resumed)
        base = self.base(request)

        async def fetch(seq: int) -> list[dict[str, Any]]:
            return await self._messages(known, seq, base)

        async def body() -> AsyncIterator[bytes]:
            try:
                async for event in events(
                    self._bells,
                    known.user_id,
                    after,
                    fetch,
                    poll_seconds=self._poll_seconds,
                    heartbeat_seconds=self._heartbeat_seconds,
                ):
                    yield event
            except StorageUnavailable:
                return

        headers = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
        return StreamingResponse(body(), media_type="text/event-stream", headers=headers)

    async def _messages(self, known: Known, after: int, base: str) -> list[dict[str, Any]]:
        def read(uow: UnitOfWork) -> list[tuple[OutboundMessage, datetime]]:
            start = after
            if after < 0:
                address = uow.contacts.address_by_id(known.address_id)
                start = max(0, address.next_seq - 1 + after) if address else 0
            rows = uow.mailbox.after(known.address_id, start, PAGE)
            return [(_opened(row, uow.sealer), row.created_at) for row in rows]

        return [message_json(message, base, at) for message, at in await self._reader.run(read)]

    async def leave(self, request: Request) -> Response:
        """`POST …/leave`: take the cookie from this browser. What was said stays."""
        check_origin(request, self.public_url)
        await read_json(request)
        response = json_answer({"ok": True})
        response.delete_cookie(
            COOKIES[self.account], path=self.base(request), secure=self.secure, httponly=True, samesite="lax"
        )
        return response

    async def file(self, request: Request) -> Response:
        """`GET …/files/{name}`: a stored file, for whoever may see what it belongs to; else as if there were none."""
        known = await self.require(request)
        name = request.path_params["name"]

        def find(uow: UnitOfWork) -> StoredFile | None:
            file = uow.files.by_name(name)
            # Whose chat it is may have changed since the session was found.
            address = uow.contacts.address_by_id(known.address_id)
            if file is None or file.state != "stored" or address is None or not self._may_see(uow, address, file):
                return None
            return file

        file = await self._reader.run(find)
        if file is None:
            raise Refusal(404, "error.not_found")
        try:
            content = await asyncio.to_thread(self._files.read, name)
        except FileNotFoundError:
            raise Refusal(404, "error.not_found") from None
        inline = file.mime in _SHOWN_INLINE
        headers = {
            "Content-Disposition": f'{"inline" if inline else "attachment"}; filename="{name}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, no-store",
        }
        media_type = file.mime if inline else "application/octet-stream"
        return Response(content, headers=headers, media_type=media_type)


def _opened(row: MailboxMessage, sealer: Sealer) -> OutboundMessage:
    try:
        return open_mailbox_message(row, sealer)
    except ValueError:
        # One message that can't be opened (another key) must not hide the others.
        return OutboundMessage("……", seq=row.seq)


def _after(value: str) -> int:
    if not value.removeprefix("-").isdecimal() or len(value) > 12:
        raise Refusal(400, "error.bad_request")
    return max(int(value), -PAGE)
