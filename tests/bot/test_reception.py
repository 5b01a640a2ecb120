"""From a message to its replies, in one transaction: once, or kept as failed, or not acknowledged at all."""

import asyncio
import io
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.channel import AttachmentGone, Capabilities, TemporaryFailure
from bot.dialogs import citizen, work
from bot.message import Attachment, InboundMessage, OutboundMessage
from bot.message_body import message_from_body
from bot.reception import Reception
from bot.registry import Channels
from bot.wording import Wording
from routing.case import SubmissionPart
from routing.errors import Conflict, StorageUnavailable, Unchecked
from routing.inbox import InboxRecord
from routing.notice import Notice, NoticeState
from routing.people import Address
from storage.spool import Spool
from storage.store import Store
from tests.bot.plain_channel import PlainChannel
from tests.conftest import Clock
from tests.routing.county import STAFF, County, open_county, understanding

PASSIVE = Capabilities(text_limit=4096, passive=True)
ANY = Wording()


def a_photo() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 6), (120, 130, 140)).save(content, "JPEG")
    return content.getvalue()


class Away:
    """A writer whose database can be taken away."""

    def __init__(self, store: Store) -> None:
        self._writer, self.error = store.writer, None

    error: Exception | None

    async def run(self, fn: Any, *names: Any) -> Any:
        if self.error is not None:
            raise self.error
        return await self._writer.run(fn, *names)


class Hall:
    """A reception with a passive channel ("web"), an active one ("plain") and one that never sends again ("once")."""

    def __init__(self, county: County, folder: Path) -> None:
        self.county = county
        self.web = PlainChannel(name="web", capabilities=PASSIVE)
        self.plain, self.desk = PlainChannel(), PlainChannel("desk")
        self.once = PlainChannel(name="once", capabilities=replace(PASSIVE, passive=False, redelivers=False))
        self.writer = Away(county.store)
        self.woken = 0
        self.spool = Spool(folder, "test key")
        self.reception = Reception(
            self.writer, county.store.files, Channels([self.web, self.plain, self.desk, self.once]), understanding(),
            Wording(), wake_delivery=self._wake, spool=self.spool, fetch_seconds=0.05,
        )  # fmt: skip
        self._count = 0

    def _wake(self) -> None:
        self.woken += 1

    def message(self, text: str = "", channel: str = "web", user: str = "u1", **fields: Any) -> InboundMessage:
        self._count += 1
        kind = "text" if text else "photo"
        base = InboundMessage(
            channel, "citizen", "citizen", f"m{self._count}", user, self.county.clock.now, kind=kind, text=text
        )  # fmt: skip
        return replace(base, **fields)

    async def receive(self, text: str = "", **fields: Any) -> list[OutboundMessage]:
        return list(await self.reception.receive(self.message(text, **fields)))

    def replies(self) -> list[Notice]:
        """What stands in the outbox."""
        with self.county.work() as uow:
            return list(uow.notices.claim("test", uow.now, uow.now + timedelta(seconds=1), 100))

    def kept(self, message: InboundMessage) -> InboxRecord | None:
        with self.county.work() as uow:
            return uow.inbox.get(message.channel, message.account, message.external_id)

    def address(self, message: InboundMessage) -> Address | None:
        with self.county.work() as uow:
            return uow.contacts.address(message.channel, message.account, message.user_id)

    def parts(self, message: InboundMessage) -> list[SubmissionPart]:
        """What was gathered of somebody's draft."""
        address = self.address(message)
        assert address is not None
        with self.county.work() as uow:
            found = [uow.submissions.parts(s.id) for s in uow.submissions.of_contact(address.contact_id)]
            return [part for parts in found for part in parts]


@pytest.fixture
async def hall(sqlite_template: Path, sqlite_url: str, clock: Clock, tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_county(sqlite_template, sqlite_url, clock) as county:
        yield Hall(county, tmp_path / "spool")


# --- answering -----------------------------------------------------------------------------------------------------


async def test_a_passive_channel_gets_the_replies_in_its_answer(hall: Hall) -> None:
    greeting, notice, gathered = await hall.receive("路灯不亮")
    assert [reply.seq for reply in (greeting, notice, gathered)] == [1, 2, 3]
    assert notice.text.startswith("【隐私说明】")
    assert [button.label for button in gathered.buttons] == ["说完了，提交", "不说了，删掉"]
    assert (hall.replies(), hall.woken) == ([], 0)


async def test_any_other_gets_them_from_the_outbox_in_order(hall: Hall) -> None:
    message = hall.message("路灯不亮", channel="plain")
    assert await hall.reception.receive(message) == []
    address = hall.address(message)
    assert address is not None
    replies = hall.replies()
    assert [notice.kind for notice in replies] == ["greeting.unknown", "privacy.notice", "collect.first"]
    assert {notice.address_id for notice in replies} == {address.id}, "pinned to the chat that they answer"
    assert hall.woken == 1


async def test_a_repeat_does_nothing_and_gets_the_same_answer(hall: Hall) -> None:
    message = hall.message("路灯不亮")
    first = await hall.reception.receive(message)
    await hall.receive("三天了")
    assert await hall.reception.receive(message) == first
    assert [part.text for part in hall.parts(message)] == ["路灯不亮", "三天了"]


async def test_a_repeat_on_any_other_channel_does_nothing_and_says_nothing(hall: Hall) -> None:
    message = hall.message("路灯不亮", channel="plain")
    await hall.reception.receive(message)
    told = len(hall.replies())
    hall.county.clock.move(minutes=1)
    assert await hall.reception.receive(message) == []
    assert len(hall.replies()) == told
    assert len(hall.parts(message)) == 1


async def test_the_same_id_on_another_channel_is_another_message(hall: Hall) -> None:
    web = hall.message("路灯不亮")
    await hall.reception.receive(web)
    other = replace(web, channel="plain")
    await hall.reception.receive(other)
    assert len(hall.parts(other)) == 1


async def test_two_at_once_are_handled_once(hall: Hall) -> None:
    message = hall.message("路灯不亮")
    first, second = await asyncio.gather(hall.reception.receive(message), hall.reception.receive(message))
    assert first == second
    assert len(hall.parts(message)) == 1


async def test_what_was_said_is_kept_as_it_came(hall: Hall) -> None:
    text = "\u202e路燈\u200b勿亮{number}😀\ufeff\t<b>&amp;</b>" + "长" * 19_000
    message = hall.message(text)
    await hall.reception.receive(message)
    assert [part.text for part in hall.parts(message)] == [text]


# --- failing -------------------------------------------------------------------------------------------------------


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A bug in both dialogs; `undo` repairs it."""

    def raises(turn: Any) -> None:
        turn.say("citizen.help")
        raise KeyError("村干部收红包")

    monkeypatch.setattr(citizen, "respond", raises)
    monkeypatch.setattr(work, "respond", raises)
    return monkeypatch


async def test_a_message_whose_handling_raises_is_kept_sealed_and_its_sender_is_told(
    hall: Hall, broken: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    message = hall.message("村干部收红包")
    (reply,) = await hall.reception.receive(message)
    assert reply.text == ANY.render("citizen.error")
    record = hall.kept(message)
    assert record is not None
    assert (record.state, record.error) == ("failed", "KeyError")
    with hall.county.work() as uow:
        assert message_from_body(uow.sealer.open(record.sealed_body or "")) == (message, [])
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        assert "村干部" not in "\n".join(database.iterdump())
    database.close()


async def test_what_it_said_is_in_no_log(
    hall: Hall, broken: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await hall.receive("村干部收红包")
    told = capsys.readouterr()
    assert "message_failed" in told.out + told.err
    assert "红包" not in told.out + told.err


async def test_a_failed_command_says_that_it_was_not_done(hall: Hall, broken: pytest.MonkeyPatch) -> None:
    await hall.receive("受理", channel="plain", account="desk", audience="work", user=STAFF)
    assert [notice.kind for notice in hall.replies()] == ["work.error"]


async def test_the_repeat_of_a_failed_message_is_answered_alike(hall: Hall, broken: pytest.MonkeyPatch) -> None:
    message = hall.message("路灯不亮")
    first = await hall.reception.receive(message)
    broken.undo()
    assert await hall.reception.receive(message) == first
    assert hall.parts(message) == []


async def test_one_failure_harms_no_other_message(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    respond = citizen.respond

    def sometimes(turn: Any) -> None:
        if "坏" in turn.text:
            raise RuntimeError
        respond(turn)

    monkeypatch.setattr(citizen, "respond", sometimes)
    messages = [hall.message(text, user=f"u{n}") for n, text in enumerate(["好一", "坏的", "好二"])]
    await asyncio.gather(*(hall.reception.receive(message) for message in messages))
    assert [len(hall.parts(message)) for message in messages] == [1, 0, 1]


async def test_a_failed_message_is_run_again_and_answered_from_the_outbox(
    hall: Hall, broken: pytest.MonkeyPatch
) -> None:
    message = hall.message("路灯不亮", attachments=(Attachment("photo", content=a_photo()),), kind="photo")
    await hall.reception.receive(message)
    with pytest.raises(KeyError):
        await hall.reception.retry("web", "citizen", message.external_id)
    record = hall.kept(message)
    assert record is not None
    assert record.state == "failed"
    broken.undo()
    await hall.reception.retry("web", "citizen", message.external_id)
    await hall.reception.retry("web", "citizen", message.external_id)
    record = hall.kept(message)
    assert record is not None
    assert (record.state, record.sealed_body, record.error) == ("handled", None, None)
    assert [part.kind.value for part in hall.parts(message)] == ["text", "photo"], "once, and with its photo"
    assert "collect.more" in [notice.kind for notice in hall.replies()]


async def test_an_unknown_message_is_not_run(hall: Hall) -> None:
    await hall.reception.retry("web", "citizen", "m99")
    assert hall.replies() == []


# --- without a database --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [StorageUnavailable(), Conflict()])
async def test_with_the_database_away_it_is_not_acknowledged(hall: Hall, error: Exception) -> None:
    hall.writer.error = error
    message = hall.message("路灯不亮")
    with pytest.raises(StorageUnavailable):
        await hall.reception.receive(message)
    hall.writer.error = None
    assert hall.kept(message) is None
    assert len(await hall.reception.receive(message)) == 3
    assert hall.spool.waiting() == 0


async def test_what_a_platform_never_sends_again_is_kept_on_disk_meanwhile(hall: Hall, tmp_path: Path) -> None:
    hall.writer.error = StorageUnavailable()
    messages = [hall.message(text, channel="once") for text in ("路灯不亮", "三天了")]
    for message in messages:
        assert await hall.reception.receive(message) == []
    assert hall.spool.waiting() == 2
    assert not any("路灯".encode() in path.read_bytes() for path in (tmp_path / "spool").rglob("*") if path.is_file())
    with pytest.raises(StorageUnavailable):
        await hall.reception.drain_spool()
    hall.writer.error = None
    assert await hall.reception.drain_spool() == 2
    assert await hall.reception.drain_spool() == 0
    assert [part.text for part in hall.parts(messages[0])] == ["路灯不亮", "三天了"]
    assert {notice.kind for notice in hall.replies()} >= {"collect.first", "collect.more"}


# --- attachments ---------------------------------------------------------------------------------------------------


async def test_a_photo_is_written_before_its_row(hall: Hall) -> None:
    message = hall.message(attachments=(Attachment("photo", content=a_photo(), mime="text/html", name="../x.php"),))
    await hall.reception.receive(message)
    (part,) = hall.parts(message)
    with hall.county.work() as uow:
        file = uow.files.get(part.file_id or 0)
        assert file is not None
        assert (file.state, file.mime, file.submission_id) == ("stored", "image/jpeg", part.submission_id)
    assert hall.county.store.files.read(file.name or "").startswith(b"\xff\xd8")


async def test_what_is_no_photo_is_refused_and_the_words_are_kept(hall: Hall) -> None:
    message = hall.message("路灯不亮", attachments=(Attachment("photo", content=b"MZ\x90\x00 a program"),))
    texts = [reply.text for reply in await hall.reception.receive(message)]
    assert ANY.render("file.type") in texts
    assert [part.kind.value for part in hall.parts(message)] == ["text"]


async def test_a_file_announced_too_large_is_not_even_fetched(hall: Hall) -> None:
    message = hall.message(attachments=(Attachment("file", reference="big", size=50_000_000),))
    texts = [reply.text for reply in await hall.reception.receive(message)]
    assert texts[-1] == ANY.render("file.size")


async def test_what_the_platform_no_longer_has_is_said(hall: Hall) -> None:
    hall.web.contents["gone"] = AttachmentGone()
    message = hall.message(attachments=(Attachment("voice", reference="gone"),))
    texts = [reply.text for reply in await hall.reception.receive(message)]
    assert texts[-1] == ANY.render("file.gone")


async def test_with_a_virus_scanner_that_is_away_the_words_are_taken_and_no_file(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came with the message has to be sent again; what its platform still has is fetched when it is back."""

    def unchecked(content: bytes, declared: str | None) -> None:
        raise Unchecked("clamd")

    monkeypatch.setattr(hall.county.store.files, "save", unchecked)
    here = hall.message("路灯不亮", attachments=(Attachment("photo", content=a_photo()),))
    assert ANY.render("file.unchecked") in [reply.text for reply in await hall.reception.receive(here)]
    assert [part.kind.value for part in hall.parts(here)] == ["text"]
    hall.web.contents["there"] = a_photo()
    there = hall.message(user="u2", attachments=(Attachment("photo", reference="there"),))
    assert ANY.render("file.unchecked") not in [reply.text for reply in await hall.reception.receive(there)]
    (part,) = hall.parts(there)
    with hall.county.work() as uow:
        file = uow.files.get(part.file_id or 0)
        assert file is not None
        assert (file.state, file.reference, file.name) == ("pending", "citizen:there", None)


async def test_what_the_platform_cannot_give_now_is_fetched_later(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    hall.web.contents["slow"] = TemporaryFailure()
    message = hall.message(attachments=(Attachment("voice", reference="slow"), Attachment("photo", reference="hangs")))

    async def fetch(attachment: Attachment) -> bytes:
        if attachment.reference == "hangs":
            await asyncio.sleep(5)
        raise TemporaryFailure

    monkeypatch.setattr(hall.web, "fetch", fetch)
    await hall.reception.receive(message)
    with hall.county.work() as uow:
        pending = [(file.state, file.kind.value, file.reference) for file in uow.files.pending()]
    assert pending == [("pending", "voice", "citizen:slow"), ("pending", "photo", "citizen:hangs")]
    assert len(hall.parts(message)) == 2


# --- who it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hint", "text", "language"),
    [
        (None, "路灯不亮", "zh_CN"), (None, "路燈不亮，老人家跌了", "zh_TW"), (None, "The street lamp is out", "en"),
        ("zh-Hant", "hello there", "zh_TW"), ("zh-TW", "路灯不亮", "zh_TW"), ("en-GB", "路灯不亮", "en"),
        ("zh-hans", "hello there", "zh_CN"), ("fr", "路灯不亮", "zh_CN"),
    ],
)  # fmt: skip
async def test_the_language_is_the_platforms_hint_else_that_of_the_first_words(
    hall: Hall, hint: str | None, text: str, language: str
) -> None:
    message = hall.message(text, language=hint)
    replies = await hall.reception.receive(message)
    assert replies[1].text.startswith(ANY.render("privacy.notice", language)[:6])
    address = hall.address(message)
    assert address is not None
    with hall.county.work() as uow:
        contact = uow.contacts.get(address.contact_id)
        assert contact is not None
        assert contact.language == language


async def test_who_blocked_the_bot_and_writes_again_is_reached_again(hall: Hall) -> None:
    message = hall.message("路灯不亮", channel="plain")
    await hall.reception.receive(message)
    await hall.receive(channel="plain", kind="blocked")
    address = hall.address(message)
    assert address is not None
    assert address.state == "blocked"
    await hall.receive("在吗", channel="plain")
    address = hall.address(message)
    assert address is not None
    assert address.state == "active"


async def test_a_citizens_chat_runs_no_work_command_whoever_writes(hall: Hall) -> None:
    number = hall.county.report()
    with hall.county.work() as uow:
        member = hall.county.member(STAFF)
        assert member.contact_id is not None
        uow.contacts.add_address(Address(member.contact_id, "web", "citizen", "staff-as-citizen", uow.now))
    await hall.receive(f"受理 {number}", user="staff-as-citizen")
    assert hall.county.case(number).state.value == "received"


async def test_every_notice_of_a_reply_ends_in_a_state(hall: Hall) -> None:
    await hall.receive("路灯不亮", channel="plain")
    assert {notice.state for notice in hall.replies()} == {NoticeState.PENDING}
