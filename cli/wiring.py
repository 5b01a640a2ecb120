"""Settings → objects. The only place where `bot`, `storage`, `routing` and `nlp` meet."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from bot.channels.webchat import WebChat
from bot.delivery import Delivery
from bot.media import MediaFetcher
from bot.metrics import Metrics
from bot.reception import Reception
from bot.registry import Channels
from bot.wording import Wording
from cli.night import train_by_night
from cli.platforms import dingtalk, wechat, wechat_codes, wecom
from cli.settings import Settings
from nlp.classify import Classifier
from nlp.taxonomy import load_taxonomy
from routing.errors import StorageUnavailable
from routing.hot import HotBoard, HotTick
from routing.night import ModelWatch, NightTraining
from routing.permissions import may_see_file
from routing.ports import Clock
from routing.repeats import RepeatIndex, RepeatsTick
from routing.retention import Housekeeper
from routing.schedule import FollowUps, Ticker
from routing.suggestion import Understanding
from storage.clamd import Clamd
from storage.engine import sqlite_path
from storage.migrate import upgrade
from storage.sealer import AesSealer
from storage.spool import Spool
from storage.store import Store, system_clock
from storage.vitals import Vitals

if TYPE_CHECKING:
    from bot.channel import Channel
    from bot.channels.late import LateChannel
    from bot.channels.wechat_codes import WeChatCodes
    from bot.http import HttpClient
    from bot.message import Audience
    from routing.ports import UnitOfWork

log = structlog.get_logger(__name__)


def open_store(settings: Settings, *, clock: Clock = system_clock, serving: bool = False) -> Store:
    """The database and files of the settings, brought to the newest tables."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    sealer = AesSealer(settings.key, settings.older_keys)
    store = Store(
        settings.database, clock=clock, sealer=sealer, data_dir=settings.data_dir, serving=serving,
        scanner=scanner_of(settings),
    )  # fmt: skip
    try:
        upgrade(settings.database)
        if store.alone:
            # What a process had leased when it was killed need not wait for the lease to run out.
            with store.transaction() as uow:
                uow.notices.release()
    except BaseException:
        store.close()
        raise
    return store


def token_troubles(uow: "UnitOfWork") -> dict[str, int]:
    """1 for each channel whose access token somebody must look into, 0 for the others that have one."""
    tokens = uow.tokens.all()
    return {channel: any(t.trouble for t in tokens if t.channel == channel) for channel in {t.channel for t in tokens}}


def scanner_of(settings: Settings) -> Clamd | None:
    """The virus scanner of the settings, if there is one."""
    return Clamd(settings.clamd_address) if settings.clamd_address else None


def make_understanding() -> Understanding:
    """Load the taxonomy and jieba's dictionary (half a second)."""
    return Understanding(Classifier(load_taxonomy()))


@dataclass(slots=True)
class Desk:
    """Everything that runs, put together."""

    settings: Settings
    store: Store
    understanding: Understanding
    wording: Wording
    channels: Channels
    reception: Reception
    delivery: Delivery
    follow_ups: FollowUps
    media: MediaFetcher
    metrics: Metrics
    http: "HttpClient"
    webchats: tuple[WebChat, ...]
    late: "tuple[LateChannel, ...]"
    codes: "WeChatCodes | None"
    ticker: Ticker
    spool: Spool
    housekeeper: Housekeeper
    vitals: Vitals
    models: ModelWatch
    night: NightTraining | None
    repeats: RepeatsTick
    hot: HotTick
    _sender: "asyncio.Task[None] | None" = None

    async def start(self) -> None:
        """Take messages in, send notices out, and tick. `ready` waits for the channels that are still being loaded."""
        for channel in self.channels:
            await channel.start(self.metrics.counting(self.reception.receive))
        self._sender = asyncio.create_task(self.delivery.run(), name="delivery")
        # A database that does not answer just now is no reason not to start: the next tick comes in seconds.
        with contextlib.suppress(StorageUnavailable):
            await self.models.look()
            await self.follow_ups.run_due()
        self.ticker.every(5, self.follow_ups.run_due, "follow_ups")
        self.ticker.every(30, self.media.fetch_pending, "media")
        self.ticker.every(3600, self.housekeeper.tidy, "housekeeping")
        self.ticker.every(5, self.reception.drain_spool, "spool")
        self.ticker.every(1, self._wake_delivery, "deliver")
        self.ticker.every(5, self.vitals.check, "vitals")
        self.ticker.every(30, self.models.look, "models")
        if self.night is not None:
            self.ticker.every(60, self.night.look, "night_training")
        if self.codes is not None:
            self.ticker.every(300, self.codes.keep_up, "wechat_codes")
        self.ticker.every(1, self.repeats.run, "repeats")
        self.ticker.every(60, self.hot.run, "hot")
        self.ticker.start()

    async def ready(self) -> None:
        """Wait until every channel takes messages in. Raises what keeps one from it."""
        for channel in self.late:
            await channel.ready()

    async def _wake_delivery(self) -> None:
        self.delivery.wake()

    def close_streams(self) -> None:
        """End the live streams of web chats, which never end by themselves."""
        for chat in self.webchats:
            chat.close_streams()

    async def stop(self) -> None:
        """Finish what is under way, then close. What was not sent stands in the outbox."""
        self.ticker.stop()
        for channel in self.channels:
            await channel.stop()
        self.delivery.stop()
        if self._sender is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender
        await self.http.close()
        await self.store.aclose()


def build_desk(
    settings: Settings,
    store: Store,
    understanding: Understanding,
    *,
    extra_channels: Sequence["Channel"] = (),
) -> Desk:
    """Wire the desk for an open store. Must be called inside the running event loop."""
    from bot.http import HttpClient

    channels = Channels()
    wording = Wording()
    http = HttpClient()
    delivery = Delivery(store.writer, channels, understanding, wording, store.clock)
    spool = Spool(settings.data_dir / "spool", settings.key, settings.older_keys)
    index, board = RepeatIndex(), HotBoard()
    reception = Reception(
        store.writer,
        store.files,
        channels,
        understanding,
        wording,
        wake_delivery=delivery.wake,
        delivery=delivery,
        spool=spool,
        repeats=index,
        hot=board,
    )
    webchats = tuple(
        WebChat(
            account=account, writer=store.writer, reader=store.reader, files=store.files, may_see=may_see_file,
            clock=store.clock, public_url=settings.url,
        )
        for account in ("citizen", "desk")
    )  # fmt: skip
    late = (*_telegram(settings, store, http), *dingtalk(settings, store, http))
    called = (*wechat(settings, store, http, wording), *wecom(settings, store, http))
    every: list[Channel] = [*webchats, *late, *called, *extra_channels]
    for channel in every:
        channels.add(channel)
    database = sqlite_path(settings.database)
    folders = {settings.data_dir, *([database.parent] if database is not None else ())}
    vitals = Vitals(store.writer.counters, folders, scanner_of(settings))
    return Desk(
        settings=settings, store=store, understanding=understanding, wording=wording, channels=channels,
        reception=reception, delivery=delivery,
        follow_ups=FollowUps(store.writer, understanding, delivery.wake),
        media=MediaFetcher(store.writer, store.files, channels),
        metrics=Metrics(
            notices=lambda: store.reader.run(lambda uow: uow.notices.counts()),
            troubles=lambda: vitals.troubles,
            tokens=lambda: store.reader.run(token_troubles),
        ),
        http=http, webchats=webchats, late=late, codes=wechat_codes(settings, store, http),
        ticker=Ticker(), spool=spool,
        housekeeper=Housekeeper(store.writer, store.files, understanding), vitals=vitals,
        models=ModelWatch(store.reader, understanding),
        night=NightTraining(store.writer, store.clock, train_by_night) if settings.night_training else None,
        repeats=RepeatsTick(index, store.reader, store.writer, delivery.wake),
        hot=HotTick(board, store.reader, understanding),
    )  # fmt: skip


def _telegram(settings: Settings, store: Store, http: "HttpClient") -> "tuple[LateChannel, ...]":
    """The configured Telegram bots. Their libraries are imported when the desk starts, and only then."""
    citizen_token = settings.telegram_citizen_token.get_secret_value()
    desk_token = settings.telegram_desk_token.get_secret_value()
    if not citizen_token and not desk_token:
        return ()
    log.warning("telegram_is_abroad", advice="no personal data of a real station may go there (PIPL Art. 36)")
    from bot.channels.late import LateChannel
    from bot.channels.telegram_channel import TelegramChannel

    async def file(name: str) -> bytes:
        return await asyncio.to_thread(store.files.read, name)

    secret = settings.telegram_webhook_secret.get_secret_value() or None
    options: dict[str, Any] = {
        "http": http, "clock": store.clock, "load": file, "api_base": settings.telegram_api_base,
        "webhook_secret": secret, "public_url": settings.public_url or None,
    }  # fmt: skip

    def citizen() -> "Channel":
        from bot.channels.telegram_citizen import TelegramCitizen

        return TelegramCitizen(token=citizen_token, **options)

    def desk() -> "Channel":
        from bot.channels.telegram_desk import TelegramDesk

        return TelegramDesk(token=desk_token, **options)

    def late(account: str, audience: "Audience", load: "Callable[[], Channel]") -> LateChannel:
        paths = [f"/telegram/{account}"] if secret else []
        return LateChannel("telegram", account, audience, TelegramChannel.capabilities, load, paths=paths)

    bots = []
    if citizen_token:
        bots.append(late("citizen", "citizen", citizen))
    if desk_token:
        bots.append(late("desk", "work", desk))
    return tuple(bots)
