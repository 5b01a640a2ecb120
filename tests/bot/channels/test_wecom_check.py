"""What the doctor finds out about WeCom, and what it says to do."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.envelope import Envelope
from bot.channels.finding import Finding
from bot.channels.wecom_api import WeComApi
from bot.channels.wecom_check import check_callback, check_wecom
from bot.http import HttpClient
from storage.store import Store
from tests.bot.channels.wecom_harness import NOW, wecom
from tests.conftest import Clock
from tests.fakes.wecom import AES_KEY, AGENT_ID, CORP_ID, SECRET, TOKEN, FakeWeCom

NAMES = ["access token", "app and trusted IP", "app may send"]


@dataclass
class Patient:
    fake: FakeWeCom
    http: HttpClient
    store: Store
    clock: Clock

    async def examined(
        self, secret: str = SECRET, agent_id: int = AGENT_ID, corp_id: str = CORP_ID, base: str | None = None
    ) -> dict[str, Finding]:
        api = WeComApi(
            self.http, corp_id, str(agent_id), secret, base or self.fake.url, writer=self.store.writer,
            clock=self.clock, timeout=0.3,
        )  # fmt: skip
        return {finding.name: finding for finding in await check_wecom(api)}


@pytest.fixture
async def patient(sqlite_store: Store, clock: Clock) -> AsyncIterator[Patient]:
    http = HttpClient()
    async with FakeWeCom(clock) as fake:
        fake.member("LinQiu")
        yield Patient(fake, http, sqlite_store, clock)
        await http.close()


async def test_all_is_well_and_nobody_was_sent_anything(patient: Patient) -> None:
    findings = await patient.examined()
    assert list(findings) == NAMES
    assert all(finding.ok and not finding.todo for finding in findings.values())
    assert findings["app and trusted IP"].detail == "1 members"
    assert patient.fake.member("LinQiu").screen == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"secret": "another-canary"}, "MASHANG_WECOM_SECRET"), ({"corp_id": "ww0canary"}, "MASHANG_WECOM_CORP_ID")],
)
async def test_without_a_token_nothing_else_is_tried(patient: Patient, settings: dict[str, str], said: str) -> None:
    findings = await patient.examined(**settings)  # type: ignore[arg-type]
    assert list(findings) == NAMES[:1]
    assert said in findings["access token"].todo
    assert "canary" not in findings["access token"].todo


async def test_the_agent_of_another_app(patient: Patient) -> None:
    findings = await patient.examined(agent_id=1000003)
    assert [finding.ok for finding in findings.values()] == [True, False, False]
    assert "MASHANG_WECOM_AGENT_ID" in findings["app may send"].todo


async def test_an_address_that_is_not_trusted(patient: Patient) -> None:
    patient.fake.account.trusted = False
    findings = await patient.examined()
    assert "企业可信IP" in findings["app and trusted IP"].todo
    assert "60020" in findings["app and trusted IP"].todo
    assert "(192.0.2.7)" in findings["app and trusted IP"].todo


async def test_an_app_that_is_switched_off_or_that_nobody_sees(patient: Patient) -> None:
    patient.fake.account.members["LinQiu"].visible = False
    assert "可见范围" in (await patient.examined())["app and trusted IP"].todo
    patient.fake.account.switched_off = True
    assert "switched off" in (await patient.examined())["app and trusted IP"].todo


@pytest.mark.parametrize(
    ("kind", "path", "name", "said"),
    [
        ("hang", "gettoken", "access token", "firewall"),
        ("html", "gettoken", "access token", "MASHANG_WECOM_API_BASE"),
        ("bad_gateway", "message/send", "app may send", "firewall"),
        ("errcode", "message/send", "app may send", "全局错误码"),
    ],
)  # fmt: skip
async def test_each_trouble_has_its_advice(patient: Patient, kind: str, path: str, name: str, said: str) -> None:
    patient.fake.account.fail(kind, path, code=99999)
    findings = await patient.examined()
    assert not findings[name].ok
    assert said in findings[name].todo


async def test_a_token_that_is_refused_at_once(patient: Patient) -> None:
    patient.fake.account.fail("errcode", "agent/get", times=9, code=40014)
    findings = await patient.examined()
    assert "just given" in findings["app and trusted IP"].todo


async def test_the_callback_is_asked_as_the_platform_does(tmp_path: Path) -> None:
    async with wecom(tmp_path) as harness:
        url, http = harness.fake.callback, HttpClient()
        ours = Envelope(token=TOKEN, aes_key=AES_KEY, receiver=CORP_ID, clock=lambda: NOW)
        finding = await check_callback(http, ours, url, lambda: NOW)
        assert (finding.ok, finding.todo) == (True, "")
        other = Envelope(token="another", aes_key=AES_KEY, receiver=CORP_ID, clock=lambda: NOW)
        assert "MASHANG_WECOM_TOKEN" in (await check_callback(http, other, url, lambda: NOW)).todo
        late = await check_callback(http, ours, url, lambda: NOW + timedelta(minutes=6))
        assert "clock" in late.todo
        assert "404" in (await check_callback(http, ours, url + "x", lambda: NOW)).todo
        await http.close()


async def test_a_callback_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/wecom"
    http = HttpClient()
    ours = Envelope(token=TOKEN, aes_key=AES_KEY, receiver=CORP_ID, clock=lambda: NOW)
    assert "MASHANG_PUBLIC_URL" in (await check_callback(http, ours, url, lambda: NOW)).todo
    await http.close()
