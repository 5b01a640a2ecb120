"""What strangers, liars and a platform that repeats itself do at `/wechat`, against a desk with a real store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.channels.wechat import WeChat
from cli.demo_data import prepare_demo
from cli.settings import Settings
from cli.stage import MovableClock, find_code, listen, serving
from cli.wiring import Desk, build_desk, make_understanding
from routing.ports import UnitOfWork
from routing.suggestion import Understanding
from storage.sealer import AesSealer
from storage.store import Store
from tests.bot.channels.envelopes import Sealed
from tests.fakes.wechat import AES_KEY, APP_ID, TOKEN, FakeWeChat
from tests.fakes.wechat_person import Citizen
from tests.hostile import corpora

ACCOUNT = Sealed(TOKEN, AES_KEY, APP_ID)
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
BOMBS = Path(__file__).parents[3] / "shared" / "corpora" / "defusedxml" / "xmltestdata"


class Town:
    """A served desk with an Official Account, and who writes to it."""

    def __init__(self, desk: Desk, clock: MovableClock, fake: FakeWeChat, code: str) -> None:
        self.desk, self.clock, self.fake, self.code = desk, clock, fake, code
        (self.channel,) = [channel for channel in desk.channels if isinstance(channel, WeChat)]

    def citizen(self, name: str = "o-ming") -> Citizen:
        self.clock.now += timedelta(seconds=1)
        return self.fake.citizen(name)

    async def post(self, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        async with self.fake.session.post(self.fake.callback, params=query, data=body) as response:
            return response.status, await response.read()

    async def texts(self, name: str = "o-ming") -> list[str]:
        """What of theirs is kept, in order."""

        def look(uow: UnitOfWork) -> list[str]:
            address = uow.contacts.address("wechat", "citizen", name)
            found = uow.submissions.of_contact(address.contact_id) if address else ()
            return [part.text or "" for submission in found for part in uow.submissions.parts(submission.id)]

        return await self.desk.store.reader.run(look)

    async def known(self, name: str) -> bool:
        return await self.desk.store.reader.run(lambda uow: uow.contacts.address("wechat", "citizen", name) is not None)

    async def settle(self) -> None:
        await self.desk.follow_ups.run_due()
        while await self.desk.delivery.deliver_due():
            pass


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return make_understanding()


@pytest.fixture
async def town(sqlite_url: str, tmp_path: Path, understanding: Understanding) -> AsyncIterator[Town]:
    clock = MovableClock(START)
    store = Store(sqlite_url, clock=clock, sealer=AesSealer("test key"), data_dir=tmp_path / "data")
    prepare_demo(store)
    with store.transaction() as uow:
        code = find_code(uow, "HB", "086")
    listening, base = listen()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.aclose)
        fake = await stack.enter_async_context(FakeWeChat(lambda: clock.now))
        fake.callback = f"{base}/wechat"
        settings = Settings(_env_file=None, data_dir=tmp_path / "data", database_url=sqlite_url, **fake.settings)  # type: ignore[call-arg,arg-type]
        desk = build_desk(settings, store, understanding)
        stack.push_async_callback(desk.http.close)
        await stack.enter_async_context(serving(desk, listening))
        yield Town(desk, clock, fake, code)


async def test_the_platform_finds_the_address(town: Town) -> None:
    assert await town.fake.verify("8273645210") == (200, "8273645210")


async def test_hostile_xml_changes_nothing(town: Town) -> None:
    bodies = [path.read_bytes() for path in sorted(BOMBS.glob("*.xml"))] if BOMBS.is_dir() else []
    bodies += [line.encode() for line in corpora.payloads() if "<!" in line or "<?" in line][:300]
    bodies += [b"<!DOCTYPE x [<!ENTITY a 'b'>]><xml><Encrypt>&a;</Encrypt></xml>", b"<" * 1000, b"\0" * 100]
    for body in bodies:
        query, sealed = ACCOUNT.call(body.decode("utf-8", "replace").replace("\0", ""), town.clock.now)
        for sent in (body, sealed):
            status, answer = await town.post(query, sent)
            assert 400 <= status < 500, body[:80]
            assert answer == b""
    assert not await town.known("o-ming")
    assert (await town.citizen().subscribe(town.code)).passive


async def test_naughty_words_are_kept_and_answered(town: Town) -> None:
    """Sealed by the platform's side, whatever they hold; each gets an answer that the platform can read."""
    ming = town.citizen()
    await ming.subscribe(town.code)
    said = [text for text in (*corpora.OWN, *corpora.naughty_strings()[:150]) if _possible(text)]
    for text in said:
        town.clock.now += timedelta(seconds=1)
        receipt = await ming.text(text)
        assert [attempt.status for attempt in receipt.tries] == [200], text[:80]
    assert not [seen for seen in ming.screen if seen.way == "fault"]
    assert len(said) > 100


def _possible(text: str) -> bool:
    """Whether a phone could send it and XML hold it."""
    return all(c in "\t\n" or (" " <= c < "\ud800") or "\ue000" <= c < "\ufffe" or c >= "\U00010000" for c in text)


async def test_another_account_in_a_right_envelope(town: Town) -> None:
    xml = town.citizen().xml("text", "<Content>x</Content><MsgId>1</MsgId>")
    query, body = ACCOUNT.call(xml, town.clock.now, receiver="wx0123456789abcdef")
    assert await town.post(query, body) == (403, b"")
    assert not await town.known("o-ming")


async def test_a_sender_is_forged_outside_of_the_envelope(town: Town) -> None:
    """The plain fields of a body, and the query's openid, are anybody's."""
    ming = town.citizen()
    query, body = ACCOUNT.call(ming.xml("text", "<Content>路灯不亮</Content><MsgId>7</MsgId>"), town.clock.now)
    forged = body.replace(b"<xml>", b"<xml><FromUserName>o-victim</FromUserName><Content>x</Content>")
    status, _ = await town.post({**query, "openid": "o-victim"}, forged)
    assert status == 200
    assert await town.texts() == ["路灯不亮"]
    assert not await town.known("o-victim")


async def test_a_sender_is_forged_without_the_token(town: Town) -> None:
    liar = Sealed("guessed0token", AES_KEY, APP_ID)
    xml = town.citizen("o-victim").xml("event", "<Event>unsubscribe</Event>")
    assert await town.post(*liar.call(xml, town.clock.now)) == (403, b"")
    assert await town.post({}, xml.encode()) == (400, b"")
    assert not await town.known("o-victim")


async def test_a_replay_within_five_minutes_changes_nothing_and_after_is_refused(town: Town) -> None:
    ming = town.citizen()
    query, body = ACCOUNT.call(ming.xml("text", "<Content>路灯不亮</Content><MsgId>7</MsgId>"), town.clock.now)
    first = await town.post(query, body)
    assert first[0] == 200
    told = ACCOUNT.answer(first[1])
    town.clock.now += timedelta(seconds=290)
    again = await town.post(query, body)
    assert ACCOUNT.answer(again[1]).partition("<Content>")[2] == told.partition("<Content>")[2]
    assert await town.texts() == ["路灯不亮"]
    town.clock.now += timedelta(seconds=11)
    assert await town.post(query, body) == (403, b"")
    assert await town.texts() == ["路灯不亮"]


async def test_a_replay_without_end_is_refused(town: Town) -> None:
    ming = town.citizen()
    query, body = ACCOUNT.call(ming.xml("text", "<Content>路灯不亮</Content><MsgId>7</MsgId>"), town.clock.now)
    statuses = [(await town.post(query, body))[0] for _ in range(10)]
    assert statuses == [200] * 6 + [403] * 4
    assert await town.texts() == ["路灯不亮"]


async def test_the_platforms_repeats_get_the_same_answer(town: Town) -> None:
    ming = town.citizen()
    await ming.subscribe(town.code)
    first = await ming.text("路灯不亮")
    again = await asyncio.gather(*(ming.deliver(first.xml) for _ in range(3)))
    assert {receipt.passive for receipt in again} == {first.passive}
    assert await town.texts() == ["路灯不亮"]


async def test_two_events_in_one_second_are_one(town: Town) -> None:
    """As the platform says: the sender, the second, the event and its key."""
    ming = town.citizen()
    await ming.subscribe(town.code)
    town.clock.now += timedelta(seconds=1)
    now = town.clock.now
    told = []
    for _ in range(3):
        town.clock.now = now
        told.append((await ming.click("say_it")).passive)
    assert len(set(told)) == 1
    town.clock.now = now
    assert (await ming.click("progress")).passive != told[0]


async def test_who_unsubscribes_in_the_middle_and_comes_back(town: Town) -> None:
    """What was being told is still there, news wait meanwhile, and the notice of privacy is not shown again."""
    ming = town.citizen()
    assert "隐私说明" in str((await ming.subscribe(town.code)).passive)
    await town.citizen().text("路灯不亮")
    gone = await town.citizen().unsubscribe()
    assert (gone.acknowledged, gone.passive) == (True, None)
    town.clock.now += timedelta(minutes=11)
    await town.settle()
    assert town.fake.account.violations == []
    # The quiet draft was submitted; its receipt could not be brought.
    shown = len(ming.screen)
    back = await town.citizen().subscribe(town.code)
    assert back.passive is not None
    assert "隐私说明" not in back.passive
    await town.settle()
    assert len(ming.screen) > shown
    progress = await town.citizen().text("进度")
    assert "HB-2611" in str(progress.passive)
    assert town.fake.account.violations == []


async def test_nothing_of_a_citizen_or_a_secret_is_logged(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    ming = town.citizen("o-secret-openid")
    await ming.subscribe(town.code)
    await ming.text("机密内容")
    query, body = ACCOUNT.call(ming.xml("text", "<Content>机密内容</Content><MsgId>9</MsgId>"), town.clock.now)
    await town.post({**query, "nonce": "1"}, body)
    await town.post(query, "<xml><Content>机密内容</Content></xml>".encode())
    said = "".join(capsys.readouterr())
    assert "/wechat" in said
    for secret in ("机密内容", "o-secret-openid", TOKEN, AES_KEY, query["msg_signature"]):
        assert secret not in said
