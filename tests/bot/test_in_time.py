"""A platform that waits for seconds and gives up for good: everything is answered in time, nothing is lost, and one
person's messages stay in order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.channel import Capabilities
from bot.delivery import Delivery
from bot.dialogs import citizen
from bot.dialogs.drafts import safety_params
from bot.in_time import InTime
from bot.message import Attachment, InboundMessage, OutboundMessage
from bot.reception import Reception
from bot.registry import Channels
from bot.wording import Wording
from routing.errors import StorageUnavailable
from routing.notice import NoticeState
from storage.spool import Spool
from storage.store import Store
from tests.bot.plain_channel import PlainChannel
from tests.conftest import Clock
from tests.routing.county import County, open_county, understanding

WORDS = Wording()
PUNCTUAL = Capabilities(
    text_limit=2048, text_unit="bytes", buttons=False, per_second=0, answer_limit=2048, answer_within=0.2,
    redelivers=False,
)  # fmt: skip


class Database:
    """A writer that is away while `error` is set, and slow while it is `closed`."""

    def __init__(self, store: Store) -> None:
        self._writer = store.writer
        self.error: Exception | None = None
        self._open = asyncio.Event()
        self._open.set()

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def run(self, fn: Any, *names: Any, **wait: Any) -> Any:
        await self._open.wait()
        if self.error is not None:
            raise self.error
        return await self._writer.run(fn, *names, **wait)


class Desk:
    """A reception with one such channel, and its delivery."""

    def __init__(self, county: County, clock: Clock, folder: Path) -> None:
        self.county = county
        self.channel = PlainChannel(name="punctual", capabilities=PUNCTUAL)
        self.database = Database(county.store)
        self.spool = Spool(folder, "test key")
        channels = Channels([self.channel])
        self.delivery = Delivery(self.database, channels, understanding(), WORDS, clock, poll_seconds=0.01)
        self.reception = Reception(
            self.database, county.store.files, channels, understanding(), WORDS, delivery=self.delivery,
            spool=self.spool,
        )  # fmt: skip
        self._count = 0

    def message(self, text: str, user: str = "o1", **fields: Any) -> InboundMessage:
        self._count += 1
        base = InboundMessage("punctual", "citizen", "citizen", f"m{self._count}", user, self.county.clock.now, "text")
        return replace(base, text=text, **fields)

    async def say(self, text: str, user: str = "o1", **fields: Any) -> list[str]:
        return [reply.text for reply in await self.reception.receive(self.message(text, user, **fields))]

    def texts(self, user: str = "o1") -> list[str]:
        """What of theirs is kept, in order."""
        with self.county.work() as uow:
            address = uow.contacts.address("punctual", "citizen", user)
            found = uow.submissions.of_contact(address.contact_id) if address else ()
            return [part.text or "" for submission in found for part in uow.submissions.parts(submission.id)]

    def states(self) -> set[NoticeState]:
        with self.county.work() as uow:
            return {NoticeState(state) for state in uow.notices.counts()}

    async def settled(self) -> None:
        """Until everything is sent and recorded."""
        await asyncio.sleep(0.1)
        while await self.delivery.deliver_due():
            pass


@pytest.fixture
async def desk(sqlite_template: Path, sqlite_url: str, clock: Clock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_county(sqlite_template, sqlite_url, clock) as county:
        yield Desk(county, clock, tmp_path / "spool")


# --- the answer ------------------------------------------------------------------------------------------------------


async def test_what_fits_goes_back_in_the_answer_and_is_not_sent_again(desk: Desk) -> None:
    greeting, notice, gathered = await desk.reception.receive(desk.message("路灯不亮"))
    assert notice.text.startswith("【隐私说明】")
    assert [button.label for button in gathered.buttons] == ["说完了，提交", "不说了，删掉"]
    await desk.settled()
    assert desk.channel.sent == []
    assert desk.states() == {NoticeState.SENT}
    assert greeting.notice_id is not None


async def test_a_repeat_gets_the_same_answer_and_does_nothing(desk: Desk) -> None:
    message = desk.message("路灯不亮")
    first = await desk.reception.receive(message)
    await desk.say("三天了")
    await desk.settled()
    assert await desk.reception.receive(message) == first
    assert desk.texts() == ["路灯不亮", "三天了"]
    await desk.settled()
    assert desk.channel.sent == []


async def test_what_does_not_fit_is_sent(desk: Desk) -> None:
    desk.channel.capabilities = replace(PUNCTUAL, answer_limit=600)
    told = await desk.say("路灯不亮")
    await desk.settled()
    assert len(told) == 1
    assert len(told[0].encode()) <= 600
    assert desk.channel.texts("o1")[0].startswith("【隐私说明】")
    assert len(desk.channel.sent) == 2


async def test_where_nothing_fits_all_is_sent(desk: Desk) -> None:
    desk.channel.capabilities = replace(PUNCTUAL, answer_limit=10)
    assert await desk.say("路灯不亮") == []
    await desk.settled()
    assert len(desk.channel.sent) == 3


async def test_what_is_still_being_sent_to_a_person_comes_before_the_next_answer(desk: Desk) -> None:
    desk.channel.capabilities = replace(PUNCTUAL, answer_limit=600)
    gone = asyncio.Event()
    send = desk.channel.send

    async def slow(user_id: str, message: OutboundMessage) -> str:
        await gone.wait()
        return await send(user_id, message)

    desk.channel.send = slow  # type: ignore[method-assign]
    await desk.say("路灯不亮")
    assert await desk.say("三天了") == []
    gone.set()
    await desk.settled()
    assert [text[:3] for text in desk.channel.texts("o1")] == ["【隐私", "记下了", "记下了"]


async def test_a_process_that_died_before_it_was_recorded_answers_from_the_outbox(desk: Desk, clock: Clock) -> None:
    """Its lease runs out. The answer may have arrived: at least once, then."""
    desk.delivery.stop()
    desk.database.error = None
    told = await desk.say("路灯不亮")
    assert told == []
    another = Delivery(desk.database, Channels([desk.channel]), understanding(), WORDS, clock, poll_seconds=0.01)
    clock.move(minutes=2)
    await another.deliver_due()
    assert len(desk.channel.sent) == 3


# --- too late --------------------------------------------------------------------------------------------------------

KEPT = WORDS.render("citizen.kept")


async def test_with_the_database_away_it_is_kept_and_acknowledged(desk: Desk) -> None:
    desk.database.error = StorageUnavailable()
    assert await desk.say("路灯不亮") == [KEPT]
    assert await desk.say("三天了") == [KEPT]
    assert (desk.spool.waiting(), desk.texts()) == (2, [])
    desk.database.error = None
    assert await desk.reception.drain_spool() == 2
    assert desk.texts() == ["路灯不亮", "三天了"]
    await desk.settled()
    told = [text[:4] for text in desk.channel.texts("o1")]
    assert told == ["您好，这", "【隐私说", "记下了，"], "their platform no longer waits, so the replies are sent"
    assert "一共 2 条" in desk.channel.texts("o1")[-1], "and one receipt is enough for both"
    assert desk.states() == {NoticeState.SENT, NoticeState.OBSOLETE}


async def test_a_slow_database_is_not_waited_for(desk: Desk) -> None:
    desk.database.close()
    began = asyncio.get_running_loop().time()
    assert await desk.say("路灯不亮") == [KEPT]
    assert asyncio.get_running_loop().time() - began < 1.0
    assert desk.spool.waiting() == 1
    desk.database.open()
    await desk.settled()
    assert len(desk.channel.sent) == 3, "what came late is sent"
    assert await desk.reception.drain_spool() == 1
    await desk.settled()
    assert (desk.texts(), len(desk.channel.sent)) == (["路灯不亮"], 3), "and the copy on disk does nothing more"


@pytest.mark.parametrize(("text", "language"), [("楼道里有煤气味", "zh_CN"), ("樓道裡有煤氣味，請快來人", "zh_TW")])
async def test_danger_is_answered_all_the_same(desk: Desk, text: str, language: str) -> None:
    danger = understanding().danger(text)
    assert danger is not None
    desk.database.error = StorageUnavailable()
    safety, kept = await desk.say(text)
    assert safety == WORDS.render(f"safety.{danger.code}", language, safety_params(None))
    assert "119" in safety
    assert kept == WORDS.render("citizen.kept", language)


async def test_who_leaves_hears_nothing(desk: Desk) -> None:
    await desk.say("路灯不亮")
    desk.database.error = StorageUnavailable()
    assert await desk.say("", kind="blocked") == []
    assert desk.spool.waiting() == 1
    desk.database.error = None
    await desk.reception.drain_spool()
    with desk.county.work() as uow:
        address = uow.contacts.address("punctual", "citizen", "o1")
        assert address is not None
        assert address.state == "blocked"


async def test_a_repeat_of_what_is_kept_is_handled_once(desk: Desk) -> None:
    desk.database.error = StorageUnavailable()
    message = desk.message("路灯不亮")
    first = await desk.reception.receive(message)
    assert await desk.reception.receive(message) == first
    desk.database.error = None
    assert await desk.reception.drain_spool() == 2
    assert desk.texts() == ["路灯不亮"]


async def test_with_neither_database_nor_disk_it_is_not_acknowledged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(desk.spool, "append", full)
    desk.database.error = StorageUnavailable()
    with pytest.raises(StorageUnavailable):
        await desk.say("路灯不亮")


async def test_a_bug_is_answered_as_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(turn: Any) -> None:
        raise KeyError("机密")

    monkeypatch.setattr(citizen, "respond", raises)
    assert await desk.say("路灯不亮") == [WORDS.render("citizen.error")]
    assert desk.spool.waiting() == 0


async def test_a_file_that_takes_long_is_fetched_later(desk: Desk) -> None:
    async def never(attachment: Attachment) -> bytes:
        await asyncio.Event().wait()
        return b""

    desk.channel.fetch = never  # type: ignore[method-assign]
    message = desk.message("", kind="photo", attachments=(Attachment("photo", "media1"),))
    assert [reply.text[:3] for reply in await desk.reception.receive(message)][-1] == "记下了"
    assert desk.spool.waiting() == 0


# --- order -----------------------------------------------------------------------------------------------------------


async def test_behind_what_is_on_disk_of_theirs_a_persons_messages_wait_and_nobody_elses(desk: Desk) -> None:
    desk.database.error = StorageUnavailable()
    await desk.say("一")
    desk.database.error = None
    assert await desk.say("二") == [KEPT]
    assert len(await desk.say("别人的", user="o2")) == 3
    assert desk.texts() == []
    await desk.reception.drain_spool()
    assert desk.texts() == ["一", "二"]
    assert len(await desk.say("三")) == 1
    assert desk.texts() == ["一", "二", "三"]


async def test_one_person_after_the_other_whatever_the_database_does(desk: Desk) -> None:
    """Twelve messages of one person at once, while it comes and goes."""
    texts = [f"第{number}句" for number in range(12)]
    desk.database.close()
    saying = [asyncio.create_task(desk.say(text)) for text in texts]
    await asyncio.sleep(0.3)
    desk.database.open()
    await asyncio.gather(*saying)
    while await desk.reception.drain_spool():
        pass
    assert desk.texts() == texts


class Plain:
    """`InTime` over a list: each blocks until it is let through."""

    def __init__(self, spool: Spool) -> None:
        self.handled: list[str] = []
        self.settled: list[tuple[str, bool]] = []
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.in_time = InTime(spool, self.handle, self.settle, lambda message: [OutboundMessage("kept")])

    async def handle(self, message: InboundMessage) -> str:
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.handled.append(message.text)
        return message.text

    def settle(self, text: str, waits: bool, more: bool) -> Sequence[OutboundMessage]:
        self.settled.append((text, waits))
        return [OutboundMessage(text)] if waits else []


@pytest.fixture
async def plain(tmp_path: Path) -> Plain:
    return Plain(Spool(tmp_path / "spool", "key"))


async def test_nothing_is_remembered_of_who_has_been_answered(plain: Plain, clock: Clock) -> None:
    for user in ("a", "b", "a"):
        await plain.in_time.receive(_message(user, clock), 1.0)
    plain.failure = ValueError("机密")
    with pytest.raises(ValueError, match="机密"):
        await plain.in_time.receive(_message("a", clock), 1.0)
    assert plain.in_time._turns == {}
    assert plain.in_time._under_way == set()


async def test_a_late_failure_is_logged_without_its_words(
    plain: Plain, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    plain.gate.clear()
    plain.failure = ValueError("机密")
    assert [reply.text for reply in await plain.in_time.receive(_message("a", clock), 0.01)] == ["kept"]
    plain.gate.set()
    await asyncio.sleep(0.01)
    said = capsys.readouterr().out
    assert "ValueError" in said
    assert "机密" not in said


async def test_who_has_no_limit_is_waited_for(plain: Plain, clock: Clock) -> None:
    plain.gate.clear()
    waiting = asyncio.create_task(plain.in_time.receive(_message("a", clock), None))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    plain.gate.set()
    assert [reply.text for reply in await waiting] == ["a"]


def _message(user: str, clock: Callable[[], Any]) -> InboundMessage:
    return InboundMessage("p", "citizen", "citizen", "m1", user, clock(), "text", text=user)
