"""The web chat: our own page and our own JSON, for citizens at `/chat` and for invited members at `/desk/<slot>`.

It is passive: replies go back in the answer to the message. What comes later is put into the mailbox of the address
and fetched by the page, live or when it is opened again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channel import AttachmentGone, Capabilities, Receive, RecipientBlocked, TemporaryFailure
from bot.channels.webchat_api import ChatApi, Limits, MaySee, guarded
from bot.channels.webchat_join import Join, sorry_page
from bot.channels.webchat_session import AUDIENCES, CHANNEL, Sessions
from bot.channels.webchat_stream import Bells
from bot.mailbox import put_in_mailbox
from bot.message import Attachment, Audience, InboundMessage, OutboundMessage
from bot.pages.site import chat_page
from bot.text import split
from routing.errors import StorageUnavailable
from routing.ports import Clock, FileStore, Names, Reader, UnitOfWork, Writer

TEXT_LIMIT = 20_000


class WebChat:
    """`bot.channel.Channel` for one of the accounts "citizen" and "desk".

    `may_see(uow, address, file)` decides who gets a stored file. `poll_seconds` is how often an open stream looks
    into the mailbox without being woken: a few seconds where several processes serve one database.
    """

    def __init__(
        self,
        *,
        account: Literal["citizen", "desk"],
        writer: Writer,
        reader: Reader,
        files: FileStore,
        may_see: MaySee,
        clock: Clock,
        public_url: str,
        limits: Limits | None = None,
        poll_seconds: float = 5.0,
        heartbeat_seconds: float = 15.0,
    ) -> None:
        self._account = account
        self._writer = writer
        self._public_url = public_url.rstrip("/")
        self._receive: Receive | None = None
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._bells = Bells()
        self._api = ChatApi(
            account=account,
            sessions=Sessions(reader, account),
            reader=reader,
            files=files,
            may_see=may_see,
            take=self._take,
            bells=self._bells,
            clock=clock,
            public_url=self._public_url,
            limits=limits or Limits(),
            poll_seconds=poll_seconds,
            heartbeat_seconds=heartbeat_seconds,
        )
        self._join = Join(self._api, reader)

    @property
    def name(self) -> str:
        return CHANNEL

    @property
    def account(self) -> str:
        return self._account

    @property
    def audience(self) -> Audience:
        return AUDIENCES[self._account]

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(text_limit=TEXT_LIMIT, passive=True, redelivers=True, per_second=1000.0)

    def routes(self) -> Sequence[BaseRoute]:
        api, name = self._api, f"webchat {self._account}"
        base = "/chat" if self._account == "citizen" else "/desk/{slot}"
        routes = [
            Route(f"{base}/messages", guarded(api.since), methods=["GET"], name=f"{name} messages"),
            Route(f"{base}/messages", guarded(api.say), methods=["POST"], name=f"{name} say"),
            Route(f"{base}/stream", guarded(api.stream), methods=["GET"], name=f"{name} stream"),
            Route(f"{base}/files/{{name}}", guarded(api.file), methods=["GET"], name=f"{name} file"),
            Route(f"{base}/leave", guarded(api.leave), methods=["POST"], name=f"{name} leave"),
        ]
        if self._account == "citizen":
            routes += [
                Route("/chat", _citizen_page, methods=["GET"], name=f"{name} page"),
                Route("/chat", guarded(api.open), methods=["POST"], name=f"{name} open"),
            ]
        else:
            routes += [
                Route("/desk/{slot}", guarded(self._join.desk, sorry_page), methods=["GET"], name=f"{name} page"),
                Route("/join/{secret}", guarded(self._join.show, sorry_page), methods=["GET"], name=f"{name} offer"),
                Route("/join/{secret}", guarded(self._join.take, sorry_page), methods=["POST"], name=f"{name} join"),
            ]
        return routes

    async def start(self, receive: Receive) -> None:
        self._bells.open()
        self._receive = receive

    async def stop(self) -> None:
        self._receive = None
        self.close_streams()
        await self._idle.wait()

    def close_streams(self) -> None:
        """End the live connections, which would hold up a server that waits for its connections to close."""
        self._bells.close()

    async def _take(self, message: InboundMessage) -> Sequence[OutboundMessage]:
        if self._receive is None:
            raise StorageUnavailable
        self._under_way += 1
        self._idle.clear()
        try:
            return await self._receive(message)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def send(self, user_id: str, message: OutboundMessage) -> str:
        """Put a message into the mailbox and wake the pages that show it."""

        def put(uow: UnitOfWork) -> int | None:
            address = uow.contacts.address(CHANNEL, self._account, user_id)
            if address is None or address.state != "active":
                return None
            *before, end = split(message.text, TEXT_LIMIT)
            if message.notice_id is None or uow.mailbox.of_notice(address.id, message.notice_id) is None:
                for piece in before:
                    put_in_mailbox(uow, address, replace(message, text=piece, buttons=(), pictures=(), notice_id=None))
            return put_in_mailbox(uow, address, replace(message, text=end)).seq

        try:
            seq = await self._writer.run(put, Names(address_key=(CHANNEL, self._account, user_id)))
        except StorageUnavailable:
            raise TemporaryFailure("the database is away") from None
        if seq is None:
            raise RecipientBlocked("this session is gone")
        self._bells.ring(user_id)
        return str(seq)

    async def fetch(self, attachment: Attachment) -> bytes:
        """Files come with their message; nothing is left to be fetched."""
        if attachment.content is None:
            raise AttachmentGone
        return attachment.content

    def link(self, payload: str) -> str | None:
        """Where a code (citizens) or an invitation (members, "join_…") is opened."""
        if self._account == "citizen":
            return f"{self._public_url}/c/{payload}"
        return f"{self._public_url}/join/{payload.removeprefix('join_')}"


async def _citizen_page(request: Request) -> Response:
    return chat_page(request, base="/chat", desk=False, code=request.query_params.get("code", "")[:64])
