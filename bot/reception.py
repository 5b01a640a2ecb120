"""From an inbound message to its replies, in one transaction.

Nothing is acknowledged before it is durable: `receive` returns only after the commit, and raises `StorageUnavailable`
when there was none; what its platform will not send again is kept on disk instead (`bot/in_time.py`). A repeat gets the
same replies and does nothing else. A message whose handling raises is stored as failed, sealed, and its sender is told
that it arrived; `inbox retry` runs it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from bot.channel import Capabilities, Channel
from bot.counted import heard_from
from bot.delivery import Delivery
from bot.dialogs import citizen, work
from bot.dialogs.drafts import OVERTAKEN, safety_params
from bot.dialogs.turn import Say, Turn
from bot.in_time import InTime
from bot.letters import Letter, pictures
from bot.mailbox import from_mailbox, numbered, put_in_mailbox
from bot.message import Button, InboundMessage, OutboundMessage
from bot.message_body import body_of, message_from_body
from bot.registry import Channels
from bot.riding import riders
from bot.taking import FETCH_SECONDS, Taken, Taker, stored
from bot.text import fitting
from bot.wording import Wording
from routing.errors import Conflict, StorageUnavailable
from routing.hot import HotBoard
from routing.inbox import InboxRecord
from routing.notice import Notice, Priority
from routing.people import Address, Contact, Conversation
from routing.ports import FileStore, Names, Spool, UnitOfWork, Writer
from routing.repeats import RepeatIndex
from routing.suggestion import Understanding

log = structlog.get_logger(__name__)

_HINTS = {"zh-tw": "zh_TW", "zh-hk": "zh_TW", "zh-mo": "zh_TW", "zh-hant": "zh_TW", "en": "en"}


@dataclass(slots=True)
class _Answered:
    """What a transaction leaves to be done once it is committed: `replies` are a passive channel's, or what a repeat is
    answered with; `answer` was reserved to go back in the answer to the platform, `letters` for delivery; `to_claim`
    says that something else waits in the outbox."""

    replies: list[OutboundMessage] = field(default_factory=list)
    answer: list[Letter] = field(default_factory=list)
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
        self._taker = Taker(files, fetch_seconds)
        self._channels = channels
        self._understanding = understanding
        self._wording = wording
        self._wake = wake_delivery
        self._delivery = delivery
        self._in_time = InTime(spool, self._take_in, self._settle, self._receipt) if spool else None
        self._repeats = repeats
        self._hot = hot

    async def receive(self, message: InboundMessage) -> Sequence[OutboundMessage]:
        """Handle one message; returns what goes back in the answer to it, where the channel has one, else nothing.

        Raises:
            StorageUnavailable: nothing was kept; the platform must send it again.
        """
        channel = self._channels.get(message.channel, message.account)
        if channel is not None and not channel.capabilities.redelivers and self._in_time is not None:
            return await self._in_time.receive(message, channel.capabilities.answer_within)
        return self._settle(await self._take_in(message))

    async def drain_spool(self) -> int:
        """Take in what was kept while the database was away, each person's in order; returns how many."""
        return await self._in_time.drain() if self._in_time is not None else 0

    async def _take_in(self, message: InboundMessage) -> _Answered:
        channel = self._channels.get(message.channel, message.account)
        taken = await self._taker.take(message, channel) if message.attachments else Taken()
        names = Names(
            inbox_key=(message.channel, message.account, message.external_id),
            address_key=(message.channel, message.account, message.user_id),
            code=message.code,
            button=message.button,
        )
        try:
            return await self._writer.run(lambda uow: self._handle(uow, message, taken), names)
        except StorageUnavailable:
            raise
        except Conflict as error:
            raise StorageUnavailable("others kept changing the same rows") from error
        except Exception as error:
            # Which message it was is found by its key; what it said stays out of the log.
            log.error("message_failed", channel=message.channel, account=message.account, error=type(error).__name__,
                      at=_where(error))  # fmt: skip
            kind = type(error).__name__
            return await self._writer.run(lambda uow: self._store_failed(uow, message, taken, kind), names)

    def _settle(self, answered: _Answered, waits: bool = True, more: bool = False) -> Sequence[OutboundMessage]:
        """Hand over what is to be sent, and return what goes back; nothing does to a platform that no longer waits,
        or before what the person is still being sent. With `more` of theirs coming, one receipt for all will do."""
        answer, letters = answered.answer, answered.letters
        if self._delivery is not None:
            if answer and not (waits and not self._delivery.is_sending_to(answer[0].notice.contact_id)):
                answer, letters = [], [*answer, *letters]
            if more:
                overtaken = [letter for letter in letters if letter.notice.kind in OVERTAKEN]
                letters = [letter for letter in letters if letter.notice.kind not in OVERTAKEN]
                self._delivery.drop(overtaken)
            if answer:
                self._delivery.answered(answer)
            if letters:
                self._delivery.hand_over(letters)
        if answered.to_claim:
            self._wake()
        return [*answered.replies, *(letter.message for letter in answer if letter.message)] if waits else []

    def _receipt(self, message: InboundMessage) -> Sequence[OutboundMessage]:
        """What somebody hears whose message could not be handled yet. Danger is answered all the same."""
        channel = self._channels.get(message.channel, message.account)
        if channel is None or not channel.capabilities.answer_limit or message.kind == "blocked":
            return []
        language = self._language(message)
        words = [self._wording.render("citizen.kept", language)]
        danger = self._understanding.danger(message.text) if message.text else None
        if danger is not None and danger.level == "hard":
            words.insert(0, self._wording.render(f"safety.{danger.code}", language, safety_params(None)))
        return [OutboundMessage(text) for text in words]

    async def retry(self, channel: str, account: str, external_id: str) -> None:
        """Run a failed message again (`inbox retry`). Raises what its handling raises, and then leaves it failed."""

        def again(uow: UnitOfWork) -> _Answered:
            record = uow.inbox.get(channel, account, external_id)
            if record is None or record.state != "failed" or record.sealed_body is None:
                return _Answered()
            message, file_ids = message_from_body(uow.sealer.open(record.sealed_body))
            turn = self._turn(uow, message)
            turn.files = [file for file_id in file_ids if (file := uow.files.get(file_id)) is not None]
            answered = self._answer(uow, turn, None)
            record.state, record.sealed_body, record.error = "handled", None, None
            return answered

        self._settle(await self._writer.run(again), waits=False)

    def _handle(self, uow: UnitOfWork, message: InboundMessage, taken: Taken) -> _Answered:
        seen = uow.inbox.get(message.channel, message.account, message.external_id)
        if seen is not None:
            return _Answered(self._same_again(uow, message, seen))
        record = InboxRecord(message.channel, message.account, message.external_id, uow.now)
        uow.inbox.add(record)
        turn = self._turn(uow, message)
        turn.files, turn.refused = stored(uow, message, taken), taken.refused
        answered = self._answer(uow, turn, self._channels.get(message.channel, message.account))
        record.replies = _noted(answered)
        return answered

    def _answer(self, uow: UnitOfWork, turn: Turn, channel: Channel | None) -> _Answered:
        dialog = citizen.respond if turn.message.audience == "citizen" else work.respond
        dialog(turn)
        turn.conversation.updated_at = uow.now
        return self._deliver(uow, turn, channel)

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
        waited = heard_from(uow, contact, address, message, channel.capabilities.windows if channel else None)
        conversation = uow.conversations.of_address(address.id)
        if conversation is None:
            conversation = Conversation(address_id=address.id, contact_id=contact.id, updated_at=uow.now)
            uow.conversations.add(conversation)
        links = self._channels.links
        return Turn(
            uow, message, contact, address, conversation, self._understanding,
            work_links=lambda payload: [link for _, link in links("work", payload)],
            repeats=self._repeats, hot=self._hot, waited=waited,
        )  # fmt: skip

    def _language(self, message: InboundMessage) -> str:
        hint = (message.language or "").lower()
        for prefix, language in _HINTS.items():
            if hint.startswith(prefix):
                return language
        return self._understanding.language(message.text) if message.text and not hint else "zh_CN"

    def _deliver(self, uow: UnitOfWork, turn: Turn, channel: Channel | None) -> _Answered:
        """Word the replies into the answer of a passive channel; put them into the outbox of any other, and what fits
        of them into its platform's answer. Without `channel` there is nothing to be answered any more."""
        answered = _Answered()
        if channel is not None and channel.capabilities.passive:
            for say in turn.replies:
                worded = self._worded(uow, say, turn.contact.language)
                answered.replies.append(numbered(worded, put_in_mailbox(uow, turn.address, worded)))
        else:
            notices = [_as_notice(uow, say, turn) for say in turn.replies]
            letters = self._delivery.reserve(uow, notices) if self._delivery is not None else []
            fit = _fitting(letters, channel.capabilities) if channel is not None else 0
            answered.answer, answered.letters = letters[:fit], letters[fit:]
            if channel is not None and self._delivery is not None and fit == len(notices):
                capabilities, conversation = channel.capabilities, turn.conversation
                answered.answer += riders(uow, self._delivery, turn.waited, letters, capabilities, conversation)
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

    def _store_failed(self, uow: UnitOfWork, message: InboundMessage, taken: Taken, error: str) -> _Answered:
        seen = uow.inbox.get(message.channel, message.account, message.external_id)
        if seen is not None:
            return _Answered(self._same_again(uow, message, seen))
        files = stored(uow, message, taken)
        record = InboxRecord(message.channel, message.account, message.external_id, uow.now, state="failed")
        record.sealed_body = uow.sealer.seal(body_of(message, [file.id for file in files]))
        record.error = error
        uow.inbox.add(record)
        turn = self._turn(uow, message)
        turn.say("citizen.error" if message.audience == "citizen" else "work.error")
        answered = self._deliver(uow, turn, self._channels.get(message.channel, message.account))
        record.replies = _noted(answered)
        return answered

    def _same_again(self, uow: UnitOfWork, message: InboundMessage, seen: InboxRecord) -> list[OutboundMessage]:
        address = uow.contacts.address(message.channel, message.account, message.user_id)
        if address is None:
            return []
        kept = [from_mailbox(uow, address, reply["seq"]) for reply in seen.replies if reply.get("seq")]
        notice_ids = [reply["notice"] for reply in seen.replies if reply.get("notice")]
        again = self._delivery.again(uow, notice_ids) if self._delivery is not None else []
        return [*(reply for reply in kept if reply is not None), *again]


def _noted(answered: _Answered) -> list[dict[str, Any]]:
    """What was answered, as an inbox record keeps it."""
    return [
        *({"seq": reply.seq} for reply in answered.replies),
        *({"notice": letter.notice.id} for letter in answered.answer),
    ]


def _fitting(letters: Sequence[Letter], capabilities: Capabilities) -> int:
    """How many of the letters go into the one text that the platform takes as its answer."""
    if not capabilities.answer_limit:
        return 0
    worded = []
    for letter in letters:
        if letter.message is None:
            break
        worded.append(letter.message)
    return fitting(worded, capabilities.answer_limit, capabilities.text_unit)


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


def _where(error: BaseException) -> str:
    """File and line of the failure. A traceback would quote values, and values may be a citizen's words."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno}" if frame else ""
