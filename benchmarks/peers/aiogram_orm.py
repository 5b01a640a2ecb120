"""Peer (a): aiogram with SQLAlchemy's async ORM on SQLite, one transaction an update.

As a good programmer would write it after the two libraries' manuals: a middleware that opens a session, handlers that
work on mapped objects, the webhook behind aiohttp. It is kinder to itself than most: WAL, a long busy time-out, one
writer at a time by a lock (SQLite has no more, and sessions that wait for each other in SQLite's own way were slower
here), replies after the commit, and an answer to the webhook only then. It writes the same rows as ours, and neither
classifies nor looks for danger.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message, TelegramObject, Update
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web
from sqlalchemy import JSON, ForeignKey, UniqueConstraint, event, select
from sqlalchemy.ext.asyncio import AsyncAttrs, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from benchmarks.conversation import SECRET, SUBMIT, TOKEN
from benchmarks.peers.words import COLLECTED, GREETING, NOTICE, RECEIPT


def now() -> datetime:
    return datetime.now(UTC)


class Base(AsyncAttrs, DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 - SQLAlchemy's


class Code(Base):
    __tablename__ = "codes"
    code: Mapped[str] = mapped_column(primary_key=True)
    deputy: Mapped[str]
    station: Mapped[str]


class Incoming(Base):
    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("update_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    update_id: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(default=now)
    state: Mapped[str] = mapped_column(default="handled")


class Contact(Base):
    __tablename__ = "contacts"
    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    language: Mapped[str] = mapped_column(default="zh_CN")
    notice_at: Mapped[datetime | None]


class Address(Base):
    __tablename__ = "addresses"
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    chat_id: Mapped[int] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    contact: Mapped[Contact] = relationship(lazy="joined")


class Conversation(Base):
    __tablename__ = "conversations"
    id: Mapped[int] = mapped_column(primary_key=True)
    address_id: Mapped[int] = mapped_column(ForeignKey("addresses.id"), unique=True)
    state: Mapped[str] = mapped_column(default="idle")
    code: Mapped[str | None]
    draft_id: Mapped[int | None]
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    address: Mapped[Address] = relationship(lazy="joined")


class Scan(Base):
    __tablename__ = "scans"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(ForeignKey("codes.code"), index=True)
    at: Mapped[datetime] = mapped_column(default=now)


class Submission(Base):
    __tablename__ = "submissions"
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    submitted_at: Mapped[datetime | None]
    parts: Mapped[list["Part"]] = relationship(back_populates="submission")


class Part(Base):
    __tablename__ = "submission_parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), index=True)
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    submission: Mapped[Submission] = relationship(back_populates="parts")


class Case(Base):
    __tablename__ = "cases"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    reporter_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    code: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="received", index=True)
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)


class CaseEvent(Base):
    __tablename__ = "case_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    data: Mapped[dict[str, Any]]
    case: Mapped[Case] = relationship()


class FollowUp(Base):
    __tablename__ = "follow_ups"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    due_at: Mapped[datetime] = mapped_column(index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submissions.id"), index=True)
    state: Mapped[str] = mapped_column(default="pending")


class Button(Base):
    __tablename__ = "buttons"
    token: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    action: Mapped[str]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))


class Notice(Base):
    """What was or must be told: written with the message that caused it, marked once it was sent."""

    __tablename__ = "notices"
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    text: Mapped[str]
    buttons: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(default="pending", index=True)
    sent_at: Mapped[datetime | None]
    message_id: Mapped[int | None]


class Counter(Base):
    __tablename__ = "case_counters"
    day: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


class Desk:
    """What a handler is given: the session of its update, and the replies that go out once that is committed."""

    def __init__(self, session: AsyncSession, conversation: Conversation) -> None:
        self.session = session
        self.conversation = conversation
        self.notices: list[Notice] = []

    @property
    def contact(self) -> Contact:
        return self.conversation.address.contact

    def say(self, text: str, *buttons: tuple[str, str], case: Case | None = None) -> None:
        keyboard = []
        for label, action in buttons:
            token = token_urlsafe(16)
            case_id = case.id if case else None
            self.session.add(Button(token=token, contact_id=self.contact.id, action=action, case_id=case_id))
            keyboard.append([label, token])
        notice = Notice(contact_id=self.contact.id, text=text, buttons=keyboard)
        self.session.add(notice)
        self.notices.append(notice)


class Transaction:
    """One transaction an update, then the replies, then their marks in a second one."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions
        self._writing = asyncio.Lock()

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        assert isinstance(event, Update)
        if event.message is None or event.message.from_user is None:
            return None
        async with self._writing, self._sessions() as session, session.begin():
            if await session.scalar(select(Incoming.id).where(Incoming.update_id == event.update_id)):
                return None
            session.add(Incoming(update_id=event.update_id))
            desk = data["desk"] = Desk(session, await self._conversation(session, event.message.chat.id))
            await handler(event, data)
        bot: Bot = data["bot"]
        for notice in desk.notices:
            rows = [[InlineKeyboardButton(text=label, callback_data=token)] for label, token in notice.buttons]
            markup = InlineKeyboardMarkup(inline_keyboard=rows) if rows else None
            sent = await bot.send_message(event.message.chat.id, notice.text, reply_markup=markup)
            notice.message_id, notice.sent_at, notice.state = sent.message_id, now(), "sent"
        async with self._writing, self._sessions() as session, session.begin():
            for notice in desk.notices:
                await session.merge(notice)
        return None

    async def _conversation(self, session: AsyncSession, chat_id: int) -> Conversation:
        found = await session.scalar(select(Conversation).join(Address).where(Address.chat_id == chat_id))
        if found is not None:
            return found
        address = Address(chat_id=chat_id, contact=Contact())
        conversation = Conversation(address=address)
        session.add(conversation)
        await session.flush()
        return conversation


dispatcher = Dispatcher()


@dispatcher.message(CommandStart(deep_link=True))
async def scanned(message: Message, command: CommandObject, desk: Desk) -> None:
    code = await desk.session.get(Code, command.args)
    if code is None:
        desk.say("没有这个码。")
        return
    desk.session.add(Scan(code=code.code))
    desk.conversation.code = code.code
    desk.say(GREETING.format(station=code.station, deputy=code.deputy))
    if desk.contact.notice_at is None:
        desk.contact.notice_at = now()
        desk.say(NOTICE.format(station=code.station))


@dispatcher.message(F.text == SUBMIT)
async def submitted(message: Message, desk: Desk) -> None:
    session, conversation = desk.session, desk.conversation
    draft = await session.get(Submission, conversation.draft_id) if conversation.draft_id else None
    if draft is None:
        desk.say("还没有收到内容。")
        return
    day = now().strftime("%y%m%d")
    counter = await session.get(Counter, day)
    if counter is None:
        counter = Counter(day=day, last=0)
        session.add(counter)
    counter.last += 1
    case = Case(number=f"HB-{day}-{counter.last:03}", reporter_id=desk.contact.id, code=conversation.code)
    session.add(case)
    await session.flush()
    draft.case_id, draft.submitted_at = case.id, now()
    session.add(CaseEvent(case_id=case.id, kind="received", data={"submission": draft.id}))
    for waiting in await session.scalars(select(FollowUp).where(FollowUp.submission_id == draft.id)):
        waiting.state = "cancelled"
    for kind, hours in (("deputy_silent", 24), ("staff_silent", 8), ("no_news", 72)):
        session.add(FollowUp(kind=kind, due_at=now() + timedelta(hours=hours), case_id=case.id))
    conversation.state, conversation.draft_id = "idle", None
    desk.say(RECEIPT.format(number=case.number), ("对的", "right"), ("不对", "wrong"), case=case)


@dispatcher.message(F.text)
async def told(message: Message, desk: Desk) -> None:
    session, conversation = desk.session, desk.conversation
    draft = await session.get(Submission, conversation.draft_id) if conversation.draft_id else None
    if draft is None:
        draft = Submission(contact_id=desk.contact.id)
        session.add(draft)
        await session.flush()
        due = now() + timedelta(minutes=10)
        session.add(FollowUp(kind="submit_draft", due_at=due, submission_id=draft.id))
        conversation.draft_id = draft.id
    session.add(Part(submission_id=draft.id, text=message.text or ""))
    conversation.state = "collecting"
    desk.say(COLLECTED, ("提交", "submit"), ("不要了", "discard"))


async def health(_: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()

    engine = create_async_engine(f"sqlite+aiosqlite:///{arguments.folder / 'peer.db'}", connect_args={"timeout": 30})

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with sessions() as session, session.begin():
        session.add(Code(code="BENCHMARK1", deputy="086 林秋", station="海珀社区代表联络站"))

    dispatcher.update.outer_middleware(Transaction(sessions))
    bot = Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(arguments.api)))
    app = web.Application()
    app.router.add_get("/health", health)
    SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token=SECRET).register(app, "/webhook")
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", arguments.port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
