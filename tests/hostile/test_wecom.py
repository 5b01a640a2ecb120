"""What strangers, liars and a platform that repeats itself do at `/wecom`, against a desk with a real store."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from cli.demo_data import prepare_demo
from cli.settings import Settings
from cli.stage import MovableClock, listen, make_secret, serving
from cli.wiring import Desk, build_desk, make_understanding
from routing.invitations import Issued
from routing.ports import UnitOfWork
from routing.suggestion import Understanding
from storage.sealer import AesSealer
from storage.store import Store
from tests.bot.channels.envelopes import Sealed
from tests.bot.channels.handing import post
from tests.fakes.wecom import AES_KEY, CORP_ID, TOKEN, FakeWeCom
from tests.fakes.wecom_member import Member
from tests.hostile import corpora

APP = Sealed(TOKEN, AES_KEY, CORP_ID)
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
BOMBS = Path(__file__).parents[3] / "shared" / "corpora" / "defusedxml" / "xmltestdata"
T = TypeVar("T")


class Office:
    """A served desk with an app in WeCom, and who works there."""

    def __init__(self, desk: Desk, clock: MovableClock, fake: FakeWeCom) -> None:
        self.desk, self.clock, self.fake = desk, clock, fake

    def member(self, name: str = "LinQiu") -> Member:
        self.clock.now += timedelta(seconds=1)
        return self.fake.member(name)

    async def post(self, query: dict[str, str], body: bytes) -> int:
        return await post(self.fake, query, body)

    async def read(self, look: Callable[[UnitOfWork], T]) -> T:
        return await self.desk.store.reader.run(look)

    async def known(self, name: str) -> bool:
        return await self.read(lambda uow: uow.contacts.address("wecom", "desk", name) is not None)

    async def joins(self, name: str, role: str, person: str) -> None:
        secret = await self.desk.store.writer.run(lambda uow: make_secret(uow, role, person))
        await self.member(name).text(Issued(secret, self.clock.now).shown)
        await self.settle()

    async def settle(self) -> None:
        await self.desk.follow_ups.run_due()
        while await self.desk.delivery.deliver_due():
            pass

    def heard(self, name: str) -> str:
        return "\n".join(seen.text for seen in self.fake.member(name).screen)


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return make_understanding()


@pytest.fixture
async def office(sqlite_url: str, tmp_path: Path, understanding: Understanding) -> AsyncIterator[Office]:
    clock = MovableClock(START)
    store = Store(sqlite_url, clock=clock, sealer=AesSealer("test key"), data_dir=tmp_path / "data")
    prepare_demo(store)
    listening, base = listen()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.aclose)
        fake = await stack.enter_async_context(FakeWeCom(lambda: clock.now))
        fake.callback = f"{base}/wecom"
        settings = Settings(_env_file=None, data_dir=tmp_path / "data", database_url=sqlite_url, **fake.settings)  # type: ignore[call-arg,arg-type]
        desk = build_desk(settings, store, understanding)
        stack.push_async_callback(desk.http.close)
        await stack.enter_async_context(serving(desk, listening))
        yield Office(desk, clock, fake)


async def test_hostile_xml_changes_nothing(office: Office) -> None:
    bodies = [path.read_bytes() for path in sorted(BOMBS.glob("*.xml"))] if BOMBS.is_dir() else []
    bodies += [line.encode() for line in corpora.payloads() if "<!" in line or "<?" in line][:100]
    bodies += [b"<!DOCTYPE x [<!ENTITY a 'b'>]><xml><Encrypt>&a;</Encrypt></xml>", b"<" * 1000, b"\0" * 100]
    for body in bodies:
        query, sealed = APP.call(body.decode("utf-8", "replace").replace("\0", ""), office.clock.now)
        for sent in (body, sealed):
            assert 400 <= await office.post(query, sent) < 500, body[:80]
    assert not await office.known("LinQiu")
    await office.joins("LinQiu", "deputy", "林秋")
    assert "您现在是" in office.heard("LinQiu")


async def test_another_enterprise_in_a_right_envelope(office: Office) -> None:
    query, body = APP.call(
        office.member().message("text", "<Content>x</Content>"), office.clock.now, receiver="ww0other"
    )
    assert await office.post(query, body) == 403
    assert not await office.known("LinQiu")


async def test_a_sender_is_forged(office: Office) -> None:
    """Outside of the envelope anybody may stand; inside only whom the platform puts there."""
    query, body = APP.call(office.member().message("text", "<Content>帮助</Content>"), office.clock.now)
    forged = body.replace(b"<xml>", b"<xml><FromUserName>victim</FromUserName><Content>x</Content>")
    assert await office.post(query, forged) == 200
    assert await office.known("LinQiu")
    liar = Sealed("guessed0token", AES_KEY, CORP_ID)
    xml = office.member("victim").event("unsubscribe", "")
    assert await office.post(*liar.call(xml, office.clock.now)) == 403
    assert await office.post({}, xml.encode()) == 400
    assert not await office.known("victim")


async def test_a_replay_within_five_minutes_changes_nothing_and_after_is_refused(office: Office) -> None:
    await office.joins("LinQiu", "deputy", "林秋")
    query, body = APP.call(office.member().message("text", "<Content>帮助</Content>"), office.clock.now)
    assert await office.post(query, body) == 200
    await office.settle()
    heard = office.heard("LinQiu")
    office.clock.now += timedelta(seconds=290)
    assert await office.post(query, body) == 200
    await office.settle()
    assert office.heard("LinQiu") == heard
    office.clock.now += timedelta(seconds=11)
    assert await office.post(query, body) == 403
    statuses = []
    for _ in range(10):
        query, body = APP.call(office.member().message("text", "<Content>?</Content>"), office.clock.now, nonce="7")
        statuses = [await office.post(query, body) for _ in range(8)]
    assert statuses == [200] * 6 + [403] * 2


async def test_the_platforms_repeats_are_handled_once(office: Office) -> None:
    await office.joins("LinQiu", "deputy", "林秋")
    before = len(office.member().screen)
    first = await office.member().text("帮助")
    again = await asyncio.gather(*(office.member().deliver(first.xml) for _ in range(3)))
    assert all(receipt.acknowledged for receipt in again)
    await office.settle()
    assert len(office.member().screen) == before + 1


@pytest.mark.parametrize(
    "key", ["", "a b", "x" * 500, ".e30", "." + "A" * 1000, "'; drop table buttons; --", "<a href='x'>y</a>", "签收"]
)
async def test_keys_that_are_no_buttons(office: Office, key: str) -> None:
    await office.joins("LinQiu", "deputy", "林秋")
    receipt = await office.member().deliver(office.member().event("template_card_event", key.replace("]]>", "")))
    assert receipt.acknowledged
    await office.settle()
    assert len(office.member().screen) >= 3, "it is answered kindly"
    assert "出了点问题" not in office.heard("LinQiu")


async def test_nothing_of_a_member_or_a_secret_is_logged(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    await office.joins("secret-user-id", "deputy", "林秋")
    await office.member("secret-user-id").text("机密内容")
    query, body = APP.call(office.member("secret-user-id").message("text", "<Content>机密内容</Content>"), START)
    await office.post({**query, "nonce": "1"}, body)
    await office.post(query, "<xml><Content>机密内容</Content></xml>".encode())
    await office.settle()
    said = "".join(capsys.readouterr())
    assert "/wecom" in said
    for secret in ("机密内容", "secret-user-id", TOKEN, AES_KEY, query["msg_signature"]):
        assert secret not in said
