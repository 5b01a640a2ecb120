"""From an inbound message to its replies, in one transaction.

Nothing is acknowledged before it is durable: `receive` returns only after the commit, and raises `StorageUnavailable`
when there was none. A repeat gets the same replies and does nothing else. A message whose handling raises is stored as
failed, sealed, and its sender is told that it arrived; `inbox retry` runs it again.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

import orjson
import structlog

from bot.channel import AttachmentGone, Channel, DeliveryError
from bot.counted import heard_from
from bot.delivery import Delivery
from bot.dialogs import citizen, work
from bot.dialogs.turn import Say, Turn
from bot.letters import Letter, pictures
from bot.mailbox import from_mailbox, numbered, put_in_mailbox
from bot.message import Attachment, Button, InboundMessage, OutboundMessage
from bot.registry import Channels
from bot.wording import Wording
from routing.case import PartKind, StoredFile
from routing.errors import Conflict, Refused, StorageUnavailable
from routing.hot import HotBoard
from routing.inbox import InboxRecord
from routing.notice import Notice, Priority
from routing.people import Address, Contact, Conversation
from routing.ports import FileStore, Names, SavedFile, Spool, UnitOfWork, Writer
from routing.repeats import RepeatIndex
from routing.suggestion import Understanding

log = structlog.get_logger(__name__)

FETCH_SECONDS = 8.0
_HINTS = {"zh-tw": "zh_TW", "zh-hk": "zh_TW", "zh-mo": "zh_TW", "zh-hant": "zh_TW", "en": "en"}


@dataclass(slots=True)
class _Taken:
    """Attachments after they were fetched, checked and written, before the transaction."""

    saved: list[tuple[Attachment, SavedFile | None]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(slots=True)
class _Answered:
    """What a transaction leaves to be done once it is committed: `replies` are a passive channel's, `letters` were
    reserved for delivery, and `to_claim` says that something else waits in the outbox."""

    replies: list[OutboundMessage] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    to_claim: bool = False


class Reception:
    """Takes messages in for every channel. Without `delivery`, replies wait in the outbox."""

    def __init__(
        self,
        writer: Writer,
        files: FileStore,
        channels: Channels,
        understanding: Understanding,
        wording: Wording,
        *,
        wake_delivery: Callable[[], None] = lambda: None,
        delivery: Delivery | None = None,
        spool: Spool | None = None,
        fetch_seconds: float = FETCH_SECONDS,
        repeats: RepeatIndex | None = None,
        hot: HotBoard | None = None,
    ) -> None:
        self._writer = writer
        self._files = files
        self._channels = channels
        self._understanding = understanding
        self._wording = wording
        self._wake = wake_delivery
        self._delivery = delivery
        self._spool = spool
        self._fetch_seconds = fetch_seconds
        self._repeats = repeats
        self._hot = hot

    async def receive(self, message: InboundMessage) -> Sequence[OutboundMessage]:
        """Handle one message; returns the replies where the channel is passive, else nothing.

        Raises:
            StorageUnavailable: nothing was kept; the platform must send it again. (A message of a platform that never
                does is spooled instead.)
        """
        channel = self._channels.get(message.channel, message.account)
        passive = channel is not None and channel.capabilities.passive
        try:
            return await self._take_in(message, channel, passive)
        except StorageUnavailable:
            if channel is None or channel.capabilities.redelivers or self._spool is None:
                raise
            # Its platform will not send it again: kept on disk, encrypted, it is taken in when the database is back.
            await asyncio.to_thread(self._spool.append, json.dumps(_body(message, ())).encode())
            return []

    async def drain_spool(self) -> int:
        """Take in what was kept while the database was away, in order; returns how many."""
        if self._spool is None or not self._spool.waiting():
            return 0

        async def take(blob: bytes) -> None:
            message, _ = message_from_body(blob.decode())
            await self._take_in(message, self._channels.get(message.channel, message.account), passive=False)

        return await self._spool.drain(take)

    async def _take_in(
        self, message: InboundMessage, channel: Channel | None, passive: bool
    ) -> Sequence[OutboundMessage]:
        taken = await self._take(message, channel) if message.attachments else _Taken()
        names = Names(
            inbox_key=(message.channel, message.account, message.external_id),
            address_key=(message.channel, message.account, message.user_id),
            code=message.code,
            button=message.button,
        )
        try:
            answered = await self._writer.run(lambda uow: self._handle(uow, message, taken, passive), names)
        except StorageUnavailable:
            raise
        except Conflict as error:
            raise StorageUnavailable("others kept changing the same rows") from error
        except Exception as error:
            # Which message it was is found by its key; what it said stays out of the log.
            log.error("message_failed", channel=message.channel, account=message.account, error=type(error).__name__,
                      at=_where(error))  # fmt: skip
            kind = type(error).__name__
            answered = await self._writer.run(lambda uow: self._store_failed(uow, message, taken, kind, passive), names)
        self._hand_over(answered)
        return answered.replies

    def _hand_over(self, answered: _Answered) -> None:
        if self._delivery is not None and answered.letters:
            self._delivery.hand_over(answered.letters)
        if answered.to_claim:
            self._wake()

    async def retry(self, channel: str, account: str, external_id: str) -> None:
        """Run a failed message again (`inbox retry`). Raises what its handling raises, and then leaves it failed."""

        def again(uow: UnitOfWork) -> _Answered:
            record = uow.inbox.get(channel, account, external_id)
            if record is None or record.state != "failed" or record.sealed_body is None:
                return _Answered()
            message, file_ids = message_from_body(uow.sealer.open(record.sealed_body))
            turn = self._turn(uow, message)
            turn.files = [file for file_id in file_ids if (file := uow.files.get(file_id)) is not None]
            answered = self._answer(uow, turn, passive=False)
            record.state, record.sealed_body, record.error = "handled", None, None
            return answered

        self._hand_over(await self._writer.run(again))

    async def _take(self, message: InboundMessage, channel: Channel | None) -> _Taken:
        """Fetch and write what came with the message. What the platform can't give now is fetched later."""
        taken = _Taken()
        for attachment in message.attachments:
            try:
                content = attachment.content
                if content is None and channel is not None:
                    limit = channel.capabilities.attachment_limit
                    if attachment.size is not None and attachment.size > limit:
                        raise Refused("file.size")
                    async with asyncio.timeout(self._fetch_seconds):
                        content = await channel.fetch(attachment)
                saved = await asyncio.to_thread(self._files.save, content or b"", attachment.mime)
                taken.saved.append((replace(attachment, content=None), saved))
            except Refused as refused:
                taken.refused.append(refused)
            except AttachmentGone:
                taken.refused.append(Refused("file.gone"))
            except (TimeoutError, DeliveryError):
                taken.saved.append((replace(attachment, content=None), None))
        return taken

    def _handle(self, uow: UnitOfWork, message: InboundMessage, taken: _Taken, passive: bool) -> _Answered:
        seen = uow.inbox.get(message.channel, message.account, message.external_id)
        if seen is not None:
            return _Answered(_same_again(uow, message, seen))
        record = InboxRecord(message.channel, message.account, message.external_id, uow.now)
        uow.inbox.add(record)
        turn = self._turn(uow, message)
        turn.files, turn.refused = _stored(uow, message, taken), taken.refused
        answered = self._answer(uow, turn, passive)
        record.replies = [{"seq": reply.seq} for reply in answered.replies]
        return answered

    def _answer(self, uow: UnitOfWork, turn: Turn, passive: bool) -> _Answered:
        dialog = citizen.respond if turn.message.audience == "citizen" else work.respond
        dialog(turn)
        turn.conversation.updated_at = uow.now
        return self._deliver(uow, turn, passive)

    def _turn(self, uow: UnitOfWork, message: InboundMessage) -> Turn:
        address = uow.contacts.address(message.channel, message.account, message.user_id)
        if address is None:
            contact = Contact(created_at=uow.now, language=self._language(message))
            uow.contacts.add(contact)
            address = Address(contact.id, message.channel, message.account, message.user_id, created_at=uow.now)
            uow.contacts.add_address(address)
            contact.address_id = address.id
        else:
            found = uow.contacts.get(address.contact_id)
            assert found is not None, "an address always has its contact"
            contact = found
        if contact.address_id != address.id and message.kind != "blocked":
            contact.address_id = address.id
        channel = self._channels.get(message.channel, message.account)
        heard_from(uow, contact, address, message, channel.capabilities.windows if channel else None)
        conversation = uow.conversations.of_address(address.id)
        if conversation is None:
            conversation = Conversation(address_id=address.id, contact_id=contact.id, updated_at=uow.now)
            uow.conversations.add(conversation)
        links = self._channels.links
        return Turn(
            uow, message, contact, address, conversation, self._understanding,
            work_links=lambda payload: [link for _, link in links("work", payload)],
            repeats=self._repeats, hot=self._hot,
        )  # fmt: skip

    def _language(self, message: InboundMessage) -> str:
        hint = (message.language or "").lower()
        for prefix, language in _HINTS.items():
            if hint.startswith(prefix):
                return language
        return self._understanding.language(message.text) if message.text and not hint else "zh_CN"

    def _deliver(self, uow: UnitOfWork, turn: Turn, passive: bool) -> _Answered:
        """Word the replies into the answer of a passive channel; put them into the outbox of any other."""
        answered = _Answered()
        if passive:
            for say in turn.replies:
                worded = self._worded(uow, say, turn.contact.language)
                answered.replies.append(numbered(worded, put_in_mailbox(uow, turn.address, worded)))
        else:
            notices = [_as_notice(uow, say, turn) for say in turn.replies]
            if self._delivery is not None:
                answered.letters = self._delivery.reserve(uow, notices)
            for notice in notices:
                uow.notices.add(notice)
        answered.to_claim = uow.notices.to_claim
        return answered

    def _worded(self, uow: UnitOfWork, say: Say, language: str) -> OutboundMessage:
        return OutboundMessage(
            text=self._wording.render(say.key, language, say.params),
            buttons=tuple(Button(self._wording.label(label, language), token) for label, token in say.buttons),
            pictures=pictures(uow, say.files),
            sealed=say.sealed,
            case_id=say.case_id,
        )

    def _store_failed(
        self, uow: UnitOfWork, message: InboundMessage, taken: _Taken, error: str, passive: bool
    ) -> _Answered:
        seen = uow.inbox.get(message.channel, message.account, message.external_id)
        if seen is not None:
            return _Answered(_same_again(uow, message, seen))
        files = _stored(uow, message, taken)
        record = InboxRecord(message.channel, message.account, message.external_id, uow.now, state="failed")
        record.sealed_body = uow.sealer.seal(json.dumps(_body(message, [file.id for file in files])))
        record.error = error
        uow.inbox.add(record)
        turn = self._turn(uow, message)
        turn.say("citizen.error" if message.audience == "citizen" else "work.error")
        answered = self._deliver(uow, turn, passive)
        record.replies = [{"seq": reply.seq} for reply in answered.replies]
        return answered


def _same_again(uow: UnitOfWork, message: InboundMessage, seen: InboxRecord) -> list[OutboundMessage]:
    address = uow.contacts.address(message.channel, message.account, message.user_id)
    if address is None:
        return []
    kept = [from_mailbox(uow, address, reply["seq"]) for reply in seen.replies if reply.get("seq")]
    return [reply for reply in kept if reply is not None]


def _stored(uow: UnitOfWork, message: InboundMessage, taken: _Taken) -> list[StoredFile]:
    files = []
    for attachment, saved in taken.saved:
        file = StoredFile(kind=PartKind(attachment.kind), channel=message.channel, created_at=uow.now)
        if saved is None:
            file.state, file.reference = "pending", f"{message.account}:{attachment.reference}"
        else:
            file.kind, file.name, file.mime = PartKind(saved.kind), saved.name, saved.mime
            file.size, file.sha256 = saved.size, saved.sha256
        uow.files.add(file)
        files.append(file)
    return files


def _as_notice(uow: UnitOfWork, say: Say, turn: Turn) -> Notice:
    params = dict(say.params)
    if say.files:
        params["_files"] = list(say.files)
    if say.sealed:
        params = {"_sealed": uow.sealer.seal(orjson.dumps(params).decode())}
    return Notice(
        kind=say.key, contact_id=turn.contact.id, created_at=uow.now, due_at=uow.now, params=params,
        buttons=[list(button) for button in say.buttons], address_id=turn.address.id, case_id=say.case_id,
        priority=Priority.REPLY,
    )  # fmt: skip


def _body(message: InboundMessage, file_ids: Sequence[int]) -> dict[str, object]:
    body = asdict(replace(message, attachments=tuple(replace(a, content=None) for a in message.attachments)))
    return {**body, "received_at": message.received_at.isoformat(), "files": list(file_ids)}


def message_from_body(body: str) -> tuple[InboundMessage, list[int]]:
    """The message that a failed inbox record or the spool kept, and the ids of the files that came with it."""
    values = json.loads(body)
    file_ids = values.pop("files")
    values["received_at"] = datetime.fromisoformat(values["received_at"])
    values["attachments"] = tuple(Attachment(**attachment) for attachment in values["attachments"])
    values["location"] = tuple(values["location"]) if values["location"] else None
    return InboundMessage(**values), file_ids


def _where(error: BaseException) -> str:
    """File and line of the failure. A traceback would quote values, and values may be a citizen's words."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno}" if frame else ""
