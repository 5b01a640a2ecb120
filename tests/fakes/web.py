"""A served web chat for tests: the real store in a folder, and a small stand-in for the dialogs behind it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
from starlette.applications import Starlette

from bot.channels.webchat import WebChat
from bot.channels.webchat_api import Limits
from bot.channels.webchat_session import COOKIES, new_token, user_id_of
from bot.mailbox import from_mailbox, numbered, put_in_mailbox
from bot.message import Button, InboundMessage, OutboundMessage
from bot.metrics import Metrics
from bot.pages.entrance import Entrance
from bot.server import build_app
from routing.case import StoredFile
from routing.code import Code, CodeKind, make_code
from routing.errors import StorageUnavailable
from routing.inbox import InboxRecord
from routing.invitations import invite
from routing.people import Address, Contact, Conversation, Member, Role
from routing.ports import Names, UnitOfWork
from routing.station import Deputy, Station
from storage.migrate import upgrade
from storage.sealer import AesSealer
from storage.store import Store

T = TypeVar("T")
NOTHING = Names()
PUBLIC_URL = "http://desk.test"
PLENTY = Limits(messages_per_minute=10_000, messages_per_minute_of_ip=10_000, sessions_per_minute_of_ip=10_000)


def open_store(folder: Path) -> Store:
    url = f"sqlite:///{folder}/test.db"
    upgrade(url)
    return Store(url, sealer=AesSealer("a secret for tests"), data_dir=folder)


@dataclass
class Echo:
    """Answers each message once, in the transaction that notes it, as Reception does."""

    store: Store
    messages: list[InboundMessage] = field(default_factory=list)
    buttons: tuple[Button, ...] = ()
    failure: Exception | None = None
    sealed: bool = False

    async def __call__(self, message: InboundMessage) -> Sequence[OutboundMessage]:
        if self.failure is not None:
            raise self.failure
        self.messages.append(message)
        return await self.store.writer.run(lambda uow: self._handle(uow, message))

    def _handle(self, uow: UnitOfWork, message: InboundMessage) -> list[OutboundMessage]:
        key = (message.channel, message.account, message.external_id)
        address = uow.contacts.address(message.channel, message.account, message.user_id)
        seen = uow.inbox.get(*key)
        if seen is not None and address is not None:
            again = [from_mailbox(uow, address, reply["seq"]) for reply in seen.replies]
            return [reply for reply in again if reply is not None]
        if address is None:
            address = add_person(uow, message.account, message.user_id)
        said = message.text or message.button or message.code or message.kind
        reply = OutboundMessage(f"收到：{said}", self.buttons, sealed=self.sealed)
        row = put_in_mailbox(uow, address, reply)
        uow.inbox.add(InboxRecord(*key, received_at=message.received_at, replies=[{"seq": row.seq}]))
        return [numbered(reply, row)]


def add_person(uow: UnitOfWork, account: str, user_id: str) -> Address:
    contact = Contact(created_at=uow.now)
    uow.contacts.add(contact)
    address = Address(contact.id, "webchat", account, user_id, uow.now)
    uow.contacts.add_address(address)
    uow.conversations.add(Conversation(address.id, contact.id, uow.now))
    return address


class Flaky:
    """A writer whose database can be taken away."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.away = 0

    async def run(self, fn: Callable[[UnitOfWork], T], names: Names = NOTHING) -> T:
        if self.away:
            self.away -= 1
            raise StorageUnavailable
        return await self._store.writer.run(fn, names)


@dataclass
class Town:
    """Two stations and what hangs on their walls."""

    station: str = field(default_factory=make_code)
    other: str = field(default_factory=make_code)
    deputy: str = field(default_factory=make_code)
    away: str = field(default_factory=make_code)
    left: str = field(default_factory=make_code)
    revoked: str = field(default_factory=make_code)
    stall: str = field(default_factory=make_code)
    invitation: str = ""

    def fill(self, uow: UnitOfWork) -> None:
        now = uow.now
        central = Station("XA", "云桥区中心联络站", tier="中心站", address="云桥区府前路 1 号")
        station = Station(
            "HP", "海珀社区联络站", parent_id=central.id, address="海珀社区邻里中心二楼", phone="0571-88880000",
            reception="每月 10 日、20 日 9:00–11:00",
        )  # fmt: skip
        deputy = Deputy(
            station.id, "086", "沈秋禾", "县人大代表", "实验小学教师", "每月 20 日 9:00–11:00", ["教育", "社区托管"]
        )
        substitute = Deputy(station.id, "087", "张立言", "县人大代表")
        away = Deputy(
            station.id, "088", "陆明远", "镇人大代表", substitute_id=substitute.id, status="away",
            away_until=datetime(2099, 11, 28, 16, tzinfo=UTC),
        )  # fmt: skip
        left = Deputy(station.id, "012", "顾安", "县人大代表", status="left")
        for one in (central, station):
            uow.stations.add(one)
        for profile in (deputy, substitute, away, left):
            uow.stations.add_deputy(profile)
        for code, kind, place, owner in (
            (self.deputy, CodeKind.DEPUTY, "菜场东门", deputy),
            (self.away, CodeKind.DEPUTY, "", away),
            (self.left, CodeKind.DEPUTY, "", left),
            (self.station, CodeKind.STATION, "", None),
            (self.stall, CodeKind.STALL, "幸福菜场 3 号摊", None),
        ):
            uow.codes.add(Code(code, kind, station.id, now, owner.id if owner else None, place))
        uow.codes.add(Code(self.other, CodeKind.STATION, central.id, now))
        uow.codes.add(
            Code(self.revoked, CodeKind.DEPUTY, station.id, now, deputy.id, revoked_at=now - timedelta(days=1))
        )
        member = Member(Role.STAFF, "王晓", now, station_id=station.id)
        uow.members.add(member)
        self.invitation = invite(uow, member).secret


@dataclass
class Web:
    """Everything under test. `client()` is a browser without cookies."""

    store: Store
    writer: Flaky
    town: Town
    echo: Echo
    citizen: WebChat
    desk: WebChat
    app: Starlette
    metrics: Metrics
    may_see: list[bool]

    def client(self, **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, **options)

    async def person(self, account: str = "citizen") -> tuple[str, str]:
        """A session that the store knows: (cookie's value, user id)."""
        token = new_token()
        user_id = user_id_of(token)
        await self.store.writer.run(lambda uow: add_person(uow, account, user_id))
        return token, user_id

    async def browser(self, account: str = "citizen", **options: Any) -> tuple[httpx.AsyncClient, str]:
        token, user_id = await self.person(account)
        return self.client(headers={"cookie": f"{COOKIES[account]}={token}"}, **options), user_id


@asynccontextmanager
async def web(
    folder: Path, *, limits: Limits = PLENTY, public_url: str = PUBLIC_URL, **page: Any
) -> AsyncIterator[Web]:
    """`page` goes to `Entrance`."""
    store = open_store(folder)
    writer, town = Flaky(store), Town()
    await store.writer.run(town.fill)
    allowed = [True]

    def may_see(uow: UnitOfWork, contact_id: int, file: StoredFile) -> bool:
        return allowed[0]

    def chat(account: Any) -> WebChat:
        return WebChat(
            account=account, writer=writer, reader=store.reader, files=store.files, may_see=may_see,
            clock=store.clock, public_url=public_url, limits=limits, poll_seconds=0.05, heartbeat_seconds=0.1,
        )  # fmt: skip

    async def database() -> str:
        await store.reader.run(lambda uow: uow.now)
        return "ok"

    citizen, desk, echo = chat("citizen"), chat("desk"), Echo(store)
    metrics = Metrics()
    entrance = Entrance(writer=writer, reader=store.reader, stations_for_seconds=0, **page)
    for channel in (citizen, desk):
        await channel.start(metrics.counting(echo))
    app = build_app(
        channels=[citizen, desk], pages=entrance, health={"database": database}, metrics=metrics, public_url=public_url
    )
    try:
        yield Web(store, writer, town, echo, citizen, desk, app, metrics, allowed)
    finally:
        await citizen.stop()
        await desk.stop()
        await store.aclose()
